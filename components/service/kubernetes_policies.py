"""Network policies: what the pods of one service may say and hear besides what their namespace lets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.component import Component


@dataclass(frozen=True)
class PodGroup:
    """The pods of one service, as its objects and others' policies name them."""

    service: Component
    namespace: pulumi.Input[str]
    labels: Mapping[str, str]

    def called(self, name: str, **more: Any) -> Any:
        """The metadata of one of its objects."""
        return {"name": name, "namespace": self.namespace, "labels": self.labels, **more}

    @property
    def selector(self) -> Any:
        return {"match_labels": self.labels}

    @property
    def peer(self) -> Any:
        """Its pods, as another's network policy names them."""
        return {
            "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": self.namespace}},
            "pod_selector": self.selector,
        }

    def let_out(self, name: str, peers: Sequence[Any], ports: Sequence[Any]) -> None:
        self.let(name, "egress", [{"to": peers, "ports": ports}])

    def let_in(self, name: str, peers: Sequence[Any], ports: Sequence[Any]) -> None:
        self.let(name, "ingress", [{"from": peers, "ports": ports}])

    def let(self, name: str, direction: str, rules: Sequence[Any]) -> None:
        """Let something through besides what the namespace lets: policies add up."""
        spec: Any = {
            "pod_selector": self.selector,
            "policy_types": [direction.title()],
            direction: rules,
        }
        kubernetes.networking.v1.NetworkPolicy(
            name, metadata=self.called(name), spec=spec, opts=self.service.child
        )

    def let_among(self, ports: Mapping[str, int]) -> None:
        """Let its pods speak with each other on some ports, each named by its role."""
        both = [port for number in ports.values() for port in (*tcp(number), *udp(number))]
        name = f"{self.service.name}-among"
        self.let_out(name, [self.peer], both)
        self.let_in(f"{name}-in", [self.peer], both)


def tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def udp(*ports: int) -> list[dict[str, Any]]:
    return [{"protocol": "UDP", "port": port} for port in ports]


def blocks(cidrs: Sequence[pulumi.Input[str]]) -> list[Any]:
    """Addresses, as a policy names them."""
    return [{"ip_block": {"cidr": cidr}} for cidr in cidrs]
