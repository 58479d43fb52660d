"""A project of CodeBuild, and the function that a deployment asks for what it builds."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.logs import log_group, write_statement
from components.policies import policy, trust
from components.service.build.permissions import asking
from components.service.function import lambda_function

WAITING = Path(__file__).parent / "await_build.py"
BUILDERS = {
    "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "x86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}
"""https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html"""
SECONDS = 900
"""The longest that Lambda runs, and so that a build is waited for."""


def build_architecture(owner: Component, args: Mapping[str, Any]) -> str:
    """The architecture that `args` ask for. Rejects one that nothing is built for."""
    if (architecture := args.get("architecture", "arm64")) not in BUILDERS:
        owner.reject("architecture", architecture, "'arm64' or 'x86_64'")
    return architecture


def build_project(
    owner: Component,
    args: Mapping[str, Any],
    *,
    architecture: str,
    statements: Sequence[Mapping[str, Any]],
    source: Any,
    variables: Mapping[str, pulumi.Input[str]],
    description: str,
    privileged: bool = False,
) -> aws.codebuild.Project:
    """The project of `owner`, with its role and its log. `args`: its `Logging`."""
    kind, builder = BUILDERS[architecture]
    name = owner.name
    logs = log_group(owner, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
    role = aws.iam.Role(name, assume_role_policy=trust("codebuild.amazonaws.com"), opts=owner.child)
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy([*statements, write_statement(logs.arn)]), opts=owner.child
    )
    return aws.codebuild.Project(
        name,
        description=description,
        service_role=role.arn,
        source=source,
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": kind,
            "image": builder,
            "compute_type": "BUILD_GENERAL1_SMALL",
            "privileged_mode": privileged,
            "environment_variables": [{"name": k, "value": v} for k, v in variables.items()],
        },
        build_timeout=30,
        queued_timeout=30,
        logs_config={"cloudwatch_logs": {"group_name": logs.name}},
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
    )


def build_once(
    owner: Component,
    args: Mapping[str, Any],
    project: aws.codebuild.Project,
    *,
    handler: Path,
    event: Mapping[str, str],
    statements: Sequence[Mapping[str, Any]],
    variables: Mapping[str, pulumi.Input[str]],
    description: str,
) -> aws.lambda_.Invocation:
    """Ask for what an event names, once for each event: what stands on the answer waits for the build, and
    fails with it. `handler`: the program that is asked, "<function>.py", by whose `handler` it is there."""
    module = handler.stem.replace("-", "_")
    function, _ = lambda_function(
        owner,
        f"{owner.name}-build",
        args,
        handler=f"{module}.handler",
        code=pulumi.AssetArchive(
            {
                f"{module}.py": pulumi.FileAsset(str(handler)),
                "components/service/build/await_build.py": pulumi.FileAsset(str(WAITING)),
            }
        ),
        statements=[asking(project), *statements],
        description=description,
        timeout=SECONDS,
        environment={"variables": {**variables, "PROJECT": project.name}},
    )
    return aws.lambda_.Invocation(
        owner.name, function_name=function.name, input=json.dumps(event), opts=owner.child
    )
