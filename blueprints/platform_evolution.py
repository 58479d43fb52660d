"""From one program to a platform: the same rides as a monolith, as services, and as pods of a mesh."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import connect
from components.component import Component
from components.edge.load_balancer import Front, Tls
from components.keeping import Logging
from components.placement import Placement, ZonedPlacement
from components.service.auto_scaling_service import AutoScalingService
from components.service.gateway_routes import Route
from components.service.kubernetes_pods import NamespacedPods, environment_name
from components.service.kubernetes_service import KubernetesService
from components.service.python_kit import with_kit
from components.service.service_image import ServiceImage
from components.state.postgresql import PostgreSql

SOURCES = Path(__file__).parent / "evolution"
PHASES = ("monolith", "soa", "platform")
PORT = 8080
CALLS: Mapping[str, tuple[str, ...]] = {
    "user": (),
    "payment": ("user",),
    "trip": ("payment",),
    "matching": ("user", "trip"),
}
"""The services, and which of them each calls: who is called comes first."""
MODULES = {"user": "users", "payment": "payments", "trip": "trips", "matching": "matching"}
PATHS = {
    "user": ["/api/users"],
    "payment": ["/api/payments"],
    "trip": ["/api/trips"],
    "matching": ["/api/rides", "/api/drivers"],
}


class PlatformEvolutionArgs(Placement, Logging, Tls):
    """`subnet_ids` are private, for the machines of the first two phases."""

    phase: str
    """"monolith": one program on one machine, with one database in one zone. "soa": four services, each on a
    fleet over all zones, which call each other over HTTP. "platform": the services as pods with an Envoy
    beside each, where `pods` is given; otherwise a stack has services of its own in their place."""
    data: ZonedPlacement
    """Where the database is."""
    keep_database: NotRequired[bool]
    """Whether the database, and the image of the program that knows it, are still there: False once nothing
    asks them any more, in the phase platform without `pods`. Default True."""
    database_class: NotRequired[str]
    """Instance class of the database. Default: PostgreSql's."""
    instance_type: NotRequired[str]
    """Type of the machines. Default: AutoScalingService's."""
    minimum: NotRequired[int]
    """Machines, or pods, that each service keeps when there is no load. Default: one in every subnet, and 2
    pods. The monolith always has one."""
    pods: NotRequired[NamespacedPods]
    """Where the services run in the phase platform; the component's `opts` are then those of
    EksCluster.inside. Default: nowhere."""
    front: NotRequired[Front]
    """The load balancer before the one program. Default: a private one in the same subnets."""
    tracing_address: NotRequired[pulumi.Input[str]]
    """"host:port" that takes the pods' spans, OTLP over gRPC. Default: nothing is traced."""
    events: NotRequired[str]
    """Name of the Kafka that the trip service's pods tell of trips, as "trip.state.changed": they wait for
    connect(evolution.services["trip"], kafka). Default: nobody is told."""


