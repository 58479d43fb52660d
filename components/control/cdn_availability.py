"""How often a CDN must answer, as an alarm."""

import pulumi

from components.component import Component
from components.control.objective import ObjectiveArgs, objective_alarm
from components.edge.firewall import GLOBAL_REGION


class CdnAvailabilityArgs(ObjectiveArgs):
    distribution_id: pulumi.Input[str]
    """The CloudFront distribution (CdnEdge.distribution_id)."""


class CdnAvailability(Component):
    """An alarm for a distribution that answers viewers with 5xx more often than its objective allows.

    It is in us-east-1, where CloudFront's metrics are, and so must its topics be.
    """

    alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CdnAvailabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        alarm = objective_alarm(
            self,
            args,
            {
                "errors": {
                    "namespace": "AWS/CloudFront",
                    "name": "5xxErrorRate",  # already a percentage
                    "dimensions": {"DistributionId": args["distribution_id"], "Region": "Global"},
                    "stat": "Average",
                }
            },
            "FILL(errors, 0)",
            region=GLOBAL_REGION,
        )

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})
