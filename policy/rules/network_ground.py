"""What is not meant to be reached cannot be reached: networks, subnets, routes and addresses."""

from policy.documents import CALLERS, RESOURCES, limited, statements
from policy.resource import Resource, Stack, at
from policy.rule import HIGH, MEDIUM, Complaints, rule
from policy.rules.network import ADMINISTRATION
from policy.ways import everywhere

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
GROUP = "aws:autoscaling/group:Group"
ATTACHMENT = "aws:autoscaling/attachment:Attachment"
TARGETS = "aws:lb/targetGroup:TargetGroup"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
ACLS = ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"

DATA_SUBNETS = {
    "aws:dax/subnetGroup:SubnetGroup": "subnetIds",
    "aws:docdb/subnetGroup:SubnetGroup": "subnetIds",
    "aws:elasticache/subnetGroup:SubnetGroup": "subnetIds",
    "aws:memorydb/subnetGroup:SubnetGroup": "subnetIds",
    "aws:msk/cluster:Cluster": "brokerNodeGroupInfo",
    "aws:neptune/subnetGroup:SubnetGroup": "subnetIds",
    "aws:opensearch/domain:Domain": "vpcOptions",
    "aws:rds/subnetGroup:SubnetGroup": "subnetIds",
    "aws:redshift/subnetGroup:SubnetGroup": "subnetIds",
}
"""What holds data, and the property that says where it stands."""
TRACKED = "connectionTrackingSpecification.tcpEstablishedTimeout"


@rule(
    VPC,
    severity=MEDIUM,
    frameworks=("FSBP EC2.6", "CIS 3.7", "CKV2_AWS_11", "AwsSolutions-VPC7"),
    mend="add an aws.ec2.FlowLog with the VPC's id",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-6",
)
def each_network_has_a_flow_log(vpc: Resource, stack: Stack) -> Complaints:
    """Without a record of who talked to whom an intrusion can be neither seen nor reconstructed."""
    if not stack.users(vpc, "vpcId", FLOW_LOG):
        yield "has no flow log"


@rule(
    (TEMPLATE, INSTANCE, CONFIGURATION),
    severity=MEDIUM,
    frameworks=("FSBP EC2.25", "FSBP EC2.9", "FSBP AutoScaling.5", "CKV_AWS_88"),
    mend="set associatePublicIpAddress to false, and let machines out through a NAT gateway",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-25",
)
def a_machine_gets_no_public_address(template: Resource) -> Complaints:
    """A machine with an address of its own is one security-group mistake away from the internet."""
    asked = [at(one, "associatePublicIpAddress") for one in template.many("networkInterfaces")]
    if "true" in {str(one).lower() for one in [*asked, template["associatePublicIpAddress"]]}:
        yield "gives its machines public addresses"


@rule(
    SUBNET,
    severity=MEDIUM,
    frameworks=("FSBP EC2.15", "CKV_AWS_130"),
    mend="set mapPublicIpOnLaunch to false, and give an address to what needs one",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-15",
)
def a_subnet_gives_out_no_public_addresses(subnet: Resource) -> Complaints:
    """Whatever is started there would be on the internet without anybody having asked for it."""
    if subnet["mapPublicIpOnLaunch"]:
        yield "gives a public address to whatever is started in it"


@rule(
    DATA_SUBNETS,
    severity=HIGH,
    frameworks=("WA SEC05-BP01", "WA SEC05-BP02"),
    mend="place it in subnets whose route table leads to no gateway, and reach AWS through VPC endpoints",
    url="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_network_protection_create_layers.html",
)
def what_holds_data_has_no_way_to_the_internet(store: Resource, stack: Stack) -> Complaints:
    """Who gets into a database can carry nothing away where no route leads out."""
    for subnet in stack.behind(store, DATA_SUBNETS[store.type], SUBNET):
        if any(everywhere(route) for route in _routes(subnet, stack)):
            yield f"stands in subnet '{subnet.name}', which has a route to the internet"


def _routes(subnet: Resource, stack: Stack) -> list[str]:
    """Where the routes of a subnet's table lead, as CIDRs."""
    tables = [
        table
        for one in stack.users(subnet, "subnetId", ASSOCIATION)
        for table in stack.behind(one, "routeTableId", ROUTE_TABLE)
    ]
    inside = [block for table in tables for block in table.many("routes")]
    beside = [route for table in tables for route in stack.users(table, "routeTableId", ROUTE)]
    own = [at(one, key) for one in inside for key in ("cidrBlock", "ipv6CidrBlock")]
    own += [one[key] for one in beside for key in ("destinationCidrBlock", "destinationIpv6CidrBlock")]
    return [cidr for cidr in own if cidr]


