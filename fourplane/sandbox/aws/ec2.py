"""EC2: networks and the ways out of them."""

import zlib
from typing import Any

from fourplane.sandbox.aws import ec2_guards, ec2_links, ec2_machines
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

__all__ = ["ec2_guards", "ec2_links", "ec2_machines"]  # the other themes of the service


@creates("aws:ec2/vpc:Vpc")
def vpc(new: New) -> Made:
    ec2 = new.client("ec2")
    request = given(
        CidrBlock=new.get("cidrBlock"),
        AmazonProvidedIpv6CidrBlock=new.get("assignGeneratedIpv6CidrBlock"),
        InstanceTenancy=new.get("instanceTenancy"),
        TagSpecifications=new.tag_specification("vpc"),
    )
    made = ec2.create_vpc(**request)["Vpc"]
    id = made["VpcId"]
    names = {"enableDnsSupport": True, "enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": False}
    for name, default in names.items():
        if new.get(name, default) != default:
            ec2.modify_vpc_attribute(VpcId=id, **{name[0].upper() + name[1:]: {"Value": new[name]}})
    return id, {
        "arn": new.arn("ec2", f"vpc/{id}"),
        "cidrBlock": made["CidrBlock"],
        "ownerId": made["OwnerId"],
        "instanceTenancy": made["InstanceTenancy"],
        "dhcpOptionsId": made["DhcpOptionsId"],
        **{name: new.get(name, default) for name, default in names.items()},
        **_ipv6(made),
        **_belongings(ec2, id),
    }


def _ipv6(made: dict[str, Any]) -> dict[str, Any]:
    blocks = made.get("Ipv6CidrBlockAssociationSet") or [{}]
    return {
        "ipv6CidrBlock": blocks[0].get("Ipv6CidrBlock", ""),
        "ipv6AssociationId": blocks[0].get("AssociationId", ""),
    }


def _belongings(ec2: Any, vpc_id: str) -> dict[str, str]:
    """What AWS creates with every VPC."""
    here = [{"Name": "vpc-id", "Values": [vpc_id]}]
    table = ec2.describe_route_tables(Filters=here)["RouteTables"][0]["RouteTableId"]
    return {
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultSecurityGroupId": ec2.describe_security_groups(Filters=here)["SecurityGroups"][0]["GroupId"],
        "defaultNetworkAclId": ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"],
    }


@creates("aws:ec2/subnet:Subnet")
def subnet(new: New) -> Made:
    ec2 = new.client("ec2")
    keys = (
        "vpcId",
        "cidrBlock",
        "ipv6CidrBlock",
        "ipv6Native",
        "availabilityZone",
        "availabilityZoneId",
        "outpostArn",
    )
    request = {key[0].upper() + key[1:]: new[key] for key in keys if key in new.inputs}
    made = ec2.create_subnet(**request, **given(TagSpecifications=new.tag_specification("subnet")))["Subnet"]
    id = made["SubnetId"]
    for name in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation", "enableDns64"):
        if new.get(name):
            ec2.modify_subnet_attribute(SubnetId=id, **{name[0].upper() + name[1:]: {"Value": True}})
    blocks = made.get("Ipv6CidrBlockAssociationSet") or [{}]
    return id, {
        "arn": made["SubnetArn"],
        "availabilityZone": made["AvailabilityZone"],
        "availabilityZoneId": made["AvailabilityZoneId"],
        "cidrBlock": made["CidrBlock"],
        "ownerId": made["OwnerId"],
        "ipv6CidrBlock": blocks[0].get("Ipv6CidrBlock", ""),
        "ipv6CidrBlockAssociationId": blocks[0].get("AssociationId", ""),
        "mapPublicIpOnLaunch": new.get("mapPublicIpOnLaunch", False),
    }


@creates("aws:ec2/internetGateway:InternetGateway")
def internet_gateway(new: New) -> Made:
    ec2 = new.client("ec2")
    request = given(TagSpecifications=new.tag_specification("internet-gateway"))
    made = ec2.create_internet_gateway(**request)["InternetGateway"]
    id = made["InternetGatewayId"]
    if new.get("vpcId"):
        ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=new["vpcId"])
    return id, {
        "arn": new.arn("ec2", f"internet-gateway/{id}"),
        "ownerId": made["OwnerId"],
        "vpcId": new.get("vpcId", ""),
    }


@creates("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway")
def egress_only_internet_gateway(new: New) -> Made:
    request = given(
        VpcId=new["vpcId"], TagSpecifications=new.tag_specification("egress-only-internet-gateway")
    )
    made = new.client("ec2").create_egress_only_internet_gateway(**request)["EgressOnlyInternetGateway"]
    return made["EgressOnlyInternetGatewayId"], {}


INLINE = {"cidrBlock": "destinationCidrBlock", "ipv6CidrBlock": "destinationIpv6CidrBlock"}


