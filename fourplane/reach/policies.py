"""IAM documents, asked who may do what to whom."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from fourplane.reach.directory import many

OF_THE_ACCOUNT = frozenset(
    {
        "ecr:GetAuthorizationToken", "fis:ListExperiments", "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries",
        "logs:PutResourcePolicy", "logs:UpdateLogDelivery", "s3:ListAllMyBuckets",
        "secretsmanager:GetRandomPassword", "ssm:CancelCommand", "ssm:ListCommands",
    }
)  # fmt: skip
"""Actions without a resource level, as FIS asks for them to keep its log and to slow machines down,
Synthetics to keep what a canary saw, a rotation to think of a password, and Docker to log in:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""


def allowed(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document that allow something. What is not JSON allows nothing."""
    return [statement for statement in _statements(document) if statement.get("Effect") == "Allow"]


def denied(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document that deny something whatever the circumstances."""
    return [one for one in _statements(document) if one.get("Effect") == "Deny" and not one.get("Condition")]


def _statements(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    return many(document.get("Statement")) if isinstance(document, dict) else []


def covers(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement is about an action."""

    def among(key: str) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in many(statement.get(key)))

    return among("Action") if "Action" in statement else not among("NotAction")


def tags_asked(statement: dict[str, Any]) -> dict[str, list[str]]:
    """The tags that a statement's condition asks of what is used, and their values."""
    return {
        key.partition("/")[2]: many(value)
        for key, value in ((statement.get("Condition") or {}).get("StringEquals") or {}).items()
        if key.lower().startswith("aws:resourcetag/")
    }


def endpoints_asked(statement: dict[str, Any]) -> list[str]:
    """The network endpoints that a statement's condition asks callers to come through."""
    return [
        value
        for key, values in ((statement.get("Condition") or {}).get("StringEquals") or {}).items()
        if key.lower() == "aws:sourcevpce"
        for value in many(values)
    ]


def actions(statement: dict[str, Any], *services: str) -> Iterator[str]:
    """The actions of some services that a statement allows on somebody's resources.

    To describe a thing is not yet to reach it, nor is what AWS lets nobody narrow to a resource.
    """
    named = many(statement.get("Action")) or ["*"]  # NotAction leaves nearly everything
    for action in named:
        of, _, verb = action.partition(":")
        if action in OF_THE_ACCOUNT:
            continue
        if action == "*" or (of.lower() in services and not verb.startswith("Describe")):
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
