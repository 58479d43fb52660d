"""Riders and drivers, brought together within seconds: where drivers are, who is sent, and who is told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.access import connect
from components.component import Component
from components.keeping import Logging
from components.placement import ZonedPlacement
from components.service.envoy import MESH_PORT, Mesh, local_ports
from components.service.kubernetes_pods import NamespacedPods, environment_name
from components.service.kubernetes_service import KubernetesService
from components.service.push_notifications import PushNotifications
from components.service.service_image import ServiceImage
from components.state.kafka_cluster import KafkaCluster, Topic
from components.state.redis_cluster import RedisCluster

PROGRAMS = Path(__file__).parent / "matching"
PORT, GOSSIP_PORT = 8080, 3000
COPIES = 3
"""Zones that events are kept in, MSK's most; where there are more, the first ones."""
PLACED = ("subnet_ids", "cidr_blocks", "zones")
DISPATCHED, CHANGED = "driver.location.updated", "trip.state.changed"


class Cache(TypedDict):
    """How much of where drivers are is kept, and how often."""

    shards: NotRequired[int]
    """RedisCluster's shards. Default 3."""
    replicas: NotRequired[int]
    """Copies of each shard. Default: RedisCluster's."""
    node_type: NotRequired[str]
    """Default: RedisCluster's."""


class Stream(TypedDict):
    """How much of what happens is kept."""

    partitions: NotRequired[int]
    """Parts of each topic. Default 12."""
    brokers_per_zone: NotRequired[int]
    """Default: KafkaCluster's, as for what follows."""
    instance_type: NotRequired[str]
    """Machine of a broker."""
    storage_gib: NotRequired[int]
    """First size of each broker's disk."""
    private_links: NotRequired[bool]
    """Whether an EventArchive may read it."""


class Crew(TypedDict):
    """How many pods do a service's work."""

    replicas: NotRequired[int]
    """Kept when there is no load. Default 3."""
    maximum: NotRequired[int]
    """Under the highest load. Default: four times the replicas."""


class RideMatchingArgs(ZonedPlacement, Logging):
    """The placement is for data; its `cidr_blocks` are needed. The opts have the cluster's provider
    (EksCluster.inside)."""

    pods: NamespacedPods
    """Where its services run."""
    architecture: NotRequired[str]
    """"arm64" or "x86_64", that of the nodes. Default: ServiceImage's."""
    mesh: NotRequired[Mesh]
    """What the services' proxies do besides: tracing; and `http`, whom matching calls: "pricing". Default:
    neither."""
    registry: NotRequired[str]
    """Name of the Consul that location writes itself into; connect(rides.location, consul) is the stack's.
    Default: none."""
    cache: NotRequired[Cache]
    """Size of the cache. Default: three shards."""
    stream: NotRequired[Stream]
    """Size of the stream of events. Default: a broker in each zone."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when the stream of events is not well. Default: none."""
    matching: NotRequired[Crew]
    """Pods of the matching service. Default: 3 to 12, as for what follows."""
    location: NotRequired[Crew]
    """Pods of the location service."""


