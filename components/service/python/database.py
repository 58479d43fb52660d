"""How a service keeps its connections to a database whose password changes: RDS's, from Secrets Manager."""

import queue
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from components.service.python.aws import Identity, secret
from components.service.python.web import Refusal

MOST_IDLE = 16

Result = TypeVar("Result")


class Login:
    """Who logs in: what a secret holds as `username` and `password`, until it is no longer true."""

    def __init__(self, arn: str) -> None:
        self._arn, self._identity = arn, Identity()
        self._known: dict[str, str] | None = None

    def read(self, anew: bool = False) -> tuple[str, str]:
        """Raises OSError where the secret cannot be read."""
        if self._known is None or anew:
            self._known = secret(self._identity, self._arn)
        return self._known["username"], self._known["password"]


class Database:
    """Connections by a driver (PEP 249), made with `dial(user, password)` and used again."""

    def __init__(self, driver: Any, dial: Callable[[str, str], Any], login: Login) -> None:
        self._lost: tuple[type[Exception], ...] = (driver.OperationalError, driver.InterfaceError, OSError)
        self._dial, self._login = dial, login
        self._idle = queue.LifoQueue[Any](MOST_IDLE)

    def run(self, work: Callable[[Any], Result]) -> Result:
        """What `work(cursor)` gives, all of it committed or nothing.

        Where a connection turns out to be dead, after a failover or a new password, it is done again on a
        new one: so it must be something that may be done twice. Refuses the request with 503 where there is
        no database.
        """
        try:
            try:
                kept = self._idle.get_nowait()
            except queue.Empty:
                return self._on(self._connect(), work)
            try:
                return self._on(kept, work)
            except self._lost:
                self._forget()
                return self._on(self._connect(), work)
        except self._lost as lost:
            print(f"the database is lost: {lost!r}", file=sys.stderr, flush=True)
            raise Refusal(503, "the database is lost") from None

    def _connect(self) -> Any:
        try:
            return self._dial(*self._login.read())
        except self._lost:
            return self._dial(*self._login.read(anew=True))

    def _on(self, connection: Any, work: Callable[[Any], Result]) -> Result:
        try:
            with connection.cursor() as cursor:
                result = work(cursor)
            connection.commit()
        except Refusal:
            connection.rollback()
            self._keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return result

    def _keep(self, connection: Any) -> None:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()

    def _forget(self) -> None:
        while not self._idle.empty():
            try:
                self._idle.get_nowait().close()
            except (queue.Empty, *self._lost):
                return
