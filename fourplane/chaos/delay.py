"""What a delay does: nothing dies, but a client that waits less long than it now takes gives up.

As AWSFIS-Run-Network-Latency has it, every packet that leaves a machine of the zone is late. The worst
request is judged: one whose client's and server's machines are both in the zone, and so are all that the
server asks in turn.
"""

import json
from collections.abc import Mapping
from typing import Any

from fourplane.chaos.arrows import Arrow
from fourplane.chaos.clusters import WORKLOADS, node_groups
from fourplane.chaos.needs import DEGRADED, WORKS, Finding
from fourplane.chaos.pod_timeouts import CONFIG, pod_timeouts
from fourplane.chaos.scene import GROUP, Scene
from fourplane.graph import Resource

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BALANCED = "aws:lb/targetGroup:TargetGroup"
ENDPOINTS = "fourplane:index:VpcEndpoints"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CONNECT_SECONDS, READ_SECONDS = 10, 30
"""CloudFront's own timeouts, where the distribution does not say others:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html"""


class Delay:
    """A zone whose machines send everything some milliseconds late."""

    def __init__(self, scene: Scene, arrows: list[Arrow], zone: str, milliseconds: int) -> None:
        self.scene, self.arrows, self.zone, self.milliseconds = scene, arrows, zone, milliseconds
        now = scene.look()
        late = {machine.group for machine in now.machines.values() if machine.zone == zone}
        self.late = {r.parent for r in scene.graph.all(GROUP) if r.id in late}
        nodes = {group.urn for name, group in scene.node_groups.items() if name in late}
        self.late |= {
            pods.parent
            for kind in WORKLOADS
            for pods in scene.graph.all(kind)
            if nodes & {group.urn for group in node_groups(scene, pods)}
        }
        self._routes = {r.urn: self._routes_of(r) for r in scene.graph.values() if not r.custom}

    def part(self, component: Resource) -> Finding | None:
        """A fleet against the health check before it: what answers too late is replaced, time and again."""
        if component.urn not in self.late:
            return None
        within = [r for one in self.scene.below(component) for r in self.scene.graph.children(one.urn)]
        group = next((r for r in within if r.type == BALANCED), None)
        if group is None:
            return Finding(WORKS, f"machines that answer {self.milliseconds} ms late", "no health check", "")
        client = self.scene.client("elbv2", group.region)
        found = client.describe_target_groups(TargetGroupArns=[group.id])["TargetGroups"][0]
        limit = found["HealthCheckTimeoutSeconds"] * 1000
        has, needs = f"health checks {2 * self.milliseconds} ms late", f"an answer within {limit} ms"
        if 2 * self.milliseconds < limit:  # the machine is late to accept, and to answer
            return Finding(WORKS, has, needs, "")
        return Finding(
            DEGRADED, has, needs, "its machines of the zone are taken out and replaced without end"
        )

    def arrow(self, arrow: Arrow) -> tuple[str, str]:
        """Whether a client waits long enough, and why."""
        client, server = self.scene.graph[arrow.client], self.scene.graph[arrow.server]
        ends = [self.part(one) for end in (client, server) for one in self.scene.below(end)]
        if bad := next((f for f in ends if f and f.state != WORKS), None):
            return DEGRADED, f"{bad.has}, needs {bad.needs}: {bad.why}"
        connecting, answering = self._connecting(client, server), self._answering(client, server, frozenset())
        if not answering:
            return WORKS, f"no machine of {self.zone} is on the way"
        limits = self._limits(client, server.name)
        if not limits:
            return WORKS, f"at worst {answering} ms more; no timeout of {client.name} is known"
        connect, answer = limits
        if connecting >= connect:
            what = f"a connection at worst takes {connecting} ms more, and {client.name} waits {connect} ms"
            return DEGRADED, f"cut off in {self.zone}: {what}"
        if answering >= answer:
            what = f"an answer at worst takes {answering} ms more, and {client.name} waits {answer} ms"
            return DEGRADED, f"cut off in {self.zone}: {what}"
        return WORKS, f"at worst {answering} ms more of the {answer} ms that {client.name} waits"

    def _connecting(self, client: Resource, server: Resource) -> int:
        """One packet each way; a load balancer accepts for its machines, and is not late itself."""
        ends = 1 if self._balanced(server) else 2
        return self.milliseconds * sum(self._is_late(one) for one in (client, server)[:ends])

    def _answering(self, client: Resource, server: Resource, seen: frozenset[str]) -> int:
        """The question, the answer, and the longest of what the server asks before it answers.

        A load balancer opens a connection to its machine too, which is one packet of the machine's more.
        """
        own = self._is_late(client) + self._is_late(server) * (2 if self._balanced(server) else 1)
        onward = [
            self.scene.graph[arrow.server]
            for arrow in self.arrows
            if arrow.client == server.urn
            and arrow.server not in seen
            and self.scene.graph[arrow.server].type != ENDPOINTS  # asked at boot and for logs, not on the way
        ]
        deeper = [self._answering(server, one, seen | {server.urn}) for one in onward]
        return self.milliseconds * own + max(deeper, default=0)

    def _is_late(self, component: Resource) -> bool:
        return any(one.urn in self.late for one in self.scene.below(component))

    def _balanced(self, component: Resource) -> bool:
        return any(self.scene.own(one, BALANCED) for one in self.scene.below(component))

    def _limits(self, client: Resource, server: str) -> tuple[int, int] | None:
        """Milliseconds that a client waits for a connection, and for an answer to begin."""
        for one in self.scene.below(client):
            if route := self._routes[one.urn].get(server):
                return int(route["connect_timeout_ms"]), int(route["timeout_ms"])
            if distributions := self.scene.own(one, DISTRIBUTION):
                return _origin(distributions[0])
        return None

    def _routes_of(self, component: Resource) -> Mapping[str, Any]:
        """The routes of a gateway, as its machines or its pods read them, and those of a mesh."""
        if found := pod_timeouts(self.scene.own(component, CONFIG)):
            return found
        for template in self.scene.own(component, TEMPLATE):
            if text := self.scene.boot_files(template).get("/etc/fourplane/routes.json"):
                return json.loads(text)["routes"]
        return {}


def _origin(distribution: Resource) -> tuple[int, int]:
    """The impatience of a distribution towards its load balancer."""
    origins = [o for o in distribution.inputs["origins"] if not o.get("originAccessControlId")]
    origin = origins[0] if origins else {}
    settings = origin.get("vpcOriginConfig") or origin.get("customOriginConfig") or {}
    connect = origin.get("connectionTimeout", CONNECT_SECONDS)
    return int(connect) * 1000, int(settings.get("originReadTimeout", READ_SECONDS)) * 1000
