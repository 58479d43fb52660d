"""Pictures of what Prometheus knows: Grafana."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.keeping import Keeping
from components.machine import render
from components.made_once import made_once
from components.service.kubernetes_pods import NamespacedPods, environment_name, namespaced
from components.service.kubernetes_service import KubernetesService

FILES = Path(__file__).parent / "grafana"
IMAGE = "docker.io/grafana/grafana:12.3.1"
PORT = 3000
FOLDER = "/etc/grafana-files"
GRAFANA = 472
"""The image's user: https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker/"""
SETTINGS: Mapping[str, str] = {
    "GF_PATHS_PROVISIONING": FOLDER,
    "GF_LOG_MODE": "console",
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_NEWS_NEWS_FEED_ENABLED": "false",
    "GF_PLUGINS_PREINSTALL_DISABLED": "true",  # it would fetch them from the internet
    "GF_SECURITY_DISABLE_GRAVATAR": "true",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
    "GF_UNIFIED_ALERTING_ENABLED": "false",  # Prometheus' rules and Alertmanager do that
}


class GrafanaArgs(NamespacedPods, Keeping):
    prometheus: str
    """Name of the Prometheus that it shows: pods wait until connect(grafana, prometheus) is drawn."""
    dashboards: NotRequired[Mapping[str, str]]
    """More dashboards, Grafana's own JSON by name. Default: those of services, matching and partitions."""
    replicas: NotRequired[int]
    """Pods. Default 2."""
    image: NotRequired[pulumi.Input[str]]
    """Default docker.io/grafana/grafana:12.3.1, which nodes reach through NAT (EksCluster's
    public_images)."""


class Grafana(Server):
    """Dashboards from files, on pods that remember nothing: what is changed by hand goes with the pod.

    There is no door: `kubectl port-forward service/<name> 3000`, which stays with one pod, and the user
    admin, whose password is made once and kept in Secrets Manager.
    """

    port = PORT
    secret_arn: pulumi.Output[str]
    """The secret that the user admin's password is in."""

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        password = made_once(self, "password", args)
        pod: Any = {
            **namespaced(args),
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/api/health",
            "user": GRAFANA,
            "environment": SETTINGS,
            "secrets": {"GF_SECURITY_ADMIN_PASSWORD": password.value},
            "files": self._files(args),
            "files_at": FOLDER,
            "writable": ["/tmp", "/var/lib/grafana", "/var/log/grafana"],
            "calls": [args["prometheus"]],
            "replicas": args.get("replicas", 2),
            "cpu_millis": 100,
            "memory_mib": 384,
        }
        self._service = KubernetesService(name, pod, self.child)

        self.secret_arn = password.arn
        self.address = self._service.address
        self.security_group_id = self._service.security_group_id
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "secret_arn": self.secret_arn,
            }
        )

    def caller(self) -> Peer:
        return self._service

    def entrance(self) -> Server:
        return self._service

    def learn(self, arrow: str, server: Any) -> None:
        self._service.learn(arrow, server)

    def _files(self, args: GrafanaArgs) -> dict[str, str]:
        known = {
            "variable": f"{environment_name(args['prometheus'])}_ADDRESS",
            "folder": FOLDER,
        }
        provisioned = {
            file.relative_to(FILES / "provisioning").as_posix().removesuffix(".j2"): render(file, **known)
            for file in sorted((FILES / "provisioning").rglob("*.j2"))
        }
        own = {
            file.stem: file.read_text(encoding="utf-8")
            for file in sorted((FILES / "dashboards").glob("*.json"))
        }
        shown = {f"shown/{one}.json": text for one, text in {**own, **args.get("dashboards", {})}.items()}
        return {**provisioned, **shown}
