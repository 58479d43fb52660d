"""What is done within seconds when a crowd makes one partition of the map too hot."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from blueprints.hot_cells.definition import FOLDER, STEP_SECONDS, definition
from components.component import Component
from components.control.load_threshold import LoadThreshold
from components.control.state_machine import StateMachine
from components.keeping import Logging
from components.placement import Placement
from components.service.autoscaler_access import AutoscalerAccess
from components.service.function import Function
from components.service.kubernetes_pods import NamespacedPods
from components.service.kubernetes_service import KubernetesService, environment_name
from components.service.service_image import ServiceImage

PACKAGE = "hot_cells"
MONITOR = ("__init__.py", "cells.py", "monitor.py", "store.py")
PORT = 8080
HOTTEST = "HottestPartition"
"""The metric that the monitor tells."""


class Locations(TypedDict):
    """The Redis cluster that the partitions are in (RedisCluster, with shards and a password)."""

    name: str
    """Name of its component: the monitor waits for connect(hot.monitor, …)."""
    address: pulumi.Input[str]
    secret_arn: pulumi.Input[str]
    """The secret that its password is in: connect(function, …) lets it be read."""


class Api(TypedDict):
    """The Kubernetes API (EksCluster)."""

    address: pulumi.Input[str]
    certificate_authority: pulumi.Input[str]


class Scaled(TypedDict):
    """Services that get more pods."""

    namespace: pulumi.Input[str]
    """The namespace that they are in."""
    least: Mapping[str, int]
    """The pods that each keeps when there is no load, by its name: services that have a maximum."""


class HotPartitionsArgs(Placement, Logging):
    """`subnet_ids` are private, for the functions."""

    locations: Locations
    """Where the partitions are."""
    pods: NamespacedPods
    """Where the monitor runs."""
    architecture: NotRequired[str]
    """"arm64" or "x86_64", that of the nodes. Default: ServiceImage's."""
    api: Api
    """Whom the autoscalers are asked of; the opts have the cluster's provider (EksCluster.inside)."""
    scaled: Scaled
    """What gets more pods."""
    breakers: NotRequired[Sequence[str]]
    """Names of servers that can be done without in an emergency. Default: none."""
    threshold: NotRequired[int]
    """Requests a second that one partition may have. Default 1000."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a partition stays hot, or when nobody measures. Default: none."""


class HotPartitions(Component):
    """A monitor of every partition's load, the alarm for over 1000 requests a second, and what it starts:
    split, redistribute, shed, scale out, warm caches, shape traffic, over and over until each part has less;
    where that is not enough, open breakers and degrade. When it is quiet again all is put back.

    The stack draws the arrows: from `monitor` and each of `functions` to the cache, from `functions` to where
    secrets are, from `scaler` to the Kubernetes API.
    """

    alarm_arn: pulumi.Output[str]
    state_machine_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: HotPartitionsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not args["scaled"]["least"]:
            self.reject("scaled", dict(args["scaled"]), "one service or more")
        part = _Parts(name, args)

        # Service
        image = ServiceImage(f"{name}-monitor-image", part.image, self.child)
        self.monitor = KubernetesService(f"{name}-monitor", part.monitor(image), self.child)
        partition = Function(f"{name}-partition", part.function("partition"), self.child)
        redistribute = Function(f"{name}-redistribute", part.function("redistribute"), self.child)
        protect = Function(f"{name}-protect", part.function("protect"), self.child)
        warm = Function(f"{name}-warm", part.function("warm"), self.child)
        self.scaler = Function(f"{name}-scale", part.scaler, self.child)
        self.functions: Sequence[Function] = (partition, redistribute, protect, warm)
        AutoscalerAccess(f"{name}-scale-access", part.access(self.scaler), self.child)

        # Control
        threshold = LoadThreshold(f"{name}-threshold", part.threshold, self.child)
        called = {
            "partition": partition.arn,
            "redistribute": redistribute.arn,
            "protect": protect.arn,
            "warm": warm.arn,
            "scale": self.scaler.arn,
        }
        machine = StateMachine(f"{name}-response", part.machine(called, threshold), self.child)

        self.alarm_arn = threshold.alarm_arn
        self.state_machine_arn = machine.arn
        self.register_outputs({"alarm_arn": self.alarm_arn, "state_machine_arn": self.state_machine_arn})


