"""The machines of a Kubernetes cluster."""

from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server, let_out, open_within
from components.machine import INSTANCE_TYPE, architecture, session_statements
from components.placement import Placement
from components.policies import policy, trust

IMAGES = {"arm64": "AL2023_ARM_64_STANDARD", "x86_64": "AL2023_x86_64_STANDARD"}
MANAGED = {"node": "AmazonEKSWorkerNodePolicy", "images": "AmazonEC2ContainerRegistryPullOnly"}
"""What EKS asks of a node's role, and keeps up to date itself; the network plugin has a role of its own.
https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html"""


class Nodes(Placement):
    """How many machines, and which."""

    instance_type: NotRequired[str]
    """Default t4g.large: 2 Graviton vCPUs, 8 GiB."""
    disk_gib: NotRequired[int]
    """Size of the root disk, which holds images and logs. Default 50."""
    minimum: NotRequired[int]
    """Nodes there are. Default: one in every subnet."""
    maximum: NotRequired[int]
    """Nodes there may be, for something that adds some (ClusterAutoscaler): nothing does by itself, and how
    many there are is then its affair. Default: the minimum."""
    public_images: NotRequired[bool]
    """Whether nodes may fetch images from registries on the internet, through NAT. Default False: from ECR
    alone, and then the network needs the endpoint eks-auth too, where pods get their credentials."""


class EksNodesArgs(Nodes):
    cluster_name: pulumi.Input[str]
    """The cluster, active and with its network plugin."""


class EksNodes(Server):
    """A managed node group over all zones, rolled one by one when it changes, and repaired when it fails.

    There is no SSH: Session Manager is the way in. Nodes may say anything to each other; what pods may, their
    network policies say.
    """

    port = 10250
    announced = False  # only the control plane calls them
    role_name: pulumi.Output[str]
    group_name: pulumi.Output[str]
    """The Auto Scaling group that EKS made."""

    def __init__(self, name: str, args: EksNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        instance_type = args.get("instance_type", "t4g.large")
        minimum = args.get("minimum", len(args["subnet_ids"]))
        maximum = args.get("maximum", minimum)
        self._check(args, instance_type, minimum, maximum)

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes and pods of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        role, ready = self._role(group.arn)
        template = aws.ec2.LaunchTemplate(
            name,
            update_default_version=True,
            # One hop: a pod is a second one away, and cannot take the node's role.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[_disk(args.get("disk_gib", 50))],
            vpc_security_group_ids=[group.id],
            monitoring={"enabled": True},
            tag_specifications=[
                {"resource_type": kind, "tags": {"Name": name}}
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=self.child,
        )
        nodes = aws.eks.NodeGroup(
            name,
            cluster_name=args["cluster_name"],
            node_role_arn=role.arn,
            subnet_ids=args["subnet_ids"],
            ami_type=IMAGES[architecture(instance_type)],
            instance_types=[instance_type],
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            scaling_config={
                "min_size": minimum,
                "desired_size": minimum,
                "max_size": maximum,
            },
            update_config={"max_unavailable": 1},
            node_repair_config={"enabled": True},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=ready,
                ignore_changes=["scalingConfig.desiredSize"] if maximum > minimum else None,
            ),
        )

        self.security_group_id = group.id
        open_within(self)
        if args.get("public_images", False):
            let_out(self)
        self.address = pulumi.Output.format("{}:{}", args["cluster_name"], self.port)
        self.role_name = role.name
        self.group_name = nodes.resources[0].autoscaling_groups[0].name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "role_name": self.role_name,
                "group_name": self.group_name,
            }
        )

    def _role(self, near: pulumi.Input[str]) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """The nodes' role, and what must be there before a node uses it."""
        role = aws.iam.Role(self.name, assume_role_policy=trust("ec2.amazonaws.com"), opts=self.child)
        partition = pulumi.Output.from_input(near).apply(lambda arn: arn.split(":")[1])
        attached: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{self.name}-{what}",
                role=role.name,
                policy_arn=pulumi.Output.format("arn:{}:iam::aws:policy/{}", partition, managed),
                opts=self.child,
            )
            for what, managed in MANAGED.items()
        ]
        session = aws.iam.RolePolicy(
            self.name, role=role.name, policy=policy(session_statements(near)), opts=self.child
        )
        return role, [*attached, session]

    def _check(self, args: EksNodesArgs, instance_type: str, minimum: int, maximum: int) -> None:
        if not args["subnet_ids"]:
            self.reject("subnet_ids", [], "one subnet or more")
        if not INSTANCE_TYPE.fullmatch(instance_type):
            self.reject("instance_type", instance_type, "an EC2 instance type, such as 'm7g.large'")
        if minimum < 1:
            self.reject("minimum", minimum, "at least 1")
        if maximum < minimum:
            self.reject("maximum", maximum, f"at least the minimum, {minimum}")


def _disk(gib: int) -> Any:
    return {
        "device_name": "/dev/xvda",
        "ebs": {
            "volume_type": "gp3",
            "volume_size": gib,
            "encrypted": "true",
            "delete_on_termination": "true",
        },
    }
