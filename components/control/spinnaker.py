"""Delivery: Spinnaker, as pods of a cluster."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import connect
from components.component import Component
from components.control.spinnaker_permissions import deploying, keeping
from components.keeping import Keeping, Logging
from components.machine import render
from components.placement import ZonedPlacement
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_pods import Pods, environment_name
from components.service.kubernetes_service import KubernetesService
from components.state.private_bucket import PrivateBucket
from components.state.redis_cluster import RedisCluster

FILES = Path(__file__).parent / "spinnaker"
VERSION = "2026.3.2"
"""The first line without AWS's SDK 1, which knows no pod identities: https://spinnaker.io/changelogs/2026.3.0-changelog/"""
REGISTRY = "ghcr.io/spinnaker"
"""For both architectures; since 2026.1 in no other: https://spinnaker.io/changelogs/2026.0.0-changelog/"""
SETTINGS = "/opt/spinnaker/config"
"""Where its services look: https://github.com/spinnaker/spinnaker/tree/master/spinnaker-gradle-project"""
SPINNAKER, WWW_DATA = 10111, 33
"""Users of the images."""
RELEASE = re.compile(r"20\d\d\.\d+\.\d+")


@dataclass(frozen=True)
class Service:
    """One of Spinnaker's services. `cached`: whether it keeps its state in Redis. `alone`: whether two pods
    would do its work twice."""

    port: int
    calls: tuple[str, ...]
    memory_mib: int
    cached: bool = False
    alone: bool = False


SERVICES: Mapping[str, Service] = {
    "deck": Service(9000, ("gate",), 128),
    "gate": Service(8084, ("orca", "clouddriver", "rosco", "front50", "echo", "igor"), 1024, cached=True),
    "orca": Service(8083, ("clouddriver", "front50", "rosco", "echo", "igor"), 1536, cached=True),
    "clouddriver": Service(7002, ("front50",), 2048, cached=True),
    "front50": Service(8080, (), 1024),
    "rosco": Service(8087, (), 768, cached=True),
    "igor": Service(8088, ("echo",), 768, cached=True, alone=True),
    "echo": Service(8089, ("orca", "front50"), 768, alone=True),
}
"""Who calls whom: https://spinnaker.io/docs/reference/architecture/microservices-overview/. That orca calls
echo and igor, and clouddriver front50, is not in its picture, but in the configurations of their images. Fiat
and kayenta are left out: they need an identity provider and a store of metrics to ask."""


class SpinnakerArgs(Pods, Logging):
    data: ZonedPlacement
    """Where its cache is: subnets for data, one in each zone, with their `cidr_blocks`."""
    version: NotRequired[str]
    """Release, which all services have in common. Default 2026.3.2."""
    registry: NotRequired[pulumi.Input[str]]
    """Registry of the images "<registry>/<service>:<version>". Default ghcr.io/spinnaker, which nodes reach
    through NAT (EksCluster's public_images): ECR caches it for those with a GitHub token only."""
    manages: NotRequired[Mapping[str, str]]
    """Tags of the Auto Scaling groups that it may change. Default: the stack's, {"stack": <stack>}."""
    replicas: NotRequired[int]
    """Pods of every service, but for echo and igor, of which there is one. Default 2."""
    cache_node_type: NotRequired[str]
    """Default cache.t4g.small: 2 Graviton vCPUs, 1.4 GiB."""


