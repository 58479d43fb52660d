"""Metrics: Prometheus, and the Alertmanager that it tells of what is wrong."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server, connect
from components.control.alertmanager import Alertmanager, AlertmanagerArgs
from components.machine import render
from components.service.kubernetes_pods import NamespacedPods, namespaced
from components.service.kubernetes_service import KubernetesService

FILES = Path(__file__).parent / "prometheus"
IMAGE = "quay.io/prometheus/prometheus:v3.13.2"
"""The line with long-term support, until July 2027:
https://gitlab.com/gitlab-org/omnibus-gitlab/-/merge_requests/9746"""
PORT = 9090
FOLDER, DATA = "/etc/prometheus", "/prometheus"
NOBODY = 65534
"""The image's user."""
SAMPLE_LIMIT = 20_000
"""Series that a pod may have: one that puts a rider's name into a label would end what reads it."""
WHERE = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)")


class PrometheusArgs(NamespacedPods):
    scrapes: Sequence[str]
    """Services (KubernetesService, with `scraped`) whose pods are read every 15 seconds, each as
    "<service>.<namespace>". Prometheus reaches them once connect(prometheus, service) is drawn."""
    topic_arn: pulumi.Input[str]
    """ARN of the SNS topic that alerts are published to."""
    topic_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that the topic is encrypted with. Default: none of the account's."""
    meshed: NotRequired[Sequence[str]]
    """Those of `scrapes` with a mesh, of whose requests their Envoys know all. Default: none."""
    rules: NotRequired[Mapping[str, str]]
    """More alerting and recording rules, as Prometheus' own files "<name>.yml" have them. Default: none."""
    replicas: NotRequired[int]
    """Prometheus' pods, 2 or more, that each know everything. Default 2."""
    retention_days: NotRequired[int]
    """Days that metrics are kept. Default 15."""
    storage_gib: NotRequired[int]
    """Size of each pod's disk; four fifths of it are used, and the oldest metrics go first. Default 50: a
    sample takes 1 to 2 bytes, https://prometheus.io/docs/prometheus/latest/storage/."""
    memory_mib: NotRequired[int]
    """MiB of each pod's memory; some 4 KiB are needed for each series that is read. Default 1024."""
    disposable: NotRequired[bool]
    """Whether its disks may be deleted with it. Default False: they are kept."""
    image: NotRequired[pulumi.Input[str]]
    """Default quay.io/prometheus/prometheus:v3.13.2, which nodes reach through NAT (EksCluster's
    public_images)."""


class Prometheus(Server):
    """Pods in two zones or more that each read every pod, keep it on a disk of their own, and judge it by
    rules; what is wrong is published once to a topic.

    Either answers for all, but for the time in which it was not there itself. connect(prometheus, service)
    opens the way to what `scrapes` names, connect(grafana, prometheus) that to its answers. There is no
    other door: `kubectl port-forward service/<name> 9090`.
    """

    port = PORT

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        gib, days = args.get("storage_gib", 50), args.get("retention_days", 15)

        told: AlertmanagerArgs = {**namespaced(args), "topic_arn": args["topic_arn"]}
        if "topic_key_arn" in args:
            told["topic_key_arn"] = args["topic_key_arn"]
        alertmanager = Alertmanager(f"{name}-alertmanager", told, self.child)
        pod: Any = {
            **namespaced(args),
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/-/ready",
            "start_seconds": 900,  # it reads its log anew first
            "user": NOBODY,
            "arguments": [
                f"--config.file={FOLDER}/prometheus.yml",
                f"--storage.tsdb.path={DATA}",
                f"--storage.tsdb.retention.time={days}d",
                f"--storage.tsdb.retention.size={gib * 4 // 5}GB",
            ],
            "files": self._files(args, alertmanager),
            "files_at": FOLDER,
            "storage_gib": gib,
            "storage_at": DATA,
            "disposable": args.get("disposable", False),
            "replicas": args.get("replicas", 2),
            "cpu_millis": 200,
            "memory_mib": args.get("memory_mib", 1024),
        }
        self._service = KubernetesService(name, pod, self.child)
        connect(self._service, alertmanager)

        self.address = self._service.address
        self.security_group_id = self._service.security_group_id
        self.register_outputs({"address": self.address, "security_group_id": self.security_group_id})

    def caller(self) -> Peer:
        return self._service

    def entrance(self) -> Server:
        return self._service

    def _files(self, args: PrometheusArgs, alertmanager: Alertmanager) -> dict[str, pulumi.Input[str]]:
        services = dict(_place(one) for one in args["scrapes"])
        known = {
            "prometheus": self.name,
            "port": PORT,
            "alertmanager": alertmanager.name,
            "services": list(services),
            "meshed": [_place(one)[0] for one in args.get("meshed", ())],
            "sample_limit": SAMPLE_LIMIT,
        }
        settings = pulumi.Output.from_input(args["namespace"]).apply(
            lambda own: render(
                FILES / "prometheus.yml.j2", **known, namespaces={**services, alertmanager.name: own}
            )
        )
        rules = {
            f"{file.name.removesuffix('.j2')}": render(file, **known, alertmanagers=alertmanager.replicas)
            for file in sorted((FILES / "rules").iterdir())
        }
        for file in args.get("rules", {}):
            if file in rules or not file.endswith(".yml") or "/" in file:
                self.reject("rules", file, f"files '<name>.yml' that are not {', '.join(rules)}")
        return {
            "prometheus.yml": settings,
            **{f"rules/{file}": text for file, text in {**rules, **args.get("rules", {})}.items()},
        }

    def _check(self, args: PrometheusArgs) -> None:
        names = list[str]()
        for one in args["scrapes"]:
            if not WHERE.fullmatch(one):
                self.reject("scrapes", one, "'<service>.<namespace>', such as 'orders.shop'")
            names.append(_place(one)[0])
        own = (self.name, f"{self.name}-alertmanager")
        if twice := sorted({one for one in names if names.count(one) > 1 or one in own}):
            self.reject("scrapes", twice[0], f"named once each, and not as its own {own[0]} and {own[1]}")
        for one in args.get("meshed", ()):
            if one not in args["scrapes"]:
                self.reject("meshed", one, "one of what it scrapes")
        if (replicas := args.get("replicas", 2)) < 2:
            self.reject("replicas", replicas, "at least 2, so that one can be lost")
        if (days := args.get("retention_days", 15)) < 1:
            self.reject("retention_days", days, "at least 1")
        if (gib := args.get("storage_gib", 50)) < 5:
            self.reject("storage_gib", gib, "at least 5")


def _place(scraped: str) -> tuple[str, str]:
    """A service and its namespace."""
    service, _, namespace = scraped.partition(".")
    return service, namespace
