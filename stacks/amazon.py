"""Amazon: a shop, and its busiest day."""

import re

import pulumi

from blueprints.incident_response import IncidentResponse
from blueprints.recommendations import ENDPOINTS
from blueprints.surge_events import SurgeEvents, SurgeEventsArgs
from components.access import connect, let_out
from components.component import Component
from components.control.availability import Availability
from components.control.budget import Budget
from components.control.cdn_availability import CdnAvailability
from components.control.compliance import Compliance
from components.control.feature_flags import FeatureFlags
from components.control.flag_document import Flag
from components.control.storage_availability import StorageAvailability
from components.control.tiers import Fleet, Table
from components.edge.cdn_edge import CdnEdge, CdnEdgeArgs
from components.edge.domain import Domain
from components.edge.geography import Geography
from components.edge.write_fallback import WriteFallback
from components.provider import provider, use
from components.region import Region
from components.state.private_bucket import share
from components.state.sizes import AURORA_READERS
from stacks.amazon_settings import AmazonEnvironment, Row
from stacks.amazon_shop import HOT_SHARDS, Shop, shop
from stacks.ground import Ground, Told, own_domain

HEALTH = "/health"
AREAS = {"us": 150, "eu": 200, "asia": 250}
"""Milliseconds to a first byte of 99 answers of 100, by where it is measured. The case study names none."""
INSIDE = ("appconfig", "kms", "lambda", "sqs", "wafv2", "xray")
"""AWS services that the stack calls, besides those of the recommendations."""

TIMES = 10
"""How much larger than on other days everything is on Prime Day."""
GROWING = r"cache\..+\.(2?x)?large"
"""Nodes of caches that AWS makes more of: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoScaling.html"""
FLAGS: dict[str, Flag] = {
    "preload": {"description": "Whether carts bring along what belongs to their items", "enabled": True},
}


def amazon(env: AmazonEnvironment) -> None:
    """Catalogue, carts and orders; what keeps them up on Prime Day; what one may like."""
    use(provider(env.region, env.endpoint), {"stack": pulumi.get_stack(), "owner": env.owner})
    domain = own_domain(env)
    ground = Ground(
        env,
        env.region,
        "10.0.0.0/16",
        domain,
        endpoints=sorted({*INSIDE, *ENDPOINTS} - {"logs", "secretsmanager"}),
    )
    twin = _twin(env, domain) if env.two_regions else None
    told = Told(env, ground)

    # State and service
    sold = shop(env, ground, told, twin)

    # Edge
    edge = _edge(env, ground, domain, sold)
    share(sold.images.original, edge.reads())
    connect(edge, sold.gateway)
    host = env.domain or edge.domain_name
    for area, p99_ms in AREAS.items():
        Geography(
            area,
            {"area": area, "host": host, "path": HEALTH, "p99_ms": p99_ms, "alarm_actions": told.worldwide},
        )

    # Control
    _watch(env, ground, told, edge, sold)
    _prime_day(env, ground, told, edge, sold)

    pulumi.export("url", pulumi.Output.format("https://{}", host))
    if domain:
        pulumi.export("name_servers", domain.name_servers)
        pulumi.export("ds_record", domain.ds_record)


def _twin(env: AmazonEnvironment, domain: Domain | None) -> Ground:
    """The region that has copies of orders and carts."""
    abroad = pulumi.ResourceOptions(providers=[provider(env.twin_region, env.endpoint)])
    around: Component = Region("twin", {}, abroad)
    return Ground(env, env.twin_region, "10.1.0.0/16", domain, around)


def _edge(env: AmazonEnvironment, ground: Ground, domain: Domain | None, sold: Shop) -> CdnEdge:
    """CloudFront and its firewall: pictures, pages and calls; what is stale, or static, before an error."""
    args: CdnEdgeArgs = {
        **ground.kept,
        "origin_dns_name": sold.gateway.dns_name,
        "origin_arn": sold.gateway.load_balancer_arn,
        "log_bucket_domain_name": ground.logs.bucket_domain_name,
        "price_class": env.price_class,
        "api_paths": ["/api/catalog/events", "/api/*", HEALTH],
        "images": {"bucket_domain_name": sold.images.bucket_regional_domain_name},
        # As long as the catalog's own answers say that they may be stale.
        "fallback": {"paths": ["/api/catalog*"]},
        "stale_seconds": 1800,
        "sheddable": {"browsing": {"paths": ["/api/catalog"]}},
    }
    if domain:
        args["origin_tls"] = True
        args["origin_dns_name"] = f"gateway.{env.domain}"  # the balancer's certificate has it
        args["aliases"], args["zone_id"] = [env.domain], domain.zone_id
        args["certificate_arn"] = domain.certificate_arn
    return CdnEdge("edge", args)


