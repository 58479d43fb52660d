"""Bucket policies that forbid what they say: moto takes every condition to be met."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy
from moto.s3.models import FakeBucket

from fourplane.sandbox.moto_methods import replace

_permission = FakeBucket.get_permission


def mend() -> None:
    replace(FakeBucket, get_permission=_permission_over_tls)


def _permission_over_tls(bucket: FakeBucket, action: str, resource: str) -> Any:
    """The sandbox's callers count as coming over TLS, and otherwise as meeting no condition."""
    if bucket.policy is None:
        return _permission(bucket, action, resource)
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    unconditional = [one for one in statements if not one.get("Condition")]
    return IAMPolicy(
        {"policy_document": json.dumps({**policy, "Statement": unconditional})}
    ).is_action_permitted(action, resource)
