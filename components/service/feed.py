"""Work that a function is handed out of a queue, as much at once as it can bear."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component

LEAST_AT_ONCE, MOST_AT_ONCE = 2, 1000
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
LARGEST_BATCH = 10


class Feed(TypedDict):
    """A queue, and how much of it is worked on at once. What is more waits: that is the back-pressure."""

    queue_arn: pulumi.Input[str]
    """The queue (WorkQueue.arn)."""
    statements: Sequence[Mapping[str, Any]]
    """What may be done there (WorkQueue.exit.grants())."""
    at_once: NotRequired[int]
    """Calls at once, 2 to 1000, and no more than `concurrency`. Default 5."""
    batch: NotRequired[int]
    """Messages that one call is handed, 1 to 10. Default 10."""


def check(owner: Component, feed: Feed, concurrency: int) -> None:
    """Rejects what Lambda does not take, and a feed that the function would turn away."""
    at_once, batch = feed.get("at_once", 5), feed.get("batch", LARGEST_BATCH)
    if not LEAST_AT_ONCE <= at_once <= min(MOST_AT_ONCE, concurrency):
        most = min(MOST_AT_ONCE, concurrency)
        owner.reject("feed", at_once, f"at_once {LEAST_AT_ONCE} to {most}, so that no call is turned away")
    if not 1 <= batch <= LARGEST_BATCH:
        owner.reject("feed", batch, f"batch 1 to {LARGEST_BATCH}")


def fed(owner: Component, feed: Feed, function_arn: pulumi.Input[str]) -> None:
    """Lambda fetches for a function of `owner`, which says which of the messages it could not do."""
    aws.lambda_.EventSourceMapping(
        owner.name,
        event_source_arn=feed["queue_arn"],
        function_name=function_arn,
        batch_size=feed.get("batch", LARGEST_BATCH),
        function_response_types=["ReportBatchItemFailures"],
        scaling_config={"maximum_concurrency": feed.get("at_once", 5)},
        opts=owner.child,
    )