@rule(
    (*ACLS, ACL_RULE),
    severity=MEDIUM,
    frameworks=("FSBP EC2.21", "CIS 5.1", "CKV_AWS_231", "CKV_AWS_232"),
    mend="allow the port from your own addresses alone, or leave the network ACL as AWS made it and rely on "
    "security groups",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-21",
)
def no_network_acl_lets_everybody_administer(acl: Resource) -> Complaints:
    """The second lock is of no use where it is open for just what the first one must keep out."""
    for one in [acl.props] if acl.type == ACL_RULE else acl.many("ingress"):
        opened = everywhere(at(one, "cidrBlock") or at(one, "ipv6CidrBlock") or "") and not at(one, "egress")
        allows = (at(one, "ruleAction") or at(one, "action")) == "allow" and not _every_port(one)
        for port in ADMINISTRATION[:2] if opened and allows else ():
            if (at(one, "fromPort") or 0) <= port <= (at(one, "toPort") or 0):
                yield f"lets the whole internet in on port {port}"


def _every_port(entry: object) -> bool:
    """As AWS makes an ACL: it allows everything, and leaves it to security groups."""
    return str(at(entry, "protocol")).lower() in ("-1", "all")


@rule(
    ENDPOINT,
    severity=MEDIUM,
    frameworks=("WA SEC03-BP08", "WA SEC05-BP02"),
    mend="set `policy` to the actions that are needed, on your own resources: aws:ResourceAccount or "
    "aws:ResourceOrgID in its Condition",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    parameters={"types": {"type": "array", "items": {"type": "string"}, "default": ["Gateway"]}},
)
def a_way_to_a_service_is_not_one_to_everybodys_data(endpoint: Resource, types: list[str]) -> Complaints:
    """With full access, data goes from the closed network into any bucket or table of a stranger."""
    allowed = [one for one in statements(endpoint.document("policy")) if one.allows]
    if endpoint["policy"] is None and (endpoint["vpcEndpointType"] or "Gateway") in types:
        yield "has no policy, so that it leads to everybody's resources"
    open_ = [one for one in allowed if not limited(one, *RESOURCES, *CALLERS)]
    if any("*" in one.actions and "*" in one.resources for one in open_):
        yield "allows everything to everybody's resources"


@rule(
    PEERING,
    severity=MEDIUM,
    frameworks=("CIS 5.5", "WA REL02-BP01"),
    mend="add an aws.ec2.Route to the other network, and to it alone, in a table of each of the two",
    url="https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html",
)
def networks_that_meet_have_routes_both_ways(peering: Resource, stack: Stack) -> Complaints:
    """Questions arrive and answers do not, where only one side knows the way."""
    routes = _through(peering, stack)
    tables = [table for one in routes for table in stack.behind(one, "routeTableId", ROUTE_TABLE)]
    served = {vpc.urn for table in tables for vpc in stack.behind(table, "vpcId", VPC)}
    met = [vpc for key in ("vpcId", "peerVpcId") for vpc in stack.behind(peering, key, VPC)]
    yield from (f"has no route from '{vpc.name}'" for vpc in met if vpc.urn not in served)
    if any(everywhere(one["destinationCidrBlock"] or "") for one in routes):
        yield "takes what is meant for the internet"


def _through(peering: Resource, stack: Stack) -> list[Resource]:
    """Routes through a peering, or through the other side's acceptance of it."""
    ways = [peering, *stack.users(peering, "vpcPeeringConnectionId", ACCEPTER)]
    return [route for one in ways for route in stack.users(one, "vpcPeeringConnectionId", ROUTE)]


@rule(
    (INTERFACE, TEMPLATE),
    severity=MEDIUM,
    frameworks=("WA REL05-BP05", "WA PERF04-BP01"),
    mend="set connectionTrackingSpecification.tcpEstablishedTimeout: 350 s is what a network load balancer "
    "itself remembers",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html",
    parameters={"seconds": {"type": "integer", "minimum": 60, "maximum": 432_000, "default": 3600}},
    themes=("resilience",),
)
def what_stays_forgets_idle_connections(holder: Resource, stack: Stack, seconds: float) -> Complaints:
    """Connections of clients that are gone fill a machine's table for five days, and new ones are dropped."""
    if holder.type == TEMPLATE and not _is_behind_a_network_load_balancer(holder, stack):
        return
    cards = holder.many("networkInterfaces") if holder.type == TEMPLATE else [holder.props]
    if any((at(card, TRACKED) or 432_000) > seconds for card in cards or [{}]):
        yield f"remembers idle connections for more than {seconds:g} s"


def _is_behind_a_network_load_balancer(template: Resource, stack: Stack) -> bool:
    groups = [
        one for key in ("launchTemplate", "mixedInstancesPolicy") for one in stack.users(template, key, GROUP)
    ]
    attached = [one for group in groups for one in stack.users(group, "autoscalingGroupName", ATTACHMENT)]
    targets = [one for group in groups for one in stack.behind(group, "targetGroupArns", TARGETS)]
    targets += [one for link in attached for one in stack.behind(link, "lbTargetGroupArn", TARGETS)]
    return any(one["protocol"] in ("TCP", "TLS", "TCP_UDP") for one in targets)
