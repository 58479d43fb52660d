"""A stack against AWS's limits: what holds, what must be asked for, and what nobody can have."""

import base64
import json

import pytest
import yaml

from fourplane import limits
from fourplane.errors import Failure
from fourplane.measures import MEASURES

FLEET = """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("net-a", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone="us-east-1a")
template = aws.ec2.LaunchTemplate("web", instance_type="m7g.large",
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 1024, "volume_type": "gp3"}}],
    user_data="DATA")
targets = aws.lb.TargetGroup("web")
balancer = aws.lb.LoadBalancer("web", subnets=[subnet.id])
aws.lb.Listener("web", load_balancer_arn=balancer.arn,
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}])
aws.autoscaling.Group("web", min_size=1, max_size=MOST, vpc_zone_identifiers=[subnet.id],
    launch_template={"id": template.id, "version": "1"}, target_group_arns=[targets.arn])
""".replace("DATA", base64.b64encode(b"x" * 100).decode())


@pytest.fixture
def used(run):
    """used(program): each limit's use, by its name, region and what it is of."""

    def used(program):
        check = limits.check(run(program, preview=True))
        return {(one.limit.name, one.region, one.limit.of): one for one in check.uses}

    return used


def fleet(most):
    return FLEET.replace("MOST", str(most))


def test_what_fits_into_the_defaults_holds(used):
    found = used(fleet(2))
    assert {one.state for one in found.values()} == {limits.HOLDS}
    assert found["vCPUs of on-demand standard instances", "us-east-1", ""].used == 4
    assert found["TiB of gp3 volumes", "us-east-1", ""].used == 2
    assert found["bytes of user data", "us-east-1", "a machine"].used == 100


def test_a_fleet_is_counted_at_its_largest(used):
    found = used(fleet(200))
    assert found["vCPUs of on-demand standard instances", "us-east-1", ""].state == limits.INCREASE
    assert found["targets", "us-east-1", "an Application Load Balancer"].used == 200
    assert found["network interfaces", "us-east-1", ""].used == 201


def test_a_fleet_is_counted_as_large_as_an_event_makes_it(used):
    event = """
group = aws.autoscaling.Group("more", min_size=1, max_size=2, vpc_zone_identifiers=[subnet.id],
    launch_template={"id": template.id, "version": "1"})
aws.autoscaling.Schedule("more", autoscaling_group_name=group.name, scheduled_action_name="sale.begin.more",
    start_time="2030-07-16T06:30:00Z", min_size=10, max_size=20, desired_capacity=-1)
"""
    found = used(fleet(2) + event)
    assert found["vCPUs of on-demand standard instances", "us-east-1", ""].used == 2 * (2 + 20)


def test_a_subnet_that_is_too_small_stands_in_the_way(used):
    lacking = used(fleet(300))["addresses that it lacks", "us-east-1", "a subnet"]
    assert (lacking.used, lacking.state, lacking.what) == (301 - 251, limits.CANNOT, "net-a")


def test_an_inline_policy_has_a_size_that_nobody_can_raise(used):
    policy = """
import json
role = aws.iam.Role("ring", assume_role_policy="{}")
for part in "ab":
    objects = ["arn:aws:s3:::x/" + part * 60] * 80
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}
    aws.iam.RolePolicy(part, role=role.name, policy=json.dumps({"Statement": statement}, indent=4))
"""
    found = used(policy)["characters of inline policies", "", "a role"]
    assert found.state == limits.CANNOT and 12000 < found.used < 13000


def test_brokers_partitions_and_cache_nodes_are_counted(used):
    found = used("""
place = {"client_subnets": ["subnet-1", "subnet-2", "subnet-3"], "instance_type": "kafka.m7g.large",
         "security_groups": []}
cluster = aws.msk.Cluster("events", kafka_version="3.9.x.kraft", number_of_broker_nodes=93,
    broker_node_group_info=place)
aws.msk.Topic("t", cluster_arn=cluster.arn, partition_count=3100, replication_factor=3)
aws.elasticache.ReplicationGroup("cache", description="", num_node_groups=167, replicas_per_node_group=2)
""")
    brokers = found["Kafka brokers", "us-east-1", ""]
    assert (brokers.used, brokers.state) == (93, limits.INCREASE)
    assert found["brokers", "us-east-1", "a Kafka cluster on KRaft"].state == limits.INCREASE
    assert found["partitions, copies among them", "us-east-1", "a Kafka broker"].used == 100
    nodes = found["nodes", "us-east-1", "a cache cluster"]
    assert (nodes.used, nodes.state) == (501, limits.CANNOT)


