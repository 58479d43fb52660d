"""Films as players want them, made from films as studios deliver them."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer
from components.keeping import Logging
from components.logs import log_group
from components.policies import policy, trust
from components.service.mediaconvert.job import definition
from components.service.mediaconvert.permissions import parking, steps

SUFFIXES = (".mov", ".mp4", ".mxf")
KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message."""


class EncodingArgs(Logging):
    source_bucket: pulumi.Input[str]
    """Bucket that films are delivered to: connect(encoding, …) lets it be read."""
    target_bucket: pulumi.Input[str]
    """Bucket that encoded films go to, under encoded/, and their names under titles/: connect(encoding, …)
    lets it be written."""
    target_arn: pulumi.Input[str]
    """ARN of that bucket."""
    suffixes: NotRequired[Sequence[str]]
    """How the name of a film ends; other files are left alone. Default .mov, .mp4 and .mxf."""
    job_hours: NotRequired[int]
    """Hours after which a job is given up. Default 24."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a film could not be encoded. Default: none."""


class Encoding(Peer):
    """A MediaConvert queue, and a state machine that a delivered film starts.

    What can pass is tried again: a refused call soon and with more and more patience, a failed job twice.
    What cannot is parked in a queue, with the reason, and alarmed. Each run writes to a folder of its own,
    and titles/<film>.json leads players there when all of it is there: nobody is sent to what is unfinished.
    """

    role_name: pulumi.Output[str]
    """The role that MediaConvert works with."""
    state_machine_arn: pulumi.Output[str]
    failed_queue_url: pulumi.Output[str]
    """Where the films are that could not be encoded."""

    def __init__(self, name: str, args: EncodingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not (suffixes := args.get("suffixes", SUFFIXES)):
            self.reject("suffixes", [], "one ending or more, such as '.mov'")
        if not 1 <= (hours := args.get("job_hours", 24)) <= 240:
            self.reject("job_hours", hours, "1 to 240")

        queue = aws.mediaconvert.Queue(name, pricing_plan="ON_DEMAND", opts=self.child)
        worker = aws.iam.Role(name, assume_role_policy=trust("mediaconvert.amazonaws.com"), opts=self.child)
        failed = aws.sqs.Queue(
            f"{name}-failed",
            message_retention_seconds=KEPT_SECONDS,
            sqs_managed_sse_enabled=True,  # names of films only; EventBridge needs no key of ours for it
            opts=self.child,
        )
        machine = self._machine(args, queue, worker, failed)
        self._start(args["source_bucket"], suffixes, machine, failed)
        self._alarm(args.get("alarm_actions", []), machine, failed)

        self.role_name = worker.name
        self.state_machine_arn = machine.arn
        self.failed_queue_url = failed.url
        self.register_outputs(
            {
                "role_name": self.role_name,
                "state_machine_arn": self.state_machine_arn,
                "failed_queue_url": self.failed_queue_url,
            }
        )

    def _machine(
        self, args: EncodingArgs, queue: aws.mediaconvert.Queue, worker: aws.iam.Role, failed: aws.sqs.Queue
    ) -> aws.sfn.StateMachine:
        name = f"{self.name}-machine"
        logs = log_group(
            self,
            name,
            # The prefix spares the log's resource policy: https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
            group_name=f"/aws/vendedlogs/states/{pulumi.get_stack()}-{self.name}",
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        role = aws.iam.Role(name, assume_role_policy=trust("states.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=policy(steps(queue.arn, worker.arn, args["target_arn"], failed.arn, args.get("key_arn"))),
            opts=self.child,
        )
        known = pulumi.Output.all(
            queue_arn=queue.arn,
            role_arn=worker.arn,
            target_bucket=args["target_bucket"],
            queue_url=failed.url,
        )
        return aws.sfn.StateMachine(
            self.name,
            role_arn=role.arn,
            definition=known.apply(lambda known: definition(known, args.get("job_hours", 24))),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": True,
                "log_destination": pulumi.Output.format("{}:*", logs.arn),
            },
            tracing_configuration={"enabled": True},
            # Step Functions refuses a log that the role may not deliver to.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )

    def _start(
        self,
        bucket: pulumi.Input[str],
        suffixes: Sequence[str],
        machine: aws.sfn.StateMachine,
        failed: aws.sqs.Queue,
    ) -> None:
        """Every film that is delivered starts the machine; a start that fails for a day is parked too."""
        name = f"{self.name}-start"
        aws.s3.BucketNotification(self.name, bucket=bucket, eventbridge=True, opts=self.child)
        rule = aws.cloudwatch.EventRule(
            self.name,
            description=f"A film was delivered to {pulumi.get_stack()}",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [bucket]},
                        "object": {
                            "key": [{"suffix": suffix} for suffix in suffixes],
                            "size": [{"numeric": [">", 0]}],
                        },
                    },
                }
            ),
            opts=self.child,
        )
        role = aws.iam.Role(name, assume_role_policy=trust("events.amazonaws.com"), opts=self.child)
        start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine.arn}
        aws.iam.RolePolicy(name, role=role.name, policy=policy([start]), opts=self.child)
        aws.sqs.QueuePolicy(
            f"{self.name}-failed",
            queue_url=failed.url,
            policy=policy([parking(rule.arn, failed.arn)]),
            opts=self.child,
        )
        aws.cloudwatch.EventTarget(
            self.name,
            rule=rule.name,
            arn=machine.arn,
            role_arn=role.arn,
            retry_policy={"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185},
            dead_letter_config={"arn": failed.arn},
            opts=self.child,
        )

    def _alarm(
        self,
        actions: Sequence[pulumi.Input[str]],
        machine: aws.sfn.StateMachine,
        failed: aws.sqs.Queue,
    ) -> None:
        runs: Any = [
            *(_ended(id, metric, machine.arn) for id, metric in ENDS.items()),
            {
                "id": "failed",
                "expression": " + ".join(f"FILL({id}, 0)" for id in ENDS),
                "label": f"{self.name}: runs that failed",
                "return_data": True,
            },
        ]
        shared: Any = {
            "comparison_operator": "GreaterThanThreshold",
            "threshold": 0,
            "evaluation_periods": 1,
            "treat_missing_data": "notBreaching",
            "alarm_actions": actions,
            "ok_actions": actions,
            "opts": self.child,
        }
        aws.cloudwatch.MetricAlarm(
            self.name, alarm_description=f"{self.name} could not encode a film", metric_queries=runs, **shared
        )
        aws.cloudwatch.MetricAlarm(
            f"{self.name}-failed",
            alarm_description=f"Films wait in {self.name}-failed for somebody to look at them",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": failed.name},
            statistic="Maximum",
            period=300,
            **shared,
        )


ENDS = {"wrong": "ExecutionsFailed", "late": "ExecutionsTimedOut", "stopped": "ExecutionsAborted"}


def _ended(id: str, metric: str, machine_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/States",
            "metric_name": metric,
            "dimensions": {"StateMachineArn": machine_arn},
            "stat": "Sum",
            "period": 300,
        },
        "return_data": False,
    }
