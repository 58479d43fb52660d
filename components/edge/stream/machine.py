"""What a machine of nginx does at its first boot, on FreeBSD or on Amazon Linux."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.edge.stream.proxy import FREEBSD, LINUX, VITALS_PORT, Proxy
from components.ejabberd import agent_files
from components.machine import BootFile, Container, encoded
from components.system import FreeBsd

PACKAGES = ("nginx", "www/py-boto3")
"""FreeBSD's; that of Python by where it comes from, for its name says which Python it is for."""
IMAGE = Path(__file__).parent / "image"
"""What Linux runs, for ServiceImage's `folder`."""
CONFIGURATION = "/usr/local/etc/nginx/nginx.conf"
ON_LINUX = "/etc/fourplane/nginx.conf"
SETTINGS = "/etc/sysctl.d/90-connections.conf"
NOBODY = "65534:65534"


def user_data(name: str, machine: Proxy, ports: Sequence[int], known: Mapping[str, Any]) -> str:
    """A launch template's user data. `known`: what other resources produce: servers, arn (of anything in its
    region), log_group, namespace, and packages_url or image."""
    servers = [f"{address}:{port}" for address in known["servers"] for port in ports]
    region = known["arn"].split(":")[3]
    agent = {
        "API": f"http://127.0.0.1:{VITALS_PORT}",
        "REGION": region,
        "NAMESPACE": known["namespace"],
        "NODE": name,
    }
    if machine.system == "freebsd":
        return encoded(_freebsd(name, machine, servers, {**agent, "LOG_GROUP": known["log_group"]}, known))
    return encoded(_linux(name, machine, servers, agent, region, known))


def _freebsd(
    name: str, machine: Proxy, servers: Sequence[str], agent: Mapping[str, str], known: Mapping[str, Any]
) -> FreeBsd:
    service = agent_files.SERVICE["freebsd"]
    return FreeBsd(
        name=name,
        packages_url=known["packages_url"],
        packages=PACKAGES,
        files={
            CONFIGURATION: BootFile(machine.configuration(servers, FREEBSD)),
            agent_files.ENVIRONMENT: _env({**agent, "LOG_FILE": FREEBSD.error_log}),
            **agent_files.files("freebsd"),
        },
        sysctls=machine.settings,
        services=["nginx", service],
        settings={f"{service}_user": "www"},
    )


def _linux(
    name: str,
    machine: Proxy,
    servers: Sequence[str],
    agent: Mapping[str, str],
    region: str,
    known: Mapping[str, Any],
) -> Container:
    return Container(
        name=name,
        image=known["image"],
        region=region,
        log_group=known["log_group"],
        configuration_path="",
        files={
            ON_LINUX: BootFile(machine.configuration(servers, LINUX)),
            SETTINGS: BootFile("".join(f"{key} = {value}\n" for key, value in machine.settings.items())),
            agent_files.ENVIRONMENT: _env(agent),
            **agent_files.files("linux"),
        },
        mounts=[f"{ON_LINUX}:{ON_LINUX}:ro"],
        before_start=[f"/usr/sbin/sysctl --load {SETTINGS}"],
        # A container's root has no right to become the user of the workers, who therefore is who it is.
        options=f"--user {NOBODY}",
        arguments=f"nginx -c {ON_LINUX}",
        packages=["ethtool", "python3-boto3"],
        units=[agent_files.SERVICE["linux"]],
        follows=False,
        open_files=machine.open_files,
    )


def _env(values: Mapping[str, str]) -> BootFile:
    return BootFile("".join(f"{key}={value}\n" for key, value in values.items()))
