import pytest

from components.access import connect
from components.edge.private_names import PrivateNames
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
INSIDE = {"domain": "us-east-1.internal.example.com", "vpc_id": "vpc-1", "zone_id": "Z1"}
RECORD = "aws:route53/record:Record"


def service(name, **args):
    return AutoScalingService(name, {**PLACE, "image": "public.ecr.aws/a:1", "port": 8080, **args})


def named():
    names = PrivateNames("names", INSIDE)
    connect(service("gateway"), service("user", **names.tls))


def test_only_its_network_resolves_the_names(preview):
    zone = preview(lambda: PrivateNames("names", INSIDE)).one("aws:route53/zone:Zone").inputs
    assert [vpc["vpcId"] for vpc in zone["vpcs"]] == ["vpc-1"]


def test_a_service_has_a_name_that_its_certificate_has(preview):
    graph = preview(named)
    certificate, record = graph.one("aws:acm/certificate:Certificate"), graph.one(RECORD, "user-balancer")
    assert record.inputs["name"] == "user.us-east-1.internal.example.com"
    assert certificate.inputs["subjectAlternativeNames"] == ["*.us-east-1.internal.example.com"]
    assert record.inputs["zoneId"] == graph.one("aws:route53/zone:Zone").outputs["zoneId"]


def test_a_client_is_told_that_name_and_let_in_there_alone(preview):
    graph = preview(named)
    told = graph.one("aws:ssm/parameter:Parameter", "gateway-to-user").inputs["insecureValue"]
    assert told == f"{graph.one(RECORD, 'user-balancer').outputs['fqdn']}:443"
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {rule.inputs["fromPort"] for rule in rules if rule.name == "gateway-to-user"} == {443}


def test_it_is_called_with_tls_1_2_or_better(preview):
    listener = preview(named).one("aws:lb/listener:Listener", "user-balancer").inputs
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"private_domain": "a.b"}, "private_domain must be given with private_zone_id and certificate_arn"),
        (
            {"private_domain": "a.b", "private_zone_id": "Z1", "certificate_arn": "arn",
             "front": {**PLACE, "internet_facing": True}},
            "private_domain must be absent where it is internet-facing",
        ),
    ],
)  # fmt: skip
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: service("user", **args))
