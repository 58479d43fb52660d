"""A small network and fleet that several tests deploy."""

import base64

import pulumi_aws as aws

REGION = "us-east-1"
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def network(zones: str = "abc") -> tuple[aws.ec2.Vpc, list[aws.ec2.Subnet]]:
    vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
    subnets = [
        aws.ec2.Subnet(
            f"it-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24", availability_zone=f"{REGION}{zone}"
        )
        for i, zone in enumerate(zones)
    ]
    return vpc, subnets


def template(user_data: str = "", **more: object) -> aws.ec2.LaunchTemplate:
    return aws.ec2.LaunchTemplate(
        "it",
        image_id=aws.ssm.get_parameter(name=IMAGE).value,
        instance_type="m7g.large",
        user_data=base64.b64encode(user_data.encode()).decode() or None,
        **more,
    )


def fleet(
    subnets: list[aws.ec2.Subnet], launch: aws.ec2.LaunchTemplate, size: int, **more: object
) -> aws.autoscaling.Group:
    return aws.autoscaling.Group(
        "it",
        min_size=0,
        max_size=9,
        desired_capacity=size,
        vpc_zone_identifiers=[subnet.id for subnet in subnets],
        launch_template={"id": launch.id, "version": launch.latest_version.apply(str)},
        **more,
    )


def running(cloud) -> list[dict]:
    """The machines that are alive."""
    alive = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = cloud.client("ec2", REGION).describe_instances(Filters=alive)["Reservations"]
    return [machine for reservation in found for machine in reservation["Instances"]]


def zones(cloud) -> list[str]:
    return sorted(machine["Placement"]["AvailabilityZone"][-1] for machine in running(cloud))
