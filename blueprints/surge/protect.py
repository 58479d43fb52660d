"""Turns away what matters least, and does without what can be done without, while an alarm is on."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3

from components.service.python import flags

EVERYBODY = {"ipv4": ["0.0.0.0/1", "128.0.0.0/1"], "ipv6": ["::/1", "8000::/1"]}
"""AWS WAF takes no /0."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """`event`: what to do, one of the functions below, and with what."""
    given: Any = event.get("with")
    return STEPS[event["do"]](given)


def shed(round: int) -> dict[str, Any]:
    """Turn away one class more than in the last round."""
    classes = json.loads(os.environ["CLASSES"])
    for name in classes[: round + 1]:
        _switch(name, EVERYBODY)
    return {"left": max(0, len(classes) - round - 1)}


def degrade(_: object = None) -> dict[str, Any]:
    return _turn(False)


def look(_: object = None) -> dict[str, Any]:
    """How many alarms are on."""
    names = [arn.split(":alarm:")[1] for arn in json.loads(os.environ["ALARMS"])]
    told = boto3.client("cloudwatch").describe_alarms(AlarmNames=names)
    return {"on": sum(alarm["StateValue"] == "ALARM" for alarm in told["MetricAlarms"])}


def restore(_: object = None) -> dict[str, Any]:
    """Everything as it was: first what people see, then who may come."""
    turned = _turn(True)
    for name in json.loads(os.environ["CLASSES"]):
        _switch(name, {"ipv4": [], "ipv6": []})
    return turned


def _turn(on: bool) -> dict[str, Any]:
    known = json.loads(os.environ["FLAGS"])
    if not known["turned"]:
        return {"flags": []}
    values = {flag: {"enabled": on} for flag in known["turned"]}
    flags.change(boto3.client("appconfig"), known["address"], known["strategy"], values)
    return {"flags": known["turned"]}


def _switch(name: str, addresses: Mapping[str, Sequence[str]]) -> None:
    """Whose requests of a class are turned away: everybody's, or nobody's."""
    switches = json.loads(os.environ["SWITCHES"])
    for family, whose in addresses.items():
        # arn:aws:wafv2:<region>:<account>:<global or regional>/ipset/<name>/<id>
        arn = switches[f"{name}-{family}"]
        kind, _, called, id = arn.split(":", 5)[5].split("/")
        scope = "CLOUDFRONT" if kind == "global" else "REGIONAL"
        waf = boto3.client("wafv2", region_name=arn.split(":")[3])
        known = waf.get_ip_set(Name=called, Scope=scope, Id=id)
        if sorted(known["IPSet"]["Addresses"]) != sorted(whose):
            waf.update_ip_set(
                Name=called, Scope=scope, Id=id, Addresses=list(whose), LockToken=known["LockToken"]
            )


STEPS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "shed": shed,
    "degrade": degrade,
    "look": look,
    "restore": restore,
}
