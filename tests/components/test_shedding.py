"""Classes of requests: counted always, and turned away by a switch."""

import pytest

from components.edge.cdn_edge import CdnEdge
from components.edge.firewall import Firewall

ACL, SET = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/ipSet:IpSet"
LOW = {"paths": ["/api/reviews", "/api/recommendations"], "per_minute": 6000}


def firewall(**classes):
    return lambda: Firewall("edge", {"sheddable": classes})


def rules(graph):
    return {rule["name"]: rule for rule in graph.one(ACL).inputs["rules"]}


def test_a_class_is_counted_and_nobody_is_turned_away_until_somebody_says_so(preview):
    graph = preview(firewall(low=LOW))
    assert "count" in rules(graph)["class-low"]["action"]
    assert rules(graph)["class-low"]["ruleLabels"] == [{"name": "class:low"}]
    assert {one.inputs["ipAddressVersion"]: one.inputs["addresses"] for one in graph.all(SET)} == {
        "IPV4": [], "IPV6": []
    }  # fmt: skip
    assert all(one.options["ignoreChanges"] == ["addresses"] for one in graph.all(SET))


def test_whoever_is_in_the_switch_is_told_to_come_later(preview):
    graph = preview(firewall(low=LOW))
    shed = rules(graph)["shed-low"]
    label, switch = shed["statement"]["andStatement"]["statements"]
    assert label["labelMatchStatement"] == {"scope": "LABEL", "key": "class:low"}
    listed = {one["ipSetReferenceStatement"]["arn"] for one in switch["orStatement"]["statements"]}
    assert listed == {one.outputs["arn"] for one in graph.all(SET)}
    answer = shed["action"]["block"]["customResponse"]
    assert answer["responseCode"] == 503 and answer["responseHeaders"][0]["name"] == "Retry-After"


def test_all_clients_together_have_a_share_of_a_class(preview):
    rate = rules(preview(firewall(low=LOW)))["share-low"]["statement"]["rateBasedStatement"]
    assert (rate["limit"], rate["evaluationWindowSec"], rate["aggregateKeyType"]) == (6000, 60, "CONSTANT")
    assert "share-low" not in rules(preview(firewall(low={"paths": ["/api/reviews"]})))


def test_without_classes_the_rules_are_as_they_were(preview):
    graph = preview(lambda: Firewall("edge", {}))
    assert graph.all(SET) == [] and not any("-" in name and "class" in name for name in rules(graph))
    assert graph.one("fourplane:index:Firewall").outputs["switch_arns"] == {}


def test_a_distribution_s_firewall_has_them_too(preview):
    graph = preview(lambda: CdnEdge("edge", {"origin_dns_name": "a.example.com", "sheddable": {"low": LOW}}))
    assert graph.one("fourplane:index:CdnEdge").outputs["switch_arns"].keys() == {"low-ipv4", "low-ipv6"}


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ({"low": {"paths": []}}, "of one path or more"),
        ({"low": {"paths": ["/"]}}, "and not of everything, got '/'"),
        ({"low": {"paths": ["/a"], "per_minute": 9}}, "of 10 requests a minute or more, got 9"),
        ({"Low!": {"paths": ["/a"]}}, "lower-case letters and digits"),
    ],
)
def test_rejects_a_class_that_cannot_be(preview, classes, told):
    with pytest.raises(Exception, match=f"Firewall 'edge': sheddable must be .*{told}"):
        preview(firewall(**classes))
