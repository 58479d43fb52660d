"""Search that a zone can be taken from: Amazon OpenSearch Service."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement
from components.policies import account_of, beside, policy

DOMAIN_NAME = re.compile(r"[a-z][a-z0-9-]{2,27}")
"""https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html"""
INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9]+\.search")
ENGINE_VERSION = re.compile(r"OpenSearch_\d+\.\d+")
TYPE = "r7g.large.search"
VERSION = "OpenSearch_3.3"
"""https://docs.aws.amazon.com/opensearch-service/latest/developerguide/features-by-version.html"""
MOST_ZONES = 3
"""https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-multiaz.html"""
MASTERS = 3
"""The only number that AWS advises: two have no majority left when one is lost, five cost more.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-dedicatedmasternodes.html"""
REQUESTS = tuple(f"es:ESHttp{verb}" for verb in ("Delete", "Get", "Head", "Post", "Put"))
LOGS = {
    "index-slow": "INDEX_SLOW_LOGS",
    "search-slow": "SEARCH_SLOW_LOGS",
    "application": "ES_APPLICATION_LOGS",
}


class SearchDomainArgs(ZonedPlacement, Logging):
    nodes_per_zone: NotRequired[int]
    """Data nodes in each zone. Default 1."""
    dedicated_masters: NotRequired[bool]
    """Whether three nodes do nothing but keep the domain together. Default True. Without them the data nodes
    do it too, and there must be three or more."""
    instance_type: NotRequired[str]
    """Type of the data nodes. Default r7g.large.search: 2 Graviton vCPUs, 16 GiB. On t2 and t3 there is no
    Auto-Tune."""
    master_instance_type: NotRequired[str]
    """Type of the dedicated masters. Default m7g.large.search, enough for 30 nodes and 15,000 shards."""
    data_gib: NotRequired[int]
    """Size of each data node's volume (gp3, encrypted), 10 or more. Default 100."""
    engine_version: NotRequired[str]
    """Default OpenSearch_3.3. It may be raised, and never lowered."""


