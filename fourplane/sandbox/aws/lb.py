"""Elastic Load Balancing: load balancers, listeners, rules and target groups."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

LOAD_BALANCER = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "secondaryIpsAutoAssignedPerSubnet": "secondary_ips.auto_assigned.per_subnet",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
LOGS = {
    "accessLogs": "access_logs",
    "connectionLogs": "connection_logs",
    "healthCheckLogs": "health_check_logs",
}
CROSS_ZONE = "loadBalancingCrossZoneEnabled"
TARGET_GROUP = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    CROSS_ZONE: "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}


def _attributes(values: dict[str, Any]) -> list[dict[str, str]]:
    """Settings as ELB has them: texts by dotted name."""
    return [
        {"Key": key, "Value": str(value).lower() if isinstance(value, bool) else str(value)}
        for key, value in values.items()
        if value is not None
    ]


@creates("aws:lb/loadBalancer:LoadBalancer")
def load_balancer(new: New) -> Made:
    elb = new.client("elbv2")
    rename: dict[str, str | None] = {
        key: None for key in (*LOAD_BALANCER, *LOGS, "name", "namePrefix", "internal")
    }
    rename |= {"loadBalancerType": "Type", "minimumLoadBalancerCapacity": None}
    rename |= {"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": None}
    request = new.fit("elbv2", "create_load_balancer", rename, Name=new.name_within(32))
    scheme = "internal" if new.get("internal") else "internet-facing"
    made = elb.create_load_balancer(**request, Scheme=scheme)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    settings = {theirs: new[ours] for ours, theirs in LOAD_BALANCER.items() if ours in new.inputs}
    for ours, theirs in LOGS.items():
        logs = new.first(ours)
        if logs:
            settings[f"{theirs}.s3.enabled"] = logs.get("enabled", True)
            settings[f"{theirs}.s3.bucket"] = logs["bucket"]
            settings[f"{theirs}.s3.prefix"] = logs.get("prefix")
    if settings:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=_attributes(settings))
    return arn, {
        "arn": arn,
        "arnSuffix": arn.split(":loadbalancer/")[1],
        "dnsName": made["DNSName"],
        "internal": made["Scheme"] == "internal",
        "ipAddressType": made.get("IpAddressType", "ipv4"),
        "loadBalancerType": made["Type"],
        "name": made["LoadBalancerName"],
        "securityGroups": made.get("SecurityGroups", []),
        "subnets": [zone["SubnetId"] for zone in made["AvailabilityZones"]],
        "vpcId": made["VpcId"],
        "zoneId": made["CanonicalHostedZoneId"],
    }


HEALTH_CHECK = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


@creates("aws:lb/targetGroup:TargetGroup")
def target_group(new: New) -> Made:
    elb = new.client("elbv2")
    apart = (
        "name",
        "namePrefix",
        "healthCheck",
        "stickiness",
        "targetFailovers",
        "targetGroupHealth",
        "targetHealthStates",
    )
    request = new.fit(
        "elbv2",
        "create_target_group",
        {key: None for key in (*TARGET_GROUP, *apart)},
        Name=new.name_within(32),
    )
    check = new.first("healthCheck")
    health = {theirs: check[ours] for ours, theirs in HEALTH_CHECK.items() if check.get(ours) is not None}
    if check.get("matcher"):
        health["Matcher"] = {
            "GrpcCode" if new.get("protocolVersion") == "GRPC" else "HttpCode": check["matcher"]
        }
    made = elb.create_target_group(**{"TargetType": "instance", **request, **health})["TargetGroups"][0]
    arn = made["TargetGroupArn"]
    settings = _attributes(_target_settings(new))
    if settings:
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=settings)
    return arn, {
        "arn": arn,
        "arnSuffix": arn.split(":")[-1],
        "name": made["TargetGroupName"],
        "targetType": made["TargetType"],
        "loadBalancerArns": made.get("LoadBalancerArns", []),
        "protocolVersion": made.get("ProtocolVersion", ""),
        "deregistrationDelay": new.get("deregistrationDelay", 300),
        "healthCheck": {
            **{ours: made[theirs] for ours, theirs in HEALTH_CHECK.items() if made.get(theirs) is not None},
            "matcher": next(iter(made.get("Matcher", {}).values()), ""),
        },
    }


def _target_settings(new: New) -> dict[str, Any]:
    settings = {theirs: new[ours] for ours, theirs in TARGET_GROUP.items() if ours in new.inputs}
    sticky = new.first("stickiness")
    if sticky:
        kind = sticky["type"]
        settings |= {"stickiness.enabled": sticky.get("enabled", True), "stickiness.type": kind}
        if kind in ("lb_cookie", "app_cookie"):
            settings[f"stickiness.{kind}.duration_seconds"] = sticky.get("cookieDuration", 86400)
        settings["stickiness.app_cookie.cookie_name"] = sticky.get("cookieName")
    failover, states = new.first("targetFailovers"), new.first("targetHealthStates")
    settings["target_failover.on_deregistration"] = failover.get("onDeregistration")
    settings["target_failover.on_unhealthy"] = failover.get("onUnhealthy")
    name = "target_health_state.unhealthy"
    settings[f"{name}.connection_termination.enabled"] = states.get("enableUnhealthyConnectionTermination")
    settings[f"{name}.draining_interval_seconds"] = states.get("unhealthyDrainingInterval")
    health = new.first("targetGroupHealth")
    for block, words in (
        ("dnsFailover", "dns_failover"),
        ("unhealthyStateRouting", "unhealthy_state_routing"),
    ):
        for key, word in (("Count", "count"), ("Percentage", "percentage")):
            value = (health.get(block) or {}).get(f"minimumHealthyTargets{key}")
            settings[f"target_group_health.{words}.minimum_healthy_targets.{word}"] = value
    return settings


@creates("aws:lb/targetGroupAttachment:TargetGroupAttachment")
def target_group_attachment(new: New) -> Made:
    target = given(Id=new["targetId"], Port=new.get("port"), AvailabilityZone=new.get("availabilityZone"))
    new.client("elbv2").register_targets(TargetGroupArn=new["targetGroupArn"], Targets=[target])
    return f"{new['targetGroupArn']}-{new.hash(26)}", {}


ACTION = {
    "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "jwtValidation": "JwtValidationConfig",
    "targetGroups.arn": "TargetGroupArn",
    "stickiness.duration": "DurationSeconds",
    "userPoolDomain": "UserPoolDomain",
}
REDIRECT = {
    "host": "#{host}",
    "path": "/#{path}",
    "port": "#{port}",
    "protocol": "#{protocol}",
    "query": "#{query}",
}


def _actions(actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbered, and with what AWS fills into a redirect."""
    return [_filled({"order": i, **action}) for i, action in enumerate(actions, 1)]


