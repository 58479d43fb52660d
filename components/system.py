"""The operating systems that machines may run: FreeBSD from packages, or Amazon Linux with one container."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.machine import BOOT, BootFile, architecture, newest_image, render

FREEBSD, LINUX = "freebsd", "linux"
SYSTEMS = (FREEBSD, LINUX)
RELEASE = "14.4"
"""FreeBSD's: https://www.freebsd.org/releases/14.4R/announce/. Releases are supported for nine months."""
ROOT_DEVICES = {FREEBSD: "/dev/sda1", LINUX: "/dev/xvda"}
AT_BOOT = re.compile(
    r"kern\.(ipc\.maxsockets|maxproc)|net\.(add_addr_allfibs|fibs)"
    r"|net\.inet\.tcp\.(tcbhashsize|syncache\.\w+|hostcache\.(hashsize|cachelimit|bucketlimit))"
)
"""What FreeBSD's kernel reads once, from the loader's settings: https://man.freebsd.org/cgi/man.cgi?tcp(4)"""


class System(TypedDict):
    """What machines run on, and where what they run comes from."""

    system: NotRequired[str]
    """ "freebsd" or "linux". Default "freebsd"."""
    packages_url: NotRequired[pulumi.Input[str]]
    """Where FreeBSD's packages are, FreeBsdPackages' `url`. FreeBSD needs it."""
    image: NotRequired[pulumi.Input[str]]
    """A container image, "<registry>/<repository>:<tag>". Linux needs it."""
    repository_arn: NotRequired[pulumi.Input[str]]
    """ARN of the ECR repository that Linux pulls the image from. Default: it needs no credentials."""


def system_of(owner: Component, args: Mapping[str, Any]) -> str:
    """The system that a `System` asks for. Rejects one that is unknown, or lacks what it needs."""
    system = args.get("system", FREEBSD)
    if system not in SYSTEMS:
        owner.reject("system", system, f"one of {', '.join(SYSTEMS)}")
    needed = "packages_url" if system == FREEBSD else "image"
    if needed not in args:
        owner.reject(needed, None, f"given, so that {system} has something to run")
    return system


def system_image(owner: Component, system: str, instance_type: str) -> pulumi.Output[str]:
    """The id of a system's newest image for an instance type, from its public parameter. FreeBSD's is the one
    with cloud-init: https://www.daemonology.net/blog/2021-08-31-FreeBSD-EC2-AMI-SSM-Public-Parameters.html"""
    if system == LINUX:
        return newest_image(owner, instance_type)
    kind = "arm64" if architecture(instance_type) == "arm64" else "amd64"
    return aws.ssm.get_parameter_output(
        name=f"/aws/service/freebsd/{kind}/cloud-init/ufs/{RELEASE}/RELEASE",
        region=owner._region,
        opts=pulumi.InvokeOutputOptions(parent=owner),
    ).insecure_value


@dataclass(frozen=True)
class FreeBsd:
    """A FreeBSD machine: its packages, files and settings, and a restart after which its services run.

    Some settings of the kernel hold only from a boot on, so services are enabled and not started before it.
    Values may hold what other resources produce once they are resolved: build it inside `Output.apply`.
    """

    name: str
    packages_url: str
    packages: Sequence[str] = ()
    files: Mapping[str, BootFile] = field(default_factory=dict[str, BootFile])
    sysctls: Mapping[str, str] = field(default_factory=dict[str, str])
    services: Sequence[str] = ()
    """Scripts of rc.d that are enabled."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further settings of rc.conf."""
    commands: Sequence[Sequence[str]] = ()
    """What is run once the packages are there."""

    def cloud_config(self) -> str:
        """What the machine does at its first boot."""
        booted = {key: value for key, value in self.sysctls.items() if AT_BOOT.fullmatch(key)}
        running = {key: value for key, value in self.sysctls.items() if key not in booted}
        # Session Manager's agent is in every image of EC2, and asleep.
        enabled = {f"{one}_enable": "YES" for one in ("amazon_ssm_agent", *self.services)}
        files = {
            "/usr/local/etc/pkg/repos/FreeBSD.conf": BootFile(
                render(BOOT / "freebsd-packages.conf.j2", url=self.packages_url)
            ),
            "/boot/loader.conf.local": BootFile(_quoted(booted)),
            "/etc/sysctl.conf.local": BootFile("".join(f"{k}={v}\n" for k, v in running.items())),
            "/etc/rc.conf.local": BootFile(_quoted({**enabled, **self.settings})),
            "/usr/local/bin/install-packages": BootFile.program(BOOT / "install-packages.sh"),
            **self.files,
        }
        return render(
            BOOT / "freebsd-config.yaml.j2",
            files=files,
            commands=[["/usr/local/bin/install-packages", *self.packages], *self.commands],
        )


def service_script(name: str, program: str) -> BootFile:
    """A script of rc.d that keeps a program running, starting it again where it ends, with its output in
    /var/log/<name>.log. `name`: letters, digits and underscores."""
    return BootFile(render(BOOT / "service.rc.j2", name=name, program=program), "0755")


def _quoted(values: Mapping[str, str]) -> str:
    return "".join(f'{key}="{value}"\n' for key, value in values.items())
