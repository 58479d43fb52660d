"""A client gets to the machines behind a network load balancer where every link of its way is there."""

import pytest

from components.access import connect, expose
from components.edge.stream_balancer import StreamBalancer
from components.service.chat_servers import ChatServers
from components.state.mnesia_database import MnesiaDatabase
from fourplane.reach import INTERNET

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
ENTRANCE = {
    **PLACE,
    "front": {"vpc_id": "vpc-1", "subnet_ids": ["subnet-3", "subnet-4"]},
    "system": "linux",
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.28",
    "servers": ["10.0.1.5"],
    "server_count": 1,
    "ports": [5222, 5223],
    "connections_per_server": 100_000,
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/c",
}


@pytest.mark.parametrize(
    "link",
    [
        "SecurityGroupIngressRule internet-to-entrance-ipv4",
        "Listener entrance-balancer",
        "TargetGroup entrance-balancer",
        "Group entrance",
        "SecurityGroupEgressRule entrance-balancer-to-entrance",
        "SecurityGroupIngressRule entrance-balancer-to-entrance",
    ],
)
def test_the_internet_gets_to_the_machines_by_its_last_link(ways, link):
    public = {**ENTRANCE, "internet_facing": True}

    def program():
        expose(StreamBalancer("entrance", public))

    ipv6 = "SecurityGroupIngressRule internet-to-entrance-ipv6"
    assert ways(program) == {f"{INTERNET} -> entrance security groups tcp 5223"}
    assert ways(program, [link, ipv6]) == set()


def test_a_private_one_is_not_on_the_internet(ways):
    assert ways(lambda: expose(StreamBalancer("entrance", ENTRANCE))) == set()


def test_machines_reach_all_ports_of_the_chat_servers(ways):
    zoned = {
        **{key: ENTRANCE[key] for key in ("vpc_id", "system", "image")},
        "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "domain": "eu.chat.example.com",
    }

    def program():
        users = MnesiaDatabase("users", zoned)
        chat = ChatServers("chat", {**zoned, **users.cluster, "proxies": 3})
        front = {"servers": chat.servers, "server_count": 3, "ports": chat.ports}
        entrance = {**ENTRANCE, **front, "connections_per_server": chat.capacity.connections}
        connect(StreamBalancer("entrance", entrance), chat)

    assert "entrance -> chat security groups tcp 5222-5229" in ways(program)