def _watch(env: AmazonEnvironment, ground: Ground, told: Told, edge: CdnEdge, sold: Shop) -> None:
    """Promises as alarms and budgets, zones that are watched, and whether all is as it should be."""
    cdn = CdnAvailability(
        "sla-cdn",
        {"distribution_id": edge.distribution_id, "percent": 99.99, "alarm_actions": told.worldwide},
    )
    compute = Availability(
        "sla-compute",
        {
            "load_balancer_dimension": sold.gateway.load_balancer_dimension,
            "percent": 99.9,
            "alarm_actions": told.here,
        },
    )
    # The cart service answers 503 when DynamoDB does not.
    database = Availability(
        "sla-database",
        {
            "load_balancer_dimension": sold.cart.service.load_balancer_dimension,
            "behind": True,
            "percent": 99.99,
            "alarm_actions": told.here,
        },
    )
    storage = StorageAvailability(
        "sla-storage", {"bucket": sold.images.bucket, "percent": 99.999, "alarm_actions": told.here}
    )
    IncidentResponse(
        "response",
        {
            "vpc_arn": ground.network.vpc_arn,
            "zones": ground.network.zones,
            "fleets": {
                name: {
                    "group_name": one.group_name,
                    "load_balancer_dimension": one.load_balancer_dimension,
                    "target_group_dimension": one.target_group_dimension,
                }
                for name, one in sold.fleets.items()
            },
            "topic_arn": ground.alerts.topic_arn,
            "key_arn": ground.key.key_arn,
            "alarm_arns": {
                "Objectives": {
                    "cdn": cdn.alarm_arn,
                    "compute": compute.alarm_arn,
                    "database": database.alarm_arn,
                    "storage": storage.alarm_arn,
                }
            },
        },
    )
    WriteFallback(
        "writes",
        {
            "load_balancer_dimension": sold.gateway.load_balancer_dimension,
            "target_group_dimension": sold.gateway.target_group_dimension,
            "listener_arn": sold.gateway.listener_arn,
            "topic_arn": ground.alerts.topic_arn,
            "key_arn": ground.key.key_arn,
        },
    )
    Compliance("compliance", {**ground.logged, "topic_arn": ground.alerts.topic_arn})
    spent: dict[Row, list[str]] = {
        "cdn": ["edge"],
        "compute": sorted(sold.fleets),
        "database": [table.name for table in sold.cart.tables],
        "storage": ["product-images"],
        "analytics": ["analytics"],
    }
    for row, components in spent.items():
        usd = env.budgets_usd[row]
        Budget(f"budget-{row}", {"monthly_usd": usd, "components": components, "topic_arns": told.here})


def _prime_day(env: AmazonEnvironment, ground: Ground, told: Told, edge: CdnEdge, sold: Shop) -> None:
    """Ten times as large half an hour before; and what gives way where that is too little."""
    flags = FeatureFlags("flags", {"flags": FLAGS, "key_arn": ground.key.key_arn})
    tables: dict[str, Table] = {
        table.name: {
            "table_name": table.table_name,
            "table_arn": table.arn,
            "reads": env.busiest_reads,
            "writes": env.busiest_writes,
        }
        for table in sold.cart.busy
    }
    fleets: dict[str, Fleet] = {
        name: {
            "group_name": one.group_name,
            "minimum": env.service_minimum,
            "maximum": 4 * env.service_minimum,
        }
        for name, one in sold.fleets.items()
    }
    args: SurgeEventsArgs = {
        **ground.network.private,
        **ground.logged,
        "events": {"prime-day": {"starts": env.prime_day, "ends": env.prime_day_ends, "times": TIMES}},
        "fleets": fleets,
        "tables": tables,
        "hottest": {
            "site": pulumi.Output.format("https://{}", env.domain or edge.domain_name),
            "bucket": sold.images.bucket,
            "bucket_arn": sold.images.arn,
            "key": "hottest.txt",
            "key_arn": ground.key.key_arn,
        },
        "service": pulumi.Output.format("{}://{}", "https" if env.domain else "http", sold.order.address),
        "switch_arns": edge.switch_arns,
        "shed_first": ["browsing"],
        "flags": {
            "address": flags.address,
            "strategy_id": flags.at_once_id,
            "statements": flags.changes(),
            "turned": list(FLAGS),
        },
        "alarm_actions": told.here,
    }
    if env.mysql_replicas:
        readers = env.mysql_replicas
        args["databases"] = {
            "orders": {
                "cluster_id": sold.orders.cluster_id,
                "readers": readers,
                "times": min(TIMES, AURORA_READERS.most // readers),
            }
        }
    if re.fullmatch(GROWING, env.hot_cache_type):
        hot = sold.recommendations.hot
        args["caches"] = {
            "likely-hot": {"replication_group_id": hot.replication_group_id, "shards": HOT_SHARDS}
        }
    surge = SurgeEvents("surge", args)
    let_out(surge.warmer)  # through CloudFront, whose caches are to be warm
    connect(surge.deliverer, sold.order)
    connect(sold.cart.service, flags, surge.waiting.entry)
    for worker in surge.workers:
        connect(worker, ground.network.endpoints)
