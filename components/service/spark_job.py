"""A PySpark program on EMR Serverless: a stream that is kept running, or a batch that is run at times."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server
from components.control.schedule import scheduled
from components.keeping import Logging
from components.logs import log_group
from components.placement import Placement
from components.policies import account_of, beside, policy
from components.service.function import lambda_function
from components.service.spark.request import capacity, for_scheduler, request
from components.state.dataset import Dataset

KEEPER = Path(__file__).parent / "spark" / "keep_running.py"
RELEASE = "emr-7.9.0"
"""Spark 3.5.5, Python 3.9: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-version-790.html"""
START = "arn:aws:scheduler:::aws-sdk:emrserverless:startJobRun"


class SparkJobArgs(Placement, Logging):
    """`subnet_ids` are private, in two zones or more of those that have EMR Serverless: of us-east-1, all but
    use1-az3. https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/endpoints-quotas.html"""

    program: str
    """The file that Spark runs, in Python 3.9 with no packages but Spark's."""
    arguments: NotRequired[Sequence[pulumi.Input[str]]]
    """Arguments of the program. Default: none."""
    schedule: NotRequired[str]
    """When it is run, "rate(1 day)" or "cron(0 2 * * ? *)", in UTC. Default: it is a stream, which is always
    running, and gets "--checkpoint" and a place of its own as its last arguments."""
    executors: NotRequired[int]
    """Workers of 4 vCPUs and 16 GiB that it may have beside its driver. Default 2."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a run failed, or the stream stands still. Default: none."""


