"""What is not meant to be reached cannot be reached: security groups."""

from policy.resource import Resource, Stack
from policy.rule import CRITICAL, HIGH, LOW, MEDIUM, Complaints, rule
from policy.ways import (
    DEFAULT_GROUP,
    GROUP,
    INGRESS,
    INLINE,
    OLD_RULE,
    OWN,
    RULES,
    Way,
    ends,
    has_its_pair,
    named,
    open_ports,
    ways,
)

VPC = "aws:ec2/vpc:Vpc"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"

ADMINISTRATION = (22, 3389, 5985, 5986)
"""SSH, RDP and WinRM."""
DATABASES = (1433, 1521, 2379, 3306, 5432, 5439, 5984, 6379, 7000, 8111, 9042, 9092, 9200, 11211, 27017)
"""SQL Server, Oracle, etcd, MySQL, PostgreSQL, Redshift, CouchDB, Redis, Cassandra, DAX, Kafka…"""


@rule(
    (INGRESS, OLD_RULE, *INLINE),
    severity=CRITICAL,
    frameworks=("FSBP EC2.13", "FSBP EC2.14", "CIS 5.2", "CIS 5.3", "CKV_AWS_24", "AwsSolutions-EC23"),
    mend="open the port to a security group or to your own addresses, or use Session Manager and no port",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-13",
)
def nobody_administers_machines_from_everywhere(group: Resource, stack: Stack) -> Complaints:
    """Ports of remote shells are scanned and guessed at from the whole internet within minutes."""
    for opened in open_ports(group, stack):
        yield from (f"opens port {port} to the whole internet" for port in ADMINISTRATION if port in opened)


@rule(
    (INGRESS, OLD_RULE, *INLINE),
    severity=CRITICAL,
    frameworks=("FSBP EC2.19", "AwsSolutions-EC23", "WA SEC05-BP02"),
    mend="open the port to the security group of those who ask the database",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19",
)
def no_database_listens_to_everywhere(group: Resource, stack: Stack) -> Complaints:
    """A database that the internet reaches is one weak password or one flaw away from being read."""
    for opened in open_ports(group, stack):
        yield from (f"opens port {port} to the whole internet" for port in DATABASES if port in opened)


@rule(
    (INGRESS, OLD_RULE, *INLINE),
    severity=HIGH,
    frameworks=("FSBP EC2.18", "AwsSolutions-EC23", "CKV_AWS_277"),
    mend="let a load balancer listen on the port, or declare it in the rule's parameter `ports`",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18",
    parameters={"ports": {"type": "array", "items": {"type": "integer"}, "default": [80, 443]}},
)
def everywhere_reaches_only_declared_ports(group: Resource, stack: Stack, ports: list[float]) -> Complaints:
    """What was opened for a test and forgotten is what is found first."""
    for opened in open_ports(group, stack):
        known = {*map(int, ports), *_listened(group, stack), *ADMINISTRATION, *DATABASES}
        if not known.issuperset(opened):
            yield f"opens {named(opened)} to the whole internet, and no load balancer listens there"


def _listened(opened: Resource, stack: Stack) -> set[int]:
    """The ports on which load balancers with this group listen."""
    groups = [opened] if opened.type in INLINE else stack.behind(opened, OWN, GROUP)
    balancers = [one for group in groups for one in stack.users(group, "securityGroups", LOAD_BALANCER)]
    found = [one["port"] for lb in balancers for one in stack.users(lb, "loadBalancerArn", LISTENER)]
    return {int(port) for port in found if port}


@rule(
    (GROUP, OLD_RULE),
    severity=MEDIUM,
    frameworks=("WA SEC05-BP02",),
    mend="write each way as an aws.vpc.SecurityGroupIngressRule or EgressRule",
    url="https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/",
)
def each_way_is_a_resource_of_its_own(group: Resource) -> Complaints:
    """Ways inside a group and ways beside it undo each other, and only the latter have names and tags."""
    if group.type == OLD_RULE:
        yield "is of the old kind, which has neither an id of its own nor tags"
    elif any(ways(group)):
        yield "has ways inside itself, which undo those that others add"


@rule(
    RULES,
    severity=HIGH,
    frameworks=("WA SEC05-BP02", "WA SEC05-BP01"),
    mend="write both sides: an ingress rule of the one group that names the other, and an egress rule of the "
    "other that names the one, for the same ports",
    url="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_network_protection_layered.html",
)
def each_way_between_groups_is_an_arrow(way: Resource, stack: Stack) -> Complaints:
    """A way that only one side opens either does not work, or works because the other is open to anybody."""
    own, peer = ends(way, stack)
    if own and peer and not has_its_pair(way, stack):
        yield f"lets one side {'in' if Way(way).inbound else 'out'}, and nothing lets the other side meet it"


@rule(
    (*RULES, GROUP),
    severity=LOW,
    frameworks=("CKV_AWS_23", "AwsSolutions-EC27"),
    mend="say in `description` who needs it and for what",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def each_way_says_what_it_is_for(group: Resource) -> Complaints:
    """A way whose purpose nobody remembers is never closed again."""
    text = str(group.given("description") or "")
    if not text or text.startswith("Managed by "):
        yield "says nothing of what it is for"


@rule(
    VPC,
    severity=HIGH,
    frameworks=("FSBP EC2.2", "CIS 5.4", "CKV2_AWS_12"),
    mend="add an aws.ec2.DefaultSecurityGroup with the VPC's id and neither ingress nor egress",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-2",
)
def the_default_group_of_a_network_is_closed(vpc: Resource, stack: Stack) -> Complaints:
    """What starts without a group of its own falls into it, where everything may speak to everything."""
    if not (found := stack.users(vpc, "vpcId", DEFAULT_GROUP)):
        yield "leaves its default security group as AWS made it"
    if any(True for group in found for _ in ways(group)):
        yield "has a default security group that is open"
