"""The loss of a region: what its twin carries, and what DNS must do for it."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from components.region import Region
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.apart import in_child

HOST = "origin.shop.example.com"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ALARMED = {"type": "CLOUDWATCH_METRIC", "insufficient_data_health_status": "Unhealthy"}


class Part(pulumi.ComponentResource):
    """A component of a type that the judge knows, with a security group of its own."""

    def __init__(self, kind, name, network, parent):
        super().__init__(f"fourplane:index:{kind}", name, {}, pulumi.ResourceOptions(parent=parent))
        self.child = pulumi.ResourceOptions(parent=self)
        self.group = aws.ec2.SecurityGroup(name, vpc_id=network[0], opts=self.child)


def network(parent, zones):
    opts = pulumi.ResourceOptions(parent=parent)
    child = pulumi.ResourceOptions(
        parent=pulumi.ComponentResource("fourplane:index:Network", "net", {}, opts)
    )
    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=child)
    return vpc.id, [
        aws.ec2.Subnet(
            f"net-{number}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{number}.0/24",
            availability_zone=zone,
            opts=child,
        ).id
        for number, zone in enumerate(zones)
    ]


def balancer(net, parent):
    part = Part("LoadBalancer", "gateway", net, parent)
    part.balancer = aws.lb.LoadBalancer(
        "gateway",
        subnets=net[1],
        security_groups=[part.group.id],
        internal=True,
        tags={"component": "gateway"},
        opts=part.child,
    )
    return part


def fleet(name, net, parent):
    part = Part("AutoScalingService", name, net, parent)
    template = aws.ec2.LaunchTemplate(
        name, image_id="ami-12345678", instance_type="t4g.small", opts=part.child
    )
    aws.autoscaling.Group(
        name,
        min_size=2,
        max_size=4,
        vpc_zone_identifiers=net[1],
        launch_template={"id": template.id, "version": "$Latest"},
        opts=part.child,
    )
    return part


def arrow(client, server, names, **peer):
    aws.vpc.SecurityGroupIngressRule(
        names,
        security_group_id=server.group.id,
        ip_protocol="tcp",
        from_port=80,
        to_port=80,
        **(peer or {"referenced_security_group_id": client.group.id}),
        opts=server.child,
    )


def half(parent, region, called=True):
    """A region's half of the shop: the balancer of its gateway, and the user service behind it."""
    net = network(parent, [f"{region}a", f"{region}b"])
    gateway, user = balancer(net, parent), fleet("user", net, parent)
    arrow(gateway, user, "gateway-to-user")
    if called:
        arrow(None, gateway, "edge-to-gateway", cidr_ipv4="10.0.0.0/8")
    return gateway


def record(edge, zone, region, gateway, check, evaluate=False):
    settings = {}
    if check:
        check = {"cloudwatch_alarm_region": region, "cloudwatch_alarm_name": "gone", **check}
        settings["health_check_id"] = aws.route53.HealthCheck(region, **check, opts=edge.child).id
    target = {"name": gateway.balancer.dns_name, "zone_id": gateway.balancer.zone_id}
    aws.route53.Record(
        f"origin-{region}",
        zone_id=zone.zone_id,
        name=HOST,
        type="A",
        set_identifier=region,
        latency_routing_policies=[{"region": region}],
        aliases=[{**target, "evaluate_target_health": evaluate}],
        opts=edge.child,
        **settings,
    )