class Spinnaker(Component):
    """Pipelines that roll out what runs on this account's Auto Scaling groups.

    It may resize, refresh and replace machines of the groups that it manages, and make none: what a group is
    is its program's to say. Pipelines are versioned objects in a bucket, runs are in Redis.

    There is no door: `kubectl port-forward service/<name>-deck 9000 --namespace <name>`, and open
    http://localhost:9000. Who may do that is the cluster's to say: Spinnaker itself asks nobody who they are.
    """

    namespace: pulumi.Output[str]
    bucket: pulumi.Output[str]
    """Where pipelines and applications are."""

    def __init__(self, name: str, args: SpinnakerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not RELEASE.fullmatch(version := args.get("version", VERSION)):
            self.reject("version", version, f"a release of Spinnaker, such as '{VERSION}'")
        stored: Any = {key: args[key] for key in Keeping.__annotations__ if key in args}
        logged: Any = {key: args[key] for key in Logging.__annotations__ if key in args}

        # State
        pipelines = PrivateBucket(f"{name}-pipelines", stored, self.child)
        cache: Any = {
            **args["data"],
            **logged,
            "node_type": args.get("cache_node_type", "cache.t4g.small"),
            "replicas": 1,
            "password": True,  # its client library gives nothing else
            # What gate would set (https://spinnaker.io/docs/setup/productionize/caching/externalize-redis/);
            # and a queue must not lose what waits in it.
            "parameters": {"notify-keyspace-events": "gxE", "maxmemory-policy": "noeviction"},
        }
        redis = RedisCluster(f"{name}-redis", cache, self.child)

        # Service
        space = KubernetesNamespace(name, _pods(args), self.child)
        region = aws.get_region_output(
            region=self._region, opts=pulumi.InvokeOutputOptions(parent=self)
        ).region
        values = {"region": region, "bucket": pipelines.bucket, "account": pulumi.get_stack()}
        rights = {
            "front50": keeping(pipelines.arn, args.get("key_arn")),
            "clouddriver": deploying(redis.arn, args.get("manages")),
        }
        services: dict[str, KubernetesService] = {}
        for service, shape in SERVICES.items():
            pod: Any = {
                **space.pods,
                **self._pod(service, args),
                **_rights(rights.get(service)),
                "files": self._files(service, values),
                "calls": [redis.name] if shape.cached else [],
                "replicas": 1 if shape.alone else args.get("replicas", 2),
                "alone": shape.alone,
            }
            services[service] = KubernetesService(f"{name}-{service}", pod, self.child)

        # Who may call whom
        for service, shape in SERVICES.items():
            connect(services[service], *(services[called] for called in shape.calls))
            connect(services[service], *([redis] if shape.cached else []))

        self.namespace = space.namespace
        self.bucket = pipelines.bucket
        self.register_outputs({"namespace": self.namespace, "bucket": self.bucket})

    def _pod(self, service: str, args: SpinnakerArgs) -> Any:
        shape = SERVICES[service]
        image = pulumi.Output.format(
            "{}/{}:{}", args.get("registry", REGISTRY), service, args.get("version", VERSION)
        )
        pod: dict[str, Any] = {"image": image, "port": shape.port, "memory_mib": shape.memory_mib}
        if service == "deck":
            command = ["apache2", "-D", "FOREGROUND", "-f", f"{SETTINGS}/apache2.conf"]
            more = {"command": command, "health_check_path": "/", "user": WWW_DATA, "cpu_millis": 50}
        else:
            options = "-XX:MaxRAMPercentage=60 -XX:+ExitOnOutOfMemoryError"
            more = {"environment": {"JAVA_OPTS": options}, "user": SPINNAKER, "start_seconds": 600}
        return {**pod, **more, "files_at": SETTINGS}

    def _files(self, service: str, values: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
        """What a service reads besides the settings in its image."""
        addresses = {
            one: f"{self.name}-{one}.{self.name}.svc.cluster.local:{s.port}" for one, s in SERVICES.items()
        }
        if service == "deck":
            page = {"port": SERVICES["deck"].port, "gate": addresses["gate"], "root": "/opt/deck/html"}
            places = {"modules": "/usr/lib/apache2/modules", "settings": f"{SETTINGS}/settings-local.js"}
            return {
                "apache2.conf": render(FILES / "apache2.conf.j2", **page, **places),
                "settings-local.js": (FILES / "settings-local.js").read_text(encoding="utf-8"),
            }
        known = {
            "addresses": {**addresses, "deck": f"localhost:{SERVICES['deck'].port}"},
            "redis": environment_name(f"{self.name}-redis"),
        }
        own = pulumi.Output.all(**values).apply(
            lambda values: render(FILES / f"{service}.yml.j2", **known, **values)
        )
        return {"spinnaker.yml": render(FILES / "spinnaker.yml.j2", **known), f"{service}.yml": own}


def _pods(args: SpinnakerArgs) -> Pods:
    return {
        "cluster": args["cluster"],
        "cluster_name": args["cluster_name"],
        "node_security_group_id": args["node_security_group_id"],
    }


def _rights(statements: list[dict[str, Any]] | None) -> Any:
    return {} if statements is None else {"aws_identity": True, "statements": statements}
