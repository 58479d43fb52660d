"""What riders pay, once for each key."""

from typing import Any
from urllib.parse import quote

from components.service.python.database import Database
from components.service.python.web import Answer, Refusal, Request, Routes

from .peers import Peer
from .store import row

LARGEST_CENTS = 10_000_000


class Payments:
    def __init__(self, database: Database, users: Peer) -> None:
        self._database, self._users = database, users

    def routes(self) -> Routes:
        return {"POST /api/payments": self.pay, "GET /api/payments/{key}": self.read}

    def pay(self, request: Request) -> Answer:
        key, rider = request.text("key"), request.text("rider")
        cents = int(request.number("cents", 0, LARGEST_CENTS))
        self._users.ask("GET", f"/api/users/{quote(rider, safe='')}", request.trace)
        insert = "INSERT INTO payments VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING key"

        def work(cursor: Any) -> tuple[bool, dict[str, Any]]:
            return bool(row(cursor, insert, key, rider, cents)), self._kept(cursor, key)

        fresh, kept = self._database.run(work)
        if kept != {"key": key, "rider": rider, "cents": cents}:
            raise Refusal(409, f"{key} is the key of another payment")
        return (201 if fresh else 200), kept

    def read(self, request: Request, key: str) -> Answer:
        kept = self._database.run(lambda cursor: self._kept(cursor, key))
        if not kept:
            raise Refusal(404, f"no payment {key}")
        return 200, kept

    def _kept(self, cursor: Any, key: str) -> dict[str, Any]:
        return row(cursor, "SELECT key, rider, cents FROM payments WHERE key = %s", key)
