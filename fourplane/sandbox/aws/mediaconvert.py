"""MediaConvert, which moto does not have: checked and simulated."""

from fourplane.sandbox.creator import Made, New, creates


@creates("aws:mediaconvert/queue:Queue")
def queue(new: New) -> Made:
    name = new.name
    new.simulate("mediaconvert", "create_queue", new.fit("mediaconvert", "create_queue", Name=name))
    return name, {
        "arn": new.arn("mediaconvert", f"queues/{name}"),
        "name": name,
        "pricingPlan": new.get("pricingPlan", "ON_DEMAND"),
        "status": new.get("status", "ACTIVE"),
    }
