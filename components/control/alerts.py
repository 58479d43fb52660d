"""Where alarms go, and who is woken."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.policies import account_of, beside, only_over_tls, policy

KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


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
                    only_over_tls("sns:Publish", topic.arn),
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
                redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": self._undelivered(topic)}),
                opts=self.child,
            )

        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _undelivered(self, topic: aws.sns.Topic) -> pulumi.Output[str]:
        """Where SNS puts what nobody took for an hour, with an alarm: its ARN."""
        name = f"{self.name}-undelivered"
        queue = aws.sqs.Queue(
            name,
            sqs_managed_sse_enabled=True,  # the key would have to let SNS use it
            message_retention_seconds=KEPT_SECONDS,
            opts=self.child,
        )
        putting = {
            "Sid": "PutAside",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic.arn}},
        }
        allowed = aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy([putting, only_over_tls("sqs:*", queue.arn)]),
            opts=self.child,
        )
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{self.name}: an alarm was told to nobody",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            period=60,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
            opts=self.child,
        )
        return pulumi.Output.all(queue.arn, allowed.id).apply(lambda made: made[0])
