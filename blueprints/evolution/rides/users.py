"""Who rides."""

from components.service.python.database import Database
from components.service.python.web import Answer, Refusal, Request, Routes

from .store import row


class Users:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> Routes:
        return {"POST /api/users": self.add, "GET /api/users/{user}": self.read}

    def add(self, request: Request) -> Answer:
        user, name = request.text("user"), request.text("name", 200)
        insert = "INSERT INTO users VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name"
        self._database.run(lambda cursor: row(cursor, insert, user, name))
        return 201, {"user": user, "name": name}

    def read(self, request: Request, user: str) -> Answer:
        found = self._database.run(lambda cursor: row(cursor, "SELECT name FROM users WHERE id = %s", user))
        if not found:
            raise Refusal(404, f"no user {user}")
        return 200, {"user": user, **found}
