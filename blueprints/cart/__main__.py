"""python3 -m cart: answers until it is told to stop, and ends what other machines have left."""

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.service.python.flags import Flags
from components.service.python.metrics import Metrics
from components.service.python.web import Service

from .carts import Carts
from .checkout import Checkouts
from .dax import Cached, dial
from .handover import Handover
from .orders import Orders
from .preload import Preload
from .products import Products
from .record import Records
from .retries import Busy
from .service import MEASURED, Api
from .stock import Stock
from .tables import Tables

RECOVER_SECONDS = 15
PATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=64,
)


def recover(ending: Callable[[], object]) -> None:
    """From time to time, and not at the same time as all other machines."""
    while True:
        time.sleep(random.uniform(0.5, 1.5) * RECOVER_SECONDS)
        try:
            ending()
        except (Busy, BotoCoreError, ClientError) as error:
            print(f"not recovered: {error!r}", file=sys.stderr, flush=True)


def follow(*jobs: Callable[[], object]) -> None:
    """Do each beside the requests."""
    for job in jobs:
        threading.Thread(target=job, daemon=True).start()


def handing_over(setting: Mapping[str, str], orders: Orders, region: str) -> Callable[[str], None]:
    """What is told of each order that is placed. HANDOVER names the variable that has the queue's address."""
    if not (name := setting.get("HANDOVER")):
        return lambda id: None
    queue = boto3.client("sqs", region_name=region, config=PATIENT)
    handover = Handover(orders, queue, setting[name])
    follow(handover.follow, partial(recover, handover.recover))
    return handover.placed


def main() -> None:
    setting = os.environ
    region = setting["AWS_DEFAULT_REGION"]
    direct = boto3.client("dynamodb", region_name=region, config=PATIENT)
    address = setting.get("DAX_ADDRESS")
    tables = Tables(direct, Cached(partial(dial, address, region), direct) if address else None)
    carts = Carts(
        tables, setting["CARTS_TABLE"], region, tuple(filter(None, setting.get("REGIONS", "").split(",")))
    )
    products = Products(tables, setting["PRODUCTS_TABLE"])
    stock = Stock(tables, setting["STOCK_TABLE"], setting["HOLDS_TABLE"])
    records = Records(tables, setting["CHECKOUTS_TABLE"])
    orders = Orders(tables, setting["ORDERS_TABLE"], handed_over=bool(setting.get("HANDOVER")))
    placed = handing_over(setting, orders, region)
    checkouts = Checkouts(records, carts, products, stock, orders, placed=placed)
    where = setting.get(setting.get("FLAGS", "FLAGS_ADDRESS"))
    preload = Preload(Flags(where, region) if where else None)
    follow(preload.follow, partial(recover, checkouts.recover))
    metrics = Metrics(MEASURED)
    routes = Api(carts, checkouts, products, stock, preload, metrics).routes()
    Service(int(setting.get("PORT", "8080")), routes, metrics, "cart").run()


if __name__ == "__main__":
    main()
