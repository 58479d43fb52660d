"""A container that a cluster keeps running on as many pods as its load asks for."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.access import Peer, Server, open_from
from components.component import ArgumentError
from components.policies import policy
from components.service.kubernetes_namespace import LABEL
from components.service.kubernetes_pods import POD_TRUST, NamespacedPods
from components.service.pod_template import Pod, pod_template

ROLLING: Any = {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}}
ANYONE = "0.0.0.0/0"
IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods get the credentials of their role: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html"""


class KubernetesServiceArgs(NamespacedPods, Pod):
    calls: NotRequired[Sequence[str]]
    """Names of the servers whose addresses its pods take as <SERVER>_ADDRESS, and as <SERVER>_PASSWORD what
    they log in with: a pod waits until each has been connected. Default: none."""
    replicas: NotRequired[int]
    """Pods kept when there is no load. Default 2, on different nodes and in different zones."""
    maximum: NotRequired[int]
    """Pods under the highest load. Default: the replicas, and nothing scales."""
    cpu_percent: NotRequired[int]
    """Average CPU, of what a pod asks for, that the pods are kept at where they scale. Default 60."""
    alone: NotRequired[bool]
    """Whether two pods must never run at once, for what would do its work twice: then a change, and the loss
    of its node, stops it for the time that a pod takes to start. Default False."""
    aws_identity: NotRequired[bool]
    """Whether its pods have a role of their own at AWS, which arrows give statements, and may call AWS's
    APIs. Default False."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements of the pods' role. Default: none."""