def edge(home, eu, check, evaluate):
    part = pulumi.ComponentResource("fourplane:index:CdnEdge", "edge", {})
    part.child = pulumi.ResourceOptions(parent=part)
    zone = aws.route53.Zone("shop", name="shop.example.com", opts=part.child)
    record(part, zone, "us-east-1", home, check, evaluate)
    if eu:
        record(part, zone, "eu-west-1", eu, check, evaluate)
    aws.cloudfront.Distribution(
        "edge",
        enabled=True,
        origins=[
            {
                "origin_id": "api",
                "domain_name": HOST,
                "custom_origin_config": {
                    "http_port": 80,
                    "https_port": 443,
                    "origin_protocol_policy": "https-only",
                    "origin_ssl_protocols": ["TLSv1.2"],
                },
            }
        ],
        default_cache_behavior={
            "target_origin_id": "api",
            "viewer_protocol_policy": "https-only",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "cache_policy_id": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={"cloudfront_default_certificate": True},
        opts=part.child,
    )


def shop(twin=True, check=ALARMED, evaluate=False, called=True, more=None):
    """A shop at home, and its twin in eu-west-1; `more` is called with both gateways."""

    def program():
        away = aws.Provider("eu", region="eu-west-1")
        eu = Region("eu", {}, pulumi.ResourceOptions(providers=[away])) if twin else None
        home_gateway = half(None, "us-east-1")
        eu_gateway = half(eu, "eu-west-1", called) if twin else None
        edge(home_gateway, eu_gateway, check, evaluate)
        if more:
            more()

    return program


def backstage():
    """What stands at home only, and calls no one that is drawn."""
    net = network(pulumi.ComponentResource("test:index:Backstage", "backstage", {}), ["us-east-1c"])
    arrow(fleet("spinnaker", net, None), fleet("redis", net, None), "spinnaker-to-redis")


@pytest.fixture
def deployed(run):
    """deployed(program): struck(kind, drawn, region), the report of a fault, each time of the whole."""
    with Sandbox() as cloud:

        def deployed(program):
            graph = run(program, cloud)

            def struck(kind="kong", drawn=None, **wish):
                pairs = drawn and {
                    (a.urn, b.urn)
                    for a in graph.values()
                    for b in graph.values()
                    if (a.name, b.name) in drawn
                }
                return in_child(lambda: strike(graph, cloud.client, Wish(kind, **wish), pairs))

            return struck

        yield deployed


@pytest.fixture
def struck(deployed):
    """struck(program, kind, drawn, region): the report of a fault."""
    return lambda program, *fault, **wish: deployed(program)(*fault, **wish)


def arrows(report):
    return {(one["from"], one["to"]): one for one in report.as_json()["arrows"]}


def components(report):
    return {one["component"]: one for one in report.as_json()["components"]}


def test_a_lost_region_is_carried_by_its_twin(struck):
    report = struck(shop())
    assert report.survives
    assert arrows(report)["gateway", "user"]["why"].startswith("us-east-1 is lost; through eu: ")
    assert components(report)["user"]["state"] == "lost" and components(report)["eu/user"]["ok"]
    assert arrows(report).keys() == {
        ("edge", "gateway"), ("gateway", "user"), ("edge", "eu/gateway"), ("eu/gateway", "eu/user"),
    }  # fmt: skip


def test_the_twin_may_be_lost_as_well(struck):
    report = struck(shop(), region="eu-west-1")
    assert report.survives and components(report)["eu/user"]["state"] == "lost"
    assert "through home: " in arrows(report)["eu/gateway", "eu/user"]["why"] and report.notes == []


def test_what_aws_keeps_in_us_east_1_is_noted(struck):
    assert ["nothing of theirs can be changed" in note for note in struck(shop()).as_json()["notes"]] == [
        True
    ]


def test_one_region_is_honest(struck):
    report = struck(shop(twin=False))
    assert not report.survives and arrows(report)["gateway", "user"]["state"] == "lost"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"check": None}, "Route 53 still answers with origin-us-east-1, whose health nothing checks"),
        ({"check": {**ALARMED, "insufficient_data_health_status": "LastKnownStatus"}}, "still answers with"),
        (
            {"check": {**ALARMED, "cloudwatch_alarm_region": "us-east-1"}},
            "finds origin-eu-west-1 unhealthy, too",
        ),
    ],
)
def test_a_twin_is_no_use_where_dns_does_not_lead_to_it(struck, settings, words):
    report = struck(shop(**settings))
    assert not report.survives
    assert words in arrows(report)["edge", "gateway"]["why"]
    assert words in arrows(report)["gateway", "user"]["why"]


@pytest.mark.parametrize("settings", [{"check": None, "evaluate": True}, {"check": {"type": "TCP"}}])
def test_a_record_s_own_check_finds_that_its_target_is_gone(struck, settings):
    if settings["check"]:
        settings["check"] = {
            "type": "TCP", "ip_address": "192.0.2.1", "port": 443,
            "cloudwatch_alarm_region": None, "cloudwatch_alarm_name": None,
        }  # fmt: skip
    assert struck(shop(**settings)).survives


def test_a_twin_that_nobody_calls_carries_nothing(struck):
    report = struck(shop(called=False))
    told = arrows(report)["gateway", "user"]
    assert not told["ok"] and "nothing leads to eu/gateway, as edge does elsewhere" in told["why"]


def test_what_no_diagram_draws_may_be_lost_and_is_told(deployed):
    struck, drawn = deployed(shop(more=backstage)), {("edge", "gateway"), ("gateway", "user")}
    report = struck(drawn=drawn)
    assert report.survives and arrows(report)["spinnaker", "redis"]["drawn"] is False
    assert {report.graph[urn].name for urn in report.alone} == {"spinnaker", "redis"}
    assert not struck(drawn={*drawn, ("spinnaker", "redis")}).survives
    assert not struck().survives


def reading(arn):
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def readers(copy):
    """A reader in each region, and a store at home with a bucket in both; the one in eu reads the copy, or
    not."""

    def program():
        away = aws.Provider("eu", region="eu-west-1")
        eu = Region("eu", {}, pulumi.ResourceOptions(providers=[away]))
        store = pulumi.ComponentResource("fourplane:index:ContentStore", "content", {})
        own = pulumi.ResourceOptions(parent=store)
        buckets = {}
        for name, region in (("original", "us-east-1"), ("replica", "eu-west-1")):
            part = pulumi.ComponentResource("fourplane:index:PrivateBucket", name, {}, own)
            child = pulumi.ResourceOptions(parent=part)
            buckets[name] = aws.s3.Bucket(name, region=region, opts=child)
        for parent, region, read in ((None, "us-east-1", "original"), (eu, "eu-west-1", copy)):
            part = fleet("streaming", network(parent, [f"{region}a"]), parent)
            role = aws.iam.Role("streaming", assume_role_policy=TRUST, opts=part.child)
            policy = buckets[read].arn.apply(reading)
            aws.iam.RolePolicy("streaming-to-content", role=role.id, policy=policy, opts=part.child)

    return program


@pytest.mark.parametrize(("copy", "works"), [("replica", True), ("original", False)])
def test_a_copy_serves_whoever_is_told_of_it(struck, copy, works):
    assert arrows(struck(readers(copy)))["streaming", "content"]["ok"] is works


def test_other_faults_strike_the_stack_s_own_region(deployed):
    struck = deployed(shop())
    lost = [struck(kind, seed=seed).fault.lost for kind, seed in (("monkey", 1), ("gorilla", 2))]
    assert {one["zone"][:-1] for fault in lost for one in fault} == {"us-east-1"}
    assert struck("latency", seed=3).fault.place.startswith("us-east-1")
    assert {one["component"] for one in struck("monkey", region="eu-west-1").fault.lost} == {"eu/user"}
