"""Netflix as it is deployed: asked with boto3, never through our own records but for names."""

from collections import Counter

import pytest

from fourplane import case_study, project
from fourplane.drawn import closed, undrawn, unneeded
from tests.stacks.conftest import on
from tests.stacks.look import ZONES, instances, zones

pytestmark = on("netflix-dev", "netflix-prod")

SERVICES = ("user", "recommendation", "streaming")
MACHINES = ("gateway", *SERVICES, "billing", "hystrix", "atlas", "eureka", "users")
CACHES = {"cdn-comcast": "73.0.0.0/8", "cdn-verizon": "71.96.0.0/11", "cdn-att": "12.0.0.0/8"}
AMONG = {"users": 7000, "eureka": 8080, "atlas": 7101, "delivery-nodes": -1}
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def groups(graph):
    """Security groups by the component that they belong to."""
    return {r.id: r.name for r in graph.all(GROUP) if r.region == "us-east-1"}


def ways(deployed):
    """Every rule as (from, to, port)."""
    names = groups(deployed.graph)
    ec2 = deployed.client("ec2")
    prefixes = {
        p["PrefixListId"]: p["PrefixListName"].rsplit(".", 1)[-1]
        for p in ec2.describe_managed_prefix_lists()["PrefixLists"]
    }
    network = next(r.id for r in deployed.graph.all("aws:ec2/vpc:Vpc") if r.region == "us-east-1")
    ours = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network]}])["SecurityGroups"]
    of_ours = [{"Name": "group-id", "Values": [one["GroupId"] for one in ours if one["GroupId"] in names]}]
    found = Counter()
    for rule in ec2.describe_security_group_rules(Filters=of_ours)["SecurityGroupRules"]:
        here = names.get(rule["GroupId"], rule["GroupId"])
        other = rule.get("ReferencedGroupInfo", {}).get("GroupId")
        there = (
            names.get(other)
            or prefixes.get(rule.get("PrefixListId"))
            or rule.get("CidrIpv4")
            or rule.get("CidrIpv6")
        )
        found[(here, there, rule["FromPort"]) if rule["IsEgress"] else (there, here, rule["FromPort"])] += 1
    return found


def test_the_distributions_serve_behind_their_firewalls(deployed):
    found = deployed.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert len(found) == 4 and all(one["Enabled"] for one in found)  # the site, and three edges of films
    acls = deployed.cloud.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert {one["WebACLId"] for one in found} == {acl["ARN"] for acl in acls}


def test_every_fleet_runs_in_every_zone_that_it_has_machines_for(deployed):
    for group in deployed.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]:
        placed = [i["AvailabilityZone"] for i in group["Instances"]]
        assert len(placed) == group["DesiredCapacity"] >= 1
        if group["DesiredCapacity"] >= 3:
            assert set(placed) == ZONES
    assert zones(instances(deployed, stack=deployed.graph.stack)) == ZONES


def test_the_load_balancers_send_to_the_fleets_machines(deployed):
    elb = deployed.client("elbv2")
    targets = elb.describe_target_groups()["TargetGroups"]
    assert len(targets) == 10  # five services, Hystrix, Atlas, three caches
    for group in targets:
        health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
        assert health and {h["TargetHealth"]["State"] for h in health} == {"healthy"}


def test_every_ring_node_has_its_address_and_its_disk(deployed):
    nodes = instances(deployed, component="users")
    disks = [r for r in deployed.graph.all("aws:ebs/volume:Volume") if r.region == "us-east-1"]
    assert zones(nodes) == ZONES and len(nodes) == len(disks)
    for node in nodes:
        fixed = [e for e in node["NetworkInterfaces"] if e["Attachment"]["DeviceIndex"] == 1]
        disks = {d["DeviceName"] for d in node["BlockDeviceMappings"]}
        assert len(fixed) == 1 and "/dev/sdf" in disks


def test_the_security_groups_open_exactly_what_the_arrows_ask_for(deployed):
    both, one = 2, 1  # a way between two groups is a rule on each side; a prefix list has no side of its own
    endpoints, prod = "network-endpoints", deployed.graph.stack == "netflix-prod"
    door = 443 if prod else 80
    found = {(*map(plain, way[:2]), way[2]): count for way, count in ways(deployed).items()}
    assert found == {
        ("origin-facing", "gateway-balancer", door): one,
        ("gateway-balancer", "gateway", 8000): both,
        **{("gateway", f"{server}-balancer", door): both for server in (*SERVICES, "hystrix")},
        **{(f"{name}-balancer", name, 8080): both for name in (*SERVICES, "billing", "hystrix", *CACHES)},
        ("user", "users", 9042): both,
        ("user", "eureka", 8080): both,
        ("user", "atlas-balancer", door): both,
        ("atlas-balancer", "atlas", 7100): both,
        ("billing", "bills", 3306): both,
        ("recommendation", "titles", 443): both,
        **{(cluster, cluster, port): both for cluster, port in AMONG.items()},
        **{(networks, f"{cache}-balancer", door): one for cache, networks in CACHES.items()},
        **{(machines, "0.0.0.0/0", 443): one for machines in (*CACHES, "delivery-nodes")},
        **{("delivery", "delivery-nodes", port): both for port in (10250, 10251)},
        ("delivery-nodes", "delivery", 443): both,
        ("delivery-nodes", "spinnaker-redis", 6379): both,
        **{(machines, endpoints, 443): both for machines in (*MACHINES, *CACHES, "delivery-nodes")},
        **{(machines, "s3", 443): one for machines in (*MACHINES, *CACHES, "delivery-nodes")},
        **({("users", "users-twin-out", 7000): one, ("users-twin-in", "users", 7000): one} if prod else {}),
    }


def plain(name):
    """A prefix list's name without the letters that Pulumi adds."""
    return name.rpartition("-")[0] if "-twin-" in name else name


def test_every_machine_says_whose_it_is(deployed):
    for instance in instances(deployed):
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert {"stack", "component", "plane", "owner"} <= tags.keys() and tags[
            "stack"
        ] == deployed.graph.stack


def test_everything_that_can_be_tagged_says_whose_it_is(deployed):
    for resource in deployed.graph.values():
        tags = resource.inputs.get("tags")
        if isinstance(tags, dict):
            assert {"stack", "component", "plane", "owner"} <= tags.keys(), resource.urn


def test_no_disk_is_plain(deployed):
    volumes = deployed.client("ec2").describe_volumes()["Volumes"]
    assert volumes and all(volume["Encrypted"] for volume in volumes)


def test_what_holds_data_is_protected_where_it_is_not_disposable(deployed):
    holds = ("aws:s3/bucket:Bucket", "aws:ebs/volume:Volume")
    protected = {r.protect for r in deployed.graph.values() if r.type in holds}
    assert protected == {deployed.graph.stack == "netflix-prod"}


@pytest.fixture
def study():
    return case_study.read(project.find(), "netflix-dev")


def test_every_arrow_that_is_built_is_open(deployed, study):
    assert closed(study, deployed.graph) == set()


def test_no_way_is_open_that_nobody_drew(deployed, study):
    assert undrawn(study, deployed.graph) == set()


def test_the_platform_list_says_only_what_is_needed(deployed, study):
    assert unneeded(study, deployed.graph) == set()
