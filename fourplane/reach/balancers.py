"""What load balancers do: they listen where a listener leads to someone, and speak to their targets only."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, many, texts
from fourplane.reach.node_ports import NODES, NodePorts
from fourplane.reach.rules import Ports

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ATTACHMENTS = (
    "aws:autoscaling/attachment:Attachment",
    "aws:alb/targetGroupAttachment:TargetGroupAttachment",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
)
"""What ties a target group to a target that does not say so itself."""
TARGETS = (
    "aws:autoscaling/group:Group",
    "aws:ec2/instance:Instance",
    "aws:lambda/function:Function",
    BALANCER,
)


class Balancers:
    """The load balancers of a stack, from listener to target.

    `open_ports(client group, server group)` and `wearers` are what the security groups say.
    """

    def __init__(
        self,
        directory: Directory,
        open_ports: Callable[[str, str], Sequence[Ports]],
        wearers: Mapping[str, Sequence[Resource]],
    ) -> None:
        self._directory, self._open_ports, self._wearers = directory, open_ports, wearers
        self._node_ports = NodePorts(directory)

    def sends(self, client: Resource, server: Resource, ports: Ports) -> bool:
        """Whether a client opens connections to a server: a load balancer does to its targets alone."""
        if client.type != BALANCER:
            return True
        return any(
            _within(port, ports) and server.urn in {machine.urn for machine in machines}
            for _, _, groups in self._listeners(client)
            for group in groups
            for port, machines in [self._targets(group)]
        )

    def hears(self, server: Resource, ports: Ports) -> bool:
        """Whether a server answers on any of these ports: a load balancer does where a target is behind."""
        return server.type != BALANCER or any(_within(port, ports) for port in self.live_ports(server))

    def live_ports(self, balancer: Resource) -> list[int]:
        """Ports whose listeners lead to a target that lets the load balancer in, or answer themselves."""
        return [
            port
            for port, answers, groups in self._listeners(balancer)
            if answers or any(self._leads_on(balancer, group) for group in groups)
        ]

    def _listeners(self, balancer: Resource) -> Iterator[tuple[int, bool, list[Resource]]]:
        """Each listener's port, whether it answers by itself, and the target groups that it forwards to."""
        arn = self._directory.values(balancer).get("arn")
        for listener, values in self._directory.all(LISTENER):
            if values.get("loadBalancerArn") == arn:
                actions = many(values.get("defaultActions"))
                # What a rule answers by itself it answers to some, when something is wrong.
                answers = any(action.get("type") in ("redirect", "fixed-response") for action in actions)
                for _, rule in self._directory.all(LISTENER_RULE):
                    if rule.get("listenerArn") in (values.get("arn"), listener.id):
                        actions = [*actions, *many(rule.get("actions"))]
                found = (self._directory.named(text, TARGET_GROUP) for text in texts(actions))
                yield int(values.get("port", 0)), answers, [group for group in found if group]

    def _leads_on(self, balancer: Resource, group: Resource) -> bool:
        """Whether a target group has a target that the balancer's security group may speak to, and where
        that is a cluster's node, pods behind its port."""
        port, machines = self._targets(group)
        if any(machine.type == "aws:lambda/function:Function" for machine in machines):
            return True  # called through AWS's own API, on no port
        nodes = [machine for machine in machines if machine.type == NODES]
        if nodes and not any(True for one in nodes for _ in self._node_ports.behind(balancer, one, port)):
            return False
        worn = self._groups(balancer)
        return any(
            _within(port, ports)
            for machine in machines
            for server in self._groups(machine)
            for client in worn
            for ports in self._open_ports(client, server)
        )

    def _targets(self, group: Resource) -> tuple[int, list[Resource]]:
        """A target group's port, and the resources in it that wear security groups."""
        values = self._directory.values(group)
        found: list[Resource] = []
        for resource in self._directory.naming(str(values.get("arn"))):
            if resource.type in ATTACHMENTS:
                found += self._attached(resource)
            elif resource.type not in (LISTENER, LISTENER_RULE):
                found.append(resource)
        return int(values.get("port", 0)), [machine for one in found for machine in self._machines(one)]

    def _attached(self, attachment: Resource) -> list[Resource]:
        values, keys = self._directory.values(attachment), ("autoscalingGroupName", "targetId")
        named = (self._directory.named(values.get(key), *TARGETS, beside=attachment) for key in keys)
        graph = self._directory.graph
        # EKS names the group of its nodes, so a preview has no name to find them by.
        around = (graph[urn] for urn in attachment.dependencies if urn in graph)
        return [*filter(None, named), *(one for one in around if one.type == NODES)]

    def _machines(self, target: Resource) -> list[Resource]:
        """A target itself, and for an Auto Scaling group the launch template of its machines."""
        values = texts(self._directory.values(target))
        named = (self._directory.named(text, TEMPLATE, beside=target) for text in values)
        return [target, *(template for template in named if template)]

    def _groups(self, resource: Resource) -> list[str]:
        return [group for group, members in self._wearers.items() if resource.urn in {m.urn for m in members}]


def _within(port: int, ports: Ports) -> bool:
    return ports.protocol in ("tcp", "-1") and ports.first <= port <= ports.last
