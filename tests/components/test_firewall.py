import json

import pulumi
import pytest

from components.edge.firewall import Firewall
from fourplane import wire

BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1"
ACL = "aws:wafv2/webAcl:WebAcl"


def regional(**args):
    return lambda: Firewall(
        "origin", {"region": "eu-west-1", "load_balancer_arns": {"gateway": BALANCER}, **args}
    )


def rules(graph):
    return {rule["name"]: rule for rule in graph.one(ACL).inputs["rules"]}


def test_a_balancer_s_firewall_stands_in_the_balancer_s_region(preview):
    graph = preview(regional())
    association = graph.one("aws:wafv2/webAclAssociation:WebAclAssociation")
    assert (graph.one(ACL).inputs["scope"], graph.one(ACL).region) == ("REGIONAL", "eu-west-1")
    assert association.inputs["resourceArn"] == BALANCER and association.region == "eu-west-1"
    assert graph.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").region == "eu-west-1"


def test_behind_a_cdn_nobody_is_told_apart_by_an_address(preview):
    assert set(rules(preview(regional()))) == {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    }


def test_a_distribution_that_does_not_know_the_secret_is_refused_first(preview):
    rule = rules(preview(regional(origin_secret="s" * 32)))["other-distributions"]
    match = rule["statement"]["notStatement"]["statement"]["byteMatchStatement"]
    assert match["fieldToMatch"] == {"singleHeader": {"name": "x-origin-secret"}}
    assert match["positionalConstraint"] == "EXACTLY" and rule["priority"] == 0 and "block" in rule["action"]


def test_the_secret_stays_one(preview):
    acl = preview(lambda: regional(origin_secret=pulumi.Output.secret("s" * 32))()).one(ACL)
    assert "s" * 32 not in json.dumps(wire.printable(acl.inputs))


def test_the_secret_is_not_logged(preview):
    kind = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    hidden = preview(regional(origin_secret="s" * 32)).one(kind).inputs["redactedFields"]
    assert {"singleHeader": {"name": "x-origin-secret"}} in hidden


def test_priorities_are_all_different(preview):
    found = [rule["priority"] for rule in rules(preview(regional(origin_secret="s" * 32))).values()]
    assert len(set(found)) == len(found) == 3


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            {"load_balancer_arns": {}},
            "Firewall 'origin': load_balancer_arns must be one load balancer or more",
        ),
        ({"requests_per_client": 9}, "requests_per_client must be at least 10"),
        ({"requests_per_client": 99}, "requests_per_client must be left out with load_balancer_arns"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(regional(**args))
