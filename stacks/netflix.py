"""Netflix: global video streaming."""

from collections.abc import Sequence

import pulumi

from blueprints.chaos_engineering import ChaosEngineering, ChaosEngineeringArgs
from blueprints.content_distribution import ContentDistribution, ContentDistributionArgs, Isp
from blueprints.incident_response import IncidentResponse, Watched
from components.access import connect, open_between
from components.control.availability import Availability
from components.control.cdn_availability import CdnAvailability
from components.control.database_failover import DatabaseFailover
from components.control.spinnaker import Spinnaker
from components.control.storage_availability import StorageAvailability
from components.edge.cdn_edge import CdnEdge, CdnEdgeArgs
from components.edge.certificate import Certificate
from components.edge.content_edge import read_by
from components.edge.domain import Domain
from components.edge.entrance_health import EntranceHealth
from components.edge.firewall import GLOBAL_REGION, Firewall, FirewallArgs
from components.edge.geography import Geography, GeographyArgs
from components.edge.synthetic_client import SyntheticClient
from components.network_peering import peer
from components.provider import provider, use
from components.region import Region
from components.service.eks_cluster import EksCluster
from components.state.content_store import ContentStore, mirror
from components.state.private_bucket import share
from stacks.ground import Ground, Told, own_domain
from stacks.netflix_region import Serving, serve
from stacks.netflix_settings import NetflixEnvironment

P99_MS = {"us": 150, "eu": 120, "asia": 180}
ISPS: dict[str, Isp] = {
    "comcast": {"cidr_blocks": ["73.0.0.0/8"], "terabytes": 10, "edge": "us"},  # AS7922
    "verizon": {"cidr_blocks": ["71.96.0.0/11"], "terabytes": 8, "edge": "us"},  # AS701
    "att": {"cidr_blocks": ["12.0.0.0/8"], "terabytes": 12, "edge": "eu"},  # AS7018
}


def netflix(env: NetflixEnvironment) -> None:
    """Regions that answer, the edge before them, films on their way to viewers, and what watches it all."""
    use(provider(env.region, env.endpoint), {"stack": pulumi.get_stack(), "owner": env.owner})
    domain = own_domain(env)

    # State and service, in every region
    regions = _regions(env, domain)
    home = regions[0]
    told = Told(env, home.ground)

    # Edge
    edge = _edge(env, regions, domain)
    latency = _geographies(env, edge, regions, domain, told)
    films = _films(env, regions, domain, told)

    # Control
    delivery = _delivery(env, home.ground)
    _watch(env, regions, edge, latency, told)

    # Who may call whom, between the planes; netflix_region.py has what is within a region
    connect(edge, *(region.gateway for region in regions))
    for machines in (delivery, *films.caches):
        connect(machines, home.ground.network.endpoints)

    pulumi.export("url", pulumi.Output.format("https://{}", env.domain or edge.domain_name))
    pulumi.export("user_data", home.users.address)
    pulumi.export("studio", films.studio_bucket)
    if domain:
        pulumi.export("name_servers", domain.name_servers)
        pulumi.export("ds_record", domain.ds_record)


def _regions(env: NetflixEnvironment, domain: Domain | None) -> list[Serving]:
    """The stack's own region, and its twin, with the same data in both."""
    here = Ground(env, env.region, "10.0.0.0/16", domain, packages=True)
    if not env.two_regions:
        return [serve(env, here)]
    abroad = pulumi.ResourceOptions(providers=[provider(env.twin_region, env.endpoint)])
    there = Ground(env, env.twin_region, "10.1.0.0/16", domain, Region("twin", {}, abroad), packages=True)
    home = serve(env, here, copies=[there])
    twin = serve(env, there, first=home)
    peer("twin", here.network, there.network)
    open_between("twin", home.users, twin.users)
    mirror(home.content, twin.content)
    DatabaseFailover(
        "bills-failover",
        {
            "database": twin.bills.copy,
            "settings": [f"{twin.billing.configuration_path()}/{twin.bills.name}"],
            "topic_arn": there.alerts.topic_arn,
            "key_arn": there.key.key_arn,
        },
        there.opts,
    )
    return [home, twin]