class PlatformEvolution(Component):
    """One code base in three phases, and a database that is the same in all of them.

    In the phase monolith the loss of the machine, or of the database's zone, ends all of it: what the other
    phases are for. `services` are what the phase has, and `routes` which paths each answers: a stack draws
    the arrows of its entrance, of its network's endpoints, of tracing and of events.
    """

    def __init__(
        self, name: str, args: PlatformEvolutionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        phase, pods = args["phase"], args.get("pods") if args["phase"] == "platform" else None
        self._check(args)
        self.services: dict[str, AutoScalingService | KubernetesService] = {}
        self.routes: dict[str, Route] = {}
        if not args.get("keep_database", True):
            self.register_outputs({})
            return
        part = _Parts(name, args)

        # State
        database = PostgreSql(f"{name}-database", part.database(standby=phase != "monolith"), self.child)

        # Service
        image = ServiceImage(f"{name}-image", part.image(), self.child)
        if phase == "monolith":
            app = part.fleet(image, database, "all", [], {"minimum": 1, "maximum": 1, **part.front})
            self.services["app"] = AutoScalingService(f"{name}-app", app, self.child)
        for service, calls in CALLS.items() if phase == "soa" else ():
            fleet = part.fleet(image, database, MODULES[service], calls, part.sizes)
            self.services[service] = AutoScalingService(f"{name}-{service}", fleet, self.child)
        for service, calls in CALLS.items() if pods else ():
            called: Any = {f"{name}-{one}": self.services[one] for one in calls}
            asked = part.pods(image, database, service, called)
            self.services[service] = KubernetesService(f"{name}-{service}", asked, self.child)

        # Who may call whom
        for service, one in self.services.items():
            connect(one, *(self.services[called] for called in CALLS.get(service, ())), database)
            self.routes[one.name] = {"paths": PATHS.get(service, ["/api"])}

        self.register_outputs({})

    def _check(self, args: PlatformEvolutionArgs) -> None:
        phase, pods = args["phase"], args.get("pods")
        if phase not in PHASES:
            self.reject("phase", phase, f"one of {', '.join(PHASES)}")
        if not args.get("keep_database", True) and (phase != "platform" or pods):
            self.reject("keep_database", False, "True while services of this component keep their data in it")
        if "events" in args and not pods:
            self.reject("events", args["events"], "given with pods, which tell of them")


class _Parts:
    """The arguments of its parts."""

    def __init__(self, name: str, args: PlatformEvolutionArgs) -> None:
        self._name, self._args = name, args
        self.logged: Any = {key: args[key] for key in Logging.__annotations__ if key in args}
        self.sizes: Any = {"minimum": args["minimum"]} if "minimum" in args else {}

    @property
    def front(self) -> Any:
        return {"front": self._args["front"]} if "front" in self._args else {}

    def database(self, *, standby: bool) -> Any:
        kind = {"instance_class": self._args["database_class"]} if "database_class" in self._args else {}
        return {**self._args["data"], **self.logged, **kind, "database": "rides", "standby": standby}

    def image(self) -> Any:
        return {**self.logged, "files": with_kit(SOURCES)}

    def fleet(
        self, image: ServiceImage, database: PostgreSql, module: str, calls: Any, sizes: Mapping[str, Any]
    ) -> Any:
        """A service on machines of its own."""
        own = (*Placement.__annotations__, *Tls.__annotations__, "instance_type")
        return {
            **{key: self._args[key] for key in own if key in self._args},
            **self.logged,
            **image.image,
            **sizes,
            "port": PORT,
            "calls": [database.name, *(f"{self._name}-{one}" for one in calls)],
            "program": {"arguments": f"--serve {module}", "environment": self._environment(database)},
        }

    def pods(
        self,
        image: ServiceImage,
        database: PostgreSql,
        service: str,
        called: Mapping[str, KubernetesService],
    ) -> Any:
        """A service as pods, each with its Envoy."""
        tells = [self._args["events"]] if service == "trip" and "events" in self._args else []
        mesh: Any = {"http": {one: _one_by_one(server) for one, server in called.items()}}
        if "tracing_address" in self._args:
            mesh["tracing_address"] = self._args["tracing_address"]
        return {
            **self._args.get("pods", {}),
            **image.image,
            **({"replicas": self.sizes["minimum"]} if self.sizes else {}),
            "port": PORT,
            "command": ["python3", "-m", "rides", "--serve", MODULES[service]],
            "calls": [database.name, *tells],
            "environment": {**self._environment(database), "EVENTS": "".join(tells)},
            "mesh": mesh,
            "scraped": True,
            "aws_identity": True,
        }

    def _environment(self, database: PostgreSql) -> dict[str, pulumi.Input[str]]:
        secret = f"{environment_name(database.name)}_SECRET_ARN"
        return {"FLEET": self._name, secret: database.secret_arn}


def _one_by_one(server: KubernetesService) -> pulumi.Output[str]:
    """Where a mesh finds each pod of a service, to keep away from those that fail."""
    return pulumi.Output.format("{}-pods.{}.svc.cluster.local:{}", server.name, server.namespace, server.port)
