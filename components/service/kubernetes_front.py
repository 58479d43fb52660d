"""A load balancer before pods, which speaks to a port of their nodes."""

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.access import Server, open_way
from components.edge.load_balancer import LoadBalancer
from components.service.kubernetes_arguments import listening
from components.service.kubernetes_policies import PodGroup, blocks, tcp

NODE_PORT = 30080
HEALTH = "/healthz"
NOBODY = "fourplane/none"
"""A class of load balancers that no controller makes:
https://kubernetes.io/docs/concepts/services-networking/service/#load-balancer-class"""
LEAVING_SECONDS = 35
"""Three health checks, ten seconds apart, and what they take: then the balancer knows that a pod goes."""


def front(service: Server, pods: PodGroup, args: Mapping[str, Any]) -> LoadBalancer:
    """The balancer, the nodes' port, and the way from the one through the other to the pods.

    A node has traffic for its own pods only, so these see who calls, and the balancer must know which nodes
    have one: kube-proxy says so, on a port that only a Service of the type LoadBalancer gets.
    https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip
    """
    name, port = service.name, args.get("node_port", NODE_PORT)
    asked: Any = {
        **args["front"],
        "target_port": port,
        "health_check_path": HEALTH,
        "health_check_port": port + 1,
        "label": name,
    }
    balancer = LoadBalancer(f"{name}-balancer", asked, service.child)
    aws.autoscaling.Attachment(
        name,
        autoscaling_group_name=args["node_group_name"],
        lb_target_group_arn=balancer.target_group_arn,
        opts=service.child,
    )
    main: Any = {"name": "main", "port": balancer.port, "target_port": listening(args), "node_port": port}
    spec: Any = {
        "type": "LoadBalancer",
        "load_balancer_class": NOBODY,
        "external_traffic_policy": "Local",
        "health_check_node_port": port + 1,
        "selector": pods.labels,
        "ports": [main],
    }
    kubernetes.core.v1.Service(
        f"{name}-front",
        # Pulumi would wait for a balancer that nobody makes.
        metadata=pods.called(f"{name}-front", annotations={"pulumi.com/skipAwait": "true"}),
        spec=spec,
        opts=service.child,
    )
    for role, number in {"": port, "-health": port + 1}.items():
        open_way(f"{balancer.name}-to-{name}{role}", balancer, service, number)
    pods.let_in(f"{name}-from-balancer", blocks(args["front"]["cidr_blocks"]), tcp(listening(args)))
    return balancer
