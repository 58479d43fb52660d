"""Who may pass a load balancer: those with a token of one issuer."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component

MOST_CLIENTS = 10
"""Values of a claim: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_JwtValidationActionAdditionalClaim.html."""


class Tokens(TypedDict):
    """The access tokens that a load balancer asks for, such as those of AppClients.tokens."""

    issuer: pulumi.Input[str]
    """Who signs them, an https URL: the claim "iss"."""
    jwks: pulumi.Input[str]
    """Address of the issuer's public keys, which must be RSA, ten at most."""
    client_ids: Sequence[pulumi.Input[str]]
    """The apps whose tokens are taken, ten at most: the claim "client_id", which identity tokens lack."""
    open_paths: NotRequired[Sequence[str]]
    """Path patterns that anyone may ask for without a token, such as "/api/health". Default: none."""


def check_tokens(owner: Component, tokens: Tokens | None, secure: bool) -> None:
    """Rejects what AWS would not take, and tokens that would cross the network in the clear."""
    if tokens is None:
        return
    if not secure:
        owner.reject("tokens", "given", "given with certificate_arn, so that no token is sent unencrypted")
    if not 1 <= (clients := len(tokens["client_ids"])) <= MOST_CLIENTS:
        owner.reject("tokens['client_ids']", clients, f"1 to {MOST_CLIENTS} apps, as many as AWS compares")
    for path in tokens.get("open_paths", ()):
        if not path.startswith("/"):
            owner.reject("tokens['open_paths']", path, "paths that begin with '/'")


def with_token(tokens: Tokens | None, forward: Any) -> list[Any]:
    """A listener's actions: without a valid token, 401, and nothing is forwarded."""
    if tokens is None:
        return [forward]
    claim = {"name": "client_id", "format": "single-string", "values": list(tokens["client_ids"])}
    validation = {
        "issuer": tokens["issuer"],
        "jwks_endpoint": tokens["jwks"],
        "additional_claims": [claim],
    }
    return [
        {"type": "jwt-validation", "order": 1, "jwt_validation": validation},
        {**forward, "order": 2},
    ]


def leave_open(
    owner: Component, listener_arn: pulumi.Input[str], tokens: Tokens | None, forward: Any
) -> None:
    """The rules that let anyone through to some paths."""
    for priority, path in enumerate(tokens.get("open_paths", ()) if tokens else (), 1):
        aws.lb.ListenerRule(
            f"{owner.name}-open-{path.strip('/').replace('/', '-').replace('*', 'all')}",
            listener_arn=listener_arn,
            priority=priority,
            conditions=[{"path_pattern": {"values": [path]}}],
            actions=[forward],
            opts=owner.child,
        )
