"""Which driver takes a rider: the nearest who waits."""

import math
import secrets
from typing import Any
from urllib.parse import quote

from components.service.python.database import Database
from components.service.python.web import Answer, Refusal, Request, Routes

from .peers import Peer
from .store import row

RADIUS_KM = 5.0
FRESH_SECONDS = 60
KM_PER_DEGREE = 111.2
METRES_PER_SECOND = 7.0
FARE_CENTS = 700
CLAIM = f"""
UPDATE drivers SET status = 'busy' WHERE id = (
    SELECT id FROM drivers
    WHERE status = 'available' AND seen > now() - interval '{FRESH_SECONDS} seconds'
        AND lat BETWEEN %(lat)s - %(up)s AND %(lat)s + %(up)s
        AND lng BETWEEN %(lng)s - %(right)s AND %(lng)s + %(right)s
    ORDER BY (lat - %(lat)s) ^ 2 + ((lng - %(lng)s) * %(narrow)s) ^ 2
    LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id AS driver, lat, lng
"""
"""Two who ask at once do not wait for each other, and never get the same driver."""


class Matching:
    def __init__(self, database: Database, users: Peer, trips: Peer) -> None:
        self._database, self._users, self._trips = database, users, trips

    def routes(self) -> Routes:
        return {"POST /api/drivers": self.report, "POST /api/rides": self.ride}

    def report(self, request: Request) -> Answer:
        """A driver is somewhere, and is available or not: a driver says so who has ended a trip."""
        driver, status = request.text("driver"), request.text("status")
        if status not in ("available", "busy"):
            raise Refusal(400, "status must be available or busy")
        lat, lng = float(request.number("lat", -90, 90)), float(request.number("lng", -180, 180))
        upsert = (
            "INSERT INTO drivers VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO UPDATE "
            "SET lat = EXCLUDED.lat, lng = EXCLUDED.lng, status = EXCLUDED.status, seen = now()"
        )
        self._database.run(lambda cursor: row(cursor, upsert, driver, lat, lng, status))
        return 202, {"driver": driver}

    def ride(self, request: Request) -> Answer:
        rider = request.text("rider")
        lat, lng = float(request.number("lat", -90, 90)), float(request.number("lng", -180, 180))
        self._users.ask("GET", f"/api/users/{quote(rider, safe='')}", request.trace)
        found = self._database.run(lambda cursor: self._claim(cursor, lat, lng))
        if not found:
            raise Refusal(404, f"no driver within {RADIUS_KM:g} km")
        body = {"trip": secrets.token_hex(8), "rider": rider, "driver": found["driver"], "cents": FARE_CENTS}
        try:
            trip = self._trips.ask("POST", "/api/trips", request.trace, body)
        except Refusal:
            free = "UPDATE drivers SET status = 'available' WHERE id = %s"
            self._database.run(lambda cursor: row(cursor, free, found["driver"]))
            raise
        away = math.hypot(found["lat"] - lat, (found["lng"] - lng) * _narrow(lat)) * KM_PER_DEGREE * 1000
        return 200, {**trip, "eta_seconds": round(away / METRES_PER_SECOND)}

    def _claim(self, cursor: Any, lat: float, lng: float) -> dict[str, Any]:
        degrees, narrow = RADIUS_KM / KM_PER_DEGREE, _narrow(lat)
        cursor.execute(
            CLAIM, {"lat": lat, "lng": lng, "up": degrees, "right": degrees / narrow, "narrow": narrow}
        )
        found = cursor.fetchone()
        return {} if found is None else dict(zip(("driver", "lat", "lng"), found, strict=True))


def _narrow(lat: float) -> float:
    """How much shorter a degree of longitude is than one of latitude."""
    return max(0.01, math.cos(math.radians(lat)))
