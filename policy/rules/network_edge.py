"""What is not meant to be reached cannot be reached: load balancers, firewalls and APIs."""

from policy.resource import Resource, Stack, at
from policy.rule import CRITICAL, HIGH, MEDIUM, Complaints, rule
from policy.rules.network import LISTENER, LOAD_BALANCER
from policy.ways import GROUP, INGRESS, OLD_RULE, OWN, everywhere, open_ports

ACL = "aws:wafv2/webAcl:WebAcl"
ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
ACL_LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
EKS = "aws:eks/cluster:Cluster"
PUBLIC_WHERE = {
    "aws:dms/replicationInstance:ReplicationInstance": "publiclyAccessible",
    "aws:docdb/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:lightsail/database:Database": "publiclyAccessible",
    "aws:mq/broker:Broker": "publiclyAccessible",
    "aws:neptune/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:rds/cluster:Cluster": "publiclyAccessible",
    "aws:rds/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:rds/instance:Instance": "publiclyAccessible",
    "aws:redshift/cluster:Cluster": "publiclyAccessible",
    "aws:redshiftserverless/workgroup:Workgroup": "publiclyAccessible",
    "aws:msk/cluster:Cluster": "brokerNodeGroupInfo.connectivityInfo.publicAccess.type",
}
"""What can have a public address, and the property that gives it one."""
MODERN = ("-TLS13-1-2-", "-TLS13-1-3-", "-TLS-1-2-", "-FS-1-2-")
"""Parts of the names of policies that take nothing older than TLS 1.2."""


@rule(
    LOAD_BALANCER,
    severity=HIGH,
    frameworks=("FSBP ELB.16", "CKV2_AWS_28", "WA SEC05-BP03"),
    mend="set internal to true, or add an aws.wafv2.WebAclAssociation before an application load balancer, "
    "and let a network load balancer listen for TLS alone",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-16",
)
def a_public_load_balancer_is_guarded(balancer: Resource, stack: Stack) -> Complaints:
    """What anybody may call is called by robots from its first minute on."""
    kind = balancer.given("loadBalancerType") or "application"
    if balancer.given("internal") or kind == "gateway" or not _open(balancer, stack):
        return
    if kind == "application" and not stack.users(balancer, "resourceArn", ACL_ASSOCIATION):
        yield "is open to the internet with no web ACL before it"
    for listener in stack.users(balancer, "loadBalancerArn", LISTENER) if kind == "network" else ():
        if listener["protocol"] != "TLS":
            yield f"is open to the internet on port {listener['port']:g} without TLS"


def _open(balancer: Resource, stack: Stack) -> bool:
    """Whether its groups let in the whole internet. Groups that the stack does not have may."""
    groups = stack.behind(balancer, "securityGroups", GROUP)
    rules = [one for group in groups for one in stack.users(group, OWN, INGRESS, OLD_RULE)]
    return not groups or any(open_ports(one, stack) for one in [*groups, *rules])


@rule(
    LISTENER,
    severity=HIGH,
    frameworks=("FSBP ELB.1", "CKV_AWS_2", "CKV_AWS_103", "CKV2_AWS_20", "WA SEC09-BP02"),
    mend="set protocol to HTTPS or TLS and sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06; on port 80 "
    "let the default action redirect to HTTPS",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
)
def a_listener_speaks_tls_1_2_or_redirects(listener: Resource) -> Complaints:
    """What is said in the clear, or with TLS of 1999, can be read and changed on its way."""
    redirects = [at(action, "redirect.protocol") for action in listener.many("defaultActions")]
    if listener["protocol"] == "HTTP" and redirects != ["HTTPS"]:
        yield "answers in the clear"
    policy = str(listener["sslPolicy"])
    if listener["protocol"] in ("HTTPS", "TLS") and not any(name in policy for name in MODERN):
        yield "takes TLS 1.0 and 1.1"


@rule(
    LOAD_BALANCER,
    severity=MEDIUM,
    frameworks=("FSBP ELB.4", "FSBP ELB.12", "CKV_AWS_131", "CKV_AWS_328"),
    mend="set dropInvalidHeaderFields to true, and desyncMitigationMode to defensive or strictest",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-4",
    remediate=lambda balancer: {"dropInvalidHeaderFields": True, **_mitigated(balancer)},
)
def a_load_balancer_drops_invalid_headers(balancer: Resource) -> Complaints:
    """Two servers that read one header differently can be made to answer one caller with another's page."""
    if (balancer["loadBalancerType"] or "application") != "application":
        return
    if not balancer["dropInvalidHeaderFields"] or balancer["desyncMitigationMode"] == "monitor":
        yield "passes on headers that no standard allows"


def _mitigated(balancer: Resource) -> dict[str, str]:
    """Not "monitor", and not less than what was asked for."""
    watched = balancer["desyncMitigationMode"] == "monitor"
    return {"desyncMitigationMode": "defensive"} if watched else {}


@rule(
    ACL,
    severity=MEDIUM,
    frameworks=("FSBP WAF.10", "CKV_AWS_175", "CKV_AWS_192"),
    mend="add a rule with a managedRuleGroupStatement, such as AWSManagedRulesCommonRuleSet and "
    "AWSManagedRulesKnownBadInputsRuleSet",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-10",
)
def a_firewall_knows_what_is_known_to_be_bad(acl: Resource) -> Complaints:
    """Whoever writes all rules by hand learns of a new attack after the attacker."""
    managed = any(at(one, "statement.managedRuleGroupStatement") for one in acl.many("rules"))
    if not managed and "ManagedRuleGroupStatement" not in str(acl["ruleJson"]):
        yield "has no managed rules"


@rule(
    ACL,
    severity=MEDIUM,
    frameworks=("FSBP WAF.11", "CKV2_AWS_31"),
    mend="add an aws.wafv2.WebAclLoggingConfiguration with the ACL's ARN",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-11",
    themes=("observability",),
)
def each_firewall_keeps_a_log(acl: Resource, stack: Stack) -> Complaints:
    """Without a log nobody knows who was turned away, and whether it was right."""
    if not stack.users(acl, "resourceArn", ACL_LOGGING):
        yield "keeps no log"


@rule(
    PUBLIC_WHERE,
    severity=CRITICAL,
    frameworks=("FSBP RDS.2", "FSBP Redshift.1", "FSBP DMS.1", "CIS 2.3.3", "CKV_AWS_17", "CKV_AWS_87"),
    mend="set it to false (for MSK: DISABLED), and reach it from inside the network",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-2",
)
def what_holds_data_has_no_public_address(store: Resource) -> Complaints:
    """A database with a public address is found by scanners within the hour."""
    if store[PUBLIC_WHERE[store.type]] not in (None, False, "DISABLED"):
        yield f"has a public address: {PUBLIC_WHERE[store.type]}"


@rule(
    EKS,
    severity=HIGH,
    frameworks=("FSBP EKS.1", "CKV_AWS_38", "CKV_AWS_39", "AwsSolutions-EKS1"),
    mend="set vpcConfig.endpointPublicAccess to false and endpointPrivateAccess to true, or "
    "publicAccessCidrs to your own addresses",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/eks-controls.html#eks-1",
)
def the_api_of_a_cluster_is_not_open_to_everywhere(cluster: Resource) -> Complaints:
    """Who has a token, or the next flaw of the API server, then needs nothing else."""
    given = cluster["vpcConfig.endpointPublicAccess"]
    public = cluster["vpcConfig.publicAccessCidrs"] or ["0.0.0.0/0"]
    if (given is None or given) and any(everywhere(cidr) for cidr in public):
        yield "lets the whole internet ask its API"
