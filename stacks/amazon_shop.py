"""What the shop's services are, what they keep, and who may call whom."""

from dataclasses import dataclass
from typing import Any

from blueprints.recommendations import Recommendations
from blueprints.shopping_cart import ShoppingCart, ShoppingCartArgs
from components.access import connect
from components.control.signing_key import SigningKey
from components.control.tracing import Tracing
from components.edge.load_balancer import Tls
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService
from components.service.forecast import Predictive
from components.service.gateway import Gateway
from components.service.gateway_routes import Route
from components.service.python_kit import with_kit
from components.service.service_image import ServiceImage
from components.state.aurora_mysql import AuroraMySql, AuroraMySqlArgs
from components.state.content_store import ContentStore
from components.state.search_domain import SearchDomain
from components.state.warehouse import Warehouse
from stacks.amazon_settings import AmazonEnvironment
from stacks.ground import Ground, Told
from stacks.programs import SERVICES

AHEAD: Predictive = {"buffer_seconds": 1800, "mode": "ForecastAndScale"}
"""Half an hour ahead of what history says, as the case study has it."""
JAVA = ("Aws.java", "Json.java", "Metrics.java", "Web.java", "Xray.java")
"""What the services in Java share."""
CATALOG = ("Events.java", "Related.java", "catalogue.jsonl")
"""What the catalog has besides."""
HOT_SHARDS = 2
"""Of the cache of recommendations, between events."""
TRACED = ("cart-service", "catalog", "inventory", "order", "payment", "shipping")
"""Services that tell X-Ray of what they answer."""
ROUTES: dict[str, Route] = {
    "order": {"paths": ["/api/orders"], "priority": 10, "timeout_ms": 10_000},
    "cart-service": {"paths": ["/api/carts"], "priority": 20},
    "catalog": {"paths": ["/api/catalog"], "requests_per_second": 200, "priority": 40},
}
"""What is bought counts more than what is looked at."""


class Fleet(Placement, Logging, Tls):
    """What the services have in common."""

    port: int
    minimum: int
    predictive: Predictive
    traced: bool


@dataclass(frozen=True)
class Shop:
    """The parts that the page needs besides."""

    gateway: Gateway
    fleets: dict[str, AutoScalingService | Gateway]
    cart: ShoppingCart
    order: AutoScalingService
    orders: AuroraMySql
    images: ContentStore
    recommendations: Recommendations
    tracing: Tracing


def shop(env: AmazonEnvironment, ground: Ground, told: Told, twin: Ground | None) -> Shop:
    """Catalog, cart, order, inventory, payment and shipping behind a gateway, and what they keep."""
    network, logged = ground.network, ground.logged

    # State
    images = ContentStore("product-images", {**ground.kept, "shared": True})
    stock = SearchDomain(
        "stock",
        {
            **network.data,
            **logged,
            "instance_type": env.search_instance_type,
            "dedicated_masters": env.search_masters,
        },
    )
    orders = _orders(env, ground, twin)
    Warehouse(
        "analytics",
        {
            **network.data,
            **logged,
            "node_type": env.warehouse_node_type,
            "nodes": env.warehouse_nodes,
            "standby": env.warehouse_standby,
            "sources": {"orders": orders.changes},
            "alarm_actions": told.here,
        },
    )
    seal = SigningKey("seal", {"disposable": env.disposable})

    # Control
    tracing = Tracing("xray", {"services": {service: {} for service in TRACED}})

    # Service
    fleet: Fleet = {
        **network.private,
        **logged,
        **ground.tls,
        "port": 8080,
        "minimum": env.service_minimum,
        "predictive": AHEAD,
        "traced": True,
    }
    region = {"AWS_REGION": ground.region}
    likely = Recommendations("likely", _likely(env, ground, told))
    cart = ShoppingCart("cart", _cart(env, ground, told, twin))
    catalog = AutoScalingService(
        "catalog",
        {
            **fleet,
            **_java("catalog", "CatalogService.java", logged, *CATALOG),
            "calls": [images.name, likely.events.entry.name, likely.answers.name],
            "program": {
                "arguments": "CatalogService",
                "environment": {**region, "IMAGES_ADDRESS": images.address},
            },
        },
    )
    inventory = AutoScalingService(
        "inventory",
        {
            **fleet,
            **_folder("inventory", logged),
            "calls": [stock.name],
            "program": {"environment": region},
        },
    )
    payment = AutoScalingService(
        "payment",
        {
            **fleet,
            **_java("payment", "ShopPaymentService.java", logged),
            "calls": [seal.name],
            "program": {"arguments": "ShopPaymentService", "environment": region},
        },
    )
    shipping = AutoScalingService("shipping", {**fleet, **_kit("shipping", logged)})
    order = AutoScalingService(
        "order",
        {
            **fleet,
            **_folder("order", logged),
            "calls": [orders.name, inventory.name, payment.name, shipping.name],
            "program": {"environment": {**region, "ORDERS_SECRET_ARN": orders.secret_arn}},
        },
    )
    gateway = Gateway(
        "gateway",
        {
            **network.private,
            **logged,
            **ground.images.pull("docker/library/kong:3.9"),
            **ground.front,
            "minimum": env.service_minimum,
            "predictive": AHEAD,
            "routes": ROUTES,
        },
    )

    # Who may call whom
    connect(gateway, catalog, cart.service, order)
    connect(catalog, images, likely.events.entry, likely.answers)
    connect(order, orders, inventory, payment, shipping)
    connect(inventory, stock)
    connect(payment, seal)
    for traced in (catalog, cart.service, order, inventory, payment, shipping):
        connect(traced, tracing)
    services = (gateway, catalog, cart.service, order, inventory, payment, shipping)
    for caller in (*services, *likely.callers):
        connect(caller, network.endpoints)

    fleets = {one.name: one for one in services}
    return Shop(gateway, fleets, cart, order, orders, images, likely, tracing)


