"""Who is told of what Prometheus finds: Alertmanager, on pods that agree who tells it."""

from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.machine import render
from components.service.kubernetes_pods import NamespacedPods, namespaced
from components.service.kubernetes_service import KubernetesService

TEMPLATE = Path(__file__).parent / "alertmanager" / "alertmanager.yml.j2"
IMAGE = "quay.io/prometheus/alertmanager:v0.28.1"
"""Its SDK knows pod identities, which takes aws-sdk-go 1.47.11 or later:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html"""
PORT, GOSSIP_PORT = 9093, 9094
FOLDER, DATA = "/etc/alertmanager", "/alertmanager"
NOBODY = 65534
"""The image's user."""


class AlertmanagerArgs(NamespacedPods):
    topic_arn: pulumi.Input[str]
    """ARN of the SNS topic that alerts are published to."""
    topic_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that the topic is encrypted with. Default: none of the account's."""
    replicas: NotRequired[int]
    """Pods, 2 or more. Default 3."""
    image: NotRequired[pulumi.Input[str]]
    """Default quay.io/prometheus/alertmanager:v0.28.1, which nodes reach through NAT (EksCluster's
    public_images)."""


class Alertmanager(Server):
    """Pods over the zones that take every alert, tell each other which are silenced and told, and publish it
    once to a topic.

    They have no disks: as long as one pod goes on, what the others have known comes back to them by gossip.
    Where they do not reach each other, people are told twice rather than never.
    """

    port = PORT

    def __init__(self, name: str, args: AlertmanagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self.replicas = args.get("replicas", 3)
        if self.replicas < 2:
            self.reject("replicas", self.replicas, "at least 2, so that one can be lost")

        pod: Any = {
            **namespaced(args),
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/-/healthy",
            "user": NOBODY,
            "arguments": [
                f"--config.file={FOLDER}/alertmanager.yml",
                f"--storage.path={DATA}",
                f"--cluster.listen-address=0.0.0.0:{GOSSIP_PORT}",
                f"--cluster.advertise-address=$(POD_IP):{GOSSIP_PORT}",
                f"--cluster.peer=$(PEERS):{GOSSIP_PORT}",
            ],
            "files": {"alertmanager.yml": pulumi.Output.from_input(args["topic_arn"]).apply(_settings)},
            "files_at": FOLDER,
            "writable": [DATA],
            "stable": True,
            "peers": {"gossip": GOSSIP_PORT},
            "scraped": True,
            "replicas": self.replicas,
            "cpu_millis": 25,
            "memory_mib": 128,
            "aws_identity": True,
            "statements": _publishing(args),
        }
        self._service = KubernetesService(name, pod, self.child)

        self.address = self._service.address
        self.security_group_id = self._service.security_group_id
        self.register_outputs({"address": self.address, "security_group_id": self.security_group_id})

    def caller(self) -> Peer:
        return self._service

    def entrance(self) -> Server:
        return self._service


def _publishing(args: AlertmanagerArgs) -> list[dict[str, Any]]:
    """Publishing to the topic, and its key through SNS alone."""
    topic = pulumi.Output.from_input(args["topic_arn"])
    say = {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    if "topic_key_arn" not in args:
        return [say]
    region = topic.apply(lambda arn: arn.split(":")[3])
    through = {"kms:ViaService": pulumi.Output.format("sns.{}.amazonaws.com", region)}
    key = {
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse
        "Sid": "Key",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": args["topic_key_arn"],
        "Condition": {"StringEquals": through},
    }
    return [say, key]


def _settings(topic_arn: str) -> str:
    return render(TEMPLATE, topic_arn=topic_arn, region=topic_arn.split(":")[3])
