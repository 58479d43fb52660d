"""python3 -m cart: answers until it is told to stop, and ends what other machines have left."""

import os
import random
import sys
import threading
import time
from functools import partial

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.service.python.metrics import Metrics
from components.service.python.web import Service

from .carts import Carts
from .checkout import Checkouts
from .dax import Cached, dial
from .orders import Orders
from .products import Products
from .record import Records
from .retries import Busy
from .service import MEASURED, Api
from .stock import Stock
from .tables import Tables

RECOVER_SECONDS = 15


def recover(checkouts: Checkouts) -> None:
    """From time to time, and not at the same time as all other machines."""
    while True:
        time.sleep(random.uniform(0.5, 1.5) * RECOVER_SECONDS)
        try:
            checkouts.recover()
        except (Busy, BotoCoreError, ClientError) as error:
            print(f"not recovered: {error!r}", file=sys.stderr, flush=True)


def main() -> None:
    setting = os.environ
    region = setting["AWS_DEFAULT_REGION"]
    patient = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=64,
    )
    direct = boto3.client("dynamodb", region_name=region, config=patient)
    address = setting.get("DAX_ADDRESS")
    tables = Tables(direct, Cached(partial(dial, address, region), direct) if address else None)
    carts = Carts(
        tables, setting["CARTS_TABLE"], region, tuple(filter(None, setting.get("REGIONS", "").split(",")))
    )
    products = Products(tables, setting["PRODUCTS_TABLE"])
    stock = Stock(tables, setting["STOCK_TABLE"], setting["HOLDS_TABLE"])
    records, orders = Records(tables, setting["CHECKOUTS_TABLE"]), Orders(tables, setting["ORDERS_TABLE"])
    checkouts = Checkouts(records, carts, products, stock, orders)
    threading.Thread(target=recover, args=(checkouts,), daemon=True).start()
    metrics = Metrics(MEASURED)
    routes = Api(carts, checkouts, products, stock, metrics).routes()
    Service(int(setting.get("PORT", "8080")), routes, metrics).run()


if __name__ == "__main__":
    main()
