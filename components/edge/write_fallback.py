"""What is said to who writes while nobody is there to take it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.runbook import Runbook, RunbookArgs

DOCUMENT = Path(__file__).parent / "write_fallback/turn.yaml"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
NOBODY = ("192.0.2.0/24",)
"""Addresses of documentation, which nobody calls from: RFC 5737."""
ANYBODY = ("0.0.0.0/0",)
"""One value: with the methods a rule has five, the most that AWS takes. The balancer is called over IPv4."""


class WriteFallbackArgs(ComponentArgs):
    listener_arn: pulumi.Input[str]
    """Listener before the machines (LoadBalancer.listener_arn)."""
    load_balancer_dimension: pulumi.Input[str]
    """The LoadBalancer dimension of its metrics (AutoScalingService.load_balancer_dimension)."""
    target_group_dimension: pulumi.Input[str]
    """The TargetGroup dimension of its metrics (AutoScalingService.target_group_dimension)."""
    topic_arn: pulumi.Input[str]
    """Topic that is told when writes are refused, and when they are let through again (Alerts)."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that the topic is encrypted with. Default: none."""
    minutes: NotRequired[int]
    """Minutes in a row without a healthy machine until writes are refused. Default 1."""
    retry_seconds: NotRequired[int]
    """When clients are told to come again. Default 30."""
    priority: NotRequired[int]
    """Priority of the listener's rule, 1 to 50000. Default 1000: after LoadBalancer's open paths."""


class WriteFallback(Component):
    """A load balancer that refuses writes at once, in JSON, while none of its machines is healthy.

    CloudFront fails over what is read alone, and a balancer's rules do not fail over at all: without a
    healthy target it tries every unhealthy one, and who wrote waits to be told 502. So there is a rule with a
    fixed 503 that matches nobody. When no target has been healthy for a minute an automation makes it match
    all writes; with the first healthy one another makes it match nobody. Health checks go on meanwhile. A
    fixed answer has no headers of one's own, so when to come again is said in its body.
    """

    alarm_arn: pulumi.Output[str]
    rule_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: WriteFallbackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if (minutes := args.get("minutes", 1)) < 1:
            self.reject("minutes", minutes, "at least 1, CloudWatch's own measure")
        if (retry := args.get("retry_seconds", 30)) < 1:
            self.reject("retry_seconds", retry, "at least 1")
        if not 1 <= (priority := args.get("priority", 1000)) <= 50000:
            self.reject("priority", priority, "1 to 50000, as AWS takes")

        answer = {"error": "writes are refused for a moment", "retry_after_seconds": retry}
        rule = aws.lb.ListenerRule(
            name,
            listener_arn=args["listener_arn"],
            priority=priority,
            conditions=[
                {"http_request_method": {"values": list(WRITES)}},
                {"source_ip": {"values": list(NOBODY)}},
            ],
            actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        "status_code": "503",
                        "content_type": "application/json",
                        "message_body": json.dumps(answer),
                    },
                }
            ],
            # A deployment in the middle of it must not let writes through.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["conditions"]),
        )
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name}: no machine is healthy, and writes are refused",
            namespace="AWS/ApplicationELB",
            metric_name="HealthyHostCount",
            dimensions={
                "LoadBalancer": args["load_balancer_dimension"],
                "TargetGroup": args["target_group_dimension"],
            },
            statistic="Maximum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=60,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="breaching",  # a group without targets has no such metric
            alarm_actions=[args["topic_arn"]],
            ok_actions=[args["topic_arn"]],
            opts=self.child,
        )
        self._turn("refuse", args, rule, alarm, ANYBODY, "No machine is healthy. Writes are refused")
        self._turn("resume", args, rule, alarm, NOBODY, "A machine is healthy. Writes are let through again")

        self.alarm_arn = alarm.arn
        self.rule_arn = rule.arn
        self.register_outputs({"alarm_arn": self.alarm_arn, "rule_arn": self.rule_arn})

    def _turn(
        self,
        role: str,
        args: WriteFallbackArgs,
        rule: aws.lb.ListenerRule,
        alarm: aws.cloudwatch.MetricAlarm,
        sources: Sequence[str],
        done: str,
    ) -> None:
        runbook: RunbookArgs = {
            "alarm_arns": {"healthy": alarm.arn},
            "state": "ALARM" if role == "refuse" else "OK",
            "document": DOCUMENT.read_text(encoding="utf-8"),
            "parameters": {"Rule": [rule.arn], "Methods": WRITES, "Sources": sources, "Done": [done]},
            "statements": [
                {
                    "Sid": "Turn",
                    "Effect": "Allow",
                    "Action": "elasticloadbalancing:ModifyRule",
                    "Resource": rule.arn,
                }
            ],
            "topic_arn": args["topic_arn"],
        }
        if "key_arn" in args:
            runbook["key_arn"] = args["key_arn"]
        Runbook(f"{self.name}-{role}", runbook, self.child)
