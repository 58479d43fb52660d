"""A Kubernetes cluster: Amazon EKS."""

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.access import Peer, Server, open_way
from components.keeping import Logging
from components.logs import log_group
from components.policies import policy, trust
from components.service.eks_disks import disks_add_on, encrypted_disks
from components.service.eks_nodes import EksNodes, Nodes
from components.service.kubernetes_pods import POD_TRUST, Pods

VERSION = "1.35"
"""In standard support until March 2027:
https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"""
KUBERNETES_VERSION = re.compile(r"1\.\d\d")
CLUSTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}")
CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
BEFORE_NODES: Mapping[str, Mapping[str, Any]] = {
    # Without it NetworkPolicy objects are taken and not enforced:
    # https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
    "vpc-cni": {"enableNetworkPolicy": "true"},
    "kube-proxy": {},
    "eks-pod-identity-agent": {},
}
ON_NODES: Mapping[str, Mapping[str, Any]] = {"coredns": {}, "metrics-server": {}}
"""Add-ons whose pods need nodes to become ready."""
METRICS_PORT = 10251
"""Where EKS's metrics-server answers the API server, for autoscalers:
https://docs.aws.amazon.com/eks/latest/userguide/metrics-server.html"""


class EksClusterArgs(Nodes, Logging):
    version: NotRequired[str]
    """Kubernetes' minor version. Default 1.35. EKS raises it itself when its standard support ends, rather
    than charge for extended support; it is never lowered."""
    public_cidrs: NotRequired[Sequence[str]]
    """Addresses that may call the Kubernetes API from outside of the network. Default: none, so `pulumi up`
    runs where the network is reached, on a machine in it or over a VPN, once the cluster stands."""
    disks: NotRequired[bool]
    """Whether its pods may have encrypted disks of their own, of the class "encrypted". The network needs the
    endpoint ec2. Default False."""
    administrators: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of roles and users that may do everything in the cluster, besides whoever created it. Default:
    none."""


class EksCluster(Server):
    """Kubernetes over all zones: a private API, its secrets encrypted, all its logs kept, policies enforced
    on its network, and AWS identities for pods.

    Pods are put on it by components that take `pods` and `inside`. An arrow from the cluster is one from its
    nodes; an arrow to it leads to the Kubernetes API, which asks for an IAM identity that it knows. Its
    provider gets a token from `aws eks get-token`, so the AWS CLI must be there.
    """

    port = 443
    announced = False
    cluster_name: pulumi.Output[str]
    node_security_group_id: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    """Who vouches for its API, a certificate in base64."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        cluster_name = f"{pulumi.get_stack()}-{name}".lower()
        self._check(args, cluster_name)

        group = aws.ec2.SecurityGroup(
            name, description=f"Control plane of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs = log_group(
            self,
            name,
            group_name=f"/aws/eks/{cluster_name}/cluster",
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        role, ready = self._role(args)
        cluster = aws.eks.Cluster(
            name,
            name=cluster_name,
            role_arn=role.arn,
            version=args.get("version", VERSION),
            vpc_config={
                "subnet_ids": args["subnet_ids"],
                "security_group_ids": [group.id],
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.get("public_cidrs")),
                "public_access_cidrs": args.get("public_cidrs"),
            },
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": True,
            },
            encryption_config={"provider": {"key_arn": args["key_arn"]}, "resources": ["secrets"]}
            if "key_arn" in args
            else None,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            bootstrap_self_managed_addons=False,
            upgrade_policy={"support_type": "STANDARD"},
            zonal_shift_config={"enabled": True},
            deletion_protection=not args.get("disposable", False),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, *ready]),
        )
        self._administrators(cluster, args)
        before = self._add_ons(cluster, BEFORE_NODES, [])
        ours = {key: value for key, value in args.items() if key in Nodes.__annotations__ or key == "region"}
        machines: Any = {**ours, "cluster_name": cluster.name}
        self._nodes = EksNodes(
            f"{name}-nodes", machines, pulumi.ResourceOptions(parent=self, depends_on=before)
        )
        after = self._add_ons(cluster, ON_NODES, [self._nodes])
        if disks := args.get("disks", False):
            after.append(disks_add_on(self, cluster, args.get("key_arn"), [self._nodes]))
        provider = kubernetes.Provider(
            name,
            kubeconfig=_kubeconfig(cluster),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
        if disks:
            encrypted_disks(self, provider, args.get("key_arn"), args.get("disposable", False))

        self.security_group_id = group.id
        self.address = pulumi.Output.format(
            "{}:{}", cluster.endpoint.apply(lambda url: url.removeprefix("https://")), self.port
        )
        self.cluster_name = cluster.name
        self.node_security_group_id = self._nodes.security_group_id
        self.certificate_authority = cluster.certificate_authority.data.apply(lambda data: data or "")
        open_way(f"{name}-nodes-to-{name}", self._nodes, self, self.port)
        for role, port in {"kubelet": self._nodes.port, "metrics": METRICS_PORT}.items():
            open_way(f"{name}-to-{name}-nodes-{role}", self, self._nodes, port)
        self.pods: Pods = {
            "cluster": name,
            "cluster_name": cluster.name,
            "node_security_group_id": self.node_security_group_id,
            "node_group_name": self._nodes.group_name,
            "disks": disks,
        }
        self.inside = pulumi.ResourceOptions(providers=[provider])
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "cluster_name": self.cluster_name,
                "node_security_group_id": self.node_security_group_id,
                "certificate_authority": self.certificate_authority,
            }
        )

    def caller(self) -> Peer:
        return self._nodes

    def _role(self, args: EksClusterArgs) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """The control plane's role, and what must be there before it is used."""
        role = aws.iam.Role(self.name, assume_role_policy=trust("eks.amazonaws.com"), opts=self.child)
        ready: list[pulumi.Resource] = [self._attach(self.name, role, "AmazonEKSClusterPolicy")]
        if "key_arn" in args:
            key = {
                "Sid": "Secrets",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
                "Resource": args["key_arn"],
            }
            ready.append(aws.iam.RolePolicy(self.name, role=role.name, policy=policy([key]), opts=self.child))
        return role, ready

    def _attach(self, name: str, role: aws.iam.Role, managed: str) -> aws.iam.RolePolicyAttachment:
        partition = role.arn.apply(lambda arn: arn.split(":")[1])
        arn = pulumi.Output.format("arn:{}:iam::aws:policy/{}", partition, managed)
        return aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=arn, opts=self.child)

    def _administrators(self, cluster: aws.eks.Cluster, args: EksClusterArgs) -> None:
        for number, arn in enumerate(args.get("administrators", ()), 1):
            name = f"{self.name}-administrator-{number}"
            entry = aws.eks.AccessEntry(name, cluster_name=cluster.name, principal_arn=arn, opts=self.child)
            aws.eks.AccessPolicyAssociation(
                name,
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=cluster.arn.apply(
                    lambda arn: (
                        f"arn:{arn.split(':')[1]}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
                    )
                ),
                access_scope={"type": "cluster"},
                opts=self.child,
            )

    def _add_ons(
        self,
        cluster: aws.eks.Cluster,
        add_ons: Mapping[str, Mapping[str, Any]],
        after: Sequence[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        """EKS's own add-ons, each in the version that EKS has for the cluster's when it is made."""
        return [
            aws.eks.Addon(
                f"{self.name}-{add_on}",
                cluster_name=cluster.name,
                addon_name=add_on,
                configuration_values=json.dumps(settings) if settings else None,
                pod_identity_associations=self._network_identity() if add_on == "vpc-cni" else None,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=pulumi.ResourceOptions(parent=self, depends_on=after),
            )
            for add_on, settings in add_ons.items()
        ]

    def _network_identity(self) -> Any:
        """The network plugin's own role, so that the nodes' has none of its power over interfaces."""
        name = f"{self.name}-vpc-cni"
        role = aws.iam.Role(name, assume_role_policy=POD_TRUST, opts=self.child)
        self._attach(name, role, "AmazonEKS_CNI_Policy")
        return [{"service_account": "aws-node", "role_arn": role.arn}]

    def _check(self, args: EksClusterArgs, cluster_name: str) -> None:
        if not CLUSTER_NAME.fullmatch(cluster_name):
            wanted = "letters, digits and hyphens, so that '<stack>-<name>' is a cluster's, of at most 100"
            self.reject("name", self.name, wanted)
        if len(args["subnet_ids"]) < 2:
            self.reject("subnet_ids", len(args["subnet_ids"]), "two or more, in different zones")
        if not KUBERNETES_VERSION.fullmatch(value := args.get("version", VERSION)):
            self.reject("version", value, f"a minor version of Kubernetes, such as '{VERSION}'")
        for block in args.get("public_cidrs", ()):
            try:
                refused = "/" not in block or ipaddress.ip_network(block).prefixlen < 8
            except ValueError:
                refused = True
            if refused:
                self.reject("public_cidrs", block, "networks of /8 or smaller, such as '203.0.113.0/24'")


def _kubeconfig(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    def config(known: Mapping[str, Any]) -> str:
        region = known["arn"].split(":")[3]
        token = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": ["eks", "get-token", "--cluster-name", known["name"], "--region", region],
            "interactiveMode": "Never",
        }
        api = {"server": known["endpoint"], "certificate-authority-data": known["authority"]}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "eks", "cluster": api}],
                "users": [{"name": "eks", "user": {"exec": token}}],
                "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "eks"}}],
                "current-context": "eks",
            }
        )

    authority = cluster.certificate_authority.data
    known = {"name": cluster.name, "arn": cluster.arn, "endpoint": cluster.endpoint, "authority": authority}
    return pulumi.Output.all(**known).apply(config)
