"""Code that runs when it is called, in a network of ours: AWS Lambda."""

import functools
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server
from components.component import Component
from components.keeping import Logging
from components.logs import log_group, write_statement
from components.placement import Placement
from components.policies import beside, policy, trust
from components.service import feed
from components.service.feed import Feed

LONGEST_SECONDS = 900
"""The longest that Lambda runs: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
LIVE = "live"
"""The alias of a function's latest version."""
TRACE = {
    "Sid": "Trace",
    "Effect": "Allow",
    "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    "Resource": "*",  # they take no resource
}


class FunctionArgs(Placement, Logging):
    code: Mapping[str, str]
    """Files of its program, by their paths in the zip."""
    handler: str
    """What is called, "<module>.<function>"."""
    packages: NotRequired[Sequence[str]]
    """Distributions of pure Python that are packed with it, as they are installed here. Default: none; boto3
    is there."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables: no secrets. Default: none."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements of its role. Default: none."""
    seconds: NotRequired[int]
    """The longest that a call may take, 1 to 900. Default 60."""
    memory_mib: NotRequired[int]
    """MiB of memory, and with them CPU: a whole one at 1769. Default 256."""
    concurrency: NotRequired[int]
    """Calls at once: so many are kept for it of the account's, and no more are taken. Default 5. An account
    has 1000 and must leave 100 to all others; a new one may have 10, and has to ask for more first:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html."""
    feed: NotRequired[Feed]
    """A queue whose messages it is called with. Default: none."""
    live: NotRequired[bool]
    """Whether it is called as its alias "live", of which copies can be kept ready (EventCalendar). Default
    False."""


class Function(Peer):
    """Python on Graviton in private subnets, with a role and a security group of its own, traced and logged.

    It opens connections and takes none: whoever may call it has an IAM statement for that. It is meant to be
    called by what waits for its answer, and so knows of a failure: a state machine, or what feeds it.
    """

    arn: pulumi.Output[str]
    """What it is called by: its alias, where it has one."""
    function_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        fed_by, live = args.get("feed"), args.get("live", False)

        group = aws.ec2.SecurityGroup(name, description=name, vpc_id=args["vpc_id"], opts=self.child)
        files = {inside: pulumi.FileAsset(path) for inside, path in args["code"].items()}
        function, role = lambda_function(
            self,
            name,
            args,
            handler=args["handler"],
            code=pulumi.AssetArchive({**packed(tuple(args.get("packages", ()))), **files}),
            statements=[
                *network_statements(group.arn),
                TRACE,
                *args.get("statements", ()),
                *(fed_by["statements"] if fed_by else ()),
            ],
            description=f"{args['handler']} of {name}",
            timeout=args.get("seconds", 60),
            memory_size=args.get("memory_mib", 256),
            environment={"variables": settings} if (settings := args.get("environment")) else None,
            reserved_concurrent_executions=args.get("concurrency", 5),
            tracing_config={"mode": "Active"},
            publish=True if live else None,
            vpc_config={"subnet_ids": args["subnet_ids"], "security_group_ids": [group.id]},
        )
        self._keep_interfaces_from(function, role)
        self.arn = self._alias(function).arn if live else function.arn
        if fed_by:
            feed.fed(self, fed_by, self.arn)

        self.function_name = function.name
        self.role_arn = role.arn
        self.role_name = role.name
        self.security_group_id = group.id
        self.register_outputs(
            {
                "arn": self.arn,
                "function_name": self.function_name,
                "role_arn": self.role_arn,
                "role_name": self.role_name,
                "security_group_id": self.security_group_id,
            }
        )

    def source(self, server: Server) -> dict[str, pulumi.Input[str]]:
        return {"referenced_security_group_id": self.security_group_id}

    def _check(self, args: FunctionArgs) -> None:
        if not 1 <= (seconds := args.get("seconds", 60)) <= LONGEST_SECONDS:
            self.reject("seconds", seconds, f"1 to {LONGEST_SECONDS}")
        if (concurrency := args.get("concurrency", 5)) < 1:
            self.reject("concurrency", concurrency, "at least 1, since with 0 it is never called")
        if "feed" in args:
            feed.check(self, args["feed"], concurrency)
        for path in args["code"].values():
            if not Path(path).is_file():
                self.reject("code", path, "files that are there")

    def _alias(self, function: aws.lambda_.Function) -> aws.lambda_.Alias:
        return aws.lambda_.Alias(
            self.name,
            name=LIVE,
            function_name=function.name,
            function_version=function.version,
            opts=self.child,
        )

    def _keep_interfaces_from(self, function: aws.lambda_.Function, role: aws.iam.Role) -> None:
        """Lambda itself makes the interfaces, in the role's name; the code may not:
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice-security"""
        denied = {
            "Sid": "NotTheCode",
            "Effect": "Deny",
            "Action": [f"ec2:{action}" for action in (*INTERFACES, *LOOKS)],
            "Resource": "*",
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function.arn}},
        }
        aws.iam.RolePolicy(f"{self.name}-code", role=role.name, policy=policy([denied]), opts=self.child)


INTERFACES = (
    "AssignPrivateIpAddresses",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "UnassignPrivateIpAddresses",
)
LOOKS = ("DescribeNetworkInterfaces", "DescribeSubnets")


def network_statements(near: pulumi.Input[str]) -> list[dict[str, Any]]:
    """What Lambda needs to put a function into a network. It asks for all resources of the account:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions.

    `near`: any ARN in that account and region.
    """
    return [
        {
            "Sid": "Interfaces",
            "Effect": "Allow",
            "Action": [f"ec2:{action}" for action in INTERFACES],
            "Resource": beside(near, "ec2", "*/*"),
        },
        # These take no resource.
        {"Sid": "Look", "Effect": "Allow", "Action": [f"ec2:{action}" for action in LOOKS], "Resource": "*"},
    ]


def lambda_function(
    owner: Component,
    name: str,
    args: Mapping[str, Any],
    *,
    handler: str,
    code: pulumi.Archive,
    statements: Sequence[Mapping[str, Any]],
    **more: Any,
) -> tuple[aws.lambda_.Function, aws.iam.Role]:
    """A function of `owner`, with its role and its log. `args`: its `Logging`."""
    logs = log_group(owner, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
    role = aws.iam.Role(name, assume_role_policy=trust("lambda.amazonaws.com"), opts=owner.child)
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy([*statements, write_statement(logs.arn)]), opts=owner.child
    )
    function = aws.lambda_.Function(
        name,
        runtime=aws.lambda_.Runtime.PYTHON3D13,
        architectures=["arm64"],
        handler=handler,
        code=code,
        role=role.arn,
        kms_key_arn=args.get("key_arn"),
        logging_config={"log_format": "JSON", "log_group": logs.name},
        # Lambda asks at once whether the role may do what the function's network needs.
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
        **more,
    )
    return function, role


@functools.cache
def packed(packages: tuple[str, ...]) -> dict[str, pulumi.Asset | pulumi.Archive]:
    """The files of some installed distributions and their licences, by their paths in a zip. Raises
    ValueError for one that is not pure Python: it was compiled for the machine that this runs on."""
    found: dict[str, pulumi.Asset | pulumi.Archive] = {}
    for package in packages:
        for file in importlib.metadata.files(package) or ():
            if file.suffix in (".so", ".pyd"):
                raise ValueError(f"{package} is not pure Python: it has {file}")
            if file.suffix == ".py" or file.name.startswith(("LICENSE", "LICENCE", "NOTICE")):
                found[file.as_posix()] = pulumi.FileAsset(str(file.locate()))
    return found