class RideMatching(Component):
    """Drivers' places, four a second from each, by cell of the map; rides that get the best driver within
    2 km, and no driver two; events of it, what becomes of trips, and pushes to those whom it concerns.

    Where a request has a token, which the balancer has verified, a rider asks for nobody else (scope
    rides/ride), and a driver says only where it is itself (rides/drive). Without one anybody may do anything.

    Matching's pods speak to each other in the clear, and network policies keep others out. The stack draws
    the arrows from and to what is not here: from a gateway to `matching` and `location`,
    from `matching` to pricing, from `location` to the registry, from everyone to tracing.
    """

    push_topic_arn: pulumi.Output[str]
    """The topic that riders and drivers are told through."""

    def __init__(self, name: str, args: RideMatchingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        part = _Parts(name, args)

        # State
        self.locations = RedisCluster(f"{name}-locations", part.locations, self.child)
        self.events = KafkaCluster(f"{name}-events", part.events, self.child)

        # Service
        self.pushes = PushNotifications(f"{name}-pushes", part.pushes, self.child)
        matching = ServiceImage(f"{name}-matching-image", part.image("matching"), self.child)
        location = ServiceImage(f"{name}-location-image", part.image("location"), self.child)
        processor = ServiceImage(f"{name}-trips-image", part.image("trip_processor"), self.child)
        self.matching = KubernetesService(
            f"{name}-matching", part.matching(matching, self.locations, self.events), self.child
        )
        self.location = KubernetesService(
            f"{name}-location", part.location(location, self.locations), self.child
        )
        self.trip_processor = KubernetesService(
            f"{name}-trip-processor", part.processor(processor, self.events, self.pushes), self.child
        )

        # Who may call whom
        connect(self.location, self.locations)
        connect(self.matching, self.locations, self.events)
        connect(self.trip_processor, self.events, self.pushes)

        self.push_topic_arn = self.pushes.topic_arn
        self.register_outputs({"push_topic_arn": self.push_topic_arn})


class _Parts:
    """The arguments of the parts, from those of the whole."""

    def __init__(self, name: str, args: RideMatchingArgs) -> None:
        self._name, self._args = name, args
        self._logged: Any = {key: args[key] for key in Logging.__annotations__ if key in args}
        placed = {key: args[key] for key in ZonedPlacement.__annotations__ if key in args}
        self._data: Any = {**placed, **self._logged}
        mesh = args.get("mesh", {})
        self._mesh: Mesh = {**mesh, "http": {}}
        self._called = mesh.get("http", {})

    @property
    def locations(self) -> Any:
        # Where a driver was half a minute ago is of no use: nothing is kept but in memory.
        return {
            **self._data,
            "shards": 3,
            "password": True,
            "snapshot_days": 0,
            **self._args.get("cache", {}),
        }

    @property
    def events(self) -> Any:
        stream: dict[str, Any] = {**self._args.get("stream", {})}
        topic: Topic = {"partitions": stream.pop("partitions", 12)}
        return {
            **self._data,
            **{key: self._data[key][:COPIES] for key in PLACED if key in self._data},
            **{key: self._args[key] for key in ("alarm_actions",) if key in self._args},
            "topics": {DISPATCHED: topic, CHANGED: topic},
            **stream,
        }

    @property
    def pushes(self) -> Any:
        return {key: self._args[key] for key in ("key_arn",) if key in self._args}

    def image(self, program: str) -> Any:
        built = {key: self._args[key] for key in ("architecture",) if key in self._args}
        return {**self._logged, **built, "folder": str(PROGRAMS / program)}

    def matching(self, image: ServiceImage, locations: RedisCluster, events: KafkaCluster) -> Any:
        mesh: Mesh = {**self._mesh, "http": self._called, "redis": {locations.name: locations.address}}
        return {
            **self._pod(image, mesh, self._args.get("matching", {})),
            "stable": True,
            "peers": {"gossip": GOSSIP_PORT},
            "aws_identity": True,
            "environment": {
                **_told(locations, mesh),
                "EVENTS_ADDRESS": events.address,
                "AWS_REGION": _region(events),
                "GOSSIP_PORT": str(GOSSIP_PORT),
            },
        }

    def location(self, image: ServiceImage, locations: RedisCluster) -> Any:
        mesh: Mesh = {**self._mesh, "redis": {locations.name: locations.address}}
        made = self._pod(image, mesh, self._args.get("location", {}))
        environment = {**_told(locations, mesh), "MESH_PORT": str(MESH_PORT)}
        if "registry" in self._args:
            registry = self._args["registry"]
            made["calls"] = [registry]
            environment["REGISTRY"] = environment_name(registry)
        return {**made, "environment": environment}

    def processor(self, image: ServiceImage, events: KafkaCluster, pushes: PushNotifications) -> Any:
        return {
            **self._pod(image, self._mesh, {"replicas": 2, "maximum": 2}),
            "aws_identity": True,
            "environment": {
                "PORT": str(PORT),
                "EVENTS_ADDRESS": events.address,
                "GROUP": f"{self._name}-trip-processor",  # the one that its arrow lets it be
                "PUSHES_TOPIC_ARN": pushes.topic_arn,
                "AWS_DEFAULT_REGION": _region(events),
            },
        }

    def _pod(self, image: ServiceImage, mesh: Mesh, crew: Crew) -> dict[str, Any]:
        replicas = crew.get("replicas", 3)
        return {
            **self._args["pods"],
            **image.image,
            "port": PORT,
            "replicas": replicas,
            "maximum": crew.get("maximum", 4 * replicas),
            "mesh": mesh,
            "scraped": True,
        }


def _told(locations: RedisCluster, mesh: Mesh) -> dict[str, Any]:
    """Where a program listens, and finds the cache: at its own proxy."""
    through = local_ports({**mesh.get("http", {}), **mesh.get("redis", {})})
    return {"PORT": str(PORT), "LOCATIONS_ADDRESS": f"127.0.0.1:{through[locations.name]}"}


def _region(events: KafkaCluster) -> pulumi.Output[str]:
    return events.arn.apply(lambda arn: arn.split(":")[3])
