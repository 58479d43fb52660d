"""What Kafka is told of copies, by an MSK configuration and by topics."""

from collections.abc import Iterator, Mapping

from policy.resource import Resource

CONFIGURATION = "aws:msk/configuration:Configuration"
TOPICS = ("aws:msk/topic:Topic", "kafka:index/topic:Topic")
COPIES = {
    "default.replication.factor": "min.insync.replicas",
    "offsets.topic.replication.factor": "",
    "transaction.state.log.replication.factor": "transaction.state.log.min.isr",
}
"""How many copies there are of what, and how many of them must have an event before it counts.
https://docs.aws.amazon.com/msk/latest/developerguide/msk-configuration-properties.html"""


def settings(of: Resource) -> Mapping[str, str]:
    """The properties that a configuration or a topic sets."""
    if of.type == CONFIGURATION:
        lines = (line.partition("=") for line in str(of["serverProperties"] or "").splitlines())
        return {key.strip(): value.strip() for key, equals, value in lines if equals and key[:1] != "#"}
    said = of.document("configs") or of["config"] or {}
    return {
        **{str(key): str(said[key]) for key in said},
        "default.replication.factor": str(of["replicationFactor"]),
    }


def copies(of: Resource) -> Iterator[tuple[str, float, float | None]]:
    """Each number of copies that is set, by its name, and how many of them must have an event; None where
    that is left to the cluster."""
    said = settings(of)
    for many, least in COPIES.items():
        if said.get(many, "").replace(".", "", 1).isdigit():
            yield many, float(said[many]), float(said[least]) if least in said else None