@creates("aws:ec2/routeTable:RouteTable")
def route_table(new: New) -> Made:
    ec2 = new.client("ec2")
    request = given(VpcId=new["vpcId"], TagSpecifications=new.tag_specification("route-table"))
    made = ec2.create_route_table(**request)["RouteTable"]
    id = made["RouteTableId"]
    for route in new.get("routes", []):
        _create_route(new, id, {INLINE.get(k) or k: v for k, v in route.items() if v})
    return id, {
        "arn": new.arn("ec2", f"route-table/{id}"),
        "ownerId": made["OwnerId"],
        "routes": new.get("routes", []),
        "propagatingVgws": new.get("propagatingVgws", []),
    }


@creates("aws:ec2/route:Route")
def route(new: New) -> Made:
    table = new["routeTableId"]
    destination = _create_route(
        new, table, {k: v for k, v in new.inputs.items() if k not in ("region", "routeTableId")}
    )
    id = f"r-{table}{zlib.crc32(destination.encode())}"
    return id, {"origin": "CreateRoute", "state": "active", "instanceId": "", "instanceOwnerId": ""}


def _create_route(new: New, table: str, route: dict[str, Any]) -> str:
    """Make a route; returns its destination."""
    names = {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}
    request = {names.get(k, k[0].upper() + k[1:]): v for k, v in route.items() if v is not None}
    new.client("ec2").create_route(RouteTableId=table, **request)
    return next(v for k, v in request.items() if k.startswith("Destination"))


@creates("aws:ec2/routeTableAssociation:RouteTableAssociation")
def route_table_association(new: New) -> Made:
    request = new.fit("ec2", "associate_route_table")
    return new.client("ec2").associate_route_table(**request)["AssociationId"], {}


@creates("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation")
def main_route_table_association(new: New) -> Made:
    ec2 = new.client("ec2")
    main = [{"Name": "vpc-id", "Values": [new["vpcId"]]}, {"Name": "association.main", "Values": ["true"]}]
    old = next(
        association
        for table in ec2.describe_route_tables(Filters=main)["RouteTables"]
        for association in table["Associations"]
        if association.get("Main")
    )
    made = ec2.replace_route_table_association(
        AssociationId=old["RouteTableAssociationId"], RouteTableId=new["routeTableId"]
    )
    return made["NewAssociationId"], {"originalRouteTableId": old["RouteTableId"]}


@creates("aws:ec2/eip:Eip")
def eip(new: New) -> Made:
    ec2 = new.client("ec2")
    made = ec2.allocate_address(Domain="vpc", **given(TagSpecifications=new.tag_specification("elastic-ip")))
    id = made["AllocationId"]
    target = given(
        InstanceId=new.get("instance"),
        NetworkInterfaceId=new.get("networkInterface"),
        PrivateIpAddress=new.get("associateWithPrivateIp"),
    )
    association = ec2.associate_address(AllocationId=id, **target)["AssociationId"] if target else ""
    held = ec2.describe_addresses(AllocationIds=[id])["Addresses"][0] if target else {}
    return id, {
        "allocationId": id,
        "arn": new.arn("ec2", f"elastic-ip/{id}"),
        "associationId": association,
        "domain": made["Domain"],
        "instance": held.get("InstanceId", ""),
        "networkInterface": held.get("NetworkInterfaceId", ""),
        "privateIp": held.get("PrivateIpAddress", ""),
        "publicDns": f"ec2-{made['PublicIp'].replace('.', '-')}.{_public_zone(new.region)}.amazonaws.com",
        "publicIp": made["PublicIp"],
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": new.region,
    }


def _public_zone(region: str) -> str:
    return "compute-1" if region == "us-east-1" else f"{region}.compute"


@creates("aws:ec2/eipAssociation:EipAssociation")
def eip_association(new: New) -> Made:
    ec2 = new.client("ec2")
    id = ec2.associate_address(**new.fit("ec2", "associate_address"))["AssociationId"]
    held = ec2.describe_addresses(Filters=[{"Name": "association-id", "Values": [id]}])["Addresses"][0]
    return id, {
        "allocationId": held["AllocationId"],
        "instanceId": held.get("InstanceId", ""),
        "networkInterfaceId": held.get("NetworkInterfaceId", ""),
        "privateIpAddress": held.get("PrivateIpAddress", ""),
        "publicIp": held["PublicIp"],
    }


@creates("aws:ec2/natGateway:NatGateway")
def nat_gateway(new: New) -> Made:
    rename = {"privateIp": "PrivateIpAddress", "tags": None}
    tags = new.tag_specification("natgateway")
    request = new.fit("ec2", "create_nat_gateway", rename, TagSpecifications=tags)
    made = new.client("ec2").create_nat_gateway(**request)["NatGateway"]
    address = (made.get("NatGatewayAddresses") or [{}])[0]
    return made["NatGatewayId"], {
        "associationId": address.get("AssociationId", ""),
        "connectivityType": made.get("ConnectivityType", "public"),
        "networkInterfaceId": address.get("NetworkInterfaceId", ""),
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "vpcId": made["VpcId"],
    }
