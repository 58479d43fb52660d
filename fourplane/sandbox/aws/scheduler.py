"""EventBridge Scheduler: calls that AWS makes at a time."""

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates

RENAME: dict[str, str | None] = {"name": None, "namePrefix": None}


@creates("aws:scheduler/schedule:Schedule")
def schedule(new: New) -> Made:
    client = new.client("scheduler")
    name, group = new.name, new.get("groupName", "default")
    request = new.fit("scheduler", "create_schedule", RENAME, Name=name)
    shapes.validate(client, "create_schedule", request)
    arn = client.create_schedule(**request)["ScheduleArn"]
    return f"{group}/{name}", {
        "arn": arn,
        "name": name,
        "groupName": group,
        "state": new.get("state", "ENABLED"),
    }


@creates("aws:scheduler/scheduleGroup:ScheduleGroup")
def schedule_group(new: New) -> Made:
    name = new.name
    arn = new.client("scheduler").create_schedule_group(Name=name, Tags=new.tag_list)["ScheduleGroupArn"]
    return name, {"arn": arn, "name": name, "state": "ACTIVE"}
