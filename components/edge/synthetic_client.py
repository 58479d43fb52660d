"""A client that is always there."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping, Logging
from components.logs import log_group
from components.policies import policy, trust
from components.state.private_bucket import PrivateBucket

VISIT = Path(__file__).parent / "client" / "visit.py"
RUNTIME = "syn-python-selenium-14.0"
"""The newest with Python, 2026-11:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Library_python_selenium.html."""
LONGEST_NAME = 21
"""Letters of a canary's name that every Synthetics API takes: its function is "cwsyn-<name>-<36 digits>"."""


class SyntheticClientArgs(Logging):
    host: pulumi.Input[str]
    """Host name of the site, called on 443."""
    paths: Sequence[str]
    """Paths that it asks for, one after another; each must answer 200."""
    every_minutes: NotRequired[int]
    """Minutes from one visit to the next, 1 to 60. Default 5. A visit costs about 0.0012 dollars: 10 a month,
    or 0.9 at 60 (https://aws.amazon.com/cloudwatch/pricing/)."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when two visits in a row fail. Default: none."""


class SyntheticClient(Component):
    """A canary that calls a site as an app does, from outside, and an alarm for when it is not served.

    It checks the certificate, TLS 1.2 or newer, the status and the security headers of every path.
    """

    canary_name: pulumi.Output[str]
    alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SyntheticClientArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        minutes = args.get("every_minutes", 5)
        canary_name = f"{pulumi.get_stack()}-{name}"
        self._check(args, minutes, canary_name)

        kept: Any = {key: value for key, value in args.items() if key in Keeping.__annotations__}
        kept |= {"expire_after_days": 30, "expire_under": "visits/"}
        store = PrivateBucket(f"{name}-visits", kept, self.child)
        script = aws.s3.BucketObjectv2(
            name,
            bucket=store.bucket,
            key="visit.zip",
            source=pulumi.AssetArchive({"python/visit.py": pulumi.StringAsset(VISIT.read_text("utf-8"))}),
            opts=self.child,
        )
        role, may = self._role(args, store, canary_name)
        encryption = {"encryption_mode": "SSE_S3"}
        if "key_arn" in args:
            encryption: Any = {"encryption_mode": "SSE_KMS", "kms_key_arn": args["key_arn"]}
        canary = aws.synthetics.Canary(
            name,
            name=canary_name,
            runtime_version=RUNTIME,
            handler="visit.handler",
            s3_bucket=store.bucket,
            s3_key=script.key,
            s3_version=script.version_id,
            execution_role_arn=role.arn,
            artifact_s3_location=pulumi.Output.format("s3://{}/visits", store.bucket),
            artifact_config={"s3_encryption": encryption},
            schedule={"expression": f"rate({minutes} minute{'' if minutes == 1 else 's'})"},
            run_config={
                "timeout_in_seconds": 60,
                "environment_variables": {"SITE": args["host"], "PATHS": json.dumps(list(args["paths"]))},
            },
            success_retention_period=31,
            failure_retention_period=31,
            start_canary=True,
            delete_lambda=True,
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[may])),
        )
        # Only here is its log group made: a group that the function made itself would be kept for ever.
        log_group(
            self,
            name,
            group_name=canary.engine_arn.apply(_log_group_name),
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name} is not served: two visits in a row failed",
            namespace="CloudWatchSynthetics",
            metric_name="SuccessPercent",
            dimensions={"CanaryName": canary.name},
            statistic="Average",
            period=minutes * 60,
            evaluation_periods=2,
            comparison_operator="LessThanThreshold",
            threshold=100,
            treat_missing_data="breaching",  # a client that does not come sees nothing
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

        self.canary_name = canary.name
        self.alarm_arn = alarm.arn
        self.register_outputs({"canary_name": self.canary_name, "alarm_arn": self.alarm_arn})

    def _check(self, args: SyntheticClientArgs, minutes: int, canary_name: str) -> None:
        if not args["paths"] or any(not path.startswith("/") for path in args["paths"]):
            self.reject("paths", list(args["paths"]), "one path or more, each beginning with '/'")
        if not 1 <= minutes <= 60:
            self.reject("every_minutes", minutes, "1 to 60")
        if len(canary_name) > LONGEST_NAME or not re.fullmatch("[0-9a-z_-]+", canary_name):
            self.reject(
                "its name after the stack's",
                canary_name,
                f"at most {LONGEST_NAME} of a-z, 0-9, '_' and '-', as canaries are called",
            )

    def _role(
        self, args: SyntheticClientArgs, store: PrivateBucket, canary_name: str
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries_CanaryPermissions.html,
        less logs:CreateLogGroup and X-Ray, which it does not use."""
        invoke = pulumi.InvokeOutputOptions(parent=self)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        region = aws.get_region_output(region=self._region, opts=invoke).region
        partition = aws.get_partition_output(opts=invoke).partition
        group = f"log-group:/aws/lambda/cwsyn-{canary_name}-*"
        statements: list[dict[str, Any]] = [
            {
                "Sid": "Visits",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": pulumi.Output.format("{}/visits/*", store.arn),
            },
            {"Sid": "Place", "Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": store.arn},
            {
                "Sid": "Log",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": pulumi.Output.format("arn:{}:logs:{}:{}:{}", partition, region, account, group),
            },
            # These two take no resource.
            {"Sid": "Buckets", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
            {
                "Sid": "Result",
                "Effect": "Allow",
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}},
            },
        ]
        if "key_arn" in args:
            use = ["kms:Decrypt", "kms:GenerateDataKey"]
            statements.append({"Sid": "Key", "Effect": "Allow", "Action": use, "Resource": args["key_arn"]})
        role = aws.iam.Role(self.name, assume_role_policy=trust("lambda.amazonaws.com"), opts=self.child)
        may = aws.iam.RolePolicy(self.name, role=role.name, policy=policy(statements), opts=self.child)
        return role, may


def _log_group_name(engine_arn: str) -> str:
    """Of "arn:…:function:cwsyn-a-1:1" the group "/aws/lambda/cwsyn-a-1"."""
    return "/aws/lambda/" + engine_arn.split(":function:")[-1].split(":")[0]
