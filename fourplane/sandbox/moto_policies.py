"""AWS's own IAM policies, each at its first use; moto loads none of them, or all 1,400 at once."""

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from fourplane.sandbox.moto_methods import replace

PREFIX = "arn:aws:iam::aws:policy/"
_attach = IAMBackend.attach_role_policy
_get = IAMBackend.get_policy


def mend() -> None:
    replace(IAMBackend, attach_role_policy=_attach_known, get_policy=_get_known)


def _attach_known(backend: IAMBackend, policy_arn: str, role_name: str) -> None:
    _load(backend, policy_arn)
    _attach(backend, policy_arn, role_name)


def _get_known(backend: IAMBackend, policy_arn: str) -> Any:
    _load(backend, policy_arn)
    return _get(backend, policy_arn)


def _load(backend: IAMBackend, arn: str) -> None:
    if not arn.startswith(PREFIX) or arn in backend.managed_policies:
        return
    name = arn.rsplit("/", 1)[1]
    start = aws_managed_policies_data.find(f'\n "{name}":')
    if start < 0:
        return
    data, _ = json.JSONDecoder().raw_decode(
        aws_managed_policies_data, aws_managed_policies_data.index("{", start)
    )
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    backend.managed_policies[policy.arn] = policy
