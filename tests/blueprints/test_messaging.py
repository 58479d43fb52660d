"""A region's messages: what it is made of, who may reach whom, and what cannot be."""

import pytest

from blueprints.messaging import Messaging
from components.access import connect
from components.network import Network
from fourplane.errors import Mistake
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

SMALL = {
    "connections_per_server": 10_000,
    "server_type": "t4g.medium",
    "store_type": "t4g.small",
    "proxy_type": "t4g.small",
    "proxies": 2,
    "disposable": True,
}


def program(**more):
    network = Network("net", {"zones": 2})
    args = {
        "domain": "eu.example.com",
        "public": network.public,
        "private": network.private,
        "data": network.data,
        "endpoint_id": network.endpoints.s3_endpoint_id,
        **SMALL,
        **more,
    }
    chat = Messaging("chat", args)
    for machines in (chat.entrance, chat.servers, chat.users):
        connect(machines, network.endpoints)


@pytest.fixture(scope="module")
def graph(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        return run_in(tmp_path_factory.mktemp("chat"), program, cloud)


def ways(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    found = {(names.get(w.source, w.source), names.get(w.target, w.target), w.at) for w in reach(graph)}
    return {way for way in found if way[2].startswith("tcp") and way[1].startswith("chat")}


def test_a_phone_reaches_nginx_nginx_the_servers_and_these_the_users(graph):
    assert {(one, other) for one, other, _ in ways(graph)} == {
        ("chat-entrance", "chat-servers"),
        ("chat-servers", "chat-users"),
        ("chat-users", "chat-servers"),
    }


def test_with_a_certificate_anyone_comes_in_over_tls_and_without_one_nobody_does(preview):
    with_tls = preview(lambda: program(certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/a"))
    listener = with_tls.one("aws:lb/listener:Listener")
    assert (listener.inputs["protocol"], listener.inputs["port"]) == ("TLS", 5223)
    assert not with_tls.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"]
    without = preview(program)
    assert without.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"]
    rules = without.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert not [one for one in rules if one.inputs.get("cidrIpv4") == "0.0.0.0/0"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"system": "solaris"}, "system must be one of freebsd, linux, got 'solaris'"),
        ({"server_type": "r7i.large"}, "must be of one architecture"),
        ({"connections_per_server": 10**9}, "connections_per_server must be at most"),
        ({"proxies": 1}, "proxies must be at least 2, so that one can be lost, got 1"),
    ],
)
def test_rejects_what_cannot_be(preview, more, told):
    with pytest.raises(Mistake, match=told):
        preview(lambda: program(**more))
