"""Telemetry: Atlas, a dimensional time series database in memory."""

from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server, open_among
from components.control.release import ADDRESS, FETCH, Published, Release, published
from components.edge.load_balancer import Tls
from components.keeping import Logging
from components.machine import Image, render
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program

ATLAS = Path(__file__).parent / "atlas"
JAR = "/opt/atlas/atlas.jar"
PORT = 7101
FRONT_PORT = 7100
"""Where each machine takes what is published, and copies it to the others' 7101."""


class AtlasArgs(Placement, Image, Published, Logging, Tls):
    machines_per_zone: NotRequired[int]
    """Machines in each zone's subnet. Default 1. Each holds everything: more of them answer more queries and
    survive more losses, and hold no more series."""
    instance_type: NotRequired[str]
    """Default r7g.large: 2 Graviton vCPUs, 16 GiB. Its memory decides how many series are held."""
    heap_percent: NotRequired[int]
    """Part of a machine's memory that is Atlas's heap. Default 75."""
    hours: NotRequired[int]
    """Hours that a point is held, at one a minute. Default 6."""


class Atlas(Server):
    """Machines in every zone that all hold the last hours, behind one address for publishing and for graphs.

    Atlas keeps its data in memory alone, and its open part neither shards nor copies: each machine copies
    what it takes to all others, so that any answers for all of it, and a lost machine loses nothing. There
    is no disk: a machine that replaces another knows what was published since it started, and what should
    outlive the fleet belongs elsewhere. So the fleet has a fixed size, and room for as many series as one
    machine holds; what needs more is a second Atlas, with other services connected.

    connect(service, atlas) gives a service the address, where it POSTs its points to /api/v1/publish every
    minute. `image` is Java 17 or later, and `release_url` the address of the standalone jar (1.7). To start,
    machines need AWS's own services: connect(atlas, network.endpoints).
    """

    configured = True
    dns_name: pulumi.Output[str]
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: AtlasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        machines = self._machines(args)

        release = Release(f"{name}-release", published(args), self.child)
        own = (*ADDRESS, "machines_per_zone", "heap_percent", "hours", "region")
        passed = {key: value for key, value in args.items() if key not in own}
        fleet: Any = {
            "instance_type": "r7g.large",
            **passed,
            "port": FRONT_PORT,
            "health_check_path": "/healthcheck",
            "minimum": machines,
            "maximum": machines,
            "program": _program(release, args.get("heap_percent", 75), args.get("hours", 6)),
            # Finding its peers takes no resource.
            "statements": [
                *release.statements(),
                {"Sid": "Peers", "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
            ],
        }
        self._fleet = AutoScalingService(name, fleet, self.child)
        open_among(self._fleet, {"replicas": PORT})

        self.port = self._fleet.port
        self.address = self._fleet.address
        self.dns_name = self._fleet.dns_name
        self.load_balancer_arn = self._fleet.load_balancer_arn
        self.load_balancer_dimension = self._fleet.load_balancer_dimension
        self.target_group_dimension = self._fleet.target_group_dimension
        self.security_group_id = self._fleet.security_group_id
        self.group_name = self._fleet.group_name
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "load_balancer_arn": self.load_balancer_arn,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "group_name": self.group_name,
            }
        )

    def caller(self) -> Peer:
        return self._fleet

    def entrance(self) -> Server:
        return self._fleet.entrance()

    def _machines(self, args: AtlasArgs) -> int:
        if (each := args.get("machines_per_zone", 1)) < 1:
            self.reject("machines_per_zone", each, "at least 1, so that a zone can be lost")
        if (hours := args.get("hours", 6)) < 1:
            self.reject("hours", hours, "at least 1")
        if not 10 <= (percent := args.get("heap_percent", 75)) <= 90:
            self.reject("heap_percent", percent, "10 to 90, so that the machine itself has room")
        return each * len(args["subnet_ids"])


def _program(release: Release, heap_percent: int, hours: int) -> Program:
    def text(file: str) -> str:
        return (ATLAS / file).read_text(encoding="utf-8")

    files: dict[str, Any] = {
        "/usr/local/bin/fetch-release": FETCH.read_text(encoding="utf-8"),
        **{f"/usr/local/bin/{name}": text(f"{name}.sh") for name in ("prepare-atlas", "follow-peers")},
        **{
            f"/etc/systemd/system/{unit}": text(unit)
            for unit in ("atlas-replicas.service", "follow-peers.service", "follow-peers.timer")
        },
        "/etc/fourplane/atlas/nginx.conf": text("nginx.conf"),
        "/etc/fourplane/atlas/memory.conf": render(ATLAS / "memory.conf.j2", hours=hours),
        "/etc/fourplane/release.env": release.settings(JAR),
    }
    return {
        "files": files,
        "packages": ["nginx"],
        "mounts": ["/opt/atlas:/opt/atlas:ro", "/etc/fourplane/atlas:/etc/atlas:ro"],
        "render": "/usr/local/bin/prepare-atlas",
        "arguments": f"java -XX:MaxRAMPercentage={heap_percent} -jar {JAR} /etc/atlas/memory.conf",
    }
