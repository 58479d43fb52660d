"""EC2: endpoints, peerings, DHCP options and flow logs."""

from typing import Any

from fourplane.errors import Failure
from fourplane.sandbox.creator import ACCOUNT, Made, New, creates, document
from fourplane.sandbox.shapes import given


@creates("aws:ec2/vpcEndpoint:VpcEndpoint")
def vpc_endpoint(new: New) -> Made:
    ec2 = new.client("ec2")
    rename = {"policy": None, "autoAccept": None, "tags": None}
    policy = document(new["policy"]) if new.get("policy") else None
    tags = new.tag_specification("vpc-endpoint")
    request = new.fit("ec2", "create_vpc_endpoint", rename, PolicyDocument=policy, TagSpecifications=tags)
    made = ec2.create_vpc_endpoint(**{"VpcEndpointType": "Gateway", **request})["VpcEndpoint"]
    id = made["VpcEndpointId"]
    return id, {
        "arn": new.arn("ec2", f"vpc-endpoint/{id}"),
        "dnsEntries": [
            given(dnsName=e.get("DnsName"), hostedZoneId=e.get("HostedZoneId"))
            for e in made.get("DnsEntries", [])
        ],
        "networkInterfaceIds": made.get("NetworkInterfaceIds", []),
        "ownerId": made.get("OwnerId", ACCOUNT),
        "policy": made.get("PolicyDocument", ""),
        "privateDnsEnabled": made.get("PrivateDnsEnabled", False),
        "requesterManaged": made.get("RequesterManaged", False),
        "routeTableIds": made.get("RouteTableIds", []),
        "securityGroupIds": [group["GroupId"] for group in made.get("Groups", [])],
        "state": made["State"],
        "subnetIds": made.get("SubnetIds", []),
        "vpcEndpointType": made["VpcEndpointType"],
        "ipAddressType": new.get("ipAddressType", "ipv4"),
        **(
            _prefix_list(ec2, new["serviceName"])
            if made["VpcEndpointType"] == "Gateway"
            else {"cidrBlocks": []}
        ),
    }


def _prefix_list(ec2: Any, service: str) -> dict[str, Any]:
    """The addresses of a service that a gateway endpoint routes to."""
    named = [{"Name": "prefix-list-name", "Values": [service]}]
    found = ec2.describe_prefix_lists(Filters=named)["PrefixLists"]
    lists = [one for one in found if one["PrefixListName"] == service]
    return (
        {"prefixListId": lists[0]["PrefixListId"], "cidrBlocks": lists[0].get("Cidrs", [])} if lists else {}
    )


@creates("aws:ec2/flowLog:FlowLog")
def flow_log(new: New) -> Made:
    targets = {
        "vpcId": "VPC",
        "subnetId": "Subnet",
        "eniId": "NetworkInterface",
        "transitGatewayId": "TransitGateway",
        "transitGatewayAttachmentId": "TransitGatewayAttachment",
        "regionalNatGatewayId": "RegionalNatGateway",
    }
    key = next(key for key in targets if new.get(key))
    rename: dict[str, str | None] = {k: None for k in targets}
    rename |= {"iamRoleArn": "DeliverLogsPermissionArn", "tags": None}
    tags = new.tag_specification("vpc-flow-log")
    request = new.fit("ec2", "create_flow_logs", rename, TagSpecifications=tags)
    made = new.client("ec2").create_flow_logs(
        **{"LogDestinationType": "cloud-watch-logs", **request},
        ResourceIds=[new[key]],
        ResourceType=targets[key],
    )
    if made.get("Unsuccessful"):
        raise Failure(f"CreateFlowLogs refused: {made['Unsuccessful'][0]['Error']['Message']}")
    id = made["FlowLogIds"][0]
    return id, {
        "arn": new.arn("ec2", f"vpc-flow-log/{id}"),
        "logDestinationType": new.get("logDestinationType", "cloud-watch-logs"),
        "maxAggregationInterval": new.get("maxAggregationInterval", 600),
    }


@creates("aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
def vpc_peering_connection(new: New) -> Made:
    ec2 = new.client("ec2")
    rename = {"autoAccept": None, "accepter": None, "requester": None, "tags": None}
    tags = new.tag_specification("vpc-peering-connection")
    request = new.fit("ec2", "create_vpc_peering_connection", rename, TagSpecifications=tags)
    made = ec2.create_vpc_peering_connection(**request)["VpcPeeringConnection"]
    id = made["VpcPeeringConnectionId"]
    if new.get("autoAccept"):
        made = ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)["VpcPeeringConnection"]
    _allow_names(new, id)
    return id, {
        "acceptStatus": made["Status"]["Code"],
        "peerOwnerId": new.get("peerOwnerId", ACCOUNT),
        "peerRegion": new.get("peerRegion", new.region),
    }


@creates("aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter")
def vpc_peering_connection_accepter(new: New) -> Made:
    ec2 = new.client("ec2")
    id = new["vpcPeeringConnectionId"]
    if new.get("autoAccept"):
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    made = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id])["VpcPeeringConnections"][0]
    if new.tags:
        ec2.create_tags(Resources=[id], Tags=new.tag_list)
    _allow_names(new, id)
    theirs, ours = made["RequesterVpcInfo"], made["AccepterVpcInfo"]
    return id, {
        "acceptStatus": made["Status"]["Code"],
        "peerOwnerId": theirs["OwnerId"],
        "peerRegion": theirs["Region"],
        "peerVpcId": theirs["VpcId"],
        "vpcId": ours["VpcId"],
    }


def _allow_names(new: New, id: str) -> None:
    """Whether one side resolves the other's names to private addresses."""
    sides = {"accepter": "AccepterPeeringConnectionOptions", "requester": "RequesterPeeringConnectionOptions"}
    options = {
        theirs: {"AllowDnsResolutionFromRemoteVpc": new.first(ours)["allowRemoteVpcDnsResolution"]}
        for ours, theirs in sides.items()
        if "allowRemoteVpcDnsResolution" in new.first(ours)
    }
    if options:
        new.client("ec2").modify_vpc_peering_connection_options(VpcPeeringConnectionId=id, **options)


DHCP = {
    "domainName": "domain-name",
    "domainNameServers": "domain-name-servers",
    "ipv6AddressPreferredLeaseTime": "ipv6-address-preferred-lease-time",
    "netbiosNameServers": "netbios-name-servers",
    "netbiosNodeType": "netbios-node-type",
    "ntpServers": "ntp-servers",
}


@creates("aws:ec2/vpcDhcpOptions:VpcDhcpOptions")
def vpc_dhcp_options(new: New) -> Made:
    options = [
        {"Key": theirs, "Values": new[ours] if isinstance(new[ours], list) else [str(new[ours])]}
        for ours, theirs in DHCP.items()
        if new.get(ours)
    ]
    tags = given(TagSpecifications=new.tag_specification("dhcp-options"))
    made = new.client("ec2").create_dhcp_options(DhcpConfigurations=options, **tags)["DhcpOptions"]
    id = made["DhcpOptionsId"]
    return id, {"arn": new.arn("ec2", f"dhcp-options/{id}"), "ownerId": made.get("OwnerId", ACCOUNT)}


@creates("aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation")
def vpc_dhcp_options_association(new: New) -> Made:
    new.client("ec2").associate_dhcp_options(DhcpOptionsId=new["dhcpOptionsId"], VpcId=new["vpcId"])
    return f"{new['dhcpOptionsId']}-{new['vpcId']}", {}
