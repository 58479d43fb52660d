"""Auto Scaling: groups of machines and what moves their size."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

GROUP = {
    "healthCheckGracePeriod": "HealthCheckGracePeriod",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
    "initialLifecycleHooks": "LifecycleHookSpecificationList",
    "initialLifecycleHooks.name": "LifecycleHookName",
    "initialLifecycleHooks.notificationTargetArn": "NotificationTargetARN",
    "initialLifecycleHooks.roleArn": "RoleARN",
    "loadBalancers": "LoadBalancerNames",
    "launchConfiguration": "LaunchConfigurationName",
    "launchTemplate.id": "LaunchTemplateId",
    "launchTemplate.name": "LaunchTemplateName",
    "overrides.launchTemplateSpecification": "LaunchTemplateSpecification",
    **{
        key: None
        for key in [
            "name",
            "namePrefix",
            "vpcZoneIdentifiers",
            "tags",
            "enabledMetrics",
            "metricsGranularity",
            "suspendedProcesses",
            "warmPool",
            "instanceRefresh",
            "forceDelete",
            "forceDeleteWarmPool",
            "ignoreFailedScalingActivities",
            "minElbCapacity",
            "waitForCapacityTimeout",
            "waitForElbCapacity",
        ]
    },
}


@creates("aws:autoscaling/group:Group")
def group(new: New) -> Made:
    client = new.client("autoscaling")
    name = new.name
    request = new.fit(
        "autoscaling",
        "create_auto_scaling_group",
        GROUP,
        AutoScalingGroupName=name,
        VPCZoneIdentifier=",".join(new.get("vpcZoneIdentifiers", [])),
        Tags=[_tag(tag, name) for tag in new.get("tags", [])],
    )
    shapes.validate(client, "create_auto_scaling_group", request)
    _check_refresh(new, name)
    client.create_auto_scaling_group(**request)
    _keep_hooks(new, name)
    _settle(new, name)
    made = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return name, {
        "arn": made["AutoScalingGroupARN"],
        "availabilityZones": made["AvailabilityZones"],
        "defaultCooldown": made["DefaultCooldown"],
        "desiredCapacity": made["DesiredCapacity"],
        "healthCheckType": made["HealthCheckType"],
        "name": name,
        "predictedCapacity": 0,
        "serviceLinkedRoleArn": made["ServiceLinkedRoleARN"],
        "targetGroupArns": made.get("TargetGroupARNs", []),
        "vpcZoneIdentifiers": [zone for zone in made.get("VPCZoneIdentifier", "").split(",") if zone],
        "warmPoolSize": 0,
    }


def _tag(tag: dict[str, Any], name: str) -> dict[str, Any]:
    place = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    return {**place, "Key": tag["key"], "Value": tag["value"], "PropagateAtLaunch": tag["propagateAtLaunch"]}


def _check_refresh(new: New, name: str) -> None:
    """A refresh starts at the next change of the group: at creation its settings can only be wrong."""
    if not new.first("instanceRefresh"):
        return
    client = new.client("autoscaling")
    refresh = {"AutoScalingGroupName": name, **new.first("instanceRefresh")}
    rename = {"triggers": None, "AutoScalingGroupName": "AutoScalingGroupName"}
    shapes.validate(
        client, "start_instance_refresh", shapes.fit(client, "start_instance_refresh", refresh, rename)
    )


def _keep_hooks(new: New, name: str) -> None:
    """moto forgets the hooks that come with the group's creation."""
    client = new.client("autoscaling")
    for hook in new.get("initialLifecycleHooks", []):
        client.put_lifecycle_hook(
            AutoScalingGroupName=name, **shapes.fit(client, "put_lifecycle_hook", hook, HOOK)
        )


def _settle(new: New, name: str) -> None:
    """What the provider sets on a group once it exists."""
    client = new.client("autoscaling")
    if new.get("enabledMetrics"):
        granularity = new.get("metricsGranularity", "1Minute")
        client.enable_metrics_collection(
            AutoScalingGroupName=name, Metrics=new["enabledMetrics"], Granularity=granularity
        )
    if new.get("suspendedProcesses"):
        client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=new["suspendedProcesses"])
    if "warmPool" in new.inputs:
        pool = shapes.fit(client, "put_warm_pool", new.first("warmPool"))
        client.put_warm_pool(AutoScalingGroupName=name, **pool)


POLICY = {
    "name": "PolicyName",
    "targetTrackingConfiguration.customizedMetricSpecification": "CustomizedMetricSpecification",
    "metricDimensions": "Dimensions",
    "predictiveScalingConfiguration.metricSpecification": "MetricSpecifications",
}


@creates("aws:autoscaling/policy:Policy")
def policy(new: New) -> Made:
    client = new.client("autoscaling")
    name = new.name
    request = new.fit("autoscaling", "put_scaling_policy", {**POLICY, "name": None}, PolicyName=name)
    request = {"PolicyType": "SimpleScaling", **request}
    shapes.validate(client, "put_scaling_policy", request)
    client.put_scaling_policy(**request)
    mine = {"AutoScalingGroupName": request["AutoScalingGroupName"], "PolicyNames": [name]}
    made = client.describe_policies(**mine)["ScalingPolicies"][0]
    return name, {
        "arn": made["PolicyARN"],
        "name": name,
        "policyType": request["PolicyType"],
        "enabled": new.get("enabled", True),
    }


@creates("aws:autoscaling/schedule:Schedule")
def schedule(new: New) -> Made:
    client = new.client("autoscaling")
    sizes = {key: new[key] for key in ("minSize", "maxSize", "desiredCapacity") if new.get(key, -1) != -1}
    rename: dict[str, str | None] = {key: None for key in ("minSize", "maxSize", "desiredCapacity")}
    request = new.fit("autoscaling", "put_scheduled_update_group_action", rename)
    client.put_scheduled_update_group_action(**request, **shapes.pascal(sizes))
    name = new["scheduledActionName"]
    mine = {"AutoScalingGroupName": new["autoscalingGroupName"], "ScheduledActionNames": [name]}
    made = client.describe_scheduled_actions(**mine)["ScheduledUpdateGroupActions"][0]
    moments = {"startTime": made.get("StartTime"), "endTime": made.get("EndTime")}
    place = f"autoScalingGroupName/{new['autoscalingGroupName']}:scheduledActionName/{name}"
    arn = new.arn("autoscaling", f"scheduledUpdateGroupAction:{new.uuid}:{place}")
    return name, {"arn": arn, **given(**{k: _text(v) for k, v in moments.items()})}


def _text(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(moment, "strftime") else moment


HOOK = {"name": "LifecycleHookName"}


@creates("aws:autoscaling/lifecycleHook:LifecycleHook")
def lifecycle_hook(new: New) -> Made:
    name = new.name
    request = new.fit("autoscaling", "put_lifecycle_hook", {"name": None}, LifecycleHookName=name)
    new.client("autoscaling").put_lifecycle_hook(**request)
    return name, {"name": name, "defaultResult": new.get("defaultResult", "ABANDON")}


@creates("aws:autoscaling/attachment:Attachment")
def attachment(new: New) -> Made:
    client, group, target = (
        new.client("autoscaling"),
        new["autoscalingGroupName"],
        new.get("lbTargetGroupArn"),
    )
    if target:
        client.attach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[target])
    else:
        client.attach_load_balancers(AutoScalingGroupName=group, LoadBalancerNames=[new["elb"]])
    return f"{group}-{new.hash(26)}", {}
