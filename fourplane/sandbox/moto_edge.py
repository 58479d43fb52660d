"""CloudFront distributions that keep their origin groups, VPC origins, access controls and functions."""

from typing import Any

from botocore import xform_name
from moto.cloudfront.models import CacheBehaviour, DefaultCacheBehaviour, DistributionConfig, Origin

from fourplane.sandbox.moto_methods import replace

_origin = Origin.__init__
_behaviour = DefaultCacheBehaviour.__init__
_config = DistributionConfig.__init__
KEPT = ("FunctionAssociations", "LambdaFunctionAssociations", "GrpcConfig")


def mend() -> None:
    replace(Origin, __init__=_whole_origin)
    replace(DefaultCacheBehaviour, __init__=_whole_behaviour)
    replace(DistributionConfig, __init__=_config_with_groups)


def _whole_origin(origin: Origin, given: dict[str, Any]) -> None:
    """moto knows S3 and custom origins and nothing else of them."""
    _origin(origin, given)
    for name, value in given.items():
        origin.__dict__.setdefault(xform_name(name), value)


def _whole_behaviour(behaviour: DefaultCacheBehaviour | CacheBehaviour, given: dict[str, Any]) -> None:
    _behaviour(behaviour, given)
    for name in KEPT:
        if name in given:
            setattr(behaviour, xform_name(name), given[name])


def _config_with_groups(config: DistributionConfig, given: dict[str, Any]) -> None:
    """The default behaviour may go to an origin group, which moto does not find among the origins."""
    groups = {group["Id"]: group for group in given.get("OriginGroups", {}).get("Items") or []}
    behaviour = given["DefaultCacheBehavior"]
    target = behaviour["TargetOriginId"]
    if target in groups:
        behaviour["TargetOriginId"] = groups[target]["Members"]["Items"][0]["OriginId"]
    _config(config, given)
    config.__dict__["DefaultCacheBehavior"].target_origin_id = target
