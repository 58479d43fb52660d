"""Where moto differs from AWS in a way that a stack would notice, it is mended here, once for the process."""

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.acm.models import acm_backends
from moto.ec2.models import nat_gateways
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.instances import Instance
from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.elb.exceptions import CertificateNotFoundException
from moto.elbv2 import models as elbv2_models
from moto.moto_api._internal import mock_random
from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket
from moto.synthetics import models as synthetics_models

from fourplane.sandbox import (
    moto_buckets,
    moto_edge,
    moto_groups,
    moto_images,
    moto_policies,
    moto_scaling,
)
from fourplane.sandbox.moto_methods import replace

_prefix_lists = ManagedPrefixListBackend.create_default_pls
_rule = SecurityGroupRule.__init__
_terminate = Instance.terminate
_create_interface = NetworkInterfaceBackend.create_network_interface
_create_endpoint = VPCBackend.create_vpc_endpoint
_validate_actions = elbv2_models.ELBv2Backend._validate_actions
_create_balancer = elbv2_models.ELBv2Backend.create_load_balancer


def mend() -> None:
    """Make this process's moto behave as AWS does. Mending twice changes nothing."""
    moto_edge.mend()
    moto_images.mend()
    moto_policies.mend()
    moto_groups.mend()
    moto_buckets.mend()
    moto_scaling.mend()
    replace(SecurityGroupRule, __init__=_rule_with_description, description=property(_description))
    replace(Instance, terminate=_terminate_and_let_go)
    replace(NetworkInterfaceBackend, create_network_interface=_create_interface_in_subnet)
    replace(VPCBackend, create_vpc_endpoint=_create_endpoint_guarded)
    replace(FakeBucket, _log_permissions_enabled_policy=staticmethod(_may_log))
    replace(ManagedPrefixListBackend, create_default_pls=_make_prefix_lists)
    replace(
        nat_gateways, random_private_ip=str
    )  # "", for which `_create_interface_in_subnet` finds a free one
    replace(synthetics_models, uuid=mock_random)  # the same ids at every deployment
    replace(elbv2_models, register_certificate=_use_certificate)
    replace(
        elbv2_models.ELBv2Backend,
        _validate_actions=_validate_actions_but_tokens,
        create_load_balancer=_create_balancer_by_type,
    )


def _make_prefix_lists(backend: Any) -> None:
    """AWS's lists have one id in a region for ever; here they are made when a region is first looked at."""
    mock_random.seed(f"prefix lists of {backend.region_name}")
    _prefix_lists(backend)


def _validate_actions_but_tokens(backend: Any, actions: list[Any]) -> None:
    """moto does not know yet that a listener may ask for tokens."""
    _validate_actions(backend, [action for action in actions if action.type != "jwt-validation"])


def _terminate_and_let_go(instance: Instance) -> Any:
    """A dead machine's own interface goes with it; those that were attached to it are free again."""
    for index, interface in instance.nics.items():
        interface.delete_on_termination = interface.delete_on_termination or index == 0
    before = _terminate(instance)
    for index, interface in list(instance.nics.items()):
        if index > 0 and not interface.delete_on_termination:
            instance.detach_eni(interface)
    return before


def _rule_with_description(rule: SecurityGroupRule, *positional: Any, **options: Any) -> None:
    """moto keeps a description for addresses alone, and takes it as part of a group's identity."""
    values = [*positional, *options.values()]
    _rule(rule, *positional, **options)
    peers = [value for value in values if isinstance(value, dict) and "Description" in value]
    vars(rule)["said"] = peers[0]["Description"] if peers else None
    rule.source_group = {k: v for k, v in rule.source_group.items() if k != "Description"}


def _description(rule: SecurityGroupRule) -> str | None:
    return vars(rule).get("said")


def _create_interface_in_subnet(
    backend: Any, subnet: Any, private_ip_address: Any, *positional: Any, **options: Any
) -> NetworkInterface:
    """The next free address of the subnet; moto draws one that may be taken, or AWS's own."""
    network = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
    addresses = positional[0] if positional else options.get("private_ip_addresses")
    if not private_ip_address and not addresses:
        private_ip_address = network.get_available_subnet_ip(None)
    return _create_interface(backend, network, private_ip_address, *positional, **options)


def _create_endpoint_guarded(backend: Any, *positional: Any, **options: Any) -> VPCEndPoint:
    """An endpoint's interfaces have an address of their subnet and the endpoint's security groups."""
    endpoint = _create_endpoint(backend, *positional, **options)
    groups = [backend.get_security_group_from_id(id) for id in endpoint.security_group_ids]
    for id in endpoint.network_interface_ids:
        interface = backend.get_network_interface(id)
        address = interface.subnet.get_available_subnet_ip(None)
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        interface.interface_type, interface.requester_managed, interface.status = (
            "vpc_endpoint",
            True,
            "in-use",
        )
        interface._group_set = groups or interface._group_set
    if endpoint.network_interface_ids:
        endpoint.dns_entries = _endpoint_names(backend, endpoint)
    else:
        endpoint.private_dns_enabled = False
    return endpoint


def _endpoint_names(backend: Any, endpoint: VPCEndPoint) -> list[dict[str, str]]:
    """The regional name, one for each zone, and the service's own where the VPC is to resolve it."""
    zone = (endpoint.dns_entries or [{}])[0].get("hosted_zone_id", "")
    service = ".".join(endpoint.service_name.split(".")[3:])
    start = f"{endpoint.id}-{endpoint.id[-8:]}"
    zones = sorted(
        {backend.get_network_interface(id).availability_zone for id in endpoint.network_interface_ids}
    )
    names = [
        f"{name}.{service}.{backend.region_name}.vpce.amazonaws.com"
        for name in (start, *(f"{start}-{z}" for z in zones))
    ]
    if endpoint.private_dns_enabled:
        names.append(f"{service}.{backend.region_name}.amazonaws.com")
    return [{"dns_name": name, "hosted_zone_id": zone} for name in names]


def _use_certificate(account_id: str, region: str, arn_certificate: str, arn_user: str) -> None:
    """A stack's settings may name a certificate from outside it; one of another region AWS refuses."""
    if arn_certificate.split(":")[2:4] != ["acm", region]:
        raise CertificateNotFoundException
    known = acm_backends[account_id][region]._certificates
    if arn_certificate in known:
        known[arn_certificate].in_use_by.append(arn_user)


def _may_log(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets S3 write access logs there; moto reads no wildcard, no principal "*"."""
    statements: list[dict[str, Any]] = json.loads(target_bucket.policy or b"{}").get("Statement", [])
    log = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": LOGGING_SERVICE_PRINCIPAL}
        and "s3:PutObject" in statement["Action"]
        and any(fnmatchcase(log, path) for path in _list(statement["Resource"]))
        for statement in statements
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _create_balancer_by_type(
    backend: Any, *args: Any, loadbalancer_type: str | None = None, **more: Any
) -> Any:
    """moto names every load balancer as an application's, in its ARN and in DNS."""
    made = _create_balancer(backend, *args, loadbalancer_type=loadbalancer_type, **more)
    if loadbalancer_type == "network":
        tags = backend.tagging_service.get_tag_dict_for_resource(made.arn)
        backend.tagging_service.delete_all_tags_for_resource(made.arn)
        del backend.load_balancers[made.arn]
        made.arn = made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        made.dns_name = f"{made.name}-1.elb.{backend.region_name}.amazonaws.com"
        backend.load_balancers[made.arn] = made
        backend.tagging_service.tag_resource(
            made.arn, [{"Key": key, "Value": value} for key, value in tags.items()]
        )
    return made
