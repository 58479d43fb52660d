"""The state machines of an event, in Amazon States Language."""

from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent
AT_ONCE, ROUNDS = 4, 3
"""Batches that are read at once, and times that all is read before it is given up."""
OBSERVE_SECONDS, QUIET_SECONDS = 60, 300
"""Until what is turned away shows in an alarm, and how long it has to be quiet before all come back."""
STEP_SECONDS = 300


def warming(function_arn: str) -> str:
    return _rendered("warming", function=function_arn, at_once=AT_ONCE, rounds=ROUNDS)


def protection(
    function_arn: str, observe_seconds: int = OBSERVE_SECONDS, quiet_seconds: int = QUIET_SECONDS
) -> str:
    seconds = {"observe_seconds": observe_seconds, "quiet_seconds": quiet_seconds}
    return _rendered("protection", function=function_arn, **seconds)


def _rendered(name: str, **values: Any) -> str:
    known = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), undefined=jinja2.StrictUndefined)
    return known.get_template(f"{name}.asl.json.j2").render(**values, timeout=STEP_SECONDS)