def test_a_cluster_s_nodes_and_the_disks_of_its_pods_are_counted(used):
    found = used("""
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_service import KubernetesService

place = Network("network", {}).private
nodes = {"instance_type": "m7g.large", "disk_gib": 64, "maximum": 4}
cluster = EksCluster("cluster", {**place, **nodes, "disks": True})
pods = {**cluster.pods, "namespace": "n", "image": "a/b:1", "port": 8080, "front": place}
KubernetesService("log", {**pods, "storage_gib": 128, "storage_at": "/data", "maximum": 6}, cluster.inside)
""")
    assert found["vCPUs of on-demand standard instances", "us-east-1", ""].used == 4 * 2
    assert found["TiB of gp3 volumes", "us-east-1", ""].used == (4 * 64 + 6 * 128) / 1024
    assert found["targets", "us-east-1", "an Application Load Balancer"].used == 4


def test_spark_s_workers_and_the_calls_that_functions_keep_are_counted(used):
    found = used("""
for name in ("a", "b"):
    aws.emrserverless.Application(name, release_label="emr-7.9.0", type="spark",
        maximum_capacity={"cpu": "12 vCPU", "memory": "48 GB"})
    aws.lambda_.Function(name, role="arn:aws:iam::123456789012:role/a", reserved_concurrent_executions=500)
""")
    spark, calls = (name for name, _, _ in found if "Spark" in name or "functions keep" in name)
    assert (found[spark, "us-east-1", ""].used, found[spark, "us-east-1", ""].state) == (24, limits.INCREASE)
    assert found[calls, "us-east-1", ""].used == 1000


def test_a_prefix_list_counts_as_its_entries(used):
    found = used("""
group = aws.ec2.SecurityGroup("web")
own = aws.ec2.ManagedPrefixList("own", address_family="IPv4", max_entries=40)
for name, listed in (("own", own.id), ("cloudfront", "pl-3b927c52")):
    aws.vpc.SecurityGroupIngressRule(
        name, security_group_id=group.id, ip_protocol="-1", prefix_list_id=listed
    )
""")
    rules = found["rules one way", "us-east-1", "a security group"]
    assert (rules.used, rules.what, rules.state) == (95, "web, in", limits.INCREASE)


def test_regions_are_counted_apart_and_the_account_once(used):
    found = used("""
eu = pulumi.ResourceOptions(provider=aws.Provider("eu", region="eu-west-1"))
for number in range(4):
    aws.ec2.Vpc(f"us-{number}", cidr_block="10.0.0.0/16")
    aws.ec2.Vpc(f"eu-{number}", cidr_block="10.0.0.0/16", opts=eu)
    aws.s3.Bucket(f"us-{number}")
    aws.s3.Bucket(f"eu-{number}", opts=eu)
""")
    assert found["VPCs", "us-east-1", ""].used == found["VPCs", "eu-west-1", ""].used == 4
    assert found["buckets", "", "the account"].used == 8


@pytest.mark.parametrize(
    ("value", "state"), [(50, limits.HOLDS), (125, limits.INCREASE), (126, limits.CANNOT)]
)
def test_a_limit_can_be_raised_so_far(value, state):
    peerings = next(one for one in limits.limits()[1] if one.name == "peering connections")
    assert peerings.state(value) == state


def test_the_text_says_what_to_ask_for(run):
    text = "\n".join(limits.check(run(fleet(200), preview=True)).as_text())
    command = "request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-1216C47A"
    assert f"{command} --desired-value 400" in text
    assert text.endswith("shop-dev can be deployed after 2 increases")


def test_every_limit_can_be_counted_and_has_a_source():
    _, known = limits.limits()
    assert {one.measure for one in known} == MEASURES.keys()
    assert all(one.source.startswith("https://docs.aws.amazon.com/") for one in known)
    assert all(bool(one.code) == bool(one.service) for one in known)
    assert all(one.code or one.most == float("inf") for one in known)


def test_rejects_a_limit_that_nothing_counts(run, monkeypatch, tmp_path):
    file = tmp_path / "limits.yaml"
    entry = {"name": "moons", "measure": "moons", "value": 1, "source": "x"}
    file.write_text(yaml.safe_dump({"as_of": "today", "limits": [entry]}))
    monkeypatch.setattr(limits, "DATA", file)
    with pytest.raises(Failure, match=r"moons: fourplane/measures\.py has no measure 'moons'"):
        limits.check(run("", preview=True))


def test_the_json_says_whether_it_can_be_deployed(run):
    shown = json.loads(json.dumps(limits.check(run(fleet(300), preview=True)).as_json()))
    assert shown["deployable"] is False and shown.keys() == {
        "stack", "as_of", "deployable", "limits", "uncounted",
    }  # fmt: skip
    assert {one["state"] for one in shown["limits"]} == {"holds", "increase", "cannot"}
