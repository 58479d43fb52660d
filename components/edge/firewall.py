"""What is refused before it reaches anything of ours."""

from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.logs import log_group

GLOBAL_REGION = "us-east-1"
"""Where CloudFront's web ACLs, certificates and logs must be, whatever the stack's region."""
MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)


class FirewallArgs(ComponentArgs):
    requests_per_client: NotRequired[int]
    """Requests that one address may make in five minutes. Default 2000; AWS takes 10 to 2,000,000,000."""
    log_retention_days: NotRequired[int]
    """Days that decisions are kept. Default 365."""


class Firewall(Component):
    """A web ACL for CloudFront: AWS's managed rules, a limit for every client, and a log of what it
    decided."""

    web_acl_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        limit = args.get("requests_per_client", 2000)
        if limit < 10:
            self.reject("requests_per_client", limit, "at least 10, the least that AWS WAF counts")

        acl = aws.wafv2.WebAcl(
            name,
            scope="CLOUDFRONT",
            region=GLOBAL_REGION,
            default_action={"allow": {}},
            rules=[
                *(_managed(priority, rule_set) for priority, rule_set in enumerate(MANAGED)),
                {
                    "name": "client-limit",
                    "priority": len(MANAGED),
                    "action": {"block": {}},
                    "statement": {"rate_based_statement": {"limit": limit, "aggregate_key_type": "IP"}},
                    "visibility_config": _visible("client-limit"),
                },
            ],
            visibility_config=_visible(name),
            opts=self.child,
        )
        logs = log_group(
            self,
            name,
            group_name=f"aws-waf-logs-{pulumi.get_stack()}-{name}",  # WAF takes no other prefix
            region=GLOBAL_REGION,
            days=args.get("log_retention_days", 365),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            region=GLOBAL_REGION,
            redacted_fields=[{"single_header": {"name": header}} for header in ("authorization", "cookie")],
            opts=self.child,
        )

        self.web_acl_arn = acl.arn
        self.register_outputs({"web_acl_arn": self.web_acl_arn})


def _managed(priority: int, rule_set: str) -> Any:
    return {
        "name": rule_set,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": {"name": rule_set, "vendor_name": "AWS"}},
        "visibility_config": _visible(rule_set),
    }


def _visible(metric: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
