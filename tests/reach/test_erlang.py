"""Who can reach whom in a region's Erlang cluster."""

from components.access import connect
from components.network import Network
from components.service.chat_servers import ChatServers
from components.state.mnesia_database import MnesiaDatabase

ON = {"domain": "na.chat.example.com", "packages_url": "https://packages.s3.us-east-1.amazonaws.com"}


def region(arrow):
    def program():
        network = Network("network", {"zones": 2})
        database = MnesiaDatabase("users", {**network.data, **ON})
        size = {"connections_per_server": 10_000, "instance_type": "m7g.large", "proxies": 2}
        chat = ChatServers("chat", {**network.data, **ON, **database.cluster, **size})
        if arrow:
            connect(chat, database)
            connect(chat, network.endpoints)
            connect(database, network.endpoints)

    return program


def test_an_arrow_makes_the_two_one_cluster(ways):
    assert ways(region(True)) == {
        "chat -> users security groups tcp 5210",
        "users -> chat security groups tcp 5210",
        "chat -> users IAM secretsmanager:GetSecretValue",
        "chat -> users IAM s3:GetObject",
        "chat -> network security groups tcp 443",
        "users -> network security groups tcp 443",
    }


def test_without_an_arrow_there_is_no_way(ways):
    assert ways(region(False)) == set()
