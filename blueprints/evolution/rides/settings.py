"""What the program is told by its environment: of every server it knows <FLEET>_<SERVER>_<WHAT>."""

import os
import re


def of(server: str, what: str, otherwise: str | None = None) -> str:
    """One of its fleet's servers, "trip": RIDES_TRIP_ADDRESS where the fleet is called "rides"."""
    return named(f"{os.environ.get('FLEET', 'rides')}_{server}", what, otherwise)


def named(server: str, what: str, otherwise: str | None = None) -> str:
    name = f"{re.sub('[^A-Z0-9]', '_', server.upper())}_{what}"
    value = os.environ.get(name, otherwise)
    if value is None:
        raise SystemExit(f"{name} is not set")
    return value