class SparkJob(Peer):
    """A Spark application of its own, whose workers cannot be taken by another's, in private subnets.

    Workers are all in one zone; where that is lost, a stream goes on in another from its checkpoint, and a
    batch is run anew. A stream that ended is started again within a minute, and one of an older deployment is
    ended and followed by the new.
    """

    application_id: pulumi.Output[str]
    role_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SparkJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        streaming, executors = "schedule" not in args, args.get("executors", 2)

        group = aws.ec2.SecurityGroup(
            name, description=f"Workers of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs = log_group(self, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
        application = aws.emrserverless.Application(
            name,
            name=f"{pulumi.get_stack()}-{name}",
            release_label=RELEASE,
            type="spark",
            architecture="ARM64",
            maximum_capacity=capacity(executors, streaming),
            auto_start_configuration={"enabled": True},
            auto_stop_configuration={"enabled": True, "idle_timeout_minutes": 5},
            network_configuration={"subnet_ids": args["subnet_ids"], "security_group_ids": [group.id]},
            monitoring_configuration={
                "cloudwatch_logging_configuration": {"enabled": True, "log_group_name": logs.name}
            },
            opts=self.child,
        )
        work = Dataset(f"{name}-work", _kept(args), self.child)
        program = self._program(args, work)
        role = self._role(logs, work)
        asked = pulumi.Output.all(
            application_id=application.id,
            role_arn=role.arn,
            program=pulumi.Output.format("s3://{}/{}", work.bucket, program.key),
            arguments=self._arguments(args, work, streaming),
        ).apply(lambda known: request(known, executors, streaming, name))
        if streaming:
            self._keep_running(args, asked, application, role)
        else:
            self._run_at_times(args, asked, application, role)

        self.application_id = application.id
        self.role_name = role.name
        self.security_group_id = group.id
        self.alarm_arn = self._alarm(args, application, streaming).arn
        self.register_outputs(
            {
                "application_id": self.application_id,
                "role_name": self.role_name,
                "security_group_id": self.security_group_id,
                "alarm_arn": self.alarm_arn,
            }
        )

    def source(self, server: Server) -> dict[str, pulumi.Input[str]]:
        return {"referenced_security_group_id": self.security_group_id}

    def _program(self, args: SparkJobArgs, work: Dataset) -> aws.s3.BucketObject:
        """Under a name that its content gives it, so that a run keeps the one that it was begun with."""
        file = Path(args["program"])
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        return aws.s3.BucketObject(
            self.name,
            bucket=work.bucket,
            key=f"program/{digest}/{file.name}",
            source=pulumi.FileAsset(str(file)),
            opts=self.child,
        )

    def _arguments(self, args: SparkJobArgs, work: Dataset, streaming: bool) -> Sequence[pulumi.Input[str]]:
        own = ["--checkpoint", pulumi.Output.format("s3://{}/checkpoint", work.bucket)] if streaming else []
        return [*args.get("arguments", ()), *own]

    def _role(self, logs: aws.cloudwatch.LogGroup, work: Dataset) -> aws.iam.Role:
        """https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-runtime-role.html"""
        trusting = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "emr-serverless.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": account_of(logs.arn)}},
        }
        role = aws.iam.Role(self.name, assume_role_policy=policy([trusting]), opts=self.child)
        streams = ("CreateLogStream", "DescribeLogStreams", "PutLogEvents")
        log = {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": [f"logs:{action}" for action in streams],
            "Resource": [logs.arn, pulumi.Output.format("{}:*", logs.arn)],
        }
        # It asks for all groups before it writes to one.
        look = {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": beside(logs.arn, "logs", "log-group:*"),
        }
        aws.iam.RolePolicy(
            self.name, role=role.name, policy=policy([log, look, *work.entry.grants()]), opts=self.child
        )
        return role

    def _keep_running(
        self,
        args: SparkJobArgs,
        asked: pulumi.Output[Any],
        application: aws.emrserverless.Application,
        role: aws.iam.Role,
    ) -> None:
        runs = pulumi.Output.format("{}/jobruns/*", application.arn)
        may = [
            _may("Start", ["ListJobRuns", "StartJobRun"], application.arn),
            _may("End", ["CancelJobRun"], runs),
            _hand_over(role.arn),
        ]
        keeper, _ = lambda_function(
            self,
            f"{self.name}-keeper",
            args,
            handler="keep_running.handler",
            code=pulumi.AssetArchive({"keep_running.py": pulumi.FileAsset(str(KEEPER))}),
            statements=may,
            description=f"Keeps {self.name} running",
            timeout=60,
            reserved_concurrent_executions=1,
        )
        call = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": keeper.arn}
        scheduled(
            self,
            "rate(1 minute)",
            arn=keeper.arn,
            near=keeper.arn,
            input=pulumi.Output.json_dumps(asked),
            statements=[call],
            description=f"Asks whether {self.name} is running",
        )

    def _run_at_times(
        self,
        args: SparkJobArgs,
        asked: pulumi.Output[Any],
        application: aws.emrserverless.Application,
        role: aws.iam.Role,
    ) -> None:
        scheduled(
            self,
            args.get("schedule", ""),
            arn=START,
            near=application.arn,
            input=asked.apply(for_scheduler),
            statements=[_may("Start", ["StartJobRun"], application.arn), _hand_over(role.arn)],
            description=f"Runs {self.name}",
        )

    def _alarm(
        self, args: SparkJobArgs, application: aws.emrserverless.Application, streaming: bool
    ) -> aws.cloudwatch.MetricAlarm:
        """https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-job-metrics.html"""
        watched: dict[str, Any] = (
            {
                "alarm_description": f"{self.name} has not been running for ten minutes",
                "metric_name": "RunningJobs",
                "comparison_operator": "LessThanThreshold",
                "threshold": 1,
                "evaluation_periods": 10,
                "period": 60,
                "treat_missing_data": "breaching",
            }
            if streaming
            else {
                "alarm_description": f"A run of {self.name} failed",
                "metric_name": "FailedJobs",
                "comparison_operator": "GreaterThanThreshold",
                "threshold": 0,
                "evaluation_periods": 1,
                "period": 300,
                "treat_missing_data": "notBreaching",
            }
        )
        return aws.cloudwatch.MetricAlarm(
            self.name,
            namespace="AWS/EMRServerless",
            dimensions={"ApplicationId": application.id},
            statistic="Maximum",
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            **watched,
            opts=self.child,
        )

    def _check(self, args: SparkJobArgs) -> None:
        if not Path(args["program"]).is_file():
            self.reject("program", args["program"], "a file that is there")
        if (executors := args.get("executors", 2)) < 1:
            self.reject("executors", executors, "at least 1")
        if len(args["subnet_ids"]) < 2:
            self.reject("subnet_ids", list(args["subnet_ids"]), "two or more, so that a zone can be lost")


def _kept(args: SparkJobArgs) -> Any:
    return {key: value for key, value in args.items() if key in ("key_arn", "log_bucket", "disposable")}


def _may(sid: str, actions: Sequence[str], resource: pulumi.Input[str]) -> dict[str, Any]:
    named = [f"emr-serverless:{action}" for action in actions]
    return {"Sid": sid, "Effect": "Allow", "Action": named, "Resource": resource}


def _hand_over(role_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "Sid": "HandOver",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role_arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
    }
