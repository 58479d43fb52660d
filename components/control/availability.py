"""How often a service must answer, as an alarm."""

from typing import NotRequired

import pulumi

from components.component import Component
from components.control.objective import Metric, ObjectiveArgs, objective_alarm

REFUSED = "HTTPCode_ELB_5XX_Count"
FAILED = "HTTPCode_Target_5XX_Count"


class AvailabilityArgs(ObjectiveArgs):
    load_balancer_dimension: pulumi.Input[str]
    """The LoadBalancer dimension of the service's metrics (AutoScalingService.load_balancer_dimension)."""
    behind: NotRequired[bool]
    """Whether what is measured is behind the service: a store that it answers 5xx without. Then the errors of
    its machines alone count, not those of a balancer without machines. Default False: both count."""


class Availability(Component):
    """An alarm for a load-balanced service, or what is behind it, that fails more requests than its objective
    allows. Answers with 5xx are failures; a minute without requests is a good one."""

    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AvailabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        bad = {"failed": FAILED} if args.get("behind", False) else {"refused": REFUSED, "failed": FAILED}

        def count(metric: str) -> Metric:
            return {
                "namespace": "AWS/ApplicationELB",
                "name": metric,
                "dimensions": {"LoadBalancer": args["load_balancer_dimension"]},
                "stat": "Sum",
            }

        counts = {id: count(metric) for id, metric in {"requests": "RequestCount", **bad}.items()}
        failures = " + ".join(f"FILL({id}, 0)" for id in bad)
        alarm = objective_alarm(self, args, counts, f"100 * ({failures}) / requests")

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})
