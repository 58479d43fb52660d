"""A cloud that makes nothing: what only a real one would know gets a stand-in that looks like it.

Stand-ins are made of the resource's URN, so that a reader of a preview can follow a value from the resource
that would give it to those that would take it, and the same program always shows the same values.
"""

import collections.abc
import functools
import hashlib
import json
import re
import typing
from collections.abc import Callable
from typing import Any

from fourplane import schema, wire
from fourplane.answers import ACCOUNT, ANSWERS
from fourplane.graph import Resource

GLOBAL = frozenset(
    {"iam", "cloudfront", "route53", "globalaccelerator", "organizations", "budgets", "shield"}
)
SERVICES = {
    "acm": "acm",
    "alb": "elasticloadbalancing",
    "apigatewayv2": "apigateway",
    "appautoscaling": "application-autoscaling",
    "cfg": "config",
    "cloudwatch": "events",
    "cognito": "cognito-idp",
    "directoryservice": "ds",
    "efs": "elasticfilesystem",
    "lb": "elasticloadbalancing",
    "mq": "amazonmq",
    "msk": "kafka",
    "opensearch": "es",
    "sfn": "states",
    "vpc": "ec2",
}
"""Modules of pulumi-aws whose ARNs have another service's name."""


class Preview:
    """Answers every registration and every function with stand-ins, without any cloud."""

    def create(self, resource: Resource) -> tuple[str, dict[str, Any]]:
        digits = hashlib.sha1(resource.urn.encode()).hexdigest()[:17]
        place = Place(resource.type, resource.name, resource.region, digits)
        given = resource.inputs
        made = {key: form(place) for key, form in _forms(resource.type) if key not in given}
        return f"{_kind(resource.type)}-{digits}", made

    def read(self, resource: Resource, id: str) -> dict[str, Any]:
        return self.create(resource)[1]

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        seed = json.dumps([token, region, wire.printable(args)], sort_keys=True)
        place = Place(token, "", region, hashlib.sha1(seed.encode()).hexdigest()[:17])
        answer = ANSWERS.get(token.rsplit(":", 1)[-1])
        return {**_likeness(schema.results(token), place), **args, **(answer(args, region) if answer else {})}


class Place:
    """What a stand-in is made of."""

    __slots__ = ("digits", "name", "region", "type")

    def __init__(self, type: str, name: str, region: str, digits: str) -> None:
        self.type, self.name, self.region, self.digits = type, name, region, digits


Form = Callable[[Place], str]


def _arn(place: Place) -> str:
    service, kind, regional = _service(place.type)
    if service == "s3":
        return f"arn:aws:s3:::{place.digits}"
    if kind in ("metric-alarm", "composite-alarm"):
        return f"arn:aws:{service}:{place.region}:{ACCOUNT}:alarm:{place.digits}"
    return f"arn:aws:{service}:{place.region if regional else ''}:{ACCOUNT}:{kind}/{place.digits}"


def _host(place: Place) -> str:
    return f"{place.digits}.{place.region or 'global'}.amazonaws.com"


FORMS: tuple[tuple[str, Form], ...] = (
    ("arn$", _arn),
    ("^(name|bucket|.*identifier)$", lambda place: f"{place.name}-{place.digits[:7]}"),
    ("^region$", lambda place: place.region),
    ("(owner|account)id$|^(owner|account)$", lambda place: ACCOUNT),
    ("^(availabilityzone|az)$", lambda place: f"{place.region}a"),
    ("ipv6cidr", lambda place: f"fd00:{place.digits[:4]}::/56"),
    ("cidr", lambda place: f"10.{int(place.digits[:2], 16)}.0.0/16"),
    ("ip(v4)?(address)?$", lambda place: "10.{}.{}.{}".format(*bytes.fromhex(place.digits[:6]))),
    ("(date|time|timestamp|createdat)$", lambda place: "2026-01-01T00:00:00Z"),
    ("^repositoryurl$", lambda place: f"{ACCOUNT}.dkr.ecr.{place.region}.amazonaws.com/{place.name}"),
    ("(url|uri|issuer|website)$", lambda place: f"https://{_host(place)}"),
    ("^bootstrapbrokerssasliam$", lambda place: f"b-1.{_host(place)}:9098,b-2.{_host(place)}:9098"),
    ("endpoint|dns|domain|address|host|brokers", _host),
)
"""The look of a text by the name of its property; the first that fits."""


def _likeness(declared: dict[str, Any], place: Place, depth: int = 0) -> dict[str, Any]:
    """A function's result: texts stand in, and a list has one item, so that a program finds something."""
    return {key: _like(key, kind, place, depth) for key, kind in declared.items()}


def _like(key: str, kind: Any, place: Place, depth: int) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return _form(key)(place)
    if kind in (bool, int, float):
        return kind()
    if origin is collections.abc.Sequence and depth < 4:
        return [_like(key, arguments[0], place, depth + 1)]
    if origin is collections.abc.Mapping:
        return {}
    nested = schema.members(kind)
    return _likeness(nested, place, depth + 1) if nested and depth < 4 else None


@functools.cache
def _form(key: str) -> Form:
    for pattern, form in FORMS:
        if re.search(pattern, key.lower()):
            return form
    prefix = _kebab(key)
    return lambda place: f"{prefix}-{place.digits}"


@functools.cache
def _forms(type: str) -> tuple[tuple[str, Form], ...]:
    return tuple((key, _form(key)) for key in schema.texts(type))


@functools.cache
def _service(type: str) -> tuple[str, str, bool]:
    """An ARN's service, the kind of thing that it names, and whether it has a region."""
    module = type.split(":")[1].split("/")[0] if ":" in type else type
    kind = _kind(type)
    service = SERVICES.get(module, re.sub("^ec2.*", "ec2", module))
    if module == "cloudwatch" and kind.startswith("log"):
        service = "logs"
    elif module == "cloudwatch" and not kind.startswith("event"):
        service = "cloudwatch"
    return service, kind, service not in GLOBAL


@functools.cache
def _kind(type: str) -> str:
    return _kebab(type.rsplit(":", 1)[-1])


def _kebab(text: str) -> str:
    return re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", text).lower()
