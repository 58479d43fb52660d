"""IAM documents, asked who may do what to whom."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from fourplane.reach.directory import many

OF_THE_ACCOUNT = frozenset(
    {"logs:CreateLogDelivery", "logs:PutResourcePolicy", "ssm:CancelCommand", "ssm:ListCommands"}
)
"""Actions without a resource level, as FIS asks for them to keep its log and to slow machines down:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""


def allowed(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document that allow something. What is not JSON allows nothing."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    statements = many(document.get("Statement")) if isinstance(document, dict) else []
    return [statement for statement in statements if statement.get("Effect") == "Allow"]


def actions(statement: dict[str, Any], service: str) -> Iterator[str]:
    """The actions of one service that a statement allows on somebody's resources.

    To describe a thing is not yet to reach it, nor is what AWS lets nobody narrow to a resource.
    """
    named = many(statement.get("Action")) or ["*"]  # NotAction leaves nearly everything
    for action in named:
        of, _, verb = action.partition(":")
        if action in OF_THE_ACCOUNT:
            continue
        if action == "*" or (of.lower() == service and not verb.startswith("Describe")):
            yield action


def names(statement: dict[str, Any], arn: str) -> bool:
    """Whether a statement's resources hold an ARN, or something inside it: an object, a stream, a version."""
    inside = (f"{arn}/", f"{arn}:")
    return any(
        pattern.startswith(inside) or any(fnmatch.fnmatchcase(whole, pattern) for whole in (arn, *inside))
        for pattern in many(statement.get("Resource")) or ["*"]
    )


def principals(statement: dict[str, Any], kind: str) -> list[str]:
    """The "Service" or "AWS" principals of a statement; "*" is among both."""
    principal = statement.get("Principal")
    return [principal] if isinstance(principal, str) else [*many((principal or {}).get(kind))]


def bound_to(statement: dict[str, Any], arn: str) -> bool:
    """Whether a statement's condition on the calling resource, where it has one, is met by an ARN."""
    wanted = [
        pattern
        for operator in (statement.get("Condition") or {}).values()
        for key, value in operator.items()
        if key.lower() == "aws:sourcearn"
        for pattern in many(value)
    ]
    return not wanted or any(fnmatch.fnmatchcase(arn, pattern) for pattern in wanted)
