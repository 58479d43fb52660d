"""Whether everything in the account is as it should be."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.control.compliance_rules import KINDS, RULES, Permission, Remedy
from components.keeping import Keeping, Logging
from components.logs import log_group
from components.policies import account_of, beside, policy, trust, trust_for
from components.state.private_bucket import PrivateBucket

ATTEMPTS = 3
RETRY_SECONDS = 60


class ComplianceArgs(Logging):
    topic_arn: pulumi.Input[str]
    """Topic that is told when something is not as it should be (Alerts)."""
    automatic: NotRequired[bool]
    """Whether what can be mended is mended at once, in the whole account and not in this stack alone. Default
    False: somebody starts it, in AWS Config."""
    retention_days: NotRequired[int]
    """Days that the history of all settings is kept. Default 400, over the year that audits ask for."""


class Compliance(Component):
    """AWS Config: every change of what the rules are asked of is recorded, judged, logged and told, and much
    of what is wrong can be mended by Systems Manager's own documents, each with a role for that alone.

    A region of an account has one recorder, so this is for one stack in it.
    """

    recorder_name: pulumi.Output[str]
    bucket: pulumi.Output[str]
    """Where the history is."""
    log_group: pulumi.Output[str]
    """Where everything is that was found wrong, as EventBridge tells it."""
    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ComplianceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (days := args.get("retention_days", 400)) < 1:
            self.reject("retention_days", days, "at least 1")

        logs = log_group(self, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
        kept: Any = {key: args[key] for key in Keeping.__annotations__ if key in args}
        kept["expire_after_days"] = days
        history = PrivateBucket(f"{name}-history", kept, self.child)
        recorder, status = self._recorder(args, history)
        rules = [self._rule(key, status) for key in RULES]
        for key, rule in RULES.items():
            if rule.remedy:
                self._remedy(key, rule.remedy, logs, args.get("automatic", False))
        alarm = self._tell(args["topic_arn"], rules, logs)

        self.recorder_name = recorder.name
        self.bucket = history.bucket
        self.log_group = logs.name
        self.alarm_arn = alarm.arn
        self.register_outputs(
            {
                "recorder_name": self.recorder_name,
                "bucket": self.bucket,
                "log_group": self.log_group,
                "alarm_arn": self.alarm_arn,
            }
        )

    def _recorder(
        self, args: ComplianceArgs, history: PrivateBucket
    ) -> tuple[aws.cfg.Recorder, aws.cfg.RecorderStatus]:
        """It may look at everything, in the words of AWS's own policy, and write into its bucket."""
        name = self.name
        called = f"{pulumi.get_stack()}-{name}"
        role = aws.iam.Role(name, assume_role_policy=trust("config.amazonaws.com"), opts=self.child)
        partition = aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self)).partition
        looks = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=pulumi.Output.format("arn:{}:iam::aws:policy/service-role/AWS_ConfigRole", partition),
            opts=self.child,
        )
        writes = aws.iam.RolePolicy(
            name, role=role.name, policy=policy(self._writes(args, history)), opts=self.child
        )
        recorder = aws.cfg.Recorder(
            name,
            name=called,
            role_arn=role.arn,
            recording_group={
                "all_supported": False,
                "resource_types": KINDS,
                "recording_strategies": [{"use_only": "INCLUSION_BY_RESOURCE_TYPES"}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[looks, writes]),
        )
        channel = aws.cfg.DeliveryChannel(
            name,
            name=called,
            s3_bucket_name=history.bucket,
            s3_kms_key_arn=args.get("key_arn"),
            snapshot_delivery_properties={"delivery_frequency": "TwentyFour_Hours"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder]),
        )
        status = aws.cfg.RecorderStatus(
            name,
            name=recorder.name,
            is_enabled=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )
        return recorder, status

    def _writes(self, args: ComplianceArgs, history: PrivateBucket) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html."""
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        statements: list[dict[str, Any]] = [
            {
                "Sid": "History",
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": pulumi.Output.format("{}/AWSLogs/{}/Config/*", history.arn, account),
                "Condition": {"StringLike": {"s3:x-amz-acl": "bucket-owner-full-control"}},
            },
            {
                "Sid": "Bucket",
                "Effect": "Allow",
                "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
                "Resource": history.arn,
            },
        ]
        if "key_arn" in args:
            statements.append(
                {
                    "Sid": "Key",
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": args["key_arn"],
                }
            )
        return statements

    def _rule(self, key: str, status: aws.cfg.RecorderStatus) -> aws.cfg.Rule:
        rule = RULES[key]
        return aws.cfg.Rule(
            f"{self.name}-{key}",
            name=self._called(key),
            description=f"{key.replace('-', ' ').capitalize()}",
            source={"owner": "AWS", "source_identifier": rule.identifier},
            input_parameters=pulumi.Output.json_dumps(rule.given) if rule.given else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[status]),
        )

    def _remedy(self, key: str, remedy: Remedy, logs: aws.cloudwatch.LogGroup, automatic: bool) -> None:
        name = f"{self.name}-{key}"
        role = aws.iam.Role(
            name, assume_role_policy=trust_for("ssm.amazonaws.com", logs.arn), opts=self.child
        )
        # Its documents are automations that start others of theirs, and wait for them.
        itself = {
            "Sid": "Itself",
            "Effect": "Allow",
            "Action": ["ssm:GetAutomationExecution", "ssm:StartAutomationExecution"],
            "Resource": [
                beside(logs.arn, "ssm", f"automation-definition/{remedy.document}:*"),
                beside(logs.arn, "ssm", "automation-execution/*"),
            ],
        }
        mends = [_allowed(number, one, logs) for number, one in enumerate(remedy.permissions, 1)]
        aws.iam.RolePolicy(name, role=role.name, policy=policy([itself, *mends]), opts=self.child)
        aws.cfg.RemediationConfiguration(
            name,
            config_rule_name=self._called(key),
            resource_type=RULES[key].kind,
            target_type="SSM_DOCUMENT",
            target_id=remedy.document,
            parameters=[
                {"name": "AutomationAssumeRole", "static_value": role.arn},
                {"name": remedy.parameter, "resource_value": "RESOURCE_ID"},
                *({"name": given, "static_value": value} for given, value in remedy.given.items()),
            ],
            automatic=automatic,
            maximum_automatic_attempts=ATTEMPTS,
            retry_attempt_seconds=RETRY_SECONDS,
            execution_controls={
                "ssm_controls": {"concurrent_execution_rate_percentage": 10, "error_percentage": 10}
            },
            opts=self.child,
        )

    def _called(self, key: str) -> str:
        return f"{pulumi.get_stack()}-{self.name}-{key}"

    def _tell(
        self, topic_arn: pulumi.Input[str], rules: Sequence[aws.cfg.Rule], logs: aws.cloudwatch.LogGroup
    ) -> aws.cloudwatch.MetricAlarm:
        """What is found wrong is logged; however much it is at once, one alarm goes off."""
        name = self.name
        found = aws.cloudwatch.EventRule(
            name,
            description=f"Something in the account is not as {name} asks",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.config"],
                    "detail-type": ["Config Rules Compliance Change"],
                    "detail": {
                        "configRuleName": [rule.name for rule in rules],
                        "newEvaluationResult": {"complianceType": ["NON_COMPLIANT"]},
                    },
                }
            ),
            opts=self.child,
        )
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        write = {
            "Sid": "Findings",
            "Effect": "Allow",
            "Principal": {"Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"]},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": pulumi.Output.format("{}:*", logs.arn),
            "Condition": {"ArnEquals": {"aws:SourceArn": found.arn}},
        }
        opened = aws.cloudwatch.LogResourcePolicy(
            name,
            policy_name=f"{pulumi.get_stack()}-{name}",
            policy_document=policy([write]),
            opts=self.child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=found.name,
            arn=logs.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[opened]),
        )
        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=pulumi.Output.format(
                "{}: something is not as it should be; what, is in the log {}", name, logs.name
            ),
            namespace="AWS/Events",
            metric_name="TriggeredRules",
            dimensions={"RuleName": found.name},
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=300,
            evaluation_periods=1,
            treat_missing_data="notBreaching",  # it is counted only when there is something
            alarm_actions=[topic_arn],
            opts=self.child,
        )


def _allowed(number: int, permission: Permission, near: aws.cloudwatch.LogGroup) -> dict[str, Any]:
    """Of this account's resources alone, in this region where they have one."""
    actions, service, path = permission
    statement: dict[str, Any] = {"Sid": f"Mend{number}", "Effect": "Allow", "Action": list(actions)}
    if service == "s3":  # its ARNs name no account
        account = {"aws:ResourceAccount": account_of(near.arn)}
        partition = near.arn.apply(lambda arn: arn.split(":")[1])
        everything = pulumi.Output.format("arn:{}:s3:::{}", partition, path)
        return {**statement, "Resource": everything, "Condition": {"StringEquals": account}}
    return {**statement, "Resource": beside(near.arn, service, path) if service else "*"}
