"""How much of what AWS limits a stack asks for: one function a measure, named as fourplane/limits.yaml does.

Fleets are counted at their largest, so that a stack that holds its limits can also grow as it says.
"""

import base64
import binascii
import gzip
import importlib.util
import ipaddress
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from fourplane import wire
from fourplane.graph import Graph, Resource
from fourplane.planes import title
from fourplane.pod_disks import pod_disks

Amount = tuple[str, str, float]
"""A region ("" for the whole account), what of ("" for the region itself), and how much."""
Measure = Callable[["Stock", list[str]], Iterator[Amount]]
MEASURES: dict[str, Measure] = {}

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DATABASES = ("aws:rds/clusterInstance:ClusterInstance", "aws:rds/instance:Instance")
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLEET = "aws:autoscaling/group:Group"
RESIZED = "aws:autoscaling/schedule:Schedule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
KAFKA = "aws:msk/cluster:Cluster"
LISTENER = "aws:lb/listener:Listener"
NODES = "aws:eks/nodeGroup:NodeGroup"
NAT = "aws:ec2/natGateway:NatGateway"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
SUBNET = "aws:ec2/subnet:Subnet"
TARGETS = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"

KEPT_BY_AWS = 5
"""Addresses of a subnet that AWS keeps: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
MANAGED_WEIGHT, ENDPOINT_WEIGHT = 55, 1
"""Rules that AWS's prefix lists count as: CloudFront's, the only one that we name, and S3's or DynamoDB's.
https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html"""
UNITS = 6
"""Of network address usage, for an interface of a NAT gateway, an endpoint or a load balancer.
https://docs.aws.amazon.com/vpc/latest/userguide/network-address-usage.html"""
GIB_IN_TIB = 1024
STANDARD = re.compile(r"[acdhimrtz]\d")
"""Families of "standard" instances: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html"""


def measure(function: Measure) -> Measure:
    MEASURES[function.__name__] = function
    return function


class Stock:
    """What a graph asks for, made ready for counting."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._values: dict[str, dict[str, Any]] = {}
        self.unknown: set[str] = set()
        """What could not be counted, since only a deployment knows it."""

    def values(self, resource: Resource) -> dict[str, Any]:
        """What is known of a resource, what was asked for before what is answered."""
        if resource.urn not in self._values:
            self._values[resource.urn] = wire.plain({**resource.outputs, **resource.inputs})
        return self._values[resource.urn]

    def all(self, *types: str) -> Iterator[tuple[Resource, dict[str, Any]]]:
        for type in types:
            yield from ((resource, self.values(resource)) for resource in self.graph.all(type))

    def title(self, resource: Resource) -> str:
        return title(self.graph, resource)

    @cached_property
    def by_id(self) -> dict[tuple[str, str], Resource]:
        return {(r.type, r.id): r for r in self.graph.values() if r.custom}

    @cached_property
    def fleets(self) -> list[tuple[Resource, int, dict[str, Any]]]:
        """Every Auto Scaling group and every group of a cluster's nodes, its largest number of machines, an
        event's among them, and the template of these."""
        found: list[tuple[Resource, int, dict[str, Any]]] = []
        for group, values in self.all(FLEET):
            mixed = _first(values.get("mixedInstancesPolicy")).get("launchTemplate")
            named = _first(values.get("launchTemplate")) or _first(
                _first(mixed).get("launchTemplateSpecification")
            )
            template = self.by_id.get((TEMPLATE, str(named.get("id") or named.get("launchTemplateId"))))
            named_so = {group.id, values.get("name")}
            sizes = [one for _, one in self.all(RESIZED) if one.get("autoscalingGroupName") in named_so]
            most = max(int(one.get("maxSize", 0)) for one in [values, *sizes])
            found.append((group, most, self.values(template) if template else {}))
        for group, values in self.all(NODES):
            template = self.by_id.get((TEMPLATE, str(_first(values.get("launchTemplate")).get("id"))))
            kind = {"instanceType": next(iter(_texts(values.get("instanceTypes"))), "")}
            most = int(_first(values.get("scalingConfig")).get("maxSize", 0))
            found.append((group, most, {**(self.values(template) if template else {}), **kind}))
        return found

    @cached_property
    def attached(self) -> Counter[str]:
        """The network interfaces in every subnet, by its id."""
        found: Counter[str] = Counter()
        for group, most, _ in self.fleets:
            values = self.values(group)
            subnets = _texts(values.get("vpcZoneIdentifiers") or values.get("subnetIds"))
            for subnet in subnets:
                found[subnet] += math.ceil(most / len(subnets))
        for _, values in self.all(INTERFACE, NAT):
            found[str(values.get("subnetId"))] += 1
        for _, values in self.all(KAFKA):
            subnets = _texts(_first(values.get("brokerNodeGroupInfo")).get("clientSubnets"))
            for subnet in subnets:
                found[subnet] += int(values.get("numberOfBrokerNodes", 0)) // len(subnets)
        found.update(self.of_services)
        return found

    @cached_property
    def of_services(self) -> Counter[str]:
        """Those of endpoints and load balancers, which have one in each of their subnets."""
        found: Counter[str] = Counter()
        for _, values in self.all(ENDPOINT):
            found.update(_texts(values.get("subnetIds")))
        for _, values in self.all(BALANCER):
            found.update(_texts(values.get("subnets")))
        return found

    @cached_property
    def subnets(self) -> dict[str, tuple[Resource, dict[str, Any]]]:
        return {subnet.id: (subnet, values) for subnet, values in self.all(SUBNET)}