class SearchDomain(Server):
    """An encrypted search cluster inside the network, its copies of each index in different zones.

    Three zones of the placement at most are used. In two, one of them holds two of the masters: while that
    one is lost, nothing is written until AWS has replaced a master. An arrow opens the way and lets its
    client's role send signed requests (SigV4, service "es"); the domain takes no others.

    The account must have the role AWSServiceRoleForAmazonOpenSearchService, once for all domains:
    `aws iam create-service-linked-role --aws-service-name opensearchservice.amazonaws.com`. And a region's
    CloudWatch takes ten resource policies, of which each domain needs one.
    """

    port = 443
    arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]

    def __init__(self, name: str, args: SearchDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        disposable = args.get("disposable", False)
        domain_name = f"{pulumi.get_stack()}-{name}".lower()
        zones = min(len(args["zones"]), MOST_ZONES)
        self._check(args, domain_name)

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        domain_arn = beside(group.arn, "es", f"domain/{domain_name}")
        logs = self._logs(args, domain_name)
        may_log = aws.cloudwatch.LogResourcePolicy(
            name,
            policy_name=domain_name,
            policy_document=policy([_may_log(domain_arn, list(logs.values()))]),
            opts=self.child,
        )
        domain = aws.opensearch.Domain(
            name,
            domain_name=domain_name,
            engine_version=args.get("engine_version", VERSION),
            cluster_config=_nodes(args, zones),
            vpc_options={"subnet_ids": args["subnet_ids"][:zones], "security_group_ids": [group.id]},
            ebs_options={
                "ebs_enabled": True,
                "volume_type": "gp3",
                "volume_size": args.get("data_gib", 100),
                "iops": 3000,
                "throughput": 125,
            },
            encrypt_at_rest={"enabled": True, "kms_key_id": args.get("key_arn")},
            node_to_node_encryption={"enabled": True},
            domain_endpoint_options={
                "enforce_https": True,
                "tls_security_policy": "Policy-Min-TLS-1-2-PFS-2023-10",
            },
            access_policies=policy([_may_ask(domain_arn)]),
            log_publishing_options=[
                {"log_type": kind, "cloudwatch_log_group_arn": logs[role].arn, "enabled": True}
                for role, kind in LOGS.items()
            ],
            auto_tune_options=_tuning(args.get("instance_type", "")),
            off_peak_window_options={"enabled": True},
            software_update_options={"auto_software_update_enabled": True},
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable, depends_on=[may_log]),
        )

        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", domain.endpoint, self.port)
        self.arn = domain.arn
        self.domain_name = domain.domain_name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "arn": self.arn,
                "domain_name": self.domain_name,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading and writing its indices."""
        return [
            {
                "Sid": "Search",
                "Effect": "Allow",
                "Action": list(REQUESTS),
                "Resource": pulumi.Output.format("{}/*", self.arn),
            }
        ]

    def _logs(self, args: SearchDomainArgs, domain_name: str) -> dict[str, aws.cloudwatch.LogGroup]:
        return {
            role: log_group(
                self,
                f"{self.name}-{role}",
                group_name=f"/aws/opensearch/{domain_name}/{role}",
                days=args.get("log_retention_days", 365),
                key_arn=args.get("key_arn"),
            )
            for role in LOGS
        }

    def _check(self, args: SearchDomainArgs, domain_name: str) -> None:
        zones, subnets = args["zones"], args["subnet_ids"]
        if not DOMAIN_NAME.fullmatch(domain_name):
            wanted = "letters, digits and hyphens, so that '<stack>-<name>' is a domain's, of 3 to 28"
            self.reject("name", self.name, f"{wanted} ('{domain_name}' is of {len(domain_name)})")
        if len(set(zones)) < 2 or len(set(zones)) < len(zones):
            self.reject("zones", list(zones), "two or more different zones, so that one can be lost")
        if len(subnets) != len(zones):
            self.reject("subnet_ids", len(subnets), f"as many as zones, {len(zones)}")
        if (nodes := args.get("nodes_per_zone", 1)) < 1:
            self.reject("nodes_per_zone", nodes, "at least 1")
        if not args.get("dedicated_masters", True) and nodes * min(len(zones), MOST_ZONES) < MASTERS:
            wanted = f"True where there are fewer than {MASTERS} data nodes, so that a majority can be left"
            self.reject("dedicated_masters", False, wanted)
        for argument in ("instance_type", "master_instance_type"):
            if not INSTANCE_TYPE.fullmatch(value := args.get(argument, TYPE)):
                self.reject(argument, value, f"an OpenSearch instance type, such as '{TYPE}'")
        if (gib := args.get("data_gib", 100)) < 10:
            self.reject("data_gib", gib, "at least 10")
        if not ENGINE_VERSION.fullmatch(value := args.get("engine_version", VERSION)):
            self.reject("engine_version", value, f"an OpenSearch release, such as '{VERSION}'")


def _nodes(args: SearchDomainArgs, zones: int) -> aws.opensearch.DomainClusterConfigArgsDict:
    nodes: aws.opensearch.DomainClusterConfigArgsDict = {
        "instance_type": args.get("instance_type", TYPE),
        "instance_count": args.get("nodes_per_zone", 1) * zones,
        "zone_awareness_enabled": True,
        "zone_awareness_config": {"availability_zone_count": zones},
        "dedicated_master_enabled": args.get("dedicated_masters", True),
    }
    if args.get("dedicated_masters", True):
        nodes["dedicated_master_count"] = MASTERS
        nodes["dedicated_master_type"] = args.get("master_instance_type", "m7g.large.search")
    return nodes


def _tuning(instance_type: str) -> aws.opensearch.DomainAutoTuneOptionsArgsDict:
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/auto-tune.html"""
    if re.match("t[23]\\.", instance_type):
        return {"desired_state": "DISABLED", "rollback_on_disable": "NO_ROLLBACK"}
    return {"desired_state": "ENABLED", "use_off_peak_window": True}


def _may_ask(domain_arn: pulumi.Output[str]) -> dict[str, Any]:
    """The account as principal leaves it to the roles' own policies, which arrows write, whom to let in."""
    partition = domain_arn.apply(lambda arn: arn.split(":")[1])
    return {
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.format("arn:{}:iam::{}:root", partition, account_of(domain_arn))},
        "Action": list(REQUESTS),
        "Resource": pulumi.Output.format("{}/*", domain_arn),
    }


def _may_log(domain_arn: pulumi.Output[str], logs: Sequence[aws.cloudwatch.LogGroup]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html"""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "es.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
        "Resource": [pulumi.Output.format("{}:*", group.arn) for group in logs],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account_of(domain_arn)},
            "ArnEquals": {"aws:SourceArn": domain_arn},
        },
    }
