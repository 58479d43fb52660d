"""Work that waits for whoever has time for it: Amazon SQS."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping
from components.policies import only_over_tls, policy, use_key
from components.state.entry import Entry
from components.state.exit import Exit
from components.state.new_objects import NewObjects, telling, told

KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message, and the longest that a worker may have for one, 12 hours:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
LONGEST_WORK = 12 * 3600
WAIT_SECONDS = 20
"""A call that finds nothing waits so long, which costs less than asking again."""


class WorkQueueArgs(Keeping):
    work_seconds: NotRequired[int]
    """Seconds that a worker has for a message before another gets it, up to 43200. Default 60. For a Lambda
    function, six times what it may take:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    attempts: NotRequired[int]
    """Times that a message is handed out before it is put aside, 1 to 1000. Default 5."""
    kept_seconds: NotRequired[int]
    """Seconds that a message waits at most, 60 to 1209600. Default 345600, four days. What was put aside is
    kept for 14 days."""
    ordered: NotRequired[bool]
    """Whether messages of one group keep their order and none is sent twice: a FIFO queue. Default False."""
    oldest_seconds: NotRequired[int]
    """Seconds that the oldest message may wait before the alarm goes off. Default 300."""
    objects: NotRequired[NewObjects]
    """A bucket whose new objects are work. S3 cannot use a key of one's own here unless the key lets it.
    Default: none."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when work is late, or was put aside. Default: none."""


class WorkQueue(Component):
    """An encrypted queue between those who have work and those who do it, each at its own pace.

    Who has work has an arrow to its `entry`, and may send; who does it has one to its `exit`, and may receive
    and delete: connect(cart, orders.entry), connect(order, orders.exit). A worker that dies gives its message
    back. What fails again and again is put aside in a second queue, and alarmed.
    """

    arn: pulumi.Output[str]
    queue_name: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letter_arn: pulumi.Output[str]
    """Of the queue with what was put aside."""
    dead_letter_url: pulumi.Output[str]
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of its alarms, by what is wrong: "late", "aside"."""

    def __init__(self, name: str, args: WorkQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        aside = self._queue(f"{name}-aside", args, KEPT_SECONDS)
        queue = self._queue(
            name,
            args,
            args.get("kept_seconds", 345600),
            visibility_timeout_seconds=args.get("work_seconds", 60),
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": aside.arn, "maxReceiveCount": args.get("attempts", 5)}
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            f"{name}-aside",
            queue_url=aside.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=self.child,
        )
        objects = args.get("objects")
        more = [telling(objects["bucket_arn"], queue.arn)] if objects else []
        allowed = self._allow(name, queue, *more)
        self._allow(f"{name}-aside", aside)
        if objects:
            told(self, objects, queue, allowed)

        self._key_arn = args.get("key_arn")
        self.arn, self.queue_name, self.queue_url = queue.arn, queue.name, queue.url
        self.dead_letter_arn, self.dead_letter_url = aside.arn, aside.url
        self.alarm_arns = self._alarms(args, queue, aside)
        # Both have its name, so that an arrow to either is one to the queue.
        self.entry = Entry(name, {"address": self.queue_url, "statements": self._sending()}, self.child)
        self.exit = Exit(name, {"address": self.queue_url, "statements": self._receiving()}, self.child)
        self.register_outputs(
            {
                "arn": self.arn,
                "queue_name": self.queue_name,
                "queue_url": self.queue_url,
                "dead_letter_arn": self.dead_letter_arn,
                "dead_letter_url": self.dead_letter_url,
                "alarm_arns": self.alarm_arns,
            }
        )

    def _allow(self, name: str, queue: aws.sqs.Queue, *more: Mapping[str, Any]) -> aws.sqs.QueuePolicy:
        whole = policy([only_over_tls("sqs:*", queue.arn), *more])
        return aws.sqs.QueuePolicy(name, queue_url=queue.url, policy=whole, opts=self.child)

    def _sending(self) -> list[dict[str, Any]]:
        allowed = ["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
        return self._may("Send", allowed, "GenerateDataKey", "Decrypt")

    def _receiving(self) -> list[dict[str, Any]]:
        allowed = [
            f"sqs:{action}"
            for action in (
                "ReceiveMessage",
                "DeleteMessage",
                "ChangeMessageVisibility",
                "GetQueueUrl",
                "GetQueueAttributes",
            )
        ]
        return self._may("Receive", allowed, "Decrypt")

    def _may(self, sid: str, actions: Sequence[str], *of_key: str) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
        allowed = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": self.arn}
        if self._key_arn is None:
            return [allowed]
        return [allowed, use_key(self._key_arn, "sqs", self.arn, *of_key)]

    def _queue(self, name: str, args: WorkQueueArgs, kept_seconds: int, **more: Any) -> aws.sqs.Queue:
        if args.get("ordered", False):
            # As many messages as there are groups to part them by.
            more |= {
                "fifo_queue": True,
                "content_based_deduplication": True,
                "deduplication_scope": "messageGroup",
                "fifo_throughput_limit": "perMessageGroupId",
            }
        if "key_arn" in args:
            more |= {"kms_master_key_id": args["key_arn"], "kms_data_key_reuse_period_seconds": 300}
        else:
            more["sqs_managed_sse_enabled"] = True
        return aws.sqs.Queue(
            name,
            message_retention_seconds=kept_seconds,
            receive_wait_time_seconds=WAIT_SECONDS,
            **more,
            opts=pulumi.ResourceOptions(parent=self, protect=not args.get("disposable", False)),
        )

    def _alarms(
        self, args: WorkQueueArgs, queue: aws.sqs.Queue, aside: aws.sqs.Queue
    ) -> pulumi.Output[Mapping[str, str]]:
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
        oldest = args.get("oldest_seconds", 300)
        wrong: dict[str, tuple[aws.sqs.Queue, str, float, str]] = {
            "late": (queue, "ApproximateAgeOfOldestMessage", oldest, f"work waits for more than {oldest} s"),
            "aside": (aside, "ApproximateNumberOfMessagesVisible", 0, "work failed, and was put aside"),
        }
        made = {
            role: aws.cloudwatch.MetricAlarm(
                f"{self.name}-{role}",
                alarm_description=f"{self.name}: {words}",
                namespace="AWS/SQS",
                metric_name=metric,
                dimensions={"QueueName": of.name},
                statistic="Maximum",
                period=60,
                comparison_operator="GreaterThanThreshold",
                threshold=most,
                evaluation_periods=3 if role == "late" else 1,
                treat_missing_data="notBreaching",  # an empty queue says nothing after six hours
                alarm_actions=args.get("alarm_actions", []),
                ok_actions=args.get("alarm_actions", []),
                opts=self.child,
            )
            for role, (of, metric, most, words) in wrong.items()
        }
        return pulumi.Output.all(**{role: alarm.arn for role, alarm in made.items()})

    def _check(self, args: WorkQueueArgs) -> None:
        if not 1 <= (seconds := args.get("work_seconds", 60)) <= LONGEST_WORK:
            self.reject("work_seconds", seconds, f"1 to {LONGEST_WORK}")
        if not 1 <= (attempts := args.get("attempts", 5)) <= 1000:
            self.reject("attempts", attempts, "1 to 1000")
        if not 60 <= (kept := args.get("kept_seconds", 345600)) <= KEPT_SECONDS:
            self.reject("kept_seconds", kept, f"60 to {KEPT_SECONDS}")
        if not 1 <= (oldest := args.get("oldest_seconds", 300)) < kept:
            self.reject("oldest_seconds", oldest, f"under kept_seconds, {kept}, so that it goes off in time")
