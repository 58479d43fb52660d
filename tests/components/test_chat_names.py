import pytest

from components.edge.chat_names import ChatNames
from fourplane.errors import Mistake

RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"


def area(region, *servers):
    return {
        "region": region,
        "vpc_id": f"vpc-{region}",
        "dns_name": f"balancer.elb.{region}.amazonaws.com",
        "balancer_zone_id": f"Z-{region}",
        "servers": servers,
    }


AREAS = {
    "na": area("us-east-1", "10.0.0.4", "10.0.1.4"),
    "eu": area("eu-west-1", "10.1.0.4"),
}


@pytest.fixture
def names(preview):
    """names(**args): the graph of a service of two areas."""
    return lambda **args: preview(
        lambda: ChatNames("names", {"domain": "chat.example.com", "areas": AREAS, **args})
    )


def answers(graph, zone_id, type):
    """What each name of a zone leads to."""
    found = {}
    for one in graph.all(RECORD):
        if one.inputs["zoneId"] == zone_id and one.inputs["type"] == type:
            told = one.inputs.get("records") or [alias["name"] for alias in one.inputs["aliases"]]
            found.setdefault(one.inputs["name"], []).extend(told)
    return found


def private(graph):
    return graph.one(ZONE).outputs["zoneId"]


def test_clients_find_their_area_and_new_ones_the_nearest(names):
    graph = names(zone_id="Z1")
    balancers = {name: f"balancer.elb.{one['region']}.amazonaws.com" for name, one in AREAS.items()}
    assert answers(graph, "Z1", "A") == {
        "na.chat.example.com": [balancers["na"]],
        "eu.chat.example.com": [balancers["eu"]],
        "chat.example.com": [balancers["na"], balancers["eu"]],
    }
    assert answers(graph, "Z1", "SRV") == {
        f"_xmpps-client._tcp.{host}": [f"0 1 5223 {host}."]
        for host in ("chat.example.com", "na.chat.example.com", "eu.chat.example.com")
    }


def test_the_nearest_area_is_one_that_answers(names):
    shared = [one for one in names(zone_id="Z1").all(RECORD) if "latencyRoutingPolicies" in one.inputs]
    near = {one.inputs["setIdentifier"]: one.inputs["latencyRoutingPolicies"][0]["region"] for one in shared}
    assert near == {"na": "us-east-1", "eu": "eu-west-1"}
    assert all(one.inputs["aliases"][0]["evaluateTargetHealth"] for one in shared)


def test_servers_find_each_other_in_the_networks_alone(names):
    graph = names(zone_id="Z1")
    seen = graph.one(ZONE).inputs["vpcs"]
    assert {one["vpcId"]: one["vpcRegion"] for one in seen} == {
        "vpc-us-east-1": "us-east-1",
        "vpc-eu-west-1": "eu-west-1",
    }
    assert answers(graph, private(graph), "A") == {
        "chat-1.na.chat.example.com": ["10.0.0.4"],
        "chat-2.na.chat.example.com": ["10.0.1.4"],
        "chat-1.eu.chat.example.com": ["10.1.0.4"],
    }
    assert answers(graph, private(graph), "SRV") == {
        "_xmpp-server._tcp.na.chat.example.com": [
            "0 1 5269 chat-1.na.chat.example.com.",
            "0 1 5269 chat-2.na.chat.example.com.",
        ],
        "_xmpp-server._tcp.eu.chat.example.com": ["0 1 5269 chat-1.eu.chat.example.com."],
    }


def test_without_a_public_zone_only_the_networks_find_it(names):
    graph = names()
    assert {one.inputs["zoneId"] for one in graph.all(RECORD)} == {private(graph)}
    assert answers(graph, private(graph), "SRV")["_xmpp-client._tcp.eu.chat.example.com"] == [
        "0 1 5222 eu.chat.example.com."
    ]


def test_an_area_more_renames_nothing(names):
    two, three = names(), names(areas={**AREAS, "asia": area("ap-southeast-1", "10.2.0.4")})
    assert {one.urn for one in two.values()} < {one.urn for one in three.values()}


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"domain": "Chat"}, "domain must be a domain in lower case, such as 'chat.example.com', got 'Chat'"),
        ({"areas": {"e u": AREAS["eu"]}}, "domain must be a domain in lower case.*'e u.chat.example.com'"),
        ({"areas": {}}, "areas must be at least one"),
        ({"areas": {"a": AREAS["eu"], "b": AREAS["eu"]}}, "areas must be .* each in another region"),
        ({"areas": {"eu": area("eu-west-1")}}, "areas must be of one chat server or more, got 'eu'"),
    ],
)
def test_rejects_what_cannot_be(names, args, reason):
    with pytest.raises(Mistake, match=reason):
        names(**args)
