"""What a client does at the site, as its app does: it asks for one path after another over TLS.

Runs as a CloudWatch Synthetics canary, with Python's own library alone. An exception is a failed visit.
"""

import http.client
import json
import os
import ssl
from typing import Any

TIMEOUT_SECONDS = 10
NEEDED = ("strict-transport-security", "x-content-type-options")
"""Headers that every answer of the site carries."""


def handler(event: Any, context: Any) -> str:
    """Visit $SITE, a host name, at each of $PATHS, a JSON list. Raises AssertionError, or what Python's
    library raises, for what an app would trip over."""
    trusted = ssl.create_default_context()
    trusted.minimum_version = ssl.TLSVersion.TLSv1_2
    site, paths = os.environ["SITE"], json.loads(os.environ["PATHS"])
    connection = http.client.HTTPSConnection(site, timeout=TIMEOUT_SECONDS, context=trusted)
    try:
        for path in paths:
            visit(connection, path)
    finally:
        connection.close()
    return f"{len(paths)} paths of {site} answered"


def visit(connection: http.client.HTTPSConnection, path: str) -> None:
    connection.request(
        "GET", path, headers={"Accept": "application/json", "User-Agent": "fourplane-client/1"}
    )
    answer = connection.getresponse()
    answer.read()
    print(f"{path}: {answer.status}")
    if answer.status != 200:
        raise AssertionError(f"{path} answered {answer.status}")
    missing = [header for header in NEEDED if answer.getheader(header) is None]
    if missing:
        raise AssertionError(f"{path} answered without {', '.join(missing)}")
