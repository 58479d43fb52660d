"""Step Functions: state machines."""

import json
from collections.abc import Iterator
from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates

MACHINE: dict[str, str | None] = {
    "name": None,
    "namePrefix": None,
    "loggingConfiguration": None,
    "logDestination": None,
    "tags": None,
}


@creates("aws:sfn/stateMachine:StateMachine")
def state_machine(new: New) -> Made:
    client = new.client("stepfunctions")
    _check(new["definition"])
    logging = new.first("loggingConfiguration")
    told = {
        "level": logging.get("level", "OFF"),
        "includeExecutionData": logging.get("includeExecutionData", False),
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": logging["logDestination"]}}]
        if logging.get("logDestination")
        else [],
    }
    tags = [{"key": key, "value": value} for key, value in new.tags.items()]
    name = new.name_within(80)
    request = new.fit(
        "stepfunctions",
        "create_state_machine",
        MACHINE,
        name=name,
        tags=tags,
        loggingConfiguration=told if logging else None,
    )
    shapes.validate(client, "create_state_machine", request)
    made = client.create_state_machine(**request)
    arn = made["stateMachineArn"]
    return arn, {
        "arn": arn,
        "name": name,
        "status": "ACTIVE",
        "type": new.get("type", "STANDARD"),
    }


def _check(text: str) -> None:
    """moto takes any text: this asks for JSON whose steps lead to steps that are there."""
    try:
        definition = json.loads(text)
    except ValueError as error:
        raise Mistake(f"the definition is not JSON: {error}") from None
    states: dict[str, Any] = definition.get("States", {})
    for wanted in [definition.get("StartAt"), *(step for one in states.values() for step in _leads(one))]:
        if wanted not in states:
            raise Mistake(f"the definition leads to a state '{wanted}', which it does not have")


def _leads(state: dict[str, Any]) -> Iterator[str]:
    """The states that one leads to."""
    yield from (state[key] for key in ("Next", "Default") if key in state)
    for step in [*state.get("Choices", []), *state.get("Catch", [])]:
        yield step["Next"]
