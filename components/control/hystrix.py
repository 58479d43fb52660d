"""Hystrix's dashboard: how the circuit breakers of every gateway machine stand."""

from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.edge.load_balancer import Tls
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program

TURBINE = Path(__file__).parent / "turbine"
FOLDER = "/opt/turbine"
PORT = 8080


class HystrixArgs(Placement, Image, Logging, Tls):
    """The image is a plain Python, 3.9 or later: python:3.12-slim."""

    instance_type: NotRequired[str]
    """Default t4g.micro: 2 Graviton vCPUs, 1 GiB, enough for some hundred gateway machines."""
    minimum: NotRequired[int]
    """Machines kept. Each knows the whole picture: one for every zone to be seen. Default: one in every
    subnet."""
    maximum: NotRequired[int]
    """Machines under the highest load. Default: twice the minimum."""


class Hystrix(Server):
    """Adds up what gateways say of their breakers, as Turbine does: a stream for Hystrix's own dashboard at
    /turbine.stream, and a page of its own at /.

    A gateway tells it of its breakers once connect(gateway, hystrix) is drawn. It holds nothing: a machine
    that is lost is missed by nobody, and a new one knows all within seconds. The page is private; who wants
    to see it forwards a port through Session Manager.
    """

    dns_name: pulumi.Output[str]
    group_name: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]

    def __init__(self, name: str, args: HystrixArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        minimum = args.get("minimum", len(args["subnet_ids"]))
        program: Program = {
            "environment": {"PYTHONUNBUFFERED": "1"},
            "files": {
                f"{FOLDER}/{file}": (TURBINE / file).read_text(encoding="utf-8")
                for file in ("turbine.py", "dashboard.html")
            },
            "mounts": [f"{FOLDER}:{FOLDER}:ro"],
            "arguments": f"python3 {FOLDER}/turbine.py",
        }
        fleet: Any = {
            "instance_type": "t4g.micro",
            "maximum": 2 * minimum,
            **{key: value for key, value in args.items() if key != "region"},
            "port": PORT,
            "program": program,
        }
        self._fleet = AutoScalingService(name, fleet, self.child)

        self.port = self._fleet.port
        self.address = self._fleet.address
        self.dns_name = self._fleet.dns_name
        self.group_name = self._fleet.group_name
        self.load_balancer_dimension = self._fleet.load_balancer_dimension
        self.target_group_dimension = self._fleet.target_group_dimension
        self.security_group_id = self._fleet.security_group_id
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "group_name": self.group_name,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
            }
        )

    def caller(self) -> Peer:
        return self._fleet

    def entrance(self) -> Server:
        return self._fleet.entrance()
