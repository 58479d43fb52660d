"""Secrets that nobody chooses: made at the first deployment, and kept in Secrets Manager."""

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

LENGTH = 48
"""Letters and digits: 285 bits."""


@dataclass(frozen=True)
class MadeOnce:
    """A secret, and where it is kept."""

    arn: pulumi.Output[str]
    value: pulumi.Output[str]


def made_once(
    owner: Component, role: str, args: Mapping[str, Any], form: Callable[[str], str] = str
) -> MadeOnce:
    """A secret of `owner`, in the form that what it is for wants. `args`: its `Keeping`."""
    name = f"{owner.name}-{role}"
    # It is asked anew at every deployment, and only the first answer is kept.
    random = aws.secretsmanager.get_random_password_output(
        password_length=LENGTH,
        exclude_punctuation=True,
        region=owner._region,
        opts=pulumi.InvokeOutputOptions(parent=owner),
    ).random_password
    secret = aws.secretsmanager.Secret(
        name,
        description=f"{role.capitalize().replace('-', ' ')} of {owner.name}",
        kms_key_id=args.get("key_arn"),
        recovery_window_in_days=0 if args.get("disposable", False) else 30,
        opts=owner.child,
    )
    kept = aws.secretsmanager.SecretVersion(
        name,
        secret_id=secret.id,
        secret_string=pulumi.Output.secret(random.apply(form)),
        opts=pulumi.ResourceOptions(parent=owner, ignore_changes=["secretString"]),
    )
    return MadeOnce(secret.arn, pulumi.Output.secret(kept.secret_string.apply(lambda text: text or "")))


def as_uuid(text: str) -> str:
    """Randomness as a UUID, 122 bits of it."""
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def as_key(text: str) -> str:
    """Randomness as 32 bytes in base64."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
