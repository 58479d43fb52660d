"""OpenSearch: domains."""

from typing import Any

from fourplane.errors import Failure
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given

DOMAIN: dict[str, str | None] = {
    "encryptAtRest": "EncryptionAtRestOptions",
    "nodeToNodeEncryption": "NodeToNodeEncryptionOptions",
    "autoTuneOptions.rollbackOnDisable": None,
    **{key: None for key in ("accessPolicies", "domainName", "logPublishingOptions", "tags")},
}


@creates("aws:opensearch/domain:Domain")
def domain(new: New) -> Made:
    name = new.get("domainName") or new.name_within(28)
    more = given(
        DomainName=name,
        AccessPolicies=document(new["accessPolicies"]) if new.get("accessPolicies") else None,
        LogPublishingOptions={
            one["logType"]: {
                "CloudWatchLogsLogGroupArn": one["cloudwatchLogGroupArn"],
                "Enabled": one.get("enabled", True),
            }
            for one in new.get("logPublishingOptions", [])
        },
        TagList=new.tag_list,
    )
    _may_log(new)
    request = new.fit("opensearch", "create_domain", DOMAIN, **more)
    made: dict[str, Any] = new.client("opensearch").create_domain(**request)["DomainStatus"]
    host = made.get("Endpoint") or made["Endpoints"]["vpc"]
    return made["ARN"], {
        "arn": made["ARN"],
        "domainId": made["DomainId"],
        "domainName": name,
        "endpoint": host,
        "dashboardEndpoint": f"{host}/_dashboards",
        "engineVersion": made["EngineVersion"],
    }


def _may_log(new: New) -> None:
    """AWS refuses a domain whose logs it may not write."""
    if not new.get("logPublishingOptions"):
        return
    policies = new.client("logs").describe_resource_policies()["resourcePolicies"]
    if not any("es.amazonaws.com" in policy["policyDocument"] for policy in policies):
        raise Failure(
            "CreateDomain refused: ValidationException: no CloudWatch Logs resource policy lets "
            "es.amazonaws.com write the domain's logs"
        )
