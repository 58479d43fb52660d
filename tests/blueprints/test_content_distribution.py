"""Films from the studio to those who watch them."""

import json

import pytest

from blueprints.content_distribution import ContentDistribution
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

ARGS = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "public_subnet_ids": ["subnet-3", "subnet-4"],
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.28",
    "isps": {
        "one": {"cidr_blocks": ["73.0.0.0/8"], "terabytes": 10, "edge": "us"},
        "two": {"cidr_blocks": ["12.0.0.0/8"], "terabytes": 8, "edge": "eu"},
    },
    "objectives": {
        "video_start_ms": 100, "rebuffer_percent": 0.5, "uhd_percent": 25, "usd_per_gigabyte": 0.02
    },
    "monthly_terabytes": 100,
}  # fmt: skip
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
DOMAIN = {
    "domain": "video.example.com",
    "zone_id": "Z1",
    "edge_certificate_arn": CERTIFICATE,
    "cache_certificate_arn": CERTIFICATE,
}


@pytest.fixture
def distribute(preview):
    """distribute(**more): the graph of the blueprint."""
    return lambda **more: preview(lambda: ContentDistribution("tv", {**ARGS, **more}))


def ways(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    return {(names.get(w.source, w.source), names.get(w.target, w.target), w.by) for w in reach(graph)}


def test_a_film_goes_from_the_studio_to_the_caches_and_nowhere_else(distribute):
    assert ways(distribute()) == {
        ("tv-studio", "tv-encoding", "event pattern"),
        ("tv-encoding", "tv-studio", "IAM"),
        ("tv-encoding", "tv-origin", "IAM"),
        *((f"tv-{edge}", "tv-origin", "bucket origin") for edge in ("us", "eu", "asia")),
        *(("internet", f"tv-{edge}", "distribution") for edge in ("us", "eu", "asia")),
        ("tv-one", "tv-us", "site"),
        ("tv-two", "tv-eu", "site"),
        *(("internet", f"tv-{isp}", "security groups") for isp in ("one", "two")),
        *((f"tv-{isp}", "internet", "security groups") for isp in ("one", "two")),
    }


def test_each_part_of_the_world_has_an_edge_with_a_cache_in_its_middle(distribute):
    found = distribute().all("aws:cloudfront/distribution:Distribution")
    shields = {one.name: one.inputs["origins"][0]["originShield"]["originShieldRegion"] for one in found}
    assert shields == {"tv-us": "us-east-1", "tv-eu": "eu-west-1", "tv-asia": "ap-northeast-1"}


def test_each_provider_s_viewers_are_steered_to_its_cache_and_others_to_the_edge(distribute):
    graph = distribute(**DOMAIN)
    names = {r.inputs["name"] for r in graph.all("aws:route53/record:Record")}
    assert names == {f"{edge}.video.example.com" for edge in ("us", "eu", "asia")}
    where = {
        r.name: r.inputs["cidrRoutingPolicy"]["locationName"] for r in graph.all("aws:route53/record:Record")
    }
    assert where == {
        "tv-routing-us": "*", "tv-routing-us-one": "one", "tv-routing-eu": "*", "tv-routing-eu-two": "two",
        "tv-routing-asia": "*",
    }  # fmt: skip


def test_a_trial_s_caches_are_small(distribute):
    graph = distribute(cache_scale=0.001, cache_minimum=1)
    machines = {r.inputs["instanceType"] for r in graph.all("aws:ec2/launchTemplate:LaunchTemplate")}
    assert machines == {"t4g.small"}
    assert {r.inputs["minSize"] for r in graph.all("aws:autoscaling/group:Group")} == {1}


def test_the_budget_is_what_the_promised_cost_allows(distribute):
    made = distribute().one("aws:budgets/budget:Budget").inputs
    assert made["limitAmount"] == "2000.00"  # 100 TB at 0.02 USD a GB


def test_edges_ask_the_copy_of_the_origin_where_there_is_one(distribute):
    graph = distribute(spare_origin_domain_name="spare.s3.eu-west-1.amazonaws.com")
    groups = [one.inputs["originGroups"] for one in graph.all("aws:cloudfront/distribution:Distribution")]
    assert len(groups) == 3 and all(groups)


def test_all_of_it_can_be_deployed(run):
    with Sandbox() as cloud:
        ec2 = cloud.client("ec2", "us-east-1")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ids = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"us-east-1{'ab'[i % 2]}"
            )["Subnet"]["SubnetId"]
            for i in range(4)
        ]
        place = {"vpc_id": vpc, "subnet_ids": ids[:2], "public_subnet_ids": ids[2:]}
        zone = cloud.client("route53", "us-east-1").create_hosted_zone(
            Name="video.example.com", CallerReference="1"
        )["HostedZone"]["Id"]
        named = {**DOMAIN, "zone_id": zone.removeprefix("/hostedzone/")}
        graph = run(lambda: ContentDistribution("tv", {**ARGS, **place, **named}), cloud)
        machine = graph.one("aws:sfn/stateMachine:StateMachine").id
        found = cloud.client("stepfunctions", "us-east-1").describe_state_machine(stateMachineArn=machine)
        asked = json.loads(found["definition"])["States"]["Encode"]["Parameters"]
        assert asked["Queue"] == graph.one("aws:mediaconvert/queue:Queue").outputs["arn"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            {"isps": {"one": {**ARGS["isps"]["one"], "edge": "mars"}}},
            r"isps\['one'\].edge must be one of us, eu",
        ),
        ({"cache_scale": 0}, "cache_scale must be over 0"),
        ({"monthly_terabytes": 0}, "monthly_terabytes must be over 0"),
        ({"domain": "video.example.com"}, "domain must be given together with zone_id, or both left out"),
    ],
)
def test_rejects_what_cannot_be(distribute, args, words):
    with pytest.raises(Exception, match=words):
        distribute(**args)
