"""How a model comes about, step by step: a SageMaker pipeline that is started at times."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired

import jinja2
import pulumi
import pulumi_aws as aws

from components.access import Peer, Server
from components.control.schedule import scheduled
from components.keeping import Logging
from components.placement import Placement
from components.policies import beside, policy, trust

KINDS = ("Processing", "Training")


class TrainingPipelineArgs(Placement, Logging):
    """`subnet_ids` are private."""

    definition: str
    """File with the pipeline's definition, JSON as a Jinja template. It knows `role_arn`, `subnet_ids`,
    `security_group_id`, `key_arn` (null where there is none), and the `values`:
    https://docs.aws.amazon.com/sagemaker/latest/dg/define-pipeline.html."""
    values: NotRequired[Mapping[str, pulumi.Input[str]]]
    """What else the definition knows, by name. Default: nothing."""
    repository_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Repositories of the images that its steps run (ServiceImage). Default: none."""
    schedule: NotRequired[str]
    """When it is started, "rate(1 day)" or "cron(0 4 * * ? *)", in UTC. Default: when somebody does."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a run failed. Default: none."""


class TrainingPipeline(Peer):
    """A pipeline of training and processing jobs in private subnets, each with the role of the pipeline.

    Its jobs reach what an arrow leads to: connect(pipeline, features.exit, models.entry, network.endpoints).
    SageMaker logs what they say under /aws/sagemaker, for the whole account.
    """

    arn: pulumi.Output[str]
    pipeline_name: pulumi.Output[str]
    role_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: TrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        file = Path(args["definition"])
        if not file.is_file():
            self.reject("definition", args["definition"], "a file that is there")

        group = aws.ec2.SecurityGroup(
            name, description=f"Jobs of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        role = aws.iam.Role(name, assume_role_policy=trust("sagemaker.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(
            name, role=role.name, policy=policy(self._statements(args, group, role)), opts=self.child
        )
        known = pulumi.Output.all(
            role_arn=role.arn,
            subnet_ids=args["subnet_ids"],
            security_group_id=group.id,
            key_arn=args.get("key_arn"),
            **args.get("values", {}),
        )
        pipeline = aws.sagemaker.Pipeline(
            name,
            pipeline_name=f"{pulumi.get_stack()}-{name}",
            pipeline_display_name=f"{pulumi.get_stack()}-{name}",
            pipeline_definition=known.apply(lambda known: rendered(file, known)),
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        if "schedule" in args:
            self._start_at_times(args["schedule"], pipeline)
        self._alarm(args, pipeline)

        self.arn = pipeline.arn
        self.pipeline_name = pipeline.pipeline_name
        self.role_name = role.name
        self.security_group_id = group.id
        self.register_outputs(
            {
                "arn": self.arn,
                "pipeline_name": self.pipeline_name,
                "role_name": self.role_name,
                "security_group_id": self.security_group_id,
            }
        )

    def source(self, server: Server) -> dict[str, pulumi.Input[str]]:
        return {"referenced_security_group_id": self.security_group_id}

    def _start_at_times(self, schedule: str, pipeline: aws.sagemaker.Pipeline) -> None:
        start = {"Effect": "Allow", "Action": "sagemaker:StartPipelineExecution", "Resource": pipeline.arn}
        scheduled(
            self,
            schedule,
            arn=pipeline.arn,
            near=pipeline.arn,
            statements=[start],
            description=f"Starts {self.name}",
            sagemaker_pipeline_parameters={"pipeline_parameters": []},
        )

    def _alarm(self, args: TrainingPipelineArgs, pipeline: aws.sagemaker.Pipeline) -> None:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-pipelines"""
        aws.cloudwatch.MetricAlarm(
            self.name,
            alarm_description=f"A run of {self.name} failed: the model of before stays",
            namespace="AWS/SageMaker/ModelBuildingPipeline",
            metric_name="ExecutionFailed",
            dimensions={"PipelineName": pipeline.pipeline_name},
            statistic="Sum",
            period=300,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

    def _statements(
        self, args: TrainingPipelineArgs, group: aws.ec2.SecurityGroup, role: aws.iam.Role
    ) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"""
        # Jobs of a pipeline have names that begin so.
        jobs = [beside(group.arn, "sagemaker", f"{kind.lower()}-job/pipelines-*") for kind in KINDS]
        verbs = [f"{verb}{kind}Job" for kind in KINDS for verb in ("Create", "Describe", "Stop")]
        hand_over = {
            **_may("HandOver", "iam", ["PassRole"], role.arn),
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        }
        logs = [beside(group.arn, "logs", f"log-group:/aws/sagemaker/{kind}Jobs*") for kind in KINDS]
        write = ["CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"]
        wanted = [
            _may("Jobs", "sagemaker", [*verbs, "AddTags"], jobs),
            hand_over,
            _may("Log", "logs", write, logs),
            *self._network(group),
        ]
        if repositories := list(args.get("repository_arns", ())):
            pull = ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"]
            wanted += [
                _may("Pull", "ecr", pull, repositories),
                _may("LogIn", "ecr", ["GetAuthorizationToken"], "*"),  # it takes no resource
            ]
        if "key_arn" in args:
            # Of the disks of its machines, which SageMaker encrypts in the role's name.
            use = ["CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey"]
            wanted.append(_may("Disks", "kms", use, args["key_arn"]))
        return wanted

    def _network(self, group: aws.ec2.SecurityGroup) -> list[dict[str, Any]]:
        """What SageMaker needs to put jobs into a network, of which it asks for all of the account's:
        https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html"""
        made = [
            beside(group.arn, "ec2", "network-interface/*"),
            beside(group.arn, "ec2", "subnet/*"),
            group.arn,
        ]
        looks = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
        return [
            _may("Interfaces", "ec2", ["CreateNetworkInterface"], made),
            _may(
                "InterfacesOfJobs",
                "ec2",
                [
                    "CreateNetworkInterfacePermission",
                    "DeleteNetworkInterface",
                    "DeleteNetworkInterfacePermission",
                ],
                beside(group.arn, "ec2", "network-interface/*"),
            ),
            _may("Look", "ec2", [f"Describe{what}" for what in looks], "*"),  # they take no resource
        ]


def rendered(file: Path, known: Mapping[str, Any]) -> str:
    """The definition as SageMaker takes it, without what is only for those who read it."""
    text = file.read_text(encoding="utf-8")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text)
    return json.dumps(json.loads(template.render(**known)), sort_keys=True)


def _may(sid: str, service: str, actions: Sequence[str], resource: Any) -> dict[str, Any]:
    named = [f"{service}:{action}" for action in actions]
    return {"Sid": sid, "Effect": "Allow", "Action": named, "Resource": resource}