def _filled(action: dict[str, Any]) -> dict[str, Any]:
    redirect = action.get("redirect")
    return {**action, "redirect": {**REDIRECT, **redirect}} if redirect else action


@creates("aws:lb/listener:Listener")
def listener(new: New) -> Made:
    elb = new.client("elbv2")
    rename: dict[str, str | None] = {
        **ACTION,
        "defaultActions": None,
        "certificateArn": None,
        "tcpIdleTimeoutSeconds": None,
    }
    rename |= {key: None for key in new.inputs if key.startswith("routingHttp")}
    actions = shapes.fit(elb, "create_listener", {"defaultActions": _actions(new["defaultActions"])}, ACTION)
    certificates = [{"CertificateArn": new["certificateArn"]}] if new.get("certificateArn") else []
    request = new.fit("elbv2", "create_listener", rename, Certificates=certificates)
    made = elb.create_listener(**{"Protocol": "HTTP", **request, **actions})["Listeners"][0]
    arn = made["ListenerArn"]
    settings = {_listener_attribute(key): new[key] for key in new.inputs if key.startswith("routingHttp")}
    settings["tcp.idle_timeout.seconds"] = new.get("tcpIdleTimeoutSeconds")
    if _attributes(settings):
        elb.modify_listener_attributes(ListenerArn=arn, Attributes=_attributes(settings))
    return arn, {
        "arn": arn,
        "port": made["Port"],
        "protocol": made["Protocol"],
        "sslPolicy": made.get("SslPolicy", ""),
    }


def _listener_attribute(key: str) -> str:
    """ "routingHttpResponseServerEnabled" as "routing.http.response.server.enabled"."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in key).split("_")
    middle = "_".join(words[3:])
    for ending in ("header_name", "header_value", "enabled"):
        middle = middle.replace(f"_{ending}", f".{ending}")
    return f"routing.http.{words[2]}.{middle}"


CONDITIONS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


@creates("aws:lb/listenerRule:ListenerRule")
def listener_rule(new: New) -> Made:
    elb = new.client("elbv2")
    actions = shapes.fit(elb, "create_rule", {"actions": _actions(new["actions"])}, ACTION)
    rename = {"actions": None, "conditions": None, "priority": None}
    request = new.fit("elbv2", "create_rule", rename)
    conditions = [_condition(condition) for condition in new["conditions"]]
    priority = new.get("priority") or _next_priority(elb, new["listenerArn"])
    made = elb.create_rule(**request, **actions, Conditions=conditions, Priority=priority)["Rules"][0]
    return made["RuleArn"], {"arn": made["RuleArn"], "priority": int(made["Priority"])}


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    key = next(key for key in CONDITIONS if condition.get(key))
    block = condition[key]
    name = CONDITIONS[key]
    config = {"queryStrings": "QueryStringConfig"}.get(key, f"{key[0].upper()}{key[1:]}Config")
    values = {"values": block} if key == "queryStrings" else block
    return {"Field": name, config: shapes.pascal(values, {"httpHeaderName": "HttpHeaderName"})}


def _next_priority(elb: Any, listener: str) -> int:
    """The provider takes the number after the highest."""
    rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    return max((int(r["Priority"]) for r in rules if r["Priority"] != "default"), default=0) + 1
