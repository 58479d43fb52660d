"""python -m rides --serve all | users | trips | payments | matching, or --export users | trips | payments."""

import argparse
import csv
import os
import sys
import threading

from components.service.python.database import Database
from components.service.python.metrics import Metrics
from components.service.python.web import Routes, Service

from .events import events
from .matching import Matching
from .payments import Payments
from .peers import Local, Remote
from .store import EXPORTS, make_tables, rows, store
from .trips import Trips
from .users import Users

MODULES = ("users", "trips", "payments", "matching")
MEASURED = {"call_seconds": "Time of a call of another service."}


def routes(serve: str, database: Database, metrics: Metrics) -> Routes:
    """What one service answers, or all of them where there is but one."""
    if serve == "all":
        users = Users(database).routes()
        payments = Payments(database, Local(users)).routes()
        trips = Trips(database, Local(payments), events()).routes()
        matching = Matching(database, Local(users), Local(trips)).routes()
        return {**users, **payments, **trips, **matching}
    if serve == "users":
        return Users(database).routes()
    if serve == "payments":
        return Payments(database, Remote("user", metrics)).routes()
    if serve == "trips":
        return Trips(database, Remote("payment", metrics), events()).routes()
    return Matching(database, Remote("user", metrics), Remote("trip", metrics)).routes()


def main() -> None:
    parser = argparse.ArgumentParser(prog="rides")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--serve", choices=("all", *MODULES))
    what.add_argument("--export", choices=tuple(EXPORTS), help="print a table as CSV")
    chosen = parser.parse_args()
    database = store()
    if chosen.export:
        csv.writer(sys.stdout).writerows(database.run(lambda cursor: rows(cursor, chosen.export)))
        return
    metrics = Metrics(MEASURED)
    threading.Thread(target=make_tables, args=(database,), daemon=True).start()
    Service(int(os.environ.get("PORT", "8080")), routes(chosen.serve, database, metrics), metrics).run()


if __name__ == "__main__":
    main()
