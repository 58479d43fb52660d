"""New objects of a bucket, told to a queue."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import account_of


class NewObjects(TypedDict):
    """A bucket, and which of its objects are told of."""

    bucket: pulumi.Input[str]
    """Its name. A bucket tells one queue alone."""
    bucket_arn: pulumi.Input[str]
    under: NotRequired[str]
    """Prefix of their names. Default: any."""
    ending: NotRequired[str]
    """How their names end. Default: any."""


def telling(bucket_arn: pulumi.Input[str], queue_arn: pulumi.Input[str]) -> dict[str, Any]:
    """The statement of a queue's policy that lets S3 tell it of one bucket of this account."""
    return {
        "Sid": "NewObjects",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": bucket_arn},
            "StringEquals": {"aws:SourceAccount": account_of(queue_arn)},
        },
    }


def told(
    owner: Component, objects: NewObjects, queue: aws.sqs.Queue, allowed: pulumi.Resource
) -> aws.s3.BucketNotification:
    """Have S3 tell a queue of `owner`. S3 tries the queue at once, so its policy is `allowed` before."""
    return aws.s3.BucketNotification(
        owner.name,
        bucket=objects["bucket"],
        queues=[
            {
                "queue_arn": queue.arn,
                "events": ["s3:ObjectCreated:*"],
                "filter_prefix": objects.get("under"),
                "filter_suffix": objects.get("ending"),
            }
        ],
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
    )
