"""Uber: real-time matching."""

from pathlib import Path

import pulumi

from components.access import connect
from components.control.availability import Availability
from components.edge.app_clients import App, AppClients, sign_in_url
from components.edge.cdn_edge import CdnEdge, CdnEdgeArgs
from components.edge.domain import Domain
from components.edge.geography import Geography
from components.edge.static_files import StaticFiles
from components.provider import provider, use
from components.service.auto_scaling_service import AutoScalingService
from components.service.gateway import Gateway
from components.service.kubernetes_gateway import KubernetesGateway
from stacks.ground import Ground, Told, own_domain
from stacks.uber_phases import HEALTH, earlier
from stacks.uber_platform import platform
from stacks.uber_settings import UberEnvironment

Entrance = AutoScalingService | Gateway | KubernetesGateway

PORTAL = Path(__file__).parent / "portal"
REACT = [f"https://cdn.jsdelivr.net/npm/{part}@18.3.1/" for part in ("react", "react-dom")]
API = "rides"
SCOPES = {"ride": "Ask for rides", "drive": "Take rides"}
CDN_P99_MS = {"us": 100, "eu": 100, "asia": 100}


def uber(env: UberEnvironment) -> None:
    """Riders and drivers; what brings them together, in a phase of the road; and how they come in."""
    use(provider(env.region, env.endpoint), {"stack": pulumi.get_stack(), "owner": env.owner})
    domain = own_domain(env)
    ground = Ground(env, env.region, "10.0.0.0/16", domain)
    told = Told(env, ground)

    # Who they are; where the site has no name of its own, they are called back by CloudFront's
    accounts = _accounts(env, env.domain) if env.domain else None

    # State and service, as far as the road is gone
    build = platform if env.phase == "platform" else earlier
    entrance = build(env, ground, told, accounts.tokens if accounts else None)

    # Edge
    edge = _edge(env, ground, domain, entrance)
    host = env.domain or edge.domain_name
    accounts = accounts or _accounts(env, host)
    _portal(env, edge, accounts)

    # Control
    for area, p99_ms in CDN_P99_MS.items():
        Geography(
            area,
            {
                "area": area,
                "host": host,
                "path": HEALTH,
                "p99_ms": p99_ms,
                "alarm_actions": told.worldwide,
            },
        )
    Availability(
        "sla",
        {
            "load_balancer_dimension": entrance.load_balancer_dimension,
            "percent": 99.9,
            "alarm_actions": told.here,
        },
    )

    # Who may call whom, but for what the phase's own page says
    connect(edge, entrance)

    pulumi.export("url", pulumi.Output.format("https://{}", host))
    pulumi.export("sign_in", accounts.sign_in_url)
    if domain:
        pulumi.export("name_servers", domain.name_servers)
        pulumi.export("ds_record", domain.ds_record)


def _accounts(env: UberEnvironment, host: pulumi.Input[str]) -> AppClients:
    """Riders and drivers, and the apps that they sign in to."""
    portal = pulumi.Output.format("https://{}/", host)
    apps: dict[str, App] = {
        "rider-app": {"callback_urls": ["com.example.rider://signed-in"], "scopes": ["ride"]},
        "driver-app": {"callback_urls": ["com.example.driver://signed-in"], "scopes": ["drive"]},
        "web-portal": {"callback_urls": [portal], "scopes": ["ride"]},
    }
    return AppClients("accounts", {"api": API, "scopes": SCOPES, "apps": apps, "disposable": env.disposable})


def _edge(env: UberEnvironment, ground: Ground, domain: Domain | None, entrance: Entrance) -> CdnEdge:
    """CloudFront: the portal's files, and the way to the private load balancer."""
    args: CdnEdgeArgs = {
        **ground.kept,
        "origin_dns_name": entrance.dns_name,
        "origin_arn": entrance.load_balancer_arn,
        "log_bucket_domain_name": ground.logs.bucket_domain_name,
        "api_paths": ["/api/*", HEALTH],
        "price_class": env.price_class,
        # The drivers of a phone network have few addresses, and four positions a second each.
        "requests_per_client": 100_000,
        "script_sources": REACT,
        "connect_sources": [sign_in_url("accounts")],
    }
    if domain:
        args["origin_tls"] = True
        args["aliases"], args["zone_id"] = [env.domain], domain.zone_id
        args["certificate_arn"] = domain.certificate_arn
    return CdnEdge("edge", args)


def _portal(env: UberEnvironment, edge: CdnEdge, accounts: AppClients) -> None:
    """The page on the web, and what it must know."""
    config = {
        "sign_in_url": accounts.sign_in_url,
        "client_id": accounts.client_ids["web-portal"],
        "scopes": f"openid email {API}/ride",
    }
    StaticFiles(
        "portal",
        {
            "bucket": edge.content_bucket,
            "folder": str(PORTAL),
            "written": {"config.json": pulumi.Output.json_dumps(config)},
        },
    )
