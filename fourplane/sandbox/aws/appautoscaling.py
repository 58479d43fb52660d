"""Application Auto Scaling: what grows besides machines, and how far."""

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
