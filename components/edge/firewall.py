"""What is refused before it reaches anything of ours."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge import shedding
from components.edge.shedding import Sheddable
from components.logs import log_group

GLOBAL_REGION = "us-east-1"
"""Where CloudFront's web ACLs, certificates and logs must be, whatever the stack's region."""
REQUEST_RULES = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
CLIENT_RULES = ("AWSManagedRulesAmazonIpReputationList",)
ORIGIN_HEADER = "x-origin-secret"
"""The header by which a load balancer knows the distribution that it is meant for."""


class FirewallArgs(ComponentArgs):
    load_balancer_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """ARNs of the load balancers behind it, by name, all in its region. Default: none; it is CloudFront's,
    which names it itself."""
    origin_secret: NotRequired[pulumi.Input[str]]
    """What the header x-origin-secret must say; any other request is refused (CdnEdge.origin_secret, as
    pulumi.Output.secret). Default: it is not asked for."""
    requests_per_client: NotRequired[int]
    """Requests that one address may make in five minutes, for CloudFront's. Default 2000; AWS takes 10 to
    2,000,000,000."""
    sheddable: NotRequired[Mapping[str, Sheddable]]
    """Classes of requests that can be turned away without a deployment (SurgeEvents does), by name. They are
    counted always. Default: none."""
    log_retention_days: NotRequired[int]
    """Days that decisions are kept. Default 365."""
    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key of the log, in the firewall's region. Default: CloudWatch's own."""


class Firewall(Component):
    """A web ACL: AWS's managed rules, and a log of what it decided.

    It is CloudFront's, with a limit for every client; or, with `load_balancer_arns`, that of load balancers
    on the internet that CloudFront alone may call. There every address is CloudFront's, and X-Forwarded-For
    begins with what a client likes to say, so that only CloudFront's own firewall tells clients apart.
    """

    web_acl_arn: pulumi.Output[str]
    switch_arns: pulumi.Output[Mapping[str, str]]
    """The IP sets by which classes are shed, "<class>-ipv4" and "<class>-ipv6"."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        limit = args.get("requests_per_client", 2000)
        if limit < 10:
            self.reject("requests_per_client", limit, "at least 10, the least that AWS WAF counts")
        balancers = args.get("load_balancer_arns", {})
        if "load_balancer_arns" in args and not balancers:
            self.reject("load_balancer_arns", {}, "one load balancer or more, or left out")
        region = None if balancers else GLOBAL_REGION

        if balancers and "requests_per_client" in args:
            self.reject("requests_per_client", limit, "left out with load_balancer_arns")
        classes = args.get("sheddable", {})
        shedding.check(self, classes)
        scope = "REGIONAL" if balancers else "CLOUDFRONT"
        switches = shedding.switches(self, classes, scope, region)
        clients: Any = [] if balancers else [*map(_managed, CLIENT_RULES), _client_limit(limit)]
        shed = shedding.rules(classes, switches)
        rules: Any = [*shed, *map(_managed, REQUEST_RULES), *clients]
        if "origin_secret" in args:
            rules.insert(0, _only_ours(args["origin_secret"]))
        rules = [{**rule, "priority": priority} for priority, rule in enumerate(rules)]
        acl = aws.wafv2.WebAcl(
            name,
            scope=scope,
            region=region,
            default_action={"allow": {}},
            rules=rules,
            visibility_config=_visible(name),
            opts=self.child,
        )
        for balancer, arn in balancers.items():
            aws.wafv2.WebAclAssociation(
                f"{name}-{balancer}", web_acl_arn=acl.arn, resource_arn=arn, opts=self.child
            )
        logs = log_group(
            self,
            name,
            group_name=f"aws-waf-logs-{pulumi.get_stack()}-{name}",  # WAF takes no other prefix
            region=region,
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        hidden = ("authorization", "cookie", *([ORIGIN_HEADER] if "origin_secret" in args else []))
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            region=region,
            redacted_fields=[{"single_header": {"name": header}} for header in hidden],
            opts=self.child,
        )

        self.web_acl_arn = acl.arn
        arns = {switch: addresses.arn for switch, addresses in switches.items()}
        self.switch_arns = pulumi.Output.all(**arns) if arns else pulumi.Output.from_input({})
        self.register_outputs({"web_acl_arn": self.web_acl_arn, "switch_arns": self.switch_arns})


def _managed(rule_set: str) -> dict[str, Any]:
    return {
        "name": rule_set,
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": {"name": rule_set, "vendor_name": "AWS"}},
        "visibility_config": _visible(rule_set),
    }


def _client_limit(limit: int) -> dict[str, Any]:
    return {
        "name": "client-limit",
        "action": {"block": {}},
        "statement": {"rate_based_statement": {"limit": limit, "aggregate_key_type": "IP"}},
        "visibility_config": _visible("client-limit"),
    }


def _only_ours(secret: pulumi.Input[str]) -> dict[str, Any]:
    """CloudFront's addresses are those of everybody's distributions; only ours knows the secret."""
    same: dict[str, Any] = {
        "search_string": secret,
        "field_to_match": {"single_header": {"name": ORIGIN_HEADER}},
        "positional_constraint": "EXACTLY",
        "text_transformations": [{"priority": 0, "type": "NONE"}],
    }
    return {
        "name": "other-distributions",
        "action": {"block": {}},
        "statement": {"not_statement": {"statement": {"byte_match_statement": same}}},
        "visibility_config": _visible("other-distributions"),
    }


def _visible(metric: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
