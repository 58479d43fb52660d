"""Networks and ways of the world, and what breaks each rule about them."""

from tests.policy.world import Made, Ref, add, both, change, remove

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
TAGS = {"owner": "shop", "stack": "shop-prod"}

OWN_BUCKETS = """{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
"Resource": "*", "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}}}]}"""


def network(name: str, cidr: str) -> list[Made]:
    vpc = Ref(VPC, name, "id")
    return [
        Made(VPC, name, {"cidrBlock": cidr, "tags": TAGS}),
        Made(FLOW_LOG, name, {"vpcId": vpc, "trafficType": "ALL", "tags": TAGS}),
        Made(DEFAULT_GROUP, name, {"vpcId": vpc, "tags": TAGS}),
        Made(ROUTE_TABLE, name, {"vpcId": vpc, "tags": TAGS}),
        Made(
            ROUTE,
            f"{name}-to-other",
            {
                "routeTableId": Ref(ROUTE_TABLE, name, "id"),
                "vpcPeeringConnectionId": Ref(PEERING, "net", "id"),
                "destinationCidrBlock": "10.0.0.0/16" if name == "other" else "10.1.0.0/16",
            },
        ),
    ]


def group(name: str) -> Made:
    told = {"vpcId": Ref(VPC, "net", "id"), "description": f"Machines of {name}", "tags": TAGS}
    return Made(GROUP, name, told)


def way(type: str, name: str, of: str, **what: object) -> Made:
    of_it = {"securityGroupId": Ref(GROUP, of, "id"), "ipProtocol": "tcp", "description": name, "tags": TAGS}
    return Made(type, name, {**of_it, **what})


ON_8080 = {"fromPort": 8080, "toPort": 8080}
WORLD = [
    *network("net", "10.0.0.0/16"),
    *network("other", "10.1.0.0/16"),
    Made(
        PEERING, "net", {"vpcId": Ref(VPC, "net", "id"), "peerVpcId": Ref(VPC, "other", "id"), "tags": TAGS}
    ),
    *(
        Made(
            SUBNET,
            f"net-{zone}",
            {
                "vpcId": Ref(VPC, "net", "id"),
                "availabilityZone": f"us-east-1{zone}",
                "mapPublicIpOnLaunch": False,
                "tags": TAGS,
            },
        )
        for zone in "abc"
    ),
    *(
        Made(NAT_GATEWAY, f"net-{zone}", {"subnetId": Ref(SUBNET, f"net-{zone}", "id"), "tags": TAGS})
        for zone in "abc"
    ),
    Made(
        ENDPOINT,
        "other",
        {
            "vpcId": Ref(VPC, "other", "id"),
            "vpcEndpointType": "Gateway",
            "serviceName": "com.amazonaws.us-east-1.s3",
            "routeTableIds": [Ref(ROUTE_TABLE, "other", "id")],
            "policy": OWN_BUCKETS,
            "tags": TAGS,
        },
    ),
    Made(
        SUBNET,
        "data",
        {"vpcId": Ref(VPC, "net", "id"), "availabilityZone": "us-east-1a", "tags": TAGS},
    ),
    Made(ROUTE_TABLE, "data", {"vpcId": Ref(VPC, "net", "id"), "tags": TAGS}),
    Made(
        ASSOCIATION,
        "data",
        {"subnetId": Ref(SUBNET, "data", "id"), "routeTableId": Ref(ROUTE_TABLE, "data", "id")},
    ),
    Made(SUBNET_GROUP, "data", {"subnetIds": [Ref(SUBNET, "data", "id")], "tags": TAGS}),
    group("web"),
    group("cart"),
    way(INGRESS, "web", "web", cidrIpv4="0.0.0.0/0", fromPort=443, toPort=443),
    way(EGRESS, "web-to-cart", "web", referencedSecurityGroupId=Ref(GROUP, "cart", "id"), **ON_8080),
    way(INGRESS, "web-to-cart", "cart", referencedSecurityGroupId=Ref(GROUP, "web", "id"), **ON_8080),
    Made(
        PREFIX_LIST,
        "anybody",
        {"addressFamily": "IPv6", "maxEntries": 1, "entries": [{"cidr": "::/0"}], "tags": TAGS},
    ),
    Made(
        ACL_RULE,
        "door",
        {
            "networkAclId": "acl-1",
            "ruleNumber": 100,
            "ruleAction": "allow",
            "protocol": "tcp",
            "cidrBlock": "0.0.0.0/0",
            "fromPort": 443,
            "toPort": 443,
        },
    ),
    Made(
        TEMPLATE,
        "web",
        {
            "networkInterfaces": [{"deviceIndex": 0, "associatePublicIpAddress": "false"}],
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "monitoring": {"enabled": True},
            "tags": TAGS,
        },
    ),
    Made(
        INTERFACE,
        "kept",
        {
            "subnetId": Ref(SUBNET, "net-a", "id"),
            "connectionTrackingSpecification": {"tcpEstablishedTimeout": 350},
            "tags": TAGS,
        },
    ),
]
BLOCK = {"protocol": "tcp", "fromPort": 8080, "toPort": 8080, "cidrBlocks": ["10.0.0.0/16"]}
OUT = {
    "routeTableId": Ref(ROUTE_TABLE, "data", "id"),
    "destinationCidrBlock": "0.0.0.0/0",
    "gatewayId": "igw-1",
}

MUTATIONS = {
    "nobody_administers_machines_from_everywhere": both(
        change(INGRESS, "web", "fromPort", 22), change(INGRESS, "web", "toPort", 22)
    ),
    "no_database_listens_to_everywhere": both(
        change(INGRESS, "web", "fromPort", 5432),
        change(INGRESS, "web", "toPort", 5432),
        change(INGRESS, "web", "cidrIpv4", None),
        change(INGRESS, "web", "prefixListId", Ref(PREFIX_LIST, "anybody", "id")),
    ),
    "everywhere_reaches_only_declared_ports": both(
        change(INGRESS, "web", "fromPort", 8000), change(INGRESS, "web", "toPort", 8080)
    ),
    "each_way_is_a_resource_of_its_own": change(GROUP, "cart", "ingress", [BLOCK]),
    "each_way_between_groups_is_an_arrow": change(
        EGRESS, "web-to-cart", "toPort", 8079, blame=(INGRESS, "web-to-cart")
    ),
    "each_way_says_what_it_is_for": change(GROUP, "cart", "description", "Managed by Pulumi"),
    "the_default_group_of_a_network_is_closed": change(
        DEFAULT_GROUP, "net", "ingress", [{**BLOCK, "self": True}], blame=(VPC, "net")
    ),
    "a_machine_gets_no_public_address": change(
        TEMPLATE, "web", "networkInterfaces.0.associatePublicIpAddress", "true"
    ),
    "a_subnet_gives_out_no_public_addresses": change(SUBNET, "net-b", "mapPublicIpOnLaunch", True),
    "each_network_has_a_flow_log": remove(FLOW_LOG, "net", blame=(VPC, "net")),
    "what_holds_data_has_no_way_to_the_internet": add(Made(ROUTE, "out", OUT), blame=(SUBNET_GROUP, "data")),
    "no_network_acl_lets_everybody_administer": change(ACL_RULE, "door", "fromPort", 20),
    "a_way_to_a_service_is_not_one_to_everybodys_data": change(ENDPOINT, "other", "policy", None),
    "networks_that_meet_have_routes_both_ways": remove(ROUTE, "other-to-other", blame=(PEERING, "net")),
    "what_stays_forgets_idle_connections": change(INTERFACE, "kept", "connectionTrackingSpecification", None),
}
