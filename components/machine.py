"""What an instance of a group is: its image, its role, its disk and what it does at boot."""

import base64
import functools
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, Protocol, TypedDict

import jinja2
import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import beside, policy, trust

INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
BOOT = Path(__file__).parent / "boot"
USER_DATA_LIMIT = 16 * 1024
"""Bytes, before base64: EC2's limit, https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html."""
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
    auto_reload=False,
)


def render(template: Path, **values: Any) -> str:
    """A template of ours in its own language, with its values. Raises UndefinedError for a value that it
    lacks."""
    return _template(template).render(values)


@functools.cache
def _template(path: Path) -> jinja2.Template:
    return TEMPLATES.get_template(path.relative_to(Path(__file__).parent).as_posix())


class Image(TypedDict):
    """What a component's machines run."""

    image: pulumi.Input[str]
    """A container image: "<registry>/<repository>:<tag>"."""
    repository_arn: NotRequired[pulumi.Input[str]]
    """ARN of the ECR repositories that the machines may pull from. Default: the image needs no
    credentials."""
    cached: NotRequired[bool]
    """Whether these are copies of public ones, which the registry fetches when it is first asked for them
    (ImageCache.pull). Default False."""


def pull_statements(args: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a role needs to pull an `Image` from ECR, through a pull-through cache too."""
    if "repository_arn" not in args:
        return []
    copying = ("BatchImportUpstreamImage", "CreateRepository") if args.get("cached", False) else ()
    actions = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer", *copying)
    return [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Action": [f"ecr:{action}" for action in actions],
            "Resource": args["repository_arn"],
        },
        # It takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        {"Sid": "Registry", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]


def architecture(instance_type: str) -> str:
    """ "arm64" for Graviton (t4g, m7gd, c8gn…), else "x86_64"."""
    return "arm64" if re.match(r"[a-z]+\d+g", instance_type) else "x86_64"


def newest_image(owner: Component, instance_type: str) -> pulumi.Output[str]:
    """The id of the newest Amazon Linux 2023 image for an instance type, from AWS's public parameter."""
    name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture(instance_type)}"
    return aws.ssm.get_parameter_output(
        name=name, region=owner._region, opts=pulumi.InvokeOutputOptions(parent=owner)
    ).insecure_value


@dataclass(frozen=True)
class BootFile:
    """A file on a machine."""

    text: str
    mode: str = "0644"

    @staticmethod
    @functools.cache
    def program(path: Path) -> "BootFile":
        return BootFile(path.read_text(encoding="utf-8"), "0755")


FOLLOWING = {
    "/usr/local/bin/follow-configuration": BootFile.program(BOOT / "follow-configuration.sh"),
    **{
        f"/etc/systemd/system/{unit}": BootFile((BOOT / unit).read_text(encoding="utf-8"))
        for unit in ("configuration.service", "configuration.timer")
    },
}


@dataclass(frozen=True)
class Container:
    """The program of a machine: one container under systemd, with its configuration followed.

    Values may hold what other resources produce once they are resolved: build it inside `Output.apply`.
    """

    name: str
    image: str
    region: str
    log_group: str
    configuration_path: str
    calls: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, BootFile] = field(default_factory=dict[str, BootFile])
    mounts: Sequence[str] = ()
    before_start: Sequence[str] = ()
    options: str = ""
    arguments: str = ""
    render: str = ""
    reload: str = ""
    packages: Sequence[str] = ()
    units: Sequence[str] = ()
    follows: bool = True
    locks_memory: bool = False
    open_files: int = 65536
    stop_seconds: int = 30

    def cloud_config(self) -> str:
        """What the machine does at its first boot."""
        registry = self.image.split("/")[0]
        machine = {
            "SERVICE": f"{self.name}.service",
            "IMAGE": self.image,
            "AWS_REGION": self.region,
            "LOG_GROUP": self.log_group,
            "INSTANCE_NAME": self.name,
            "CONFIGURATION_PATH": self.configuration_path,
            "CALLS": '"' + " ".join(self.calls) + '"',
            "RENDER": self.render,
        }
        helper = json.dumps({"credHelpers": {registry: "ecr-login"}}) if ".dkr.ecr." in registry else "{}"
        unit = render(BOOT / "container.service.j2", **vars(self))
        files = {
            "/etc/fourplane/machine.env": BootFile(_env(machine)),
            "/etc/fourplane/program.env": BootFile(_env(self.environment)),
            "/root/.docker/config.json": BootFile(helper, "0600"),
            f"/etc/systemd/system/{self.name}.service": BootFile(unit),
            **(FOLLOWING if self.follows else {}),
            **self.files,
        }
        timers = [*(["configuration.timer"] if self.follows else []), *self.units]
        return render(
            BOOT / "cloud-config.yaml.j2",
            packages=["docker", "amazon-ecr-credential-helper", *self.packages],
            files=files,
            commands=[
                ["systemctl", "enable", "--now", "docker.service"],
                ["systemctl", "enable", "--now", "--no-block", f"{self.name}.service", *timers],
            ],
        )


