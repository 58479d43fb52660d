"""The state machine that a hot partition starts, in Amazon States Language."""

from collections.abc import Mapping
from pathlib import Path

import jinja2

FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "hot-partition.asl.json.j2"
OBSERVE_SECONDS, QUIET_SECONDS = 10, 600
"""Until a round has shown in the load, and how long it has to be quiet before anything is put back."""
QUICK_ROUNDS, PATIENT_ROUNDS, ROUNDS, COOL_ROUNDS = 12, 3, 300, 12
"""Rounds that follow each other quickly; those that splitting alone is given; and all that there are: about 5
hours, longer than a match or a holiday's rush, and under the 25,000 events that a run may have:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html. What stays busy for two hours after
the alarm stays split."""
STEP_SECONDS = 300


def definition(
    functions: Mapping[str, str], observe_seconds: int = OBSERVE_SECONDS, quiet_seconds: int = QUIET_SECONDS
) -> str:
    """`functions`: the ARN of each, by its file."""
    text = jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), undefined=jinja2.StrictUndefined)
    return text.render(
        functions=functions,
        observe_seconds=observe_seconds,
        quiet_seconds=quiet_seconds,
        quick_rounds=QUICK_ROUNDS,
        patient_rounds=PATIENT_ROUNDS,
        rounds=ROUNDS,
        cool_rounds=COOL_ROUNDS,
        timeout=STEP_SECONDS,
    )
