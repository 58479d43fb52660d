"""The payment service: takes each payment once, whoever asks how often, and keeps it in MySQL.

POST /api/payments {"key", "user", "amount", "currency"} answers 201 for a payment that is new, 200 for one
that is known, and 409 where the key is known for another. GET /api/payments/{key} reads one. Whoever captures
the money is not here: a payment that is kept counts as captured.
"""

import os
import sys
import threading
import time
from typing import Any

import pymysql  # pyright: ignore[reportMissingModuleSource]

from components.service.python.database import Database, Login
from components.service.python.metrics import Metrics
from components.service.python.web import Answer, Refusal, Request, Service

LARGEST = 100_000
CURRENCIES = ("USD", "EUR", "GBP")
SECONDS = 3
NO_DATABASE = 1049
"""https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html"""
TABLE = """
CREATE TABLE IF NOT EXISTS payments (
    idempotency_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    payer VARCHAR(64) NOT NULL,
    cents BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    captured_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) CHARACTER SET utf8mb4
"""
COLUMNS = ("payer", "cents", "currency")


class Payments:
    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database, self._metrics = database, metrics

    def pay(self, request: Request) -> Answer:
        key, user = _key(request.text("key")), request.text("user")
        cents, currency = request.number("amount", 0, LARGEST) * 100, request.text("currency", 3)
        if cents != int(cents):
            raise Refusal(400, "amount must have at most two digits after the point")
        if currency not in CURRENCIES:
            raise Refusal(400, f"currency must be one of {', '.join(CURRENCIES)}")
        wanted = (user, int(cents), currency)

        def work(cursor: Any) -> tuple[bool, tuple[Any, ...]]:
            # The second of two at once waits for the first, and then changes nothing.
            fresh = cursor.execute(
                "INSERT INTO payments (idempotency_key, payer, cents, currency) VALUES (%s, %s, %s, %s) "
                "ON DUPLICATE KEY UPDATE idempotency_key = idempotency_key",
                (key, *wanted),
            )
            return bool(fresh), self._row(cursor, key)

        with self._metrics.time("mysql_seconds"):
            fresh, kept = self._database.run(work)
        if kept != wanted:
            raise Refusal(409, f"{key} is the key of another payment")
        return (201 if fresh else 200), _said(key, kept)

    def read(self, request: Request, key: str) -> Answer:
        with self._metrics.time("mysql_seconds"):
            kept = self._database.run(lambda cursor: self._row(cursor, _key(key)))
        if not kept:
            raise Refusal(404, "no such payment")
        return 200, _said(key, kept)

    def make_table(self) -> None:
        """Make the table where there is none yet, once the database answers."""
        while True:
            try:
                return self._database.run(lambda cursor: cursor.execute(TABLE))
            except Refusal as notyet:
                print(f"no table yet: {notyet}", file=sys.stderr, flush=True)
                time.sleep(2)

    def _row(self, cursor: Any, key: str) -> tuple[Any, ...]:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM payments WHERE idempotency_key = %s", (key,))
        return tuple(cursor.fetchone() or ())


def _key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or not 1 <= len(key) <= 64:
        raise Refusal(400, "key must be 1 to 64 printable characters of ASCII")
    return key


def _said(key: str, kept: tuple[Any, ...]) -> dict[str, Any]:
    user, cents, currency = kept
    return {"key": key, "user": user, "amount": cents / 100, "currency": currency, "state": "captured"}


def dial(address: str, name: str, authority: str, user: str, password: str) -> Any:
    """A connection over TLS to a server that proves who it is, and to its database, made where it is not
    there."""
    host, _, port = address.rpartition(":")
    given: dict[str, Any] = {
        "host": host,
        "port": int(port),
        "user": user,
        "password": password,
        "ssl": {"ca": authority},
        "connect_timeout": SECONDS,
        "read_timeout": SECONDS,
        "write_timeout": SECONDS,
        "charset": "utf8mb4",
    }
    try:
        return pymysql.connect(**given, database=name)
    except pymysql.err.OperationalError as error:
        if error.args[0] != NO_DATABASE:
            raise
    connection = pymysql.connect(**given)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
    connection.select_db(name)
    return connection


def main() -> None:
    setting = os.environ
    address, name = setting["USERS_ADDRESS"], setting.get("USERS_DATABASE", "rides")
    authority = setting.get("USERS_AUTHORITY", "/etc/ssl/rds.pem")
    login = Login(setting["USERS_SECRET_ARN"])
    database = Database(pymysql, lambda user, password: dial(address, name, authority, user, password), login)
    metrics = Metrics({"mysql_seconds": "Time of a payment's transaction."})
    payments = Payments(database, metrics)
    threading.Thread(target=payments.make_table, daemon=True).start()
    routes = {"POST /api/payments": payments.pay, "GET /api/payments/{key}": payments.read}
    Service(int(setting.get("PORT", "8080")), routes, metrics).run()


if __name__ == "__main__":
    main()
