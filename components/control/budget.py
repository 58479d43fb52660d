"""What may be spent."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class BudgetArgs(ComponentArgs):
    monthly_usd: float
    """US dollars a month."""
    components: Sequence[str]
    """What it is for: components of this stack, by their `component` tag."""
    topic_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told: when four fifths are spent, and when a month will cost more than all. A
    topic's policy, and its key's, must let budgets.amazonaws.com in, as Alerts does. Default: nobody."""


class Budget(Component):
    """A monthly limit for the cost of some components, told before it is reached.

    AWS tells components apart by their tags `stack` and `component` once these are cost allocation tags of
    the account: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html.
    """

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if args["monthly_usd"] <= 0:
            self.reject("monthly_usd", args["monthly_usd"], "over 0")
        if not args["components"]:
            self.reject("components", [], "one component or more")

        topics = args.get("topic_arns", [])
        told: Any = [
            {
                "notification_type": kind,
                "comparison_operator": "GREATER_THAN",
                "threshold": percent,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": topics,
            }
            for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
        ]
        budget = aws.budgets.Budget(
            name,
            budget_type="COST",
            limit_amount=f"{args['monthly_usd']:.2f}",
            limit_unit="USD",
            time_unit="MONTHLY",
            metrics="UnblendedCost",
            filter_expression={
                "ands": [
                    {"tags": {"key": "stack", "values": [pulumi.get_stack()], "match_options": ["EQUALS"]}},
                    {
                        "tags": {
                            "key": "component",
                            "values": list(args["components"]),
                            "match_options": ["EQUALS"],
                        }
                    },
                ]
            },
            notifications=told if topics else [],
            opts=self.child,
        )

        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
