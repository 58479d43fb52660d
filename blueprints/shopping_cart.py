"""Carts that lose nothing, and that become orders of what there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from blueprints.cart.orders import TO_HAND_OVER
from blueprints.cart.record import OPEN
from components.access import connect
from components.component import Component
from components.edge.load_balancer import Tls
from components.keeping import Logging
from components.placement import Placement, ZonedPlacement
from components.service.auto_scaling_service import AutoScalingService
from components.service.kubernetes_pods import environment_name
from components.service.python_kit import with_kit
from components.service.service_image import ServiceImage
from components.state.backup_plan import BackupPlan
from components.state.dax_cluster import DaxCluster
from components.state.dynamo_table import DynamoTable

PROGRAM, PACKAGE = Path(__file__).parent / "cart", "cart"
PORT = 8080
SESSION_SECONDS = 3600


class Crew(TypedDict):
    """How many machines do the work."""

    minimum: NotRequired[int]
    """Kept when there is no load. Default: AutoScalingService's, as for what follows."""
    maximum: NotRequired[int]
    """Under the highest load."""
    instance_type: NotRequired[str]
    """What they are."""


class Cache(TypedDict):
    """How much of the tables is in memory."""

    nodes: NotRequired[int]
    """Default: DaxCluster's, as for what follows."""
    node_type: NotRequired[str]
    """What they are."""


class ShoppingCartArgs(Placement, Logging, Tls):
    """`subnet_ids` are private, for the service. Of `key_arn` the copies in `replicas` need one each."""

    data: ZonedPlacement
    """Where the cache stands."""
    crew: NotRequired[Crew]
    """Machines of the service. Default: one in each zone, and four times as many at most."""
    cache: NotRequired[Cache]
    """Nodes of the cache. Default: three."""
    replicas: NotRequired[Sequence[str]]
    """Other regions that have all carts within about a second, and a backup of every day. Default: none."""
    replica_key_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """The key of each such region, where `key_arn` is given. Default: none."""
    warm_reads: NotRequired[int]
    """Read units a second that carts, products and stock take at once (DynamoTable). Default: what they were
    made with."""
    warm_writes: NotRequired[int]
    """Write units a second."""
    flags: NotRequired[str]
    """Name of the FeatureFlags that the stack draws an arrow to: connect(cart.service, flags). Its flag
    "preload" says whether carts bring along what goes with their items. Default: none, and they do."""
    handover: NotRequired[str]
    """Name of the WorkQueue that gets each order that is placed, {"path": "/api/orders", "body"}, at least
    once, and to whose entry the stack draws an arrow: connect(cart.service, queue.entry). Default: none, and
    orders stay in the table."""
    traced: NotRequired[bool]
    """Whether the service's machines can tell X-Ray of requests (AutoScalingService.traced): the stack draws
    connect(cart.service, tracing). Default False."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements of the service's role. Default: none."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when tables refuse requests, or the cache or a backup fails. Default:
    none."""


