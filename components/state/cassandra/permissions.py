"""What the nodes of a ring may do, besides taking their addresses and disks."""

from typing import Any

import pulumi

from components.logs import write_statement


def statements(
    ring: str, log_group_arn: pulumi.Output[str], bucket_arn: pulumi.Output[str]
) -> list[dict[str, Any]]:
    """Writing the ring's log, and writing and reading its snapshots."""
    return [
        write_statement(log_group_arn),
        {
            "Sid": "Snapshots",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": pulumi.Output.format("{}/{}/*", bucket_arn, ring),
        },
        {
            "Sid": "FindSnapshots",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": f"{ring}/*"}},
        },
    ]
