"""Netflix as it is deployed: asked with boto3, never through our own records but for names."""

from collections import Counter

from tests.stacks.look import ZONES, instances, zones

MACHINES = ("gateway", "user", "streaming", "billing", "users")
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def groups(graph):
    """Security groups by the component that they belong to."""
    return {r.id: r.name for r in graph.all(GROUP)}


def ways(deployed):
    """Every rule as (from, to, port)."""
    names = groups(deployed.graph)
    ec2 = deployed.client("ec2")
    prefixes = {
        p["PrefixListId"]: p["PrefixListName"].rsplit(".", 1)[1]
        for p in ec2.describe_managed_prefix_lists()["PrefixLists"]
    }
    network = deployed.graph.one("aws:ec2/vpc:Vpc").id
    ours = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network]}])["SecurityGroups"]
    of_ours = [{"Name": "group-id", "Values": [group["GroupId"] for group in ours]}]
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


def test_the_distribution_serves_behind_its_firewall(netflix):
    found = netflix.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert len(found) == 1 and found[0]["Enabled"]
    acls = netflix.cloud.client("wafv2", "us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert found[0]["WebACLId"] == acls[0]["ARN"]


def test_every_fleet_runs_in_every_zone_that_it_has_machines_for(netflix):
    for group in netflix.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]:
        placed = [i["AvailabilityZone"] for i in group["Instances"]]
        assert len(placed) == group["DesiredCapacity"] >= 1
        if group["DesiredCapacity"] >= 3:
            assert set(placed) == ZONES
    assert zones(instances(netflix, stack=netflix.graph.stack)) == ZONES


def test_the_load_balancers_send_to_the_fleets_machines(netflix):
    elb = netflix.client("elbv2")
    targets = elb.describe_target_groups()["TargetGroups"]
    assert len(targets) == 4
    for group in targets:
        health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
        assert health and {h["TargetHealth"]["State"] for h in health} == {"healthy"}


def test_every_ring_node_has_its_address_and_its_disk(netflix):
    nodes = instances(netflix, component="users")
    assert zones(nodes) == ZONES and len(nodes) == len(netflix.graph.all("aws:ebs/volume:Volume"))
    for node in nodes:
        fixed = [e for e in node["NetworkInterfaces"] if e["Attachment"]["DeviceIndex"] == 1]
        disks = {d["DeviceName"] for d in node["BlockDeviceMappings"]}
        assert len(fixed) == 1 and "/dev/sdf" in disks


def test_the_security_groups_open_exactly_what_the_arrows_ask_for(netflix):
    both, one = 2, 1  # a way between two groups is a rule on each side; a prefix list has no side of its own
    endpoints = "network-endpoints"
    assert ways(netflix) == {
        ("origin-facing", "gateway-balancer", 80): one,
        ("gateway-balancer", "gateway", 8000): both,
        **{("gateway", f"{service}-balancer", 80): both for service in ("user", "streaming")},
        **{(f"{service}-balancer", service, 8080): both for service in ("user", "streaming", "billing")},
        ("user", "users", 9042): both,
        ("users", "users", 7000): both,
        ("billing", "bills", 3306): both,
        **{(machines, endpoints, 443): both for machines in MACHINES},
        **{(machines, "s3", 443): one for machines in MACHINES},
    }


def test_every_machine_says_whose_it_is(netflix):
    for instance in instances(netflix):
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert {"stack", "component", "plane", "owner"} <= tags.keys() and tags[
            "stack"
        ] == netflix.graph.stack


def test_everything_that_can_be_tagged_says_whose_it_is(netflix):
    for resource in netflix.graph.values():
        tags = resource.inputs.get("tags")
        if isinstance(tags, dict):
            assert {"stack", "component", "plane", "owner"} <= tags.keys(), resource.urn


def test_no_disk_is_plain(netflix):
    volumes = netflix.client("ec2").describe_volumes()["Volumes"]
    assert volumes and all(volume["Encrypted"] for volume in volumes)


def test_what_holds_data_is_protected_where_it_is_not_disposable(netflix):
    holds = ("aws:s3/bucket:Bucket", "aws:ebs/volume:Volume")
    protected = {r.protect for r in netflix.graph.values() if r.type in holds}
    assert protected == {netflix.graph.stack == "netflix-prod"}
