"""EC2: launch templates, machines, and the interfaces and disks attached to them."""

import base64
from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

TEMPLATE = {
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "securityGroupNames": "SecurityGroups",
    "ramDiskId": "RamdiskId",
    "networkInterfaces.securityGroups": "Groups",
    "networkInterfaces.ipv4Addresses": "PrivateIpAddresses",
    "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
    **{
        key: None
        for key in (
            "region",
            "name",
            "namePrefix",
            "description",
            "tags",
            "defaultVersion",
            "updateDefaultVersion",
        )
    },
}


@creates("aws:ec2/launchTemplate:LaunchTemplate")
def launch_template(new: New) -> Made:
    ec2 = new.client("ec2")
    inputs = {
        **new.inputs,
        "networkInterfaces": [_with_addresses(nic) for nic in new.get("networkInterfaces", [])],
    }
    data = shapes.fit_member(ec2, "create_launch_template", "LaunchTemplateData", inputs, TEMPLATE)
    request = given(
        LaunchTemplateName=new.name,
        VersionDescription=new.get("description"),
        TagSpecifications=new.tag_specification("launch-template"),
    )
    made = ec2.create_launch_template(**request, LaunchTemplateData=shapes.given(**data))["LaunchTemplate"]
    id = made["LaunchTemplateId"]
    return id, {
        "arn": new.arn("ec2", f"launch-template/{id}"),
        "name": made["LaunchTemplateName"],
        "latestVersion": made["LatestVersionNumber"],
        "defaultVersion": made["DefaultVersionNumber"],
    }


def _with_addresses(nic: dict[str, Any]) -> dict[str, Any]:
    """The first of an interface's addresses is its primary one."""
    addresses = nic.get("ipv4Addresses")
    if not addresses:
        return nic
    return {
        **nic,
        "ipv4Addresses": [{"privateIpAddress": a, "primary": a == addresses[0]} for a in addresses],
    }


@creates("aws:ec2/networkInterface:NetworkInterface")
def network_interface(new: New) -> Made:
    ec2 = new.client("ec2")
    addresses = new.get("privateIpLists") or new.get("privateIps") or []
    request = given(
        SubnetId=new["subnetId"],
        Description=new.get("description"),
        Groups=new.get("securityGroups"),
        InterfaceType=new.get("interfaceType"),
        Ipv6AddressCount=new.get("ipv6AddressCount"),
        Ipv6Addresses=[{"Ipv6Address": a} for a in new.get("ipv6Addresses", [])],
        PrivateIpAddress=new.get("privateIp"),
        PrivateIpAddresses=[{"PrivateIpAddress": a, "Primary": i == 0} for i, a in enumerate(addresses)],
        SecondaryPrivateIpAddressCount=new.get("privateIpsCount"),
        ConnectionTrackingSpecification=shapes.pascal(new.first("connectionTrackingSpecification")) or None,
        TagSpecifications=new.tag_specification("network-interface"),
    )
    made = ec2.create_network_interface(**request)["NetworkInterface"]
    id = made["NetworkInterfaceId"]
    if new.get("sourceDestCheck") is False:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=id, SourceDestCheck={"Value": False})
    for attachment in new.get("attachments", []):
        ec2.attach_network_interface(
            NetworkInterfaceId=id, InstanceId=attachment["instance"], DeviceIndex=attachment["deviceIndex"]
        )
    held = [address["PrivateIpAddress"] for address in made["PrivateIpAddresses"]]
    return id, {
        "arn": new.arn("ec2", f"network-interface/{id}"),
        "macAddress": made["MacAddress"],
        "ownerId": made["OwnerId"],
        "privateIp": made["PrivateIpAddress"],
        "privateIps": held,
        "privateIpsCount": len(held) - 1,
        "privateDnsName": made.get("PrivateDnsName", ""),
        "securityGroups": [group["GroupId"] for group in made["Groups"]],
        "sourceDestCheck": new.get("sourceDestCheck", True),
        "interfaceType": made.get("InterfaceType", "interface"),
    }


@creates("aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment")
def network_interface_attachment(new: New) -> Made:
    made = new.client("ec2").attach_network_interface(**new.fit("ec2", "attach_network_interface"))
    return made["AttachmentId"], {"attachmentId": made["AttachmentId"], "status": "attached"}


@creates("aws:ec2/volumeAttachment:VolumeAttachment")
def volume_attachment(new: New) -> Made:
    device, volume, instance = new["deviceName"], new["volumeId"], new["instanceId"]
    new.client("ec2").attach_volume(Device=device, VolumeId=volume, InstanceId=instance)
    return f"vai-{new.hash(10, device + volume + instance)}", {}


@creates("aws:ec2/placementGroup:PlacementGroup")
def placement_group(new: New) -> Made:
    name = new.name
    tags = new.tag_specification("placement-group")
    rename = {"name": None, "tags": None}
    request = new.fit("ec2", "create_placement_group", rename, GroupName=name, TagSpecifications=tags)
    new.simulate("ec2", "create_placement_group", request)
    return name, {
        "arn": new.arn("ec2", f"placement-group/{name}"),
        "name": name,
        "placementGroupId": f"pg-{new.hash(17)}",
        "partitionCount": new.get("partitionCount", 2 if new["strategy"] == "partition" else 0),
        "spreadLevel": new.get("spreadLevel", "rack" if new["strategy"] == "spread" else ""),
    }


