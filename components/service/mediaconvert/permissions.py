"""What the steps of an encoding may do."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.policies import beside


def steps(
    queue_arn: pulumi.Input[str],
    worker_arn: pulumi.Input[str],
    target_arn: pulumi.Input[str],
    failed_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str] | None,
) -> list[dict[str, Any]]:
    """What the machine may do: https://docs.aws.amazon.com/step-functions/latest/dg/mediaconvert-iam.html,
    with the resources of https://docs.aws.amazon.com/service-authorization/latest/reference/list_mediaconvert.html."""
    finished = "rule/StepFunctionsGetEventsForMediaConvertJobRule"
    allowed: list[dict[str, Any]] = [
        _may("Encode", ["mediaconvert:CreateJob"], queue_arn),
        _may(
            "Watch",
            ["mediaconvert:CancelJob", "mediaconvert:GetJob"],
            beside(queue_arn, "mediaconvert", "jobs/*"),
        ),
        _may(
            "Finished",
            ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
            beside(queue_arn, "events", finished),
        ),
        {
            **_may("Work", ["iam:PassRole"], worker_arn),
            "Condition": {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}},
        },
        _may("Publish", ["s3:PutObject"], pulumi.Output.format("{}/titles/*", target_arn)),
        _may("Park", ["sqs:SendMessage"], failed_arn),
    ]
    if key_arn is not None:
        allowed.append(_may("Key", ["kms:GenerateDataKey"], key_arn))
    return allowed


def _may(sid: str, actions: Sequence[str], resource: pulumi.Input[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
