"""Where access logs are kept."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.state.private_bucket import PrivateBucket

BALANCERS = "logdelivery.elasticloadbalancing.amazonaws.com"
DELIVERY = "delivery.logs.amazonaws.com"


class LogArchiveArgs(ComponentArgs):
    retention_days: NotRequired[int]
    """Days until a log is deleted. Default 400, over the year that audits ask for (CIS AWS Foundations
    3.x)."""
    disposable: NotRequired[bool]
    """Whether the logs may be deleted with the stack. Default False."""


class LogArchive(Component):
    """One bucket that load balancers, the CDN and other buckets may write their access logs to, and nobody
    else."""

    bucket: pulumi.Output[str]
    """The bucket's name, for load balancers and other buckets."""
    bucket_domain_name: pulumi.Output[str]
    """The bucket's host name, for CloudFront."""

    def __init__(self, name: str, args: LogArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        days = args.get("retention_days", 400)
        if days < 1:
            self.reject("retention_days", days, "at least 1")
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id

        store = PrivateBucket(
            name,
            {
                "expire_after_days": days,
                "takes_access_logs": True,
                "disposable": args.get("disposable", False),
                "statements": [
                    {
                        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
                        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
                        "Sid": sid,
                        "Effect": "Allow",
                        "Principal": {"Service": service},
                        "Action": action,
                        "Resource": path,
                        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                    }
                    for sid, service, action, path in (
                        ("BalancerLogs", BALANCERS, "s3:PutObject", "balancers/*"),
                        ("NetworkBalancerLogs", DELIVERY, "s3:PutObject", "balancers/*"),
                        ("NetworkBalancerAsks", DELIVERY, "s3:GetBucketAcl", ""),
                        ("BucketLogs", "logging.s3.amazonaws.com", "s3:PutObject", "*"),
                    )
                ],
            },
            self.child,
        )

        self.bucket = store.bucket
        self.bucket_domain_name = store.bucket_domain_name
        self.register_outputs({"bucket": self.bucket, "bucket_domain_name": self.bucket_domain_name})