def _env(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())


class Booted(Protocol):
    """A machine that says what it does at its first boot."""

    @property
    def name(self) -> str: ...
    def cloud_config(self) -> str: ...


def encoded(machine: Booted) -> str:
    """A machine's user data as a launch template takes it, compressed where it would not fit: cloud-init
    undoes that by itself. Raises ValueError where it is larger than EC2 takes even so."""
    data = machine.cloud_config().encode()
    if len(data) > USER_DATA_LIMIT:
        data = gzip.compress(data, mtime=0)
    if len(data) > USER_DATA_LIMIT:
        raise ValueError(f"user data of {machine.name} is {len(data)} bytes, over {USER_DATA_LIMIT}")
    return base64.b64encode(data).decode()


def session_statements(near: pulumi.Input[str]) -> list[dict[str, Any]]:
    """What a machine's role needs to be reached through Session Manager. `near`: an ARN in its region and
    account."""
    return [
        {
            "Sid": "SessionManager",
            "Effect": "Allow",
            "Action": "ssm:UpdateInstanceInformation",
            "Resource": beside(near, "ec2", "instance/*"),
        },
        {
            # These four take no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
            "Sid": "SessionChannels",
            "Effect": "Allow",
            "Action": [
                f"ssmmessages:{verb}{kind}Channel"
                for verb in ("Create", "Open")
                for kind in ("Control", "Data")
            ],
            "Resource": "*",
        },
    ]


def instance_profile(
    owner: Component, near: pulumi.Input[str], statements: Sequence[Mapping[str, Any]]
) -> tuple[aws.iam.Role, aws.iam.InstanceProfile]:
    """A role that lets an instance be reached through Session Manager, and do what `statements` say.

    `near`: an ARN in the same region and account. No managed policy: AmazonSSMManagedInstanceCore would let
    every machine read every parameter of the account.
    """
    role = aws.iam.Role(owner.name, assume_role_policy=trust("ec2.amazonaws.com"), opts=owner.child)
    aws.iam.RolePolicy(
        owner.name,
        role=role.name,
        policy=policy([*session_statements(near), *statements]),
        opts=owner.child,
    )
    profile = aws.iam.InstanceProfile(owner.name, role=role.name, opts=owner.child)
    return role, profile


def launch_template(
    owner: Component,
    name: str,
    *,
    instance_type: str,
    disk_gib: int,
    profile: aws.iam.InstanceProfile,
    security_group_id: pulumi.Input[str],
    user_data: pulumi.Input[str],
    image_id: pulumi.Input[str] | None = None,
    root_device: str = "/dev/xvda",
    tracked_seconds: int | None = None,
) -> aws.ec2.LaunchTemplate:
    """A template for private instances: IMDSv2 only, an encrypted gp3 disk, no public address, no SSH key.
    `image_id`: default Amazon Linux 2023's. `tracked_seconds`: how long an idle connection is remembered."""
    if not INSTANCE_TYPE.fullmatch(instance_type):
        owner.reject("instance_type", instance_type, "an EC2 instance type, such as 'm7g.large'")
    tracked: Any = None if tracked_seconds is None else {"tcp_established_timeout": tracked_seconds}
    return aws.ec2.LaunchTemplate(
        name,
        image_id=newest_image(owner, instance_type) if image_id is None else image_id,
        instance_type=instance_type,
        update_default_version=True,
        iam_instance_profile={"arn": profile.arn},
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
            "instance_metadata_tags": "enabled",
        },
        block_device_mappings=[
            {
                "device_name": root_device,
                "ebs": {
                    "volume_type": "gp3",
                    "volume_size": disk_gib,
                    "encrypted": "true",
                    "delete_on_termination": "true",
                },
            }
        ],
        network_interfaces=[
            {
                "device_index": 0,
                "associate_public_ip_address": "false",
                "security_groups": [security_group_id],
                "delete_on_termination": "true",
                "connection_tracking_specification": tracked,
            }
        ],
        monitoring={"enabled": True},
        tag_specifications=[
            {"resource_type": kind, "tags": {"Name": name}}
            for kind in ("instance", "volume", "network-interface")
        ],
        user_data=user_data,
        opts=owner.child,
    )
