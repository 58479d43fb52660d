"""What rules read besides properties: rings in user data, Kafka's properties."""

import base64
import gzip
import json
from types import SimpleNamespace

import pytest

from policy import cassandra, kafka
from policy.resource import Resource
from policy.zones import region

YAML = """cluster_name: "users"
initial_token: "-42"
# initial_token: 1
seed_provider:
  - parameters:
      - seeds: "10.0.0.1:7000, 10.0.1.1"
"""


def resource(type, props):
    options = SimpleNamespace(protect=False, parent="")
    return Resource(SimpleNamespace(resource_type=type, urn="u::it", props=props, opts=options), props)


class Instances:
    """A stack of nothing but one instance."""

    def __init__(self, data):
        self.one = resource(cassandra.INSTANCE, {"userData": data, "availabilityZone": "us-east-1a"})

    def all(self, *types):
        return [self.one] if cassandra.INSTANCE in types else []

    def behind(self, *asked):
        return []


def encoded(raw):
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "data",
    [
        YAML,
        encoded(YAML.encode()),
        encoded(gzip.compress(YAML.encode())),
        encoded(f"  - content: {json.dumps(YAML)}".encode()),
    ],
    ids=["plain", "base64", "gzip", "inside a cloud-init file"],
)
def test_a_node_is_found_in_its_user_data(data):
    (node,) = cassandra.nodes(Instances(data)).values()
    assert (node.cluster, node.zone, node.token) == ("users", "us-east-1a", -42)
    assert node.seeds == ("10.0.0.1", "10.0.1.1")


@pytest.mark.parametrize("data", [None, "\x1f not base64", encoded(b"#!/bin/sh\necho hello\n")])
def test_what_says_nothing_of_a_ring_is_no_node(data):
    assert cassandra.nodes(Instances(data)) == {}


def test_tokens_are_those_of_priam_s_own_test():
    """abs("us-east-1".hashCode()) is 1808575600: https://github.com/Netflix/Priam, TokenManagerTest."""
    assert cassandra.priam_tokens("us-east-1", 1) == [1808575600 - 2**63]
    first, second, third = cassandra.priam_tokens(region("us-east-1f"), 3)
    assert second - first == third - second == 2**64 // 3


def test_copies_are_read_from_properties_and_from_topics():
    properties = "# default.replication.factor=1\n default.replication.factor = 3 \nmin.insync.replicas=2\n"
    assert list(kafka.copies(resource(kafka.CONFIGURATION, {"serverProperties": properties}))) == [
        ("default.replication.factor", 3, 2)
    ]
    msk, own = kafka.TOPICS
    configs = {"replicationFactor": 3.0, "configs": '{"min.insync.replicas": "3"}'}
    assert list(kafka.copies(resource(msk, configs))) == [("default.replication.factor", 3, 3)]
    config = {"replicationFactor": 2.0, "config": {"min.insync.replicas": 1.0}}
    assert list(kafka.copies(resource(own, config))) == [("default.replication.factor", 2, 1)]
    assert list(kafka.copies(resource(kafka.CONFIGURATION, {"serverProperties": ""}))) == []
