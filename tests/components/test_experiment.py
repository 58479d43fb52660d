"""A fault on purpose: whom it may hit, what it may do, and what stops it."""

import json
from dataclasses import replace

import pytest

from components.control.experiment import Experiment
from components.control.fault_permissions import Struck
from components.control.faults import gorilla, kong, latency, monkey

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
VPC = "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"
COPIES = {"films": {"bucket_arn": "arn:aws:s3:::films-1", "region": "eu-west-1"}}
STRUCK = Struck(VPC, "shop-prod", ["web", "api"], "us-east-1b", 10, 400, COPIES)
TEMPLATE = "aws:fis/experimentTemplate:ExperimentTemplate"
FAULTS = [monkey, gorilla, kong, latency]


@pytest.fixture
def experiment(preview):
    """experiment(fault, **more): the graph of one experiment."""
    return lambda fault, **more: preview(
        lambda: Experiment("it", {**fault(STRUCK), "stop_alarm_arns": [ALARM], **more})
    )


def statements(graph):
    """Every IAM statement of the graph."""
    documents = [json.loads(r.inputs["policy"]) for r in graph.all("aws:iam/rolePolicy:RolePolicy")]
    return [statement for document in documents for statement in document["Statement"]]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_alarm_stops_it_and_its_log_is_kept(experiment, fault):
    template = experiment(fault).one(TEMPLATE).inputs
    assert template["stopConditions"] == [{"source": "aws:cloudwatch:alarm", "value": ALARM}]
    assert template["logConfiguration"]["logSchemaVersion"] == 2
    assert template["tags"]["fault"] == fault.__name__ and template["tags"]["stack"] == "dev"


@pytest.mark.parametrize("fault", FAULTS)
def test_it_hits_only_what_is_tagged_as_the_stack_s(experiment, fault):
    targets = experiment(fault).one(TEMPLATE).inputs["targets"]
    assert targets
    assert all({"key": "stack", "value": "shop-prod"} in target["resourceTags"] for target in targets)


@pytest.mark.parametrize("fault", FAULTS)
def test_its_role_breaks_nothing_of_another_stack(experiment, fault):
    """What has a resource level names resources; what ends, slows or cuts off asks for the stack's tag."""
    for one in statements(experiment(fault)):
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        assert not any("*" in action for action in actions)
        if one["Resource"] == "*":
            assert one["Sid"] in ("Look", "Commands", "Log", "Buckets")
        if one["Sid"] in ("Terminate", "SlowDown", "ReplaceAclOf"):
            assert one["Condition"] == {"StringEquals": {"aws:ResourceTag/stack": "shop-prod"}}


def test_a_monkey_takes_one_machine_of_each_fleet_in_its_zone(experiment):
    template = experiment(monkey).one(TEMPLATE).inputs
    assert {t["name"]: t["selectionMode"] for t in template["targets"]} == {
        "web": "COUNT(1)",
        "api": "COUNT(1)",
    }
    assert {a["actionId"] for a in template["actions"]} == {"aws:ec2:terminate-instances"}
    zone = {"path": "Placement.AvailabilityZone", "values": ["us-east-1b"]}
    assert all(zone in target["filters"] for target in template["targets"])


def test_a_gorilla_takes_a_zone_s_machines_and_its_network(experiment):
    template = experiment(gorilla).one(TEMPLATE).inputs
    assert {a["actionId"]: a["target"]["key"] for a in template["actions"]} == {
        "aws:ec2:terminate-instances": "Instances",
        "aws:network:disrupt-connectivity": "Subnets",
    }
    assert all(t["filters"][0]["values"] == ["us-east-1b"] for t in template["targets"])


def test_a_kong_takes_every_private_and_data_subnet_of_the_region(experiment):
    template = experiment(kong).one(TEMPLATE).inputs
    subnets = [t for t in template["targets"] if t["resourceType"] == "aws:ec2:subnet"]
    tiers = {tag["value"] for t in subnets for tag in t["resourceTags"] if tag["key"] == "tier"}
    assert tiers == {"private", "data"} and not any(t["filters"] for t in subnets)


def test_a_kong_pauses_the_copies_that_leave_the_region_and_may_do_no_more_to_them(experiment):
    graph = experiment(kong)
    actions = {a["actionId"]: a["parameters"] for a in graph.one(TEMPLATE).inputs["actions"]}
    assert {"key": "region", "value": "eu-west-1"} in actions["aws:s3:bucket-pause-replication"]
    on_bucket = [one for one in statements(graph) if one["Resource"] == ["arn:aws:s3:::films-1"]]
    writes = {one["Action"]: one["Condition"] for one in on_bucket if "Get" not in one["Action"]}
    assert writes == {
        "s3:PauseReplication": {"StringEquals": {"s3:DestinationRegion": ["eu-west-1"]}},
        "s3:PutReplicationConfiguration": {"Bool": {"s3:isReplicationPauseRequest": "true"}},
    }


def test_a_kong_without_copies_asks_for_nothing_of_s3(experiment):
    graph = experiment(lambda struck: kong(replace(struck, copies={})))
    assert not any("s3:" in str(one["Action"]) for one in statements(graph))


def test_a_latency_runs_amazon_s_own_document(experiment):
    action = experiment(latency).one(TEMPLATE).inputs["actions"][0]
    given = {p["key"]: p["value"] for p in action["parameters"]}
    assert given["documentArn"] == "arn:aws:ssm:us-east-1::document/AWSFIS-Run-Network-Latency"
    assert json.loads(given["documentParameters"])["DelayMilliseconds"] == "400"


def test_without_a_schedule_it_never_comes_by_itself(experiment):
    assert experiment(monkey).all("aws:scheduler/schedule:Schedule") == []


def test_on_a_schedule_it_comes_within_its_window_and_is_not_tried_again(experiment):
    graph = experiment(monkey, schedule="cron(0 10 ? * MON-FRI *)", time_zone="Europe/Berlin")
    schedule = graph.one("aws:scheduler/schedule:Schedule").inputs
    assert schedule["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 300}
    assert schedule["target"]["retryPolicy"]["maximumRetryAttempts"] == 0
    assert schedule["scheduleExpressionTimezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stop_alarm_arns": []}, "one alarm or more"),
        ({"targets": {}}, "one of the targets"),
        (
            {"targets": {"web": {"kind": "disks", "tags": {"a": "b"}}}},
            "must be instances or subnets or buckets, got 'disks'",
        ),
        ({"targets": {"web": {"kind": "instances", "tags": {}}}}, "one tag or more"),
        (
            {"targets": {"web": {"kind": "buckets", "tags": {"a": "b"}, "zone": "z"}}},
            "a bucket is in no zone",
        ),
        ({"window_minutes": 0}, "1 to 1440"),
    ],
)
def test_rejects_what_could_not_be_stopped_or_would_hit_others(experiment, change, said):
    with pytest.raises(Exception, match=said):
        experiment(monkey, **change)
