"""Application Auto Scaling: what grows besides machines, and how far."""

from fourplane.errors import Failure
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import validate

SERVICE = "application-autoscaling"
POLICY: dict[str, str | None] = {
    "name": "policyName",
}


@creates("aws:appautoscaling/target:Target")
def target(new: New) -> Made:
    client = new.client(SERVICE)
    request = new.fit(SERVICE, "register_scalable_target")
    validate(client, "register_scalable_target", request)
    client.register_scalable_target(**request)
    return new["resourceId"], {"arn": new.arn(SERVICE, f"scalable-target/{new.hash(32)}")}


@creates("aws:appautoscaling/policy:Policy")
def policy(new: New) -> Made:
    client, name = new.client(SERVICE), new.name
    request = new.fit(SERVICE, "put_scaling_policy", POLICY, PolicyName=name)
    validate(client, "put_scaling_policy", request)
    made = client.put_scaling_policy(**request)
    return name, {"arn": made["PolicyARN"], "name": name, "alarmArns": []}


@creates("aws:appautoscaling/scheduledAction:ScheduledAction")
def scheduled_action(new: New) -> Made:
    client, name = new.client(SERVICE), new["name"]
    request = new.fit(SERVICE, "put_scheduled_action", {"name": None}, ScheduledActionName=name)
    validate(client, "put_scheduled_action", request)
    known = {key: request[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    if not client.describe_scalable_targets(
        ServiceNamespace=known["ServiceNamespace"],
        ResourceIds=[known["ResourceId"]],
        ScalableDimension=known["ScalableDimension"],
    )["ScalableTargets"]:  # moto takes an action of what is no target
        raise Failure(f"PutScheduledAction refused: no scalable target {known['ResourceId']}")
    client.put_scheduled_action(**request)
    made = client.describe_scheduled_actions(**known, ScheduledActionNames=[name])["ScheduledActions"][0]
    return f"{name}-{known['ServiceNamespace']}-{known['ResourceId']}", {"arn": made["ScheduledActionARN"]}
