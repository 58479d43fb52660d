"""Budgets: what may be spent."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import ACCOUNT, Made, New, creates

OWN = ("accountId", "costFilters", "limitAmount", "limitUnit", "notifications", "plannedLimits", "tags")
"""What the call has elsewhere, or in another shape."""


@creates("aws:budgets/budget:Budget")
def budget(new: New) -> Made:
    client = new.client("budgets")
    name = new.name
    rename: dict[str, str | None] = {
        **dict.fromkeys((*OWN, "name", "namePrefix", "timePeriodStart", "timePeriodEnd")),
        "ands": "And",
        "ors": "Or",
    }
    inputs = {key: value for key, value in new.inputs.items() if key not in rename}
    described: dict[str, Any] = {
        **shapes.fit_member(client, "create_budget", "Budget", inputs, rename),
        "BudgetName": name,
        **shapes.given(
            BudgetLimit={"Amount": new["limitAmount"], "Unit": new["limitUnit"]}
            if "limitAmount" in new.inputs
            else None,
            CostFilters={one["name"]: one["values"] for one in new.get("costFilters", [])},
        ),
    }
    request: dict[str, Any] = {
        "AccountId": new.get("accountId", ACCOUNT),
        "Budget": described,
        **shapes.given(
            NotificationsWithSubscribers=[_notification(one) for one in new.get("notifications", [])],
            ResourceTags=new.tag_list,
        ),
    }
    shapes.validate(client, "create_budget", request)
    client.create_budget(**request)
    arn = new.arn("budgets", f"budget/{name}", region="")
    return f"{request['AccountId']}:{name}", {"arn": arn, "name": name, "accountId": request["AccountId"]}


def _notification(one: dict[str, Any]) -> dict[str, Any]:
    kinds = {"SNS": "subscriberSnsTopicArns", "EMAIL": "subscriberEmailAddresses"}
    subscribers = [
        {"SubscriptionType": kind, "Address": address}
        for kind, key in kinds.items()
        for address in one.get(key) or []
    ]
    return {
        "Notification": {
            "NotificationType": one["notificationType"],
            "ComparisonOperator": one["comparisonOperator"],
            "Threshold": float(one["threshold"]),
            "ThresholdType": one["thresholdType"],
        },
        "Subscribers": subscribers,
    }
