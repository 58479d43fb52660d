"""The PostgreSQL that every service keeps what it knows in, in tables of its own."""

import sys
import time
from typing import Any

import psycopg2  # pyright: ignore[reportMissingModuleSource]
import psycopg2.extensions  # pyright: ignore[reportMissingModuleSource]

from components.service.python.database import Database, Login
from components.service.python.web import Refusal

from . import settings

SECONDS = 3
SCHEMA = """
SELECT pg_advisory_xact_lock(4096);
CREATE TABLE IF NOT EXISTS users (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE IF NOT EXISTS drivers (
    id text PRIMARY KEY,
    lat double precision NOT NULL,
    lng double precision NOT NULL,
    status text NOT NULL,
    seen timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS trips (
    id text PRIMARY KEY,
    rider text NOT NULL,
    driver text NOT NULL,
    state text NOT NULL,
    cents bigint NOT NULL,
    changed timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS payments (
    key text PRIMARY KEY,
    rider text NOT NULL,
    cents bigint NOT NULL,
    captured timestamptz NOT NULL DEFAULT now()
);
"""
"""The lock is for those who start at once: of two who make the same table one would fail."""
EXPORTS = {
    "users": "SELECT id, name FROM users ORDER BY id",
    "trips": (
        "SELECT id, trips.rider, driver, state, trips.cents / 100.0, "
        "CASE WHEN key IS NULL THEN 'due' ELSE 'paid' END "
        "FROM trips LEFT JOIN payments ON key = id ORDER BY id"
    ),
    "payments": "SELECT key, rider, cents, 'USD' FROM payments ORDER BY key",
}
"""What another store takes over, row by row."""


def store() -> Database:
    host, _, port = settings.of("database", "ADDRESS").rpartition(":")
    name = settings.of("database", "NAME", "rides")
    authority = settings.of("database", "AUTHORITY", "/etc/ssl/rds.pem")

    def dial(user: str, password: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=host,
            port=port,
            dbname=name,
            user=user,
            password=password,
            sslmode="verify-full",
            sslrootcert=authority,
            connect_timeout=SECONDS,
            options=f"-c statement_timeout={SECONDS * 1000} -c idle_in_transaction_session_timeout=60000",
            # A primary that has failed over to its standby says nothing any more.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=SECONDS * 1000,
        )

    return Database(psycopg2, dial, Login(settings.of("database", "SECRET_ARN")))


def make_tables(database: Database) -> None:
    """Make what is not there yet, once the database answers."""
    while True:
        try:
            return database.run(lambda cursor: cursor.execute(SCHEMA))
        except Refusal as not_yet:
            print(f"no tables yet: {not_yet}", file=sys.stderr, flush=True)
            time.sleep(1)


def row(cursor: Any, statement: str, *values: Any) -> dict[str, Any]:
    """The one row of a statement, by column; empty where there is none."""
    cursor.execute(statement, values)
    found = cursor.fetchone() if cursor.description else None
    return {} if found is None else dict(zip((one.name for one in cursor.description), found, strict=True))


def rows(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    """What is exported of a table."""
    cursor.execute(EXPORTS[table])
    return cursor.fetchall()
