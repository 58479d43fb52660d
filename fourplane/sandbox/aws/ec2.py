"""EC2: networks, machines and their disks."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:ec2/vpc:Vpc")
def vpc(new: New) -> Made:
    ec2 = new.client("ec2")
    made = ec2.create_vpc(CidrBlock=new["cidrBlock"], TagSpecifications=new.tag_specification("vpc"))["Vpc"]
    id = made["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        wanted = new.get(attribute[0].lower() + attribute[1:])
        if wanted is not None:
            ec2.modify_vpc_attribute(VpcId=id, **{attribute: {"Value": wanted}})
    return id, {"arn": new.arn("ec2", f"vpc/{id}"), "cidrBlock": made["CidrBlock"], "ownerId": made["OwnerId"]}


@creates("aws:ec2/subnet:Subnet")
def subnet(new: New) -> Made:
    request = given(
        VpcId=new["vpcId"],
        CidrBlock=new.get("cidrBlock"),
        AvailabilityZone=new.get("availabilityZone"),
        TagSpecifications=new.tag_specification("subnet"),
    )
    made = new.client("ec2").create_subnet(**request)["Subnet"]
    return made["SubnetId"], {
        "arn": made["SubnetArn"],
        "availabilityZone": made["AvailabilityZone"],
        "availabilityZoneId": made["AvailabilityZoneId"],
        "cidrBlock": made["CidrBlock"],
        "ownerId": made["OwnerId"],
    }
