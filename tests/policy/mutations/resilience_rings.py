"""A ring and its topics in the world, and what breaks each rule about their copies."""

import base64

from policy.cassandra import priam_tokens
from tests.policy.world import Made, Ref, change

KAFKA = "aws:msk/cluster:Cluster"
CONFIGURATION = "aws:msk/configuration:Configuration"
KAFKA_TOPIC = "aws:msk/topic:Topic"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
SUBNET = "aws:ec2/subnet:Subnet"
TAGS = {"owner": "shop", "stack": "shop-prod"}
GROUP_TAGS = [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in TAGS.items()]
TOKENS = dict(zip("abc", priam_tokens("us-east-1", 3), strict=True))
SERVER = """
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
"""


def address(zone):
    return f"10.0.{ord(zone)}.10"


def told(token, seeds="abc"):
    """A node's user data: a cloud-init file, with a whole cassandra.yaml inside of it."""
    known = ",".join(map(address, seeds))
    yaml = f'cluster_name: "users"\ninitial_token: "{token}"\nseed_provider:\n  - seeds: "{known}"\n'
    quoted = yaml.replace('"', '\\"').replace("\n", "\\n")
    return base64.b64encode(f'#cloud-config\nwrite_files:\n  - content: "{quoted}"\n'.encode()).decode()


def node(zone):
    name, subnet = f"ring-{zone}", Ref(SUBNET, f"net-{zone}", "id")
    tracked = {"connectionTrackingSpecification": {"tcpEstablishedTimeout": 350}}
    return [
        Made(INTERFACE, name, {"subnetId": subnet, "privateIps": [address(zone)], **tracked, "tags": TAGS}),
        Made(
            TEMPLATE,
            name,
            {
                "userData": told(TOKENS[zone]),
                "networkInterfaces": [{"deviceIndex": 0, "associatePublicIpAddress": "false", **tracked}],
                "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
                "monitoring": {"enabled": True},
                "tags": TAGS,
            },
        ),
        Made(
            GROUP,
            name,
            {
                "vpcZoneIdentifiers": [subnet],
                "minSize": 1,
                "maxSize": 1,
                "enabledMetrics": ["GroupInServiceInstances", "GroupDesiredCapacity"],
                "launchTemplate": {"id": Ref(TEMPLATE, name, "id"), "version": "1"},
                "tags": GROUP_TAGS,
            },
        ),
    ]


WORLD = [
    Made(CONFIGURATION, "events", {"serverProperties": SERVER}),
    Made(KAFKA_TOPIC, "paid", {"replicationFactor": 3, "partitionCount": 6}),
    *(one for zone in "abc" for one in node(zone)),
]

MUTATIONS = {
    "each_event_is_on_three_brokers": change(KAFKA_TOPIC, "paid", "replicationFactor", 2),
    "one_broker_may_be_away_while_events_are_written": change(
        CONFIGURATION, "events", "serverProperties", SERVER.replace("replicas=2", "replicas=3")
    ),
    "no_broker_leads_that_missed_events": change(
        CONFIGURATION, "events", "serverProperties", SERVER.replace("false", "true")
    ),
    "brokers_are_in_three_zones": change(KAFKA, "events", "numberOfBrokerNodes", 4),
    "a_ring_takes_turns_over_three_zones": change(
        GROUP, "ring-c", "vpcZoneIdentifiers", [Ref(SUBNET, "net-b", "id")], blame=(TEMPLATE, "ring-a")
    ),
    "each_node_of_a_ring_knows_a_seed_in_each_zone": change(
        TEMPLATE, "ring-b", "userData", told(TOKENS["b"], seeds="ab")
    ),
    "the_tokens_of_a_ring_are_priams": change(TEMPLATE, "ring-b", "userData", told(TOKENS["b"] + 10**15)),
}
