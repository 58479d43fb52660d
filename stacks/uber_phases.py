"""Uber before it was a platform: one program, and then four services."""

from blueprints.platform_evolution import PlatformEvolution, PlatformEvolutionArgs
from components.access import connect
from components.edge.load_balancer import Front
from components.edge.tokens import Tokens
from components.service.auto_scaling_service import AutoScalingService
from components.service.gateway import Gateway
from stacks.ground import Ground, Told
from stacks.uber_settings import UberEnvironment

HEALTH = "/health"


def front(env: UberEnvironment, ground: Ground, tokens: Tokens | None) -> Front:
    """The private load balancer that CloudFront calls, by the site's name where it has one; it asks for
    tokens where they are not sent in the clear."""
    made: Front = {
        **ground.network.private,
        **ground.front,
        "log_bucket": ground.logs.bucket,
        "disposable": env.disposable,
    }
    if tokens:
        made["tokens"] = {**tokens, "open_paths": [HEALTH]}
    return made


def evolution(env: UberEnvironment, ground: Ground, entrance: Front | None = None) -> PlatformEvolution:
    """The database of the road's beginning, which each phase finds as the last one left it, and in the first
    two what stands on it."""
    args: PlatformEvolutionArgs = {
        **ground.network.private,
        **ground.logged,
        **ground.tls,
        "phase": env.phase,
        "data": ground.network.data,
        "database_class": env.database_class,
        "keep_database": env.legacy_database or env.phase != "platform",
        "minimum": env.service_minimum,
    }
    if entrance and env.phase == "monolith":
        args["front"] = entrance
    return PlatformEvolution("road", args)


def earlier(
    env: UberEnvironment, ground: Ground, told: Told, tokens: Tokens | None
) -> AutoScalingService | Gateway:
    """What CloudFront sends its calls to: the one program, or the gateway of four services."""
    entrance = front(env, ground, tokens)
    before = evolution(env, ground, entrance)
    machines = [one for one in before.services.values() if isinstance(one, AutoScalingService)]
    for machine in machines:
        connect(machine, ground.network.endpoints)
    if env.phase == "monolith":
        return machines[0]
    gateway = Gateway(
        "gateway",
        {
            **ground.network.private,
            **ground.logged,
            **ground.images.pull("docker/library/kong:3.9"),
            "front": entrance,
            "minimum": env.service_minimum,
            "routes": before.routes,
        },
    )
    connect(gateway, *machines, ground.network.endpoints)
    return gateway
