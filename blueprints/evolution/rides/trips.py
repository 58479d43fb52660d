"""Where each ride stands."""

from typing import Any

from components.service.python.database import Database
from components.service.python.web import Answer, Refusal, Request, Routes

from .events import Events
from .peers import Peer
from .store import row

TOPIC = "trip.state.changed"
BEFORE = {"started": ["accepted"], "completed": ["started"], "cancelled": ["accepted"]}
LARGEST_CENTS = 10_000_000


class Trips:
    def __init__(self, database: Database, payments: Peer, events: Events) -> None:
        self._database, self._payments, self._events = database, payments, events

    def routes(self) -> Routes:
        return {
            "POST /api/trips": self.begin,
            "GET /api/trips/{trip}": self.read,
            "PUT /api/trips/{trip}": self.move,
        }

    def begin(self, request: Request) -> Answer:
        trip, rider, driver = request.text("trip"), request.text("rider"), request.text("driver")
        cents = int(request.number("cents", 0, LARGEST_CENTS))
        insert = "INSERT INTO trips VALUES (%s, %s, %s, 'accepted', %s) ON CONFLICT DO NOTHING RETURNING id"

        def work(cursor: Any) -> tuple[bool, dict[str, Any]]:
            return bool(row(cursor, insert, trip, rider, driver, cents)), self._kept(cursor, trip)

        fresh, kept = self._database.run(work)
        if (kept["rider"], kept["driver"]) != (rider, driver):
            raise Refusal(409, f"{trip} is another trip")
        if fresh:
            self._events.publish(TOPIC, trip, kept)
        return (201 if fresh else 200), kept

    def read(self, request: Request, trip: str) -> Answer:
        kept = self._database.run(lambda cursor: self._kept(cursor, trip))
        if not kept:
            raise Refusal(404, f"no trip {trip}")
        return 200, kept

    def move(self, request: Request, trip: str) -> Answer:
        """On to its next state. To complete it is to be paid for it: who cannot be paid asks again."""
        state = request.text("state")
        if state not in BEFORE:
            raise Refusal(400, f"state must be one of {', '.join(BEFORE)}")
        update = "UPDATE trips SET state = %s, changed = now() WHERE id = %s AND state = ANY(%s) RETURNING id"

        def work(cursor: Any) -> tuple[bool, dict[str, Any]]:
            return bool(row(cursor, update, state, trip, BEFORE[state])), self._kept(cursor, trip)

        moved, kept = self._database.run(work)
        if not kept:
            raise Refusal(404, f"no trip {trip}")
        if kept["state"] != state:
            raise Refusal(409, f"trip {trip} is {kept['state']}")
        if moved:
            self._events.publish(TOPIC, trip, kept)
        if state == "completed":
            due = {"key": trip, "rider": kept["rider"], "cents": kept["cents"]}
            self._payments.ask("POST", "/api/payments", request.trace, due)
        return 200, kept

    def _kept(self, cursor: Any, trip: str) -> dict[str, Any]:
        return row(cursor, "SELECT id AS trip, rider, driver, state, cents FROM trips WHERE id = %s", trip)
