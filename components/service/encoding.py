"""Films as players want them, made from films as studios deliver them."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer
from components.control.state_machine import alarm, failed_queue, machine_of, start
from components.keeping import Logging
from components.policies import trust
from components.service.mediaconvert.job import definition
from components.service.mediaconvert.permissions import steps

SUFFIXES = (".mov", ".mp4", ".mxf")


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
        failed = failed_queue(self)
        machine = self._machine(args, queue, worker, failed)
        self._start(args["source_bucket"], suffixes, machine, failed)
        alarm(
            self,
            args.get("alarm_actions", []),
            machine,
            failed,
            f"{name} could not encode a film",
            f"Films wait in {name}-failed for somebody to look at them",
        )

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
        known = pulumi.Output.all(
            queue_arn=queue.arn,
            role_arn=worker.arn,
            target_bucket=args["target_bucket"],
            queue_url=failed.url,
        )
        return machine_of(
            self,
            args,
            definition=known.apply(lambda known: definition(known, args.get("job_hours", 24))),
            statements=steps(queue.arn, worker.arn, args["target_arn"], failed.arn, args.get("key_arn")),
        )

    def _start(
        self,
        bucket: pulumi.Input[str],
        suffixes: Sequence[str],
        machine: aws.sfn.StateMachine,
        failed: aws.sqs.Queue,
    ) -> None:
        """Every film that is delivered starts the machine; a start that fails for a day is parked too."""
        aws.s3.BucketNotification(self.name, bucket=bucket, eventbridge=True, opts=self.child)
        delivered = {
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
        start(self, machine, failed, delivered, f"A film was delivered to {pulumi.get_stack()}")
