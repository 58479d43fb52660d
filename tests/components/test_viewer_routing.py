import pytest

from components.edge.viewer_routing import ViewerRouting

CACHE = {"dns_name": "cache.elb.amazonaws.com", "zone_id": "Z35SXDOTRQ7X7K"}
EDGE = {"dns_name": "d1.cloudfront.net", "zone_id": "Z2FDTNDATAQYW2"}
US = {"us": {"name": "us.example.com", "everyone": EDGE, "networks": {"isp": CACHE}}}
ROUTING = {"networks": {"isp": ["198.51.100.0/24"]}, "zone_id": "Z1", "host_names": US}


def records(graph):
    found = [one.inputs for one in graph.all("aws:route53/record:Record")]
    return {one["cidrRoutingPolicy"]["locationName"]: one for one in found}


def test_a_named_network_gets_its_own_answer_and_others_the_default(preview):
    found = records(preview(lambda: ViewerRouting("routing", ROUTING)))
    assert {where: one["aliases"][0]["name"] for where, one in found.items()} == {
        "*": EDGE["dns_name"], "isp": CACHE["dns_name"]
    }  # fmt: skip
    assert {one["name"] for one in found.values()} == {"us.example.com"}


def test_a_cache_that_is_not_healthy_is_not_answered(preview):
    found = records(preview(lambda: ViewerRouting("routing", ROUTING)))
    assert found["isp"]["aliases"][0]["evaluateTargetHealth"]


def test_without_a_zone_the_networks_are_only_known(preview):
    graph = preview(lambda: ViewerRouting("routing", {"networks": ROUTING["networks"]}))
    assert graph.one("aws:route53/cidrLocation:CidrLocation").inputs["cidrBlocks"] == ["198.51.100.0/24"]
    assert graph.all("aws:route53/record:Record") == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"networks": {}}, "networks must be one network or more"),
        ({"networks": {"isp": []}}, r"networks\['isp'\] must be one CIDR or more"),
        ({"networks": {"isp": ["198.51.100.0/25"]}}, "an IPv4 CIDR of /24 or wider"),
        ({"networks": {"isp": ["2001:db8::/32"]}}, "an IPv4 CIDR of /24 or wider"),
        ({"networks": {"a provider of ours": ["198.51.100.0/24"]}}, "named by at most 16 letters"),
        ({"networks": {"other": ["198.51.100.0/24"]}}, r"host_names\['us'\].networks must be among other"),
    ],
)
def test_rejects_what_route_53_would_not_take(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: ViewerRouting("routing", {**ROUTING, **args}))


def test_rejects_host_names_without_a_zone(preview):
    with pytest.raises(Exception, match="host_names must be given together with zone_id, got 'us'"):
        preview(lambda: ViewerRouting("routing", {k: v for k, v in ROUTING.items() if k != "zone_id"}))
