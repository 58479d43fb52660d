"""Films near those who watch them: an internet provider's own cache."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.edge.load_balancer import LoadBalancer
from components.keeping import Logging
from components.machine import INSTANCE_TYPE, Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program

NGINX = Path(__file__).parent / "nginx"
PORT = 8080
DISKS_GB = {
    "is4gen.medium": 937,
    "is4gen.large": 1875,
    "is4gen.xlarge": 3750,
    "is4gen.2xlarge": 7500,
    "is4gen.4xlarge": 15000,
    "is4gen.8xlarge": 30000,
}
"""NVMe disks of EC2's densest Graviton machines, the cheapest by the terabyte, of 2026-11:
https://aws.amazon.com/ec2/instance-types/storage-optimized/."""
SMALL_GB = 100
"""Up to here the root disk does, at 0.08 USD a GB and month, and any small machine."""
ROOT_GB = 16_000
"""Largest gp3 volume: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html."""
SYSTEM_GIB = 20
OBJECT_BYTES = 1_000_000
KEYS_A_MEGABYTE = 8000
"""https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path; most objects have a megabyte or
more."""


class IspCacheArgs(Placement, Image, Logging):
    edge: str
    """Name of the edge that it fetches from; the cache starts when connect(cache, edge) is drawn."""
    terabytes: float
    """Size of the cache, 0.001 to 30. Every machine holds all of it, so the loss of one loses nothing."""
    public_subnet_ids: Sequence[pulumi.Input[str]]
    """Public subnets of its load balancer, one in each zone. Who may call it is for expose_to() to say."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of its region, for the host name of its edge; with it, it speaks TLS on 443. Default:
    plain HTTP on 80, for a trial without a domain."""
    instance_type: NotRequired[str]
    """Default: the smallest storage machine (is4gen) whose NVMe disks hold the cache; t4g.small up to 0.1 TB.
    A machine without such disks keeps it on its root disk."""
    minimum: NotRequired[int]
    """Machines kept when there is no load. Default: one in every subnet."""
    maximum: NotRequired[int]
    """Machines under the highest load. Default: twice the minimum."""


class IspCache(Server):
    """nginx that keeps what a provider's subscribers watch, and fetches the rest from an edge, once, over
    verified TLS. What it has it serves even while the edge is gone."""

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    group_name: pulumi.Output[str]
    log_group: pulumi.Output[str]

    configured = True

    def __init__(self, name: str, args: IspCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        terabytes = args["terabytes"]
        instance_type = self._machine(terabytes, args.get("instance_type"))
        own_disks = DISKS_GB.get(instance_type, 0) >= terabytes * 1000
        minimum = args.get("minimum", len(args["subnet_ids"]))

        shared = ("vpc_id", "subnet_ids", *Image.__annotations__, *Logging.__annotations__)
        passed: Any = {key: args[key] for key in shared if key in args and key != "region"}
        front: Any = {
            "vpc_id": args["vpc_id"],
            "subnet_ids": args["public_subnet_ids"],
            "internet_facing": True,
        }
        if "certificate_arn" in args:
            front["certificate_arn"] = args["certificate_arn"]
        fleet: Any = {
            **passed,
            "port": PORT,
            "calls": [args["edge"]],
            "front": front,
            "instance_type": instance_type,
            "disk_gib": SYSTEM_GIB + (0 if own_disks else _gibibytes(terabytes) + 1),
            "minimum": minimum,
            "maximum": args.get("maximum", 2 * minimum),
            "program": _program(args["edge"], terabytes),
        }
        self._fleet = AutoScalingService(name, fleet, self.child)

        balancer = self._fleet.entrance()
        assert isinstance(balancer, LoadBalancer)
        self.port = balancer.port
        self.address = self._fleet.address
        self.dns_name = self._fleet.dns_name
        self.zone_id = balancer.zone_id
        self.load_balancer_dimension = self._fleet.load_balancer_dimension
        self.target_group_dimension = self._fleet.target_group_dimension
        self.security_group_id = self._fleet.security_group_id
        self.group_name = self._fleet.group_name
        self.log_group = self._fleet.log_group
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "group_name": self.group_name,
                "log_group": self.log_group,
            }
        )

    def caller(self) -> Peer:
        return self._fleet

    def entrance(self) -> Server:
        return self._fleet.entrance()

    def _machine(self, terabytes: float, given: str | None) -> str:
        """The machine that holds the cache. Rejects a size that no machine has, or not the given one."""
        gigabytes = terabytes * 1000
        largest = max(DISKS_GB.values())
        if not 1 <= gigabytes <= largest:
            self.reject("terabytes", terabytes, f"0.001 to {largest / 1000:g}, what one machine holds")
        if given is None:
            fitting = (kind for kind, size in DISKS_GB.items() if size >= gigabytes)
            return "t4g.small" if gigabytes <= SMALL_GB else next(fitting)
        if not INSTANCE_TYPE.fullmatch(given):
            self.reject("instance_type", given, "an EC2 instance type, such as 'is4gen.4xlarge'")
        room = max(DISKS_GB.get(given, 0), ROOT_GB)
        if gigabytes > room:
            self.reject("instance_type", given, f"one that holds the {terabytes:g} TB of the cache")
        return given


def _program(edge: str, terabytes: float) -> Program:
    settings = {
        "port": PORT,
        "edge_variable": "".join(c if c.isalnum() else "_" for c in edge.upper()) + "_ADDRESS",
        "max_gibibytes": _gibibytes(terabytes),
        "keys_megabytes": math.ceil(terabytes * 1e12 / OBJECT_BYTES / KEYS_A_MEGABYTE),
        "cache_folder": "/var/cache/content",
        "run_folder": "/tmp",
        "trusted_certificates": "/etc/ssl/trusted.pem",
        "resolver": "169.254.169.253",  # the network's own: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
        "access_log": "/dev/stdout",
        "error_log": "/dev/stderr",
    }
    return {
        "files": {
            "/etc/fourplane/nginx.conf.j2": (NGINX / "nginx.conf.j2").read_text(encoding="utf-8"),
            "/etc/fourplane/cache.json": json.dumps(settings),
            "/usr/local/bin/render-nginx": (NGINX / "render-nginx.py").read_text(encoding="utf-8"),
            "/usr/local/bin/prepare-cache": (NGINX / "prepare-cache.sh").read_text(encoding="utf-8"),
        },
        "packages": ["mdadm", "python3-jinja2", "xfsprogs"],
        "mounts": [
            "/etc/fourplane/nginx:/nginx:ro",
            "/etc/pki/tls/certs/ca-bundle.crt:/etc/ssl/trusted.pem:ro",
            "/var/cache/content:/var/cache/content",
        ],
        "arguments": "nginx -c /nginx/nginx.conf",
        "render": "/usr/local/bin/prepare-cache",
        "reload": "nginx -c /nginx/nginx.conf -s reload",
    }


def _gibibytes(terabytes: float) -> int:
    return max(1, math.floor(terabytes * 1e12 / 2**30))