class KubernetesService(Server):
    """Pods over all zones behind one name in the cluster, rolled when they change, and never drained to none.

    An arrow to another of its kind in the same cluster opens a network policy on each side. An arrow to what
    stands beside the cluster opens one to the server's subnets, and the nodes' way to the server's security
    group: pods share their nodes' group, so of two servers on one port in the same subnets a pod that may
    reach one may reach the other, once the cluster may reach both.
    """

    address: pulumi.Output[str]
    namespace: pulumi.Output[str]
    service_account: pulumi.Output[str]

    def __init__(
        self, name: str, args: KubernetesServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        replicas = args.get("replicas", 2)
        maximum = args.get("maximum", replicas)
        self._check(args, replicas, maximum)
        self._labels = {"app.kubernetes.io/name": name}
        self._within = args["namespace"]
        self._cluster, self._node_group_id = args["cluster"], args["node_security_group_id"]
        self._calls = args.get("calls", ())

        account = kubernetes.core.v1.ServiceAccount(
            name, metadata=self._called(name), automount_service_account_token=False, opts=self.child
        )
        # A pod that starts before its identity is there never gets one.
        first = [self._identity(args)] if args.get("aws_identity", False) else []
        marks: dict[str, pulumi.Input[str]] = {}
        if files := args.get("files"):
            kubernetes.core.v1.ConfigMap(name, metadata=self._called(name), data=files, opts=self.child)
            marks["files"] = pulumi.Output.json_dumps(files).apply(_digest)
        template = pod_template(
            name,
            self._labels,
            args,
            connections=[f"{name}-to-{server}" for server in self._calls],
            marks=marks,
        )
        deployment = kubernetes.apps.v1.Deployment(
            name,
            metadata=self._called(name),
            spec={
                # Where it scales, the autoscaler says how many there are.
                "replicas": replicas if maximum == replicas else None,
                "selector": {"match_labels": self._labels},
                "strategy": {"type": "Recreate"} if args.get("alone", False) else ROLLING,
                "revision_history_limit": 3,
                "template": template,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=first),
        )
        service = kubernetes.core.v1.Service(
            name,
            metadata=self._called(name),
            spec={
                "selector": self._labels,
                "ports": [{"name": "main", "port": args["port"], "target_port": args["port"]}],
            },
            opts=self.child,
        )
        kubernetes.policy.v1.PodDisruptionBudget(
            name,
            metadata=self._called(name),
            # With one pod, waiting for a second would keep its node from ever being replaced.
            spec={"max_unavailable": 1, "selector": {"match_labels": self._labels}},
            opts=self.child,
        )
        if maximum > replicas:
            self._scaling(deployment, replicas, maximum, args.get("cpu_percent", 60))

        self.port = args["port"]
        self.security_group_id = pulumi.Output.from_input(args["node_security_group_id"])
        self.namespace = pulumi.Output.from_input(args["namespace"])
        self.service_account = account.metadata.apply(lambda metadata: metadata.name or name)
        self.address = pulumi.Output.format(
            "{}.{}.svc.cluster.local:{}",
            service.metadata.apply(lambda metadata: metadata.name or name),
            self.namespace,
            self.port,
        )
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "namespace": self.namespace,
                "service_account": self.service_account,
            }
        )

    def open_to(self, name: str, server: Server) -> None:
        """Let its pods out to a server, and into it."""
        if isinstance(server, KubernetesService):
            self._policy(name, "egress", [{"to": [server._pods()], "ports": _tcp(server.port)}])
            server.let_in(name, self)
            return
        blocks = list(server.dialed_at().values())
        if not blocks:
            raise ArgumentError(
                f"connect: '{server.name}' needs cidr_blocks, so that a network policy can name it"
            )
        addresses = [{"ip_block": {"cidr": block}} for block in blocks]
        self._policy(name, "egress", [{"to": addresses, "ports": _tcp(server.port)}])
        way = f"{server.name}-from-{self._cluster}"
        if way not in server.ways:  # one for all pods of the cluster
            server.ways.add(way)
            open_from(way, self._node_group_id, server, server.port)

    def let_in(self, name: str, client: Peer) -> None:
        """Let the pods of another service in."""
        if not isinstance(client, KubernetesService) or client._cluster != self._cluster:
            raise ArgumentError(f"connect: '{self.name}' is reached from pods of its own cluster alone")
        self._policy(f"{name}-in", "ingress", [{"from": [client._pods()], "ports": _tcp(self.port)}])

    def wants(self, server: Any) -> Sequence[Mapping[str, Any]]:
        """None where its pods are given the password that a role would read."""
        given = server.name in self._calls and getattr(server, "password", None) is not None
        return () if given else server.grants()

    def learn(self, arrow: str, server: Any) -> None:
        """Give its pods a server's address and password, if they call it."""
        if server.name not in self._calls:
            return
        name = environment_name(server.name)
        said: dict[str, pulumi.Input[str]] = {f"{name}_ADDRESS": server.address}
        if (password := getattr(server, "password", None)) is not None:
            said[f"{name}_PASSWORD"] = password
        kubernetes.core.v1.Secret(arrow, metadata=self._called(arrow), string_data=said, opts=self.child)

    def _identity(self, args: KubernetesServiceArgs) -> aws.eks.PodIdentityAssociation:
        """A role for its pods, and the way to AWS's APIs, whose addresses no policy can name."""
        role = aws.iam.Role(self.name, assume_role_policy=POD_TRUST, opts=self.child)
        if statements := args.get("statements"):
            aws.iam.RolePolicy(self.name, role=role.name, policy=policy(statements), opts=self.child)
        identity = aws.eks.PodIdentityAssociation(
            self.name,
            cluster_name=args["cluster_name"],
            namespace=args["namespace"],
            service_account=self.name,
            role_arn=role.arn,
            opts=self.child,
        )
        self._policy(
            f"{self.name}-to-aws",
            "egress",
            [
                {"to": [{"ip_block": {"cidr": IDENTITY_AGENT}}], "ports": _tcp(80)},
                {"to": [{"ip_block": {"cidr": ANYONE}}], "ports": _tcp(443)},
            ],
        )
        self.role_name = role.name
        return identity

    def _scaling(
        self, deployment: kubernetes.apps.v1.Deployment, replicas: int, maximum: int, cpu_percent: int
    ) -> None:
        target = {"type": "Utilization", "average_utilization": cpu_percent}
        spec: Any = {
            "scale_target_ref": {
                "api_version": "apps/v1",
                "kind": "Deployment",
                "name": deployment.metadata.apply(lambda metadata: metadata.name or self.name),
            },
            "min_replicas": replicas,
            "max_replicas": maximum,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            self.name, metadata=self._called(self.name), spec=spec, opts=self.child
        )

    def _called(self, name: str) -> Any:
        return {"name": name, "namespace": self._within, "labels": self._labels}

    def _pods(self) -> Any:
        """Its pods, as another's network policy names them."""
        return {
            "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": self._within}},
            "pod_selector": {"match_labels": self._labels},
        }

    def _policy(self, name: str, direction: str, rules: list[Any]) -> None:
        """Let something through besides what the namespace lets: policies add up."""
        spec: Any = {
            "pod_selector": {"match_labels": self._labels},
            "policy_types": [direction.title()],
            direction: rules,
        }
        kubernetes.networking.v1.NetworkPolicy(name, metadata=self._called(name), spec=spec, opts=self.child)

    def _check(self, args: KubernetesServiceArgs, replicas: int, maximum: int) -> None:
        if not LABEL.fullmatch(self.name):
            self.reject("name", self.name, "lower-case letters, digits and hyphens, of at most 63")
        if not 1024 <= args["port"] <= 65535:
            self.reject(
                "port", args["port"], "1024 to 65535, since a restricted container cannot take a lower"
            )
        if replicas < 1:
            self.reject("replicas", replicas, "at least 1")
        if maximum < replicas:
            self.reject("maximum", maximum, f"at least the replicas, {replicas}")
        if args.get("user", 1) < 1:
            self.reject("user", args.get("user"), "1 or above, since a restricted container is never root")
        if args.get("alone", False) and maximum > 1:
            self.reject("replicas", replicas, "1, and no maximum, for what must be alone")
        if "statements" in args and not args.get("aws_identity", False):
            self.reject(
                "aws_identity", False, "True where there are statements, so that a role can have them"
            )


def environment_name(server: str) -> str:
    """How the variables of a server's address and password begin."""
    return re.sub("[^A-Z0-9]", "_", server.upper())


def _tcp(port: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port}]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