class _Parts:
    """The arguments of the parts."""

    def __init__(self, name: str, args: HotPartitionsArgs) -> None:
        self._args = args
        self._limit = {"THRESHOLD": str(args.get("threshold", 1000))}
        self._namespace = f"{pulumi.get_stack()}/{name}"
        self._logged: Any = {key: args[key] for key in Logging.__annotations__ if key in args}
        self._told: Any = {"alarm_actions": args["alarm_actions"]} if "alarm_actions" in args else {}

    @property
    def image(self) -> Any:
        context = {f"{PACKAGE}/{file}": file for file in MONITOR}
        context |= {file: file for file in ("Dockerfile", "run.packages")}
        files = {at: (FOLDER / file).read_text(encoding="utf-8") for at, file in context.items()}
        built = {key: self._args[key] for key in ("architecture",) if key in self._args}
        return {"files": files, **built, **self._logged}

    def monitor(self, image: ServiceImage) -> Any:
        locations = self._args["locations"]["name"]
        return {
            **self._args["pods"],
            **image.image,
            "port": PORT,
            "calls": [locations],
            "aws_identity": True,
            "statements": [
                {
                    "Sid": "Tell",
                    "Effect": "Allow",
                    "Action": "cloudwatch:PutMetricData",
                    "Resource": "*",  # it takes no resource
                    "Condition": {"StringEquals": {"cloudwatch:namespace": self._namespace}},
                }
            ],
            "environment": {
                **self._limit,
                "SERVER": environment_name(locations),
                "NAMESPACE": self._namespace,
                "METRIC": HOTTEST,
                "PORT": str(PORT),
            },
            "scraped": True,
            "cpu_millis": 100,
            "memory_mib": 128,
        }

    def function(self, module: str) -> Any:
        """A function that works on the partitions."""
        locations = self._args["locations"]
        return {
            **self._code(module),
            "packages": ["redis", "s2cell"],
            "memory_mib": 1024,
            "environment": {
                **self._limit,
                "REDIS_ADDRESS": locations["address"],
                "REDIS_SECRET_ARN": locations["secret_arn"],
                "BREAKERS": pulumi.Output.json_dumps(list(self._args.get("breakers", ()))),
            },
        }

    @property
    def scaler(self) -> Any:
        scaled, api = self._args["scaled"], self._args["api"]
        return {
            **self._code("scale"),
            "environment": {
                "CLUSTER_URL": pulumi.Output.format("https://{}", api["address"]),
                "CLUSTER_NAME": self._args["pods"]["cluster_name"],
                "CLUSTER_AUTHORITY": api["certificate_authority"],
                "NAMESPACE": scaled["namespace"],
                "AUTOSCALERS": pulumi.Output.json_dumps(dict(scaled["least"])),
            },
        }

    def access(self, scaler: Function) -> Any:
        scaled = self._args["scaled"]
        return {
            **self._args["pods"],
            "namespace": scaled["namespace"],
            "role_arn": scaler.role_arn,
            "autoscalers": sorted(scaled["least"]),
        }

    @property
    def threshold(self) -> Any:
        limit = {"threshold": self._args["threshold"]} if "threshold" in self._args else {}
        return {"namespace": self._namespace, "metric_name": HOTTEST, **limit, **self._told}

    def machine(self, functions: Mapping[str, pulumi.Output[str]], threshold: LoadThreshold) -> Any:
        return {
            "definition": pulumi.Output.all(**functions).apply(definition),
            "functions": functions,
            "alarm_arns": [threshold.alarm_arn],
            **self._logged,
            **self._told,
        }

    def _code(self, module: str) -> Any:
        files = {f"{PACKAGE}/{file.name}": str(file) for file in sorted(FOLDER.glob("*.py"))}
        placed = {key: self._args[key] for key in ("vpc_id", "subnet_ids")}
        return {
            **placed,
            **self._logged,
            "code": files,
            "handler": f"{PACKAGE}.{module}.handler",
            "seconds": STEP_SECONDS - 30,
        }
