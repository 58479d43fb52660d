"""Where alarms go, and who is woken."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.policies import account_of, beside, policy


class AlertsArgs(ComponentArgs):
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that messages are encrypted with (EncryptionKey lets alarms use it). Default: they are not
    encrypted at rest, for alarms cannot use SNS's own key."""
    pagerduty_url: NotRequired[pulumi.Input[str]]
    """A PagerDuty service's integration URL, a secret. Default: nobody is woken."""


class Alerts(Component):
    """A topic that this account's alarms and budgets alone publish to, over TLS alone."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        topic = aws.sns.Topic(name, kms_master_key_id=args.get("key_arn"), opts=self.child)
        aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=policy(
                [
                    {
                        "Sid": "Alarms",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": topic.arn,
                        "Condition": {
                            "ArnLike": {"aws:SourceArn": beside(topic.arn, "cloudwatch", "alarm:*")},
                            "StringEquals": {"aws:SourceAccount": account_of(topic.arn)},
                        },
                    },
                    {
                        # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
                        "Sid": "Budgets",
                        "Effect": "Allow",
                        "Principal": {"Service": "budgets.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": topic.arn,
                        "Condition": {
                            "ArnLike": {
                                "aws:SourceArn": pulumi.Output.format(
                                    "arn:*:budgets::{}:*", account_of(topic.arn)
                                )
                            },
                            "StringEquals": {"aws:SourceAccount": account_of(topic.arn)},
                        },
                    },
                    {
                        "Sid": "OnlyOverTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": topic.arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ]
            ),
            opts=self.child,
        )
        if "pagerduty_url" in args:
            aws.sns.TopicSubscription(
                f"{name}-pagerduty",
                topic=topic.arn,
                protocol="https",
                endpoint=pulumi.Output.secret(args["pagerduty_url"]),
                endpoint_auto_confirms=True,  # https://www.pagerduty.com/docs/guides/aws-cloudwatch-integration-guide/
                opts=self.child,
            )

        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})
