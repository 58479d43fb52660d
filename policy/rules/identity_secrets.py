"""Everybody may do what they must, and nothing else: what lets one be somebody is not lying about."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from policy.resource import Resource, at, parsed
from policy.rule import CRITICAL, HIGH, Complaints, rule

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
FUNCTION = "aws:lambda/function:Function"
BUILD = "aws:codebuild/project:Project"
TASK = "aws:ecs/taskDefinition:TaskDefinition"

SECRET_NAME = re.compile(r"(passw(or)?d|secret|token|credentials?|(api|access|private)_?key)$", re.IGNORECASE)
SECRET_TEXT = re.compile(
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_\w{36}"
    r"|(?i:passw(or)?d|secret|token)=['\"]?(?![$<{/])(?=[^\s'\"]*\d)[^\s'\"]{8,}"
)
REFERENCE = re.compile(r"arn:|/|https?://|\{\{resolve:")
"""How a value begins that only says where the secret is."""


@rule(
    (TEMPLATE, INSTANCE, CONFIGURATION),
    severity=HIGH,
    frameworks=("FSBP EC2.170", "FSBP EC2.8", "FSBP AutoScaling.3", "CIS 5.6", "CKV_AWS_79"),
    mend="set metadataOptions.httpTokens to required",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-170",
    remediate=lambda template: {
        "metadataOptions": {**(template["metadataOptions"] or {}), "httpTokens": "required"}
    },
)
def metadata_is_told_only_for_a_token(template: Resource) -> Complaints:
    """A server that can be made to fetch a URL would give away its role's keys."""
    if template["metadataOptions.httpTokens"] != "required":
        yield "lets its machines read their metadata without a token"


@rule(
    (FUNCTION, BUILD, TASK),
    severity=HIGH,
    frameworks=("FSBP CodeBuild.2", "FSBP ECS.8", "CKV_AWS_45", "WA SEC02-BP03"),
    mend="keep it in Secrets Manager and pass its ARN; CodeBuild: type SECRETS_MANAGER, ECS: secrets",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html#ecs-8",
)
def no_secret_stands_in_an_environment(of: Resource) -> Complaints:
    """Whoever may look at a function or a task reads its environment, and so does every log of a crash."""
    for name, value in _environment(of):
        if (SECRET_NAME.search(name) and not REFERENCE.match(value)) or SECRET_TEXT.search(value):
            yield f"has a secret in its environment: {name}"


def _environment(of: Resource) -> Iterator[tuple[str, str]]:
    if of.type == FUNCTION:
        yield from ((name, str(value)) for name, value in (of["environment.variables"] or {}).items())
        return
    given: list[Any] = of.many("environment.environmentVariables")
    if of.type == TASK:
        given = [
            one for it in parsed(of["containerDefinitions"]) or () for one in it.get("environment") or ()
        ]
    plain = [one for one in given if (at(one, "type") or "PLAINTEXT") == "PLAINTEXT"]
    yield from ((str(at(one, "name")), str(at(one, "value") or "")) for one in plain)


@rule(
    (TEMPLATE, INSTANCE, CONFIGURATION),
    severity=CRITICAL,
    frameworks=("CKV_AWS_46", "WA SEC02-BP03"),
    mend="let the machine read it from Secrets Manager or Parameter Store when it starts, with its role",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
)
def no_secret_stands_in_user_data(template: Resource) -> Complaints:
    """Every program on the machine can read its user data, and so can whoever may look at the template."""
    for key in ("userData", "userDataBase64"):
        if SECRET_TEXT.search(_read(str(template[key] or ""))):
            yield "has a secret in its user data"


def _read(text: str) -> str:
    """User data as the machine reads it, though it was given as base64."""
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace") if text else ""
    except ValueError:
        return text
