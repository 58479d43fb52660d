"""Fault Injection Service: experiments that are ready to be started."""

from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates


@creates("aws:fis/experimentTemplate:ExperimentTemplate")
def experiment_template(new: New) -> Made:
    client = new.client("fis")
    request: dict[str, Any] = new.fit(
        "fis",
        "create_experiment_template",
        {"targets": None, "actions": None, "tags": None},
        targets={target["name"]: _target(target) for target in new.get("targets", [])},
        actions={action["name"]: _action(action) for action in new["actions"]},
        tags=new.tags,
        clientToken=new.uuid,
    )
    for one in request["actions"].values():
        for target in one.get("targets", {}).values():
            if target not in request.get("targets", {}):
                raise Mistake(f"an action has the target '{target}', which the template does not define")
    shapes.validate(client, "create_experiment_template", request)
    id = client.create_experiment_template(**request)["experimentTemplate"]["id"]
    return id, {"arn": new.arn("fis", f"experiment-template/{id}")}


def _target(target: dict[str, Any]) -> dict[str, Any]:
    """The call keeps a target under its name, and its tags and parameters as a mapping."""
    return shapes.given(
        resourceType=target["resourceType"],
        selectionMode=target["selectionMode"],
        resourceArns=target.get("resourceArns"),
        resourceTags={tag["key"]: tag["value"] for tag in target.get("resourceTags", [])},
        filters=[{"path": f["path"], "values": f["values"]} for f in target.get("filters", [])],
        parameters=target.get("parameters"),
    )


def _action(action: dict[str, Any]) -> dict[str, Any]:
    target = action.get("target") or {}
    return shapes.given(
        actionId=action["actionId"],
        description=action.get("description"),
        parameters={one["key"]: one["value"] for one in action.get("parameters", [])},
        startAfter=action.get("startAfters"),
        targets={target["key"]: target["value"]} if target else None,
    )
