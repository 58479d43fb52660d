"""X-Ray: sampling rules, groups, and what traces are encrypted with. moto takes segments alone."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:xray/samplingRule:SamplingRule")
def sampling_rule(new: New) -> Made:
    name = new["ruleName"]
    rule = {
        "RuleName": name,
        "ResourceARN": new["resourceArn"],
        "Priority": int(new["priority"]),
        "FixedRate": float(new["fixedRate"]),
        "ReservoirSize": int(new["reservoirSize"]),
        "ServiceName": new["serviceName"],
        "ServiceType": new["serviceType"],
        "Host": new["host"],
        "HTTPMethod": new["httpMethod"],
        "URLPath": new["urlPath"],
        "Version": int(new["version"]),
        **given(Attributes=new.get("attributes")),
    }
    new.simulate("xray", "create_sampling_rule", {"SamplingRule": rule, "Tags": new.tag_list})
    return name, {"arn": new.arn("xray", f"sampling-rule/{name}")}


@creates("aws:xray/group:Group")
def group(new: New) -> Made:
    name, insights = new["groupName"], new.first("insightsConfiguration")
    wanted = given(
        InsightsEnabled=insights.get("insightsEnabled"),
        NotificationsEnabled=insights.get("notificationsEnabled"),
    )
    request = {"GroupName": name, "FilterExpression": new["filterExpression"], "Tags": new.tag_list}
    new.simulate("xray", "create_group", {**request, **given(InsightsConfiguration=wanted or None)})
    arn = new.arn("xray", f"group/{name}/{new.hash(26).upper()}")
    return arn, {"arn": arn}


@creates("aws:xray/encryptionConfig:EncryptionConfig")
def encryption_config(new: New) -> Made:
    new.simulate("xray", "put_encryption_config", {"Type": new["type"], **given(KeyId=new.get("keyId"))})
    return new.region, {}
