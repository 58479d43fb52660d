"""A container that a cluster keeps running on as many pods as its load asks for."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.access import Peer, Server, open_from
from components.component import ArgumentError
from components.policies import policy
from components.service.envoy import DRAIN_SECONDS, local_ports, mesh_files, sidecar
from components.service.kubernetes_arguments import (
    KubernetesServiceArgs,
    check,
    listening,
    stable,
)
from components.service.kubernetes_front import LEAVING_SECONDS, front
from components.service.kubernetes_pods import POD_TRUST, environment_name
from components.service.kubernetes_policies import PodGroup, blocks, tcp
from components.service.kubernetes_rights import rights
from components.service.kubernetes_workload import keep, names, scale, workload
from components.service.pod_template import Parts, key_of, pod_template

ANYONE = "0.0.0.0/0"
IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods get the credentials of their role: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html"""


class KubernetesService(Server):
    """Pods over all zones behind one name in the cluster, rolled when they change, and never drained to none.

    An arrow to another of its kind in the same cluster opens a network policy on each side. An arrow to what
    stands beside the cluster opens one to the server's subnets, and the nodes' way to the server's security
    group: pods share their nodes' group, so of two servers on one port in the same subnets a pod that may
    reach one may reach the other, once the cluster may reach both.
    """

    shares_group = True
    address: pulumi.Output[str]
    """Its balancer's where there is one, and what pods of its cluster dial otherwise."""
    cluster_address: pulumi.Output[str]
    """What pods of its cluster dial."""
    namespace: pulumi.Output[str]
    service_account: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    """Its balancer's; this and what follows is empty where there is none."""
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]

    def __init__(
        self, name: str, args: KubernetesServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        replicas = args.get("replicas", 2)
        maximum = args.get("maximum", replicas)
        check(self, args, replicas, maximum)
        mesh = args.get("mesh", {})
        through = {**mesh.get("http", {}), **mesh.get("redis", {})}
        self._logs_in = frozenset(mesh.get("redis", {}))
        self._calls = {*args.get("calls", ()), *self._logs_in}
        self._pods = PodGroup(self, args["namespace"], {"app.kubernetes.io/name": name})
        self._cluster, self._node_group_id = args["cluster"], args["node_security_group_id"]
        self._ports = (listening(args), *args.get("also", {}).values())

        account = kubernetes.core.v1.ServiceAccount(
            name, metadata=self._pods.called(name), automount_service_account_token=False, opts=self.child
        )
        # A pod that starts before its identity is there never gets one.
        first: list[pulumi.Resource] = [self._identity(args)] if args.get("aws_identity", False) else []
        if rules := args.get("kubernetes_rules"):
            first.append(rights(self._pods, account, rules))
        parts = self._parts(args, through)
        made = workload(
            self._pods,
            args,
            pod_template(name, self._pods.labels, args, parts),
            replicas if maximum == replicas else None,
            first,
        )
        service = names(self._pods, args)
        keep(self._pods)
        if maximum > replicas:
            scale(self._pods, made, replicas, maximum, args.get("cpu_percent", 60))
        if peers := args.get("peers"):
            self._pods.let_among(peers)

        self.security_group_id = pulumi.Output.from_input(args["node_security_group_id"])
        self._balancer = front(self, self._pods, args) if "front" in args else None
        self.port = listening(args)
        self.namespace = pulumi.Output.from_input(args["namespace"])
        self.service_account = account.metadata.apply(lambda metadata: metadata.name or name)
        self.cluster_address = pulumi.Output.format(
            "{}.{}.svc.cluster.local:{}",
            service.metadata.apply(lambda metadata: metadata.name or name),
            self.namespace,
            self.port,
        )
        self._announce()

    def _announce(self) -> None:
        nothing = pulumi.Output.from_input("")
        before = self._balancer
        self.address = before.address if before else self.cluster_address
        self.dns_name = before.dns_name if before else nothing
        self.zone_id = before.zone_id if before else nothing
        self.load_balancer_arn = before.arn if before else nothing
        self.load_balancer_dimension = before.dimension if before else nothing
        self.target_group_dimension = before.target_group_dimension if before else nothing
        self.register_outputs(
            {
                "address": self.address,
                "cluster_address": self.cluster_address,
                "security_group_id": self.security_group_id,
                "namespace": self.namespace,
                "service_account": self.service_account,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "load_balancer_arn": self.load_balancer_arn,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
            }
        )

    def entrance(self) -> Server:
        return self._balancer or self

    def door(self, server: Server) -> Server:
        """Of a service in the same cluster the pods, whatever stands before them for others."""
        return self._beside(server) or server.entrance()

    def open_to(self, name: str, server: Server) -> None:
        """Let its pods out to a server, and into it."""
        if isinstance(server, KubernetesService):
            self._pods.let_out(name, [server._pods.peer], tcp(*server._ports))
            server.let_in(name, self)
            return
        cidrs = list(server.dialed_at().values())
        if not cidrs:
            raise ArgumentError(
                f"connect: '{server.name}' needs cidr_blocks, so that a network policy can name it"
            )
        self._pods.let_out(name, blocks(cidrs), tcp(server.port))
        way = f"{server.name}-from-{self._cluster}"
        if way not in server.ways:  # one for all pods of the cluster
            server.ways.add(way)
            open_from(way, self._node_group_id, server, server.port)

    def let_in(self, name: str, client: Peer) -> None:
        """Let the pods of another service in."""
        if not isinstance(client, KubernetesService) or client._cluster != self._cluster:
            raise ArgumentError(f"connect: '{self.name}' is reached from pods of its own cluster alone")
        self._pods.let_in(f"{name}-in", [client._pods.peer], tcp(*self._ports))

    def wants(self, server: Any) -> Sequence[Mapping[str, Any]]:
        """None where its pods are given the password that a role would read."""
        given = server.name in self._calls and getattr(server, "password", None) is not None
        return () if given else server.grants()

    def learn(self, arrow: str, server: Any) -> None:
        """Give its pods a server's address and password, if they call it."""
        if server.name not in self._calls:
            return
        name = environment_name(server.name)
        beside = self._beside(server)
        address = beside.cluster_address if beside else server.address
        said: dict[str, pulumi.Input[str]] = {f"{name}_ADDRESS": address}
        if (password := getattr(server, "password", None)) is not None:
            said[f"{name}_PASSWORD"] = password
        elif server.name in self._logs_in:
            raise ArgumentError(
                f"connect: '{server.name}' needs a password, so that the mesh of '{self.name}' can log in"
            )
        self._secret(arrow, said)

    def _beside(self, server: object) -> "KubernetesService | None":
        """The pods of a server, where they are in the same cluster."""
        parts = (server.entrance(), server.caller()) if isinstance(server, Server) else ()
        return next(
            (one for one in parts if isinstance(one, KubernetesService) and one._cluster == self._cluster),
            None,
        )

    def _parts(self, args: KubernetesServiceArgs, through: Mapping[str, Any]) -> Parts:
        """What goes into its pods, with the objects that it comes from. `through`: servers in its mesh."""
        name, mesh = self.name, args.get("mesh")
        connections = [f"{name}-to-{server}" for server in args.get("calls", ()) if server not in through]
        if secrets := args.get("secrets"):
            self._secret(f"{name}-secrets", secrets)
            connections.append(f"{name}-secrets")
        marks: dict[str, pulumi.Input[str]] = {}
        if files := args.get("files"):
            marks["files"] = self._files(name, {key_of(file): text for file, text in files.items()})
        sidecars: list[Any] = []
        volumes: list[Any] = []
        if mesh is not None:
            marks["mesh"] = self._files(f"{name}-mesh", mesh_files(name, args["port"], mesh))
            sidecars.append(sidecar(name, mesh, "mesh"))
            volumes.append({"name": "mesh", "config_map": {"name": f"{name}-mesh"}})
        return Parts(
            connections=connections,
            variables=_variables(name, args, through),
            ports={**args.get("peers", {}), **args.get("also", {})},
            marks=marks,
            sidecars=sidecars,
            volumes=volumes,
            leaving_seconds=_leaving(args),
            stable=stable(args),
        )

    def _files(self, name: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Keep files in the cluster. Returns what changes with them."""
        kubernetes.core.v1.ConfigMap(name, metadata=self._pods.called(name), data=files, opts=self.child)
        return pulumi.Output.json_dumps(files).apply(_digest)

    def _secret(self, name: str, data: Mapping[str, pulumi.Input[str]]) -> None:
        kubernetes.core.v1.Secret(name, metadata=self._pods.called(name), string_data=data, opts=self.child)

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
        ways = {IDENTITY_AGENT: 80, ANYONE: 443}
        rules = [{"to": blocks([cidr]), "ports": tcp(port)} for cidr, port in ways.items()]
        self._pods.let(f"{self.name}-to-aws", "egress", rules)
        self.role_name = role.name
        return identity


def _variables(name: str, args: KubernetesServiceArgs, through: Mapping[str, Any]) -> list[Any]:
    """What a container is told besides its settings: who it is, who is like it, and where its mesh is."""
    known: dict[str, Any] = {}
    if stable(args) or "peers" in args:
        own = {"POD_NAME": "metadata.name", "POD_IP": "status.podIP"}
        known |= {key: {"value_from": {"field_ref": {"field_path": path}}} for key, path in own.items()}
    if "peers" in args:
        found = pulumi.Output.format("{}-pods.{}.svc.cluster.local", name, args["namespace"])
        known["PEERS"] = {"value": found}
    for server, port in local_ports(through).items():
        known[f"{environment_name(server)}_ADDRESS"] = {"value": f"127.0.0.1:{port}"}
    return [{"name": key, **value} for key, value in known.items()]


def _leaving(args: KubernetesServiceArgs) -> int:
    """Seconds that a pod goes on for when it is told to go, until all who call it know."""
    if "front" in args:
        return LEAVING_SECONDS
    return DRAIN_SECONDS if "mesh" in args else Parts.leaving_seconds


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