class ShoppingCart(Component):
    """Carts, of which each region writes rows of its own, so that none overwrites another's, and checkouts in
    two phases over cart, stock and order, which never sell what is not there.

    A service of machines behind a balancer, since that is what a gateway reaches by an arrow: functions take
    no connections, and would meet in each other's writes, where machines that keep their sessions hardly do.
    Its routes are /api/carts; /internal/products and /internal/stock are for services that have an arrow to
    it. Who ships orders reads the stream of `orders`. Checkouts are for one region, where the stock is.
    """

    address: pulumi.Output[str]
    """Of the service: connect(gateway, cart.service)."""
    order_stream_arn: pulumi.Output[str]
    """What becomes of orders: pending, placed, cancelled."""

    def __init__(self, name: str, args: ShoppingCartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        part = _Parts(name, args)

        # State
        self.carts = DynamoTable(f"{name}-carts", part.busy("cart", "row"), self.child)
        self.products = DynamoTable(f"{name}-products", part.busy("sku"), self.child)
        self.stock = DynamoTable(f"{name}-stock", part.busy("sku"), self.child)
        self.holds = DynamoTable(f"{name}-holds", part.table("checkout", "sku"), self.child)
        self.checkouts = DynamoTable(f"{name}-checkouts", part.log, self.child)
        self.orders = DynamoTable(f"{name}-orders", part.orders, self.child)
        tables = {
            "carts": self.carts,
            "products": self.products,
            "stock": self.stock,
            "holds": self.holds,
            "checkouts": self.checkouts,
            "orders": self.orders,
        }
        self.tables: Sequence[DynamoTable] = tuple(tables.values())
        self.busy: Sequence[DynamoTable] = (self.carts, self.products, self.stock)
        self.cache = DaxCluster(f"{name}-dax", part.cache(self.carts, self.products), self.child)
        self.backups = BackupPlan(f"{name}-backups", part.backups(tables.values()), self.child)

        # Service
        image = ServiceImage(f"{name}-image", part.image, self.child)
        self.service = AutoScalingService(
            f"{name}-service", part.service(image, tables, self.cache), self.child
        )

        # Who may call whom
        connect(self.service, self.cache, *tables.values())

        self.address = self.service.address
        self.order_stream_arn = self.orders.stream_arn
        self.register_outputs({"address": self.address, "order_stream_arn": self.order_stream_arn})


class _Parts:
    """The arguments of the parts, from those of the whole."""

    def __init__(self, name: str, args: ShoppingCartArgs) -> None:
        self._name, self._args = name, args
        self._kept = self._given("key_arn", "disposable")
        self._told = self._given("alarm_actions")
        self._replicated = self._given("replicas", "replica_key_arns")

    def table(self, partition: str, sort: str = "") -> Any:
        """A table whose keys are texts, with a copy in each region."""
        key = {"partition": (partition, "S"), **({"sort": (sort, "S")} if sort else {})}
        return {"key": key, **self._kept, **self._replicated, **self._told}

    def busy(self, partition: str, sort: str = "") -> Any:
        """A table that every visitor reads, or every buyer writes."""
        aged = {"ttl": "kept_until"} if partition == "cart" else {}
        return {**self.table(partition, sort), **aged, **self._given("warm_reads", "warm_writes")}

    @property
    def log(self) -> Any:
        unfinished = {"partition": (OPEN, "S"), "sort": ("expires", "N"), "attributes": []}
        return {**self.table("checkout"), "ttl": "kept_until", "indexes": {OPEN: unfinished}}

    @property
    def orders(self) -> Any:
        waiting = {"partition": (TO_HAND_OVER, "S"), "sort": ("placed_at", "N"), "attributes": []}
        indexes = {"indexes": {TO_HAND_OVER: waiting}} if "handover" in self._args else {}
        return {**self.table("order_id"), "stream": True, **indexes}

    def cache(self, *tables: DynamoTable) -> Any:
        arns = [table.arn for table in tables]
        return {
            **self._args["data"],
            **self._kept,
            **self._told,
            **self._args.get("cache", {}),
            "table_arns": arns,
            "called": f"{pulumi.get_stack()}-{self._name}",
            # How old a price may look, or what another region has written; what is written here shows at
            # once.
            "item_seconds": 10,
        }

    def backups(self, tables: Any) -> Any:
        regions = {"copies": self._args["replicas"]} if "replicas" in self._args else {}
        keys = self._args.get("replica_key_arns")
        copy_keys = {"copy_key_arns": keys} if keys is not None else {}
        arns = [table.arn for table in tables]
        return {"table_arns": arns, **self._kept, **self._told, **regions, **copy_keys}

    @property
    def image(self) -> Any:
        return {"files": image_files(), **self._logged}

    def service(self, image: ServiceImage, tables: Mapping[str, DynamoTable], cache: DaxCluster) -> Any:
        region = self._region(tables["carts"])
        others = self._given("flags", "handover")
        environment: dict[str, pulumi.Input[str]] = {
            **{f"{role.upper()}_TABLE": table.table_name for role, table in tables.items()},
            "DAX_ADDRESS": cache.address,
            "AWS_DEFAULT_REGION": region,
            "REGIONS": ",".join(self._args.get("replicas", ())),
            # The variables that a machine has their addresses in.
            **{key.upper(): f"{environment_name(other)}_ADDRESS" for key, other in others.items()},
        }
        return {
            **self._given("vpc_id", "subnet_ids", "cidr_blocks", *Tls.__annotations__),
            **self._logged,
            **image.image,
            **self._args.get("crew", {}),
            **self._given("statements", "traced"),
            "port": PORT,
            "calls": [cache.name, *(table.name for table in tables.values()), *others.values()],
            "program": {"environment": environment},
            "sticky_seconds": SESSION_SECONDS,
        }

    @property
    def _logged(self) -> Any:
        return self._given(*Logging.__annotations__)

    def _given(self, *keys: str) -> dict[str, Any]:
        args: Mapping[str, Any] = self._args
        return {key: args[key] for key in keys if key in args and key != "region"}

    def _region(self, table: DynamoTable) -> pulumi.Output[str]:
        return table.arn.apply(lambda arn: arn.split(":")[3])


def image_files() -> dict[str, str]:
    """All that the image is built from, by path."""
    outside = ("Dockerfile", "requirements.txt")
    return {
        at if at in outside or at.startswith("components/") else f"{PACKAGE}/{at}": text
        for at, text in with_kit(PROGRAM).items()
    }
