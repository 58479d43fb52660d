"""WhatsApp: two billion users on as few parts as possible."""

from itertools import combinations

import pulumi

from blueprints.messaging import Messaging, MessagingArgs
from components.access import connect, open_between
from components.edge.certificate import Certificate
from components.edge.chat_names import ChatNames, ChatNamesArgs
from components.edge.domain import Domain
from components.network_peering import peer
from components.provider import provider, use
from components.region import Region
from stacks.ground import Ground, own_domain
from stacks.whatsapp_settings import WhatsAppEnvironment

CIDR_BLOCKS = {"na": "10.0.0.0/16", "eu": "10.1.0.0/16", "asia": "10.2.0.0/16"}

IMAGES = ("ecr.api", "ecr.dkr")


def whatsapp(env: WhatsAppEnvironment) -> None:
    """Three regions, each whole in itself, whose chat servers speak with each other."""
    clouds = {region: provider(region, env.endpoint) for region in env.areas.values()}
    use(clouds[env.region], {"stack": pulumi.get_stack(), "owner": env.owner})
    domain = own_domain(env)
    name = env.domain or f"{pulumi.get_stack()}.internal"
    grounds = {area: _ground(env, area, clouds[region]) for area, region in env.areas.items()}
    chats = {area: _chat(env, grounds[area], f"{area}.{name}", domain) for area in env.areas}

    # Who may call whom, between the regions
    for one, other in combinations(env.areas, 2):
        peer(f"{one}-{other}", grounds[one].network, grounds[other].network)
        open_between(f"{one}-{other}", chats[one].servers, chats[other].servers)

    # How they are found
    names: ChatNamesArgs = {
        "domain": name,
        "areas": {
            area: {
                "region": env.areas[area],
                "vpc_id": grounds[area].network.vpc_id,
                "dns_name": chat.entrance.dns_name,
                "balancer_zone_id": chat.entrance.zone_id,
                "servers": list(chat.servers.addresses.values()),
            }
            for area, chat in chats.items()
        },
    }
    if domain:
        names["zone_id"] = domain.zone_id
        pulumi.export("name_servers", domain.name_servers)
        pulumi.export("ds_record", domain.ds_record)
    ChatNames("names", names)
    pulumi.export("domain", name)


def _ground(env: WhatsAppEnvironment, area: str, cloud: pulumi.ProviderResource) -> Ground:
    there = Region(area, {}, pulumi.ResourceOptions(providers=[cloud]))
    return Ground(
        env,
        env.areas[area],
        CIDR_BLOCKS[area],
        None,
        there,
        closed=True,
        images=False,
        endpoints=["autoscaling", *(IMAGES if env.system == "linux" else ())],
    )


def _chat(env: WhatsAppEnvironment, ground: Ground, domain: str, whole: Domain | None) -> Messaging:
    """A region's messages, and the AWS services that its machines call."""
    network = ground.network
    args: MessagingArgs = {
        **ground.logged,
        "domain": domain,
        "public": network.public,
        "private": network.private,
        "data": network.data,
        "system": env.system,
        "endpoint_id": network.endpoints.s3_endpoint_id,
        "connections_per_server": env.connections_per_server,
        "servers_per_zone": env.chat_servers_per_zone,
        "server_type": env.chat_instance_type,
        "stores_per_zone": env.stores_per_zone,
        "store_type": env.store_instance_type,
        "store_gib": env.store_gib,
        "partitions": env.store_partitions,
        "proxies": env.proxies,
        "proxy_type": env.proxy_instance_type,
        "alarm_actions": [ground.alerts.topic_arn],
    }
    if whole:
        proved = Certificate(
            "entrance-certificate", {"domain": env.domain, "proof": whole.proof}, ground.opts
        )
        args["certificate_arn"] = proved.arn
    chat = Messaging("chat", args, ground.opts)
    for machines in (chat.entrance, chat.servers, chat.users):
        connect(machines, network.endpoints)
    return chat