@measure
def count(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found = Counter(resource.region for resource, _ in stock.all(*types))
    yield from ((region, "", number) for region, number in found.items())


@measure
def account(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield "", "", sum(1 for _ in stock.all(*types))


@measure
def nat_gateways(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[tuple[str, str]] = Counter()
    for nat, values in stock.all(NAT):
        if subnet := stock.subnets.get(str(values.get("subnetId"))):
            found[nat.region, str(subnet[1].get("availabilityZone"))] += 1
    yield from ((region, zone, number) for (region, zone), number in found.items())


def _per_network(stock: Stock, type: str, wanted: Callable[[dict[str, Any]], bool]) -> Iterator[Amount]:
    found: Counter[tuple[str, str]] = Counter()
    for resource, values in stock.all(type):
        if wanted(values):
            vpc = stock.by_id.get(("aws:ec2/vpc:Vpc", str(values.get("vpcId"))))
            found[resource.region, stock.title(vpc) if vpc else str(values.get("vpcId"))] += 1
    yield from ((region, vpc, number) for (region, vpc), number in found.items())


@measure
def subnets(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _per_network(stock, SUBNET, lambda values: True)


@measure
def route_tables(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _per_network(stock, "aws:ec2/routeTable:RouteTable", lambda values: True)


@measure
def interface_endpoints(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _per_network(stock, ENDPOINT, lambda values: values.get("vpcEndpointType") == "Interface")


@measure
def gateway_endpoints(stock: Stock, types: list[str]) -> Iterator[Amount]:
    kinds = ("Gateway", None)
    found = Counter(one.region for one, v in stock.all(ENDPOINT) if v.get("vpcEndpointType") in kinds)
    yield from ((region, "", number) for region, number in found.items())


@measure
def peerings(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _per_network(stock, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", lambda values: True)


@measure
def network_interfaces(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[str] = Counter()
    for id, number in stock.attached.items():
        if id in stock.subnets:
            found[stock.subnets[id][0].region] += number
    for one, _ in stock.all(*DATABASES):
        found[one.region] += 1
    yield from ((region, "", number) for region, number in found.items())


@measure
def network_address_usage(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[tuple[str, str]] = Counter()
    gateways = Counter(str(values.get("subnetId")) for _, values in stock.all(NAT))
    for id, (subnet, values) in stock.subnets.items():
        larger = stock.of_services[id] + gateways[id]
        vpc = stock.by_id.get(("aws:ec2/vpc:Vpc", str(values.get("vpcId"))))
        what = stock.title(vpc) if vpc else str(values.get("vpcId"))
        found[subnet.region, what] += stock.attached[id] + (UNITS - 1) * larger
    yield from ((region, vpc, number) for (region, vpc), number in found.items())


@measure
def missing_addresses(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """A subnet never grows: a fleet that is larger than its subnets cannot start its last machines."""
    for id, (subnet, values) in stock.subnets.items():
        if block := values.get("cidrBlock"):
            room = ipaddress.ip_network(block).num_addresses - KEPT_BY_AWS
            yield subnet.region, stock.title(subnet), max(0, stock.attached[id] - room)


@measure
def group_rules(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """In and out are counted apart; a prefix list counts as its largest number of entries."""
    weights = {r.id: int(values.get("maxEntries", 0)) for r, values in stock.all(PREFIX_LIST)}
    weights |= {str(values.get("prefixListId")): ENDPOINT_WEIGHT for _, values in stock.all(ENDPOINT)}
    found: Counter[tuple[str, str]] = Counter()
    for rule, values in stock.all(INGRESS, EGRESS):
        listed = values.get("prefixListId")
        way = "in" if rule.type == INGRESS else "out"
        weight = weights.get(str(listed), MANAGED_WEIGHT) if "prefixListId" in rule.inputs else 1
        found[str(values.get("securityGroupId")), way] += weight
    for (id, way), number in found.items():
        if group := stock.by_id.get(("aws:ec2/securityGroup:SecurityGroup", id)):
            yield group.region, f"{stock.title(group)}, {way}", number


@measure
def prefix_list_entries(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for one, values in stock.all(PREFIX_LIST):
        yield one.region, stock.title(one), int(values.get("maxEntries", 0))


@measure
def standard_vcpus(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[str] = Counter()
    for group, most, template in stock.fleets:
        kind = str(template.get("instanceType", ""))
        if STANDARD.match(kind):
            found[group.region] += most * _vcpus().get(kind, 0)
    for instance, values in stock.all("aws:ec2/instance:Instance"):
        found[instance.region] += _vcpus().get(str(values.get("instanceType")), 0)
    yield from ((region, "", number) for region, number in found.items())


@measure
def user_data(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """Before it is encoded."""
    for template, values in stock.all(TEMPLATE):
        if isinstance(text := values.get("userData"), str):
            yield template.region, stock.title(template), _decoded(text)


@measure
def gp3_tib(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[str] = Counter()
    for volume, values in stock.all("aws:ebs/volume:Volume"):
        if values.get("type") == "gp3":
            found[volume.region] += int(values.get("size", 0))
    for group, most, template in stock.fleets:
        for disk in (_first(one.get("ebs")) for one in _entries(template.get("blockDeviceMappings"))):
            if disk.get("volumeType") == "gp3":
                found[group.region] += most * int(disk.get("volumeSize", 0))
    for region, gib in pod_disks(stock.graph):
        found[region] += gib
    yield from ((region, "", gib / GIB_IN_TIB) for region, gib in found.items())


def _targets(stock: Stock) -> dict[str, int]:
    """The machines behind every target group, by its ARN."""
    found: Counter[str] = Counter()
    for group, most, _ in stock.fleets:
        for arn in _texts(stock.values(group).get("targetGroupArns")):
            found[arn] += most
    sizes = {group.urn: most for group, most, _ in stock.fleets}
    for attachment, values in stock.all("aws:autoscaling/attachment:Attachment"):
        # EKS names the group of its nodes, so only where the name comes from says whose it is.
        found[str(values.get("lbTargetGroupArn"))] += sum(
            sizes.get(urn, 0) for urn in attachment.dependencies
        )
    return found


@measure
def targets_of_group(stock: Stock, types: list[str]) -> Iterator[Amount]:
    machines = _targets(stock)
    for group, values in stock.all(TARGETS):
        yield group.region, stock.title(group), machines.get(str(values.get("arn")), 0)


@measure
def balancers(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """Those of a kind: application or network."""
    for balancer, values in stock.all(BALANCER):
        if values.get("loadBalancerType", "application") in types:
            yield balancer.region, "", 1


@measure
def targets_of_balancer(stock: Stock, types: list[str]) -> Iterator[Amount]:
    machines, behind = _targets(stock), defaultdict[str, set[str]](set)
    for _, values in stock.all(LISTENER):
        for action in _entries(values.get("defaultActions")):
            behind[str(values.get("loadBalancerArn"))] |= {str(action.get("targetGroupArn"))}
    for balancer, values in stock.all(BALANCER):
        if values.get("loadBalancerType", "application") not in types:
            continue
        groups = behind[str(values.get("arn"))]
        yield balancer.region, stock.title(balancer), sum(machines.get(arn, 0) for arn in groups)


@measure
def listeners(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found = Counter(str(values.get("loadBalancerArn")) for _, values in stock.all(LISTENER))
    for balancer, values in stock.all(BALANCER):
        yield balancer.region, stock.title(balancer), found[str(values.get("arn"))]


@measure
def inline_policies(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """All of a role's together; white space is not counted."""
    found: Counter[str] = Counter()
    for policy, values in stock.all("aws:iam/rolePolicy:RolePolicy"):
        found[str(values.get("role"))] += _letters(stock, policy, values.get("policy"))
    for role, values in stock.all("aws:iam/role:Role"):
        inline = _entries(values.get("inlinePolicies"))
        own = sum(_letters(stock, role, one.get("policy")) for one in inline)
        named = {role.id, str(values.get("name"))}
        yield "", stock.title(role), own + sum(found[name] for name in named)


@measure
def managed_policies(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for policy, values in stock.all("aws:iam/policy:Policy"):
        yield "", stock.title(policy), _letters(stock, policy, values.get("policy"))


def _standard(stock: Stock) -> Iterator[tuple[Resource, dict[str, Any]]]:
    for parameter, values in stock.all("aws:ssm/parameter:Parameter"):
        if values.get("tier") not in ("Advanced", "Intelligent-Tiering"):
            yield parameter, values


@measure
def parameters(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found = Counter(parameter.region for parameter, _ in _standard(stock))
    yield from ((region, "", number) for region, number in found.items())


@measure
def parameter_sizes(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for parameter, values in _standard(stock):
        text = values.get("value") or values.get("insecureValue") or ""
        yield parameter.region, stock.title(parameter), len(str(text).encode())


@measure
def records(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found = Counter(str(values.get("zoneId")) for _, values in stock.all("aws:route53/record:Record"))
    for zone, values in stock.all("aws:route53/zone:Zone"):
        yield "", stock.title(zone), sum(found[id] for id in {zone.id, str(values.get("zoneId"))})


@measure
def composite_rules(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for alarm, values in stock.all("aws:cloudwatch/compositeAlarm:CompositeAlarm"):
        yield alarm.region, stock.title(alarm), len(str(values.get("alarmRule", "")))


@cache
def _vcpus() -> dict[str, int]:
    """vCPUs by instance type, as moto has them of AWS."""
    spec = importlib.util.find_spec("moto")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "ec2" / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(path.read_bytes()))
    return {kind: int(one["VCpuInfo"]["DefaultVCpus"]) for kind, one in described.items()}


def _decoded(text: str) -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except binascii.Error:
        return len(text.encode())


def _letters(stock: Stock, resource: Resource, policy: Any) -> int:
    """The letters of a policy without white space; none of one that only a deployment knows."""
    if wire.contains(policy, wire.Unknown):
        stock.unknown.add(stock.title(resource))
        return 0
    text = policy if isinstance(policy, str) else json.dumps(policy or "")
    return len("".join(text.split()))


def _first(value: Any) -> dict[str, Any]:
    """A block that Pulumi gives as an object, or as a list of at most one."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def _entries(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
