"""What stands on an arrow, and in what it is told when it is not drawn."""

from collections.abc import Iterable

from fourplane.reach import Way

PORTS = ("tcp ", "udp ")
SAID_BY_KIND = {"IAM": "", "bucket origin": "", "traces": "traces", "canary": "https", "visit": "https"}
"""Kinds of ways whose label is where they lead, or another word; all others are named by their kind."""


def label(ways: Iterable[Way]) -> str:
    """The ports of some ways where there are any, or else the API: "9042", "s3:GetObject", "dynamodb ×8"."""
    known = sorted(set(ways))
    ports = {way.at.removeprefix("tcp ") for way in known if way.at.startswith(PORTS)}
    if ports:
        return _ports(ports)
    words = {_word(way) for way in known}
    actions = sorted(word for word in words if ":" in word)
    told = sorted(words.difference(actions))
    services = {action.partition(":")[0] for action in actions}
    if told:
        return told[0]
    return actions[0] if len(actions) == 1 else ", ".join(_counted(actions, one) for one in sorted(services))


def _word(way: Way) -> str:
    return SAID_BY_KIND.get(way.by, way.by) or way.at


def _counted(actions: list[str], service: str) -> str:
    of_it = sum(action.startswith(f"{service}:") for action in actions)
    return f"{service} ×{of_it}" if of_it > 1 else service


def _ports(ports: set[str]) -> str:
    ordered = sorted(ports, key=lambda port: (len(port), port))
    return ", ".join(ordered[:2]) + (f" +{len(ordered) - 2}" if len(ordered) > 2 else "")
