"""Data Lifecycle Manager: snapshots on a schedule."""

from fourplane.sandbox.creator import Made, New, creates


@creates("aws:dlm/lifecyclePolicy:LifecyclePolicy")
def lifecycle_policy(new: New) -> Made:
    request = {"State": "ENABLED", **new.fit("dlm", "create_lifecycle_policy")}
    new.simulate("dlm", "create_lifecycle_policy", request)
    id = f"policy-{new.hash(17)}"
    return id, {"arn": new.arn("dlm", f"policy/{id}"), "state": request["State"]}