INSTANCE = {
    "ami": "ImageId",
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "instanceMarketOptions": "InstanceMarketOptions",
    "hibernation": None,
    "id": "LaunchTemplateId",
    "name": "LaunchTemplateName",
    **{
        key: None
        for key in [
            "associatePublicIpAddress",
            "availabilityZone",
            "ebsBlockDevices",
            "ephemeralBlockDevices",
            "forceDestroy",
            "getPasswordData",
            "hostId",
            "hostResourceGroupArn",
            "iamInstanceProfile",
            "ipv6Addresses",
            "monitoring",
            "networkInterfaces",
            "placementGroup",
            "placementGroupId",
            "placementPartitionNumber",
            "primaryNetworkInterface",
            "region",
            "rootBlockDevice",
            "secondaryPrivateIps",
            "sourceDestCheck",
            "subnetId",
            "tags",
            "tenancy",
            "userData",
            "userDataBase64",
            "userDataReplaceOnChange",
            "volumeTags",
            "privateIp",
        ]
    },
}


@creates("aws:ec2/instance:Instance")
def instance(new: New) -> Made:
    ec2 = new.client("ec2")
    request = new.fit("ec2", "run_instances", INSTANCE, **_where(new), **_disks(new))
    profile = new.get("iamInstanceProfile")
    extra = given(
        IamInstanceProfile={"Name": profile} if profile else None,
        Monitoring={"Enabled": new["monitoring"]} if "monitoring" in new.inputs else None,
        UserData=_user_data(new),
        TagSpecifications=new.tag_specification("instance"),
    )
    made = ec2.run_instances(**request, **extra, MinCount=1, MaxCount=1)["Instances"][0]
    id = made["InstanceId"]
    if new.get("sourceDestCheck") is False:
        ec2.modify_instance_attribute(InstanceId=id, SourceDestCheck={"Value": False})
    return id, _instance_outputs(new, made)


def _where(new: New) -> dict[str, Any]:
    """The subnet, the address and the placement; a public address has to be asked for on the interface."""
    placement = given(
        AvailabilityZone=new.get("availabilityZone"),
        GroupName=new.get("placementGroup"),
        GroupId=new.get("placementGroupId"),
        PartitionNumber=new.get("placementPartitionNumber"),
        Tenancy=new.get("tenancy"),
        HostId=new.get("hostId"),
    )
    nics = [
        {"NetworkInterfaceId": nic["networkInterfaceId"], "DeviceIndex": nic.get("deviceIndex", 0)}
        for nic in [*new.get("networkInterfaces", []), *filter(None, [new.first("primaryNetworkInterface")])]
    ]
    if nics:
        return given(Placement=placement, NetworkInterfaces=nics)
    where = given(SubnetId=new.get("subnetId"), PrivateIpAddress=new.get("privateIp"))
    if "associatePublicIpAddress" not in new.inputs:
        return given(Placement=placement, **where)
    nic = {"DeviceIndex": 0, "AssociatePublicIpAddress": new["associatePublicIpAddress"], **where}
    return given(Placement=placement, NetworkInterfaces=[nic])


def _disks(new: New) -> dict[str, Any]:
    rename = {"tags": None, "tagsAll": None, "volumeId": None, "deviceName": None}
    root = new.first("rootBlockDevice")
    disks = [*([{"deviceName": "/dev/xvda", **root}] if root else []), *new.get("ebsBlockDevices", [])]
    ec2 = new.client("ec2")
    mappings = [
        {
            "DeviceName": disk["deviceName"],
            "Ebs": {
                "DeleteOnTermination": True,
                **shapes.fit_member(ec2, "run_instances", "BlockDeviceMappings.Ebs", disk, rename),
            },
        }
        for disk in disks
    ]
    return given(BlockDeviceMappings=mappings)


def _user_data(new: New) -> str | bytes | None:
    encoded = new.get("userDataBase64")
    return base64.b64decode(encoded) if encoded else new.get("userData")


def _instance_outputs(new: New, made: dict[str, Any]) -> dict[str, Any]:
    nic = (made.get("NetworkInterfaces") or [{}])[0]
    return {
        "ami": made["ImageId"],
        "arn": new.arn("ec2", f"instance/{made['InstanceId']}"),
        "availabilityZone": made["Placement"]["AvailabilityZone"],
        "instanceState": "running",
        "instanceType": made["InstanceType"],
        "primaryNetworkInterfaceId": nic.get("NetworkInterfaceId", ""),
        "privateDns": made.get("PrivateDnsName", ""),
        "privateIp": made.get("PrivateIpAddress", ""),
        "publicDns": made.get("PublicDnsName", ""),
        "publicIp": made.get("PublicIpAddress", ""),
        "subnetId": made.get("SubnetId", ""),
        "vpcSecurityGroupIds": [group["GroupId"] for group in made.get("SecurityGroups", [])],
    }
