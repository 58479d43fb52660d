"""How often a bucket must answer, as an alarm."""

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.control.objective import Metric, ObjectiveArgs, objective_alarm

EVERYTHING = "everything"


class StorageAvailabilityArgs(ObjectiveArgs):
    bucket: pulumi.Input[str]
    """The bucket (ContentStore.bucket)."""


class StorageAvailability(Component):
    """An alarm for a bucket that fails more requests than its objective allows, whoever asks.

    S3 counts requests only of buckets that have it count: that costs what CloudWatch's own metrics do.
    """

    alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StorageAvailabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        counted = aws.s3.BucketMetric(name, bucket=args["bucket"], name=EVERYTHING, opts=self.child)

        def count(metric: str) -> Metric:
            return {
                "namespace": "AWS/S3",
                "name": metric,
                "dimensions": {"BucketName": args["bucket"], "FilterId": counted.name},
                "stat": "Sum",
            }

        counts = {"requests": count("AllRequests"), "failed": count("5xxErrors")}
        alarm = objective_alarm(self, args, counts, "100 * FILL(failed, 0) / requests")

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})
