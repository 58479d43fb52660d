"""Ways to AWS's own services that do not leave the network."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.placement import Placement
from components.policies import account_of, policy

BOOT_AND_LOG = ("ec2", "ecr.api", "ecr.dkr", "logs", "monitoring", "ssm", "ssmmessages")
"""What a private instance calls to get its image and settings, be reached by Session Manager, and log."""
PACKAGES = ("codeartifact.api", "codeartifact.repositories")
"""What it calls to get a package."""


class VpcEndpointsArgs(Placement):
    vpc_arn: pulumi.Input[str]
    """ARN of the network: says which region and account it is in."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """Tables that get the routes to S3 and DynamoDB, whose gateway endpoints cost nothing."""
    services: NotRequired[Sequence[str]]
    """Services with an interface endpoint in every subnet. Default: `BOOT_AND_LOG`."""
    package_bucket_arn: NotRequired[pulumi.Input[str]]
    """Bucket that packages are served from (PackageCache): with it, `services` are those of `PACKAGES` too.
    Default: packages are out of reach."""


class VpcEndpoints(Server):
    """Interface endpoints for some services and gateway endpoints for S3 and DynamoDB.

    Closed like any server: connect(fleet, endpoints) lets a fleet use them, and reach S3, where Amazon
    Linux keeps its packages and ECR its image layers.
    """

    port = 443
    announced = False  # AWS's own names lead here

    s3_endpoint_id: pulumi.Output[str]
    """Gateway endpoint of S3, by which a bucket's policy knows who comes from this network
    (aws:SourceVpce)."""

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        packages = args.get("package_bucket_arn")
        services = [*args.get("services", BOOT_AND_LOG), *(PACKAGES if packages is not None else ())]
        region = pulumi.Output.from_input(args["vpc_arn"]).apply(lambda arn: arn.split(":")[3])

        group = aws.ec2.SecurityGroup(
            name, description=f"Interface endpoints of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        for service in services:
            aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                vpc_id=args["vpc_id"],
                vpc_endpoint_type="Interface",
                service_name=pulumi.Output.format("com.amazonaws.{}.{}", region, service),
                subnet_ids=args["subnet_ids"],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                opts=self.child,
            )
        gateways = {
            service: aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args["vpc_id"],
                vpc_endpoint_type="Gateway",
                service_name=pulumi.Output.format("com.amazonaws.{}.{}", region, service),
                route_table_ids=args["route_table_ids"],
                policy=policy(statements),
                opts=self.child,
            )
            for service, statements in (
                ("s3", _s3(args["vpc_arn"], region, packages)),
                ("dynamodb", _dynamodb(args["vpc_arn"])),
            )
        }

        self.prefix_list_ids = {"s3": gateways["s3"].prefix_list_id}
        self.address = pulumi.Output.format("amazonaws.com:{}", self.port)
        self.security_group_id = group.id
        self.s3_endpoint_id = gateways["s3"].id
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "s3_endpoint_id": self.s3_endpoint_id,
            }
        )


def _s3(
    vpc_arn: pulumi.Input[str], region: pulumi.Output[str], packages: pulumi.Input[str] | None
) -> list[dict[str, Any]]:
    """Our own buckets, and AWS's that hold packages and image layers: nobody's data can be carried
    elsewhere.

    Who asks is left to the buckets' own policies, so that one may let in what signs no requests and comes
    through here (FreeBsdPackages).
    """
    # https://docs.aws.amazon.com/codeartifact/latest/ug/create-s3-gateway-endpoint.html
    served = [] if packages is None else [pulumi.Output.format("{}/*", packages)]
    return [
        {
            "Sid": "OwnBuckets",
            "Effect": "Allow",
            "Principal": "*",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetBucketVersioning",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutObject",
            ],
            "Resource": ["arn:aws:s3:::*", "arn:aws:s3:::*/*"],
            "Condition": {"StringEquals": {"aws:ResourceAccount": account_of(vpc_arn)}},
        },
        {
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html,
            # https://docs.aws.amazon.com/linux/al2023/ug/repository-access.html
            "Sid": "ImagesAndPackages",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [
                pulumi.Output.format("arn:aws:s3:::prod-{}-starport-layer-bucket/*", region),
                pulumi.Output.format("arn:aws:s3:::al2023-repos-{}-de612dc2/*", region),
                *served,
            ],
        },
    ]


def _dynamodb(vpc_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    return [
        {
            "Sid": "OwnTables",
            "Effect": "Allow",
            "Principal": "*",
            "Action": [
                f"dynamodb:{action}"
                for action in (
                    "BatchGetItem",
                    "BatchWriteItem",
                    "ConditionCheckItem",
                    "DeleteItem",
                    "DescribeTable",
                    "GetItem",
                    "PutItem",
                    "Query",
                    "Scan",
                    "UpdateItem",
                )
            ],
            "Resource": "arn:aws:dynamodb:*:*:table/*",
            "Condition": {"StringEquals": {"aws:ResourceAccount": account_of(vpc_arn)}},
        }
    ]