def _edge(env: NetflixEnvironment, regions: Sequence[Serving], domain: Domain | None) -> CdnEdge:
    """CloudFront, and how it finds a gateway."""
    home = regions[0]
    args: CdnEdgeArgs = {
        **home.ground.kept,
        "origin_dns_name": home.gateway.dns_name,
        "log_bucket_domain_name": home.ground.logs.bucket_domain_name,
        "price_class": env.price_class,
    }
    if domain:
        args["aliases"], args["zone_id"] = [env.domain], domain.zone_id
        args["certificate_arn"] = domain.certificate_arn
    if not env.two_regions:
        return CdnEdge(
            "edge",
            {**args, "origin_arn": home.gateway.load_balancer_arn, "origin_tls": domain is not None},
        )
    args["origin_dns_name"] = f"origin.{env.domain}"
    guarded: FirewallArgs = {}
    if env.origin_secret:
        secret = pulumi.Output.secret(env.origin_secret)
        args["origin_secret"], guarded["origin_secret"] = secret, secret
    for region in regions:
        balancers = {"gateway": region.gateway.load_balancer_arn}
        Firewall(
            "gateway-firewall",
            {**guarded, "load_balancer_arns": balancers, "key_arn": region.ground.key.key_arn},
            region.ground.opts,
        )
    return CdnEdge("edge", args)


def _geographies(
    env: NetflixEnvironment,
    edge: CdnEdge,
    regions: Sequence[Serving],
    domain: Domain | None,
    told: Told,
) -> dict[str, pulumi.Output[str]]:
    """The alarms of what the US, Europe and Asia see, and who there is sent to which region."""
    healthy = {}
    if env.two_regions:
        healthy = {
            region.ground.region: EntranceHealth(
                "gateway-health",
                {
                    "load_balancer_dimension": region.gateway.load_balancer_dimension,
                    "target_group_dimension": region.gateway.target_group_dimension,
                    "alarm_actions": [region.ground.alerts.topic_arn],
                },
                region.ground.opts,
            ).health_check_id
            for region in regions
        }
    alarms: dict[str, pulumi.Output[str]] = {}
    for area, p99_ms in P99_MS.items():
        args: GeographyArgs = {
            "area": area,
            "host": env.domain or edge.domain_name,
            "path": "/api/users",
            "p99_ms": p99_ms,
            "alarm_actions": told.worldwide,
        }
        if domain and env.two_regions:
            near = _nearest(area, regions)
            args["record"] = {
                "name": f"origin.{env.domain}",
                "zone_id": domain.zone_id,
                "target": near.gateway.dns_name,
                "target_zone_id": near.gateway.zone_id,
                "health_check_id": healthy[near.ground.region],
            }
        alarms[area] = Geography(area, args).alarm_arn
    return alarms


def _nearest(area: str, regions: Sequence[Serving]) -> Serving:
    """Europe has the European region; the US and Asia, across the Pacific, the other one."""
    european = {region.ground.region.startswith("eu-"): region for region in regions}
    return european.get(area == "eu", regions[0])


def _films(
    env: NetflixEnvironment, regions: Sequence[Serving], domain: Domain | None, told: Told
) -> ContentDistribution:
    """From the studio to the caches of internet providers."""
    ground = regions[0].ground
    args: ContentDistributionArgs = {
        **ground.network.private,
        "public_subnet_ids": ground.network.public["subnet_ids"],
        **ground.images.pull("nginx/nginx-unprivileged:1.28"),
        **ground.logged,
        "log_bucket_domain_name": ground.logs.bucket_domain_name,
        "isps": ISPS,
        "objectives": {
            "video_start_ms": 100,
            "rebuffer_percent": 0.5,
            "uhd_percent": 25,
            "usd_per_gigabyte": 0.02,
        },
        "monthly_terabytes": env.monthly_terabytes,
        "cache_scale": env.cache_scale,
        "cache_minimum": env.cache_minimum,
        "alarm_actions": told.here,
        "viewer_alarm_actions": told.worldwide,
    }
    if domain:
        video = f"video.{env.domain}"
        args["domain"], args["zone_id"] = video, domain.zone_id
        for_edges = Certificate(
            "video-certificate", {"domain": video, "zone_id": domain.zone_id, "region": GLOBAL_REGION}
        )
        for_caches = Certificate("cache-certificate", {"domain": video, "proof": for_edges.proof})
        args["edge_certificate_arn"], args["cache_certificate_arn"] = for_edges.arn, for_caches.arn
    if not env.two_regions:
        return ContentDistribution("cdn", args)
    twin = regions[1].ground
    spare = ContentStore("cdn-origin", {**twin.kept, "shared": True}, twin.opts)
    args["spare_origin_domain_name"] = spare.bucket_regional_domain_name
    films = ContentDistribution("cdn", args)
    mirror(films.origin, spare)
    share(spare.original, read_by(*films.edges))
    return films