def _orders(env: AmazonEnvironment, ground: Ground, twin: Ground | None) -> AuroraMySql:
    """The orders' database, and its copy in the other region."""
    args: AuroraMySqlArgs = {
        **ground.network.data,
        **ground.logged,
        "instance_class": env.mysql_instance_class,
        "replicas": env.mysql_replicas,
        "followed": True,
    }
    if twin is None:
        return AuroraMySql("orders", args)
    args["replicated_to"] = {twin.region: twin.key.key_arn}
    orders = AuroraMySql("orders", args)
    AuroraMySql(
        "orders",
        {
            **twin.network.data,
            **twin.logged,
            "instance_class": env.mysql_instance_class,
            "replicas": env.mysql_replicas,
            "primary": orders.primary,
        },
        twin.opts,
    )
    return orders


def _cart(env: AmazonEnvironment, ground: Ground, told: Told, twin: Ground | None) -> ShoppingCartArgs:
    args: ShoppingCartArgs = {
        **ground.network.private,
        **ground.logged,
        **ground.tls,
        "data": ground.network.data,
        "crew": {"minimum": env.service_minimum},
        "cache": {"node_type": env.cart_cache_type},
        "flags": "flags",
        "handover": "surge-waiting",
        "traced": True,
        "alarm_actions": told.here,
    }
    if twin is not None:
        args["replicas"], args["replica_key_arns"] = [twin.region], {twin.region: twin.key.key_arn}
    return args


def _likely(env: AmazonEnvironment, ground: Ground, told: Told) -> Any:
    campaign = {"campaign_arn": env.campaign_arn} if env.campaign_arn else {}
    return {
        **ground.network.private,
        **ground.logged,
        **campaign,
        "data": ground.network.data,
        "hourly": {
            "clicks": env.clicks_per_hour,
            "views": env.views_per_hour,
            "purchases": env.purchases_per_hour,
        },
        "cache_node_type": env.hot_cache_type,
        "cache_shards": HOT_SHARDS,
        "learn_percent": env.learn_percent,
        "alarm_actions": told.here,
    }


def _java(name: str, program: str, logged: Logging, *more: str) -> Image:
    files = {file: (SERVICES / file).read_text(encoding="utf-8") for file in (*JAVA, program, *more)}
    files["Dockerfile"] = (SERVICES / "java" / "Dockerfile").read_text(encoding="utf-8")
    return ServiceImage(f"{name}-image", {**logged, "files": files}).image


def _folder(name: str, logged: Logging) -> Image:
    return ServiceImage(f"{name}-image", {**logged, "folder": str(SERVICES / name)}).image


def _kit(name: str, logged: Logging) -> Image:
    return ServiceImage(f"{name}-image", {**logged, "files": with_kit(SERVICES / name)}).image