def _delivery(env: NetflixEnvironment, ground: Ground) -> EksCluster:
    """Spinnaker, and the cluster that it runs on."""
    cluster = EksCluster(
        "delivery",
        {
            **ground.network.private,
            **ground.logged,
            "public_images": True,
            "minimum": env.delivery_nodes,
            "public_cidrs": env.kubernetes_cidrs,
        },
    )
    Spinnaker(
        "spinnaker",
        {
            **cluster.pods,
            **ground.logged,
            "data": ground.network.data,
            "replicas": env.delivery_replicas,
            "cache_node_type": env.delivery_cache_type,
        },
        cluster.inside,
    )
    return cluster


def _watch(
    env: NetflixEnvironment,
    regions: Sequence[Serving],
    edge: CdnEdge,
    latency: dict[str, pulumi.Output[str]],
    told: Told,
) -> None:
    """Promises as alarms, users that are never absent, and faults on purpose."""
    home = regions[0]
    url = env.domain or edge.domain_name
    SyntheticClient(
        "iphone",
        {
            **home.ground.logged,
            "host": url,
            "paths": ["/api/users"],
            "every_minutes": env.probe_minutes,
            "alarm_actions": told.here,
        },
    )
    cdn = CdnAvailability(
        "sla-cdn",
        {"distribution_id": edge.distribution_id, "percent": 99.95, "alarm_actions": told.worldwide},
    )
    compute = Availability(
        "sla-compute",
        {
            "load_balancer_dimension": home.gateway.load_balancer_dimension,
            "percent": 99.9,
            "alarm_actions": told.here,
        },
    )
    storage = StorageAvailability(
        "sla-storage", {"bucket": home.content.bucket, "percent": 99.99, "alarm_actions": told.here}
    )
    # The user service answers 503 when its ring has no quorum.
    database = Availability(
        "sla-database",
        {
            "load_balancer_dimension": home.user.load_balancer_dimension,
            "behind": True,
            "percent": 99.95,
            "alarm_actions": told.here,
        },
    )
    monitoring = Availability(
        "sla-monitoring",
        {
            "load_balancer_dimension": home.atlas.load_balancer_dimension,
            "percent": 99.9,
            "alarm_actions": told.here,
        },
    )
    chaos: ChaosEngineeringArgs = {
        **_watched(home),
        "stop_alarm_arns": {"compute": compute.alarm_arn, "database": database.alarm_arn},
        "alarm_arns": {
            "Objectives": {
                "cdn": cdn.alarm_arn,
                "storage": storage.alarm_arn,
                "monitoring": monitoring.alarm_arn,
            },
            "Latency": latency,
        },
        "scheduled": env.chaos_scheduled,
        "log_retention_days": env.log_retention_days,
    }
    for twin in regions[1:]:
        chaos["copies"] = {"content": {"bucket_arn": home.content.arn, "region": twin.ground.region}}
        IncidentResponse("chaos", {**_watched(twin)}, twin.ground.opts)
    ChaosEngineering("chaos", chaos)


def _watched(region: Serving) -> Watched:
    network = region.ground.network
    return {
        "vpc_arn": network.vpc_arn,
        "zones": network.zones,
        "fleets": {
            name: {
                "group_name": fleet.group_name,
                "load_balancer_dimension": fleet.load_balancer_dimension,
                "target_group_dimension": fleet.target_group_dimension,
            }
            for name, fleet in region.fleets.items()
        },
        "topic_arn": region.ground.alerts.topic_arn,
        "key_arn": region.ground.key.key_arn,
    }
