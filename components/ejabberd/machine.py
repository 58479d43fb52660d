"""What a node of a region's Erlang cluster does at boot, on either system."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from components.ejabberd import agent_files
from components.ejabberd.node import PATHS, Node, files
from components.ejabberd.programs import common
from components.machine import BOOT, BootFile, Container, encoded
from components.slots import DEVICE, Slot, claim_files
from components.system import FREEBSD, FreeBsd, service_script

HERE = Path(__file__).parent
PACKAGES = ("ejabberd", "www/py-boto3", "devel/py-awscli")
"""FreeBSD's: those of Python by where they come from, for their names say which Python they are for."""
SERVICE = "ejabberd_node"
HOOK = "drain"
SYSCTL = "/etc/sysctl.d/60-ejabberd.conf"
LOG_FILE = "/var/log/ejabberd/ejabberd.log"
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID")
"""What root needs in a container to give ejabberd its folder, and to become it."""
FREEBSD_ROUTES = {"net.fibs": "2", "net.add_addr_allfibs": "0"}
"""A second table, that only what is meant for it gets into: see use-slot.freebsd.sh."""


@dataclass(frozen=True)
class Kind:
    """What all nodes of a component have in common."""

    node: Node
    """Any of them, whatever its address and those of the stores."""
    namespace: str
    """Of their metrics."""
    drains: bool
    """Whether a hook of their groups waits until they have drained."""
    keeps: bool
    """Whether each has a disk of its own."""

    def files(self, address: str, stores: list[str]) -> dict[str, BootFile]:
        """A node's files, but for what only its machine has."""
        system = self.node.system
        more = {"/usr/local/bin/ejabberd-cookie": BootFile.program(HERE / "cookie.sh")}
        if system == FREEBSD:
            more["/usr/local/bin/run-ejabberd"] = BootFile.program(HERE / "run-ejabberd.sh")
            more[f"/usr/local/etc/rc.d/{SERVICE}"] = service_script(SERVICE, "/usr/local/bin/run-ejabberd")
        node = replace(self.node, address=address, stores=stores)
        return {**files(node), **agent_files.files(system), **more}

    @cached_property
    def programs(self) -> dict[str, BootFile]:
        """The files that all of them share, which are too many for user data."""
        return common(
            self.files("192.0.2.1", ["192.0.2.1", "192.0.2.2"]),
            self.files("192.0.2.3", ["192.0.2.4", "192.0.2.5"]),
        )


def user_data(kind: Kind, slot: Slot, known: Mapping[str, Any]) -> str:
    """A node's user data as a launch template takes it. `known`: what the cloud has answered."""
    return encoded(machine(kind, slot, known))


def machine(kind: Kind, slot: Slot, known: Mapping[str, Any]) -> FreeBsd | Container:
    """A machine that becomes the node of its slot before ejabberd starts."""
    region, system = known["arn"].split(":")[3], kind.node.system
    own = kind.files(known["address"], known["stores"])
    fetch = {"AWS_REGION": region, "BUCKET": known["bucket"], "KEY": known["key"]}
    written = {
        **claim_files(system, _slot_env(kind, region, known)),
        "/usr/local/bin/fetch-programs": BootFile.program(BOOT / "fetch-programs.sh"),
        "/etc/fourplane/programs.env": BootFile(_env(fetch)),
        agent_files.ENVIRONMENT: BootFile(_env(_agent_env(kind, slot, region, known))),
        **{path: file for path, file in own.items() if path not in kind.programs},
    }
    made = _freebsd if system == FREEBSD else _linux
    return made(kind, slot, written, known)


def _freebsd(kind: Kind, slot: Slot, written: Mapping[str, BootFile], known: Mapping[str, Any]) -> FreeBsd:
    return FreeBsd(
        name=slot.name,
        packages_url=known["packages_url"],
        packages=PACKAGES,
        files=written,
        sysctls={**kind.node.capacity.sysctls, **FREEBSD_ROUTES},
        services=[SERVICE, agent_files.SERVICE[FREEBSD]],
        # A second interface joins its table as it comes; its address is given by use-slot.
        settings={"ifconfig_ena1": "fib 1"},
        commands=[["/usr/local/bin/fetch-programs"]],
    )


def _linux(kind: Kind, slot: Slot, written: Mapping[str, BootFile], known: Mapping[str, Any]) -> Container:
    at = PATHS[kind.node.system]
    settings = "".join(f"{key} = {value}\n" for key, value in kind.node.capacity.sysctls.items())
    return Container(
        name=slot.name,
        image=known["image"],
        region=known["arn"].split(":")[3],
        log_group=known["log_group"],
        configuration_path="",
        follows=False,  # nothing should restart all nodes of a cluster at the same time
        files={**written, SYSCTL: BootFile(settings)},
        mounts=[f"{at.configuration}:{at.configuration}:ro", f"{at.data}:{at.data}"],
        before_start=[
            f"/usr/sbin/sysctl --quiet --load {SYSCTL}",
            "/usr/local/bin/fetch-programs",
            "/usr/local/bin/claim-slot",
            "/usr/local/bin/ejabberd-cookie",
        ],
        options=f"{' '.join(f'--cap-add {one}' for one in CAPABILITIES)} --entrypoint /bin/sh",
        arguments=f'-c "chown -R ejabberd: {at.data} && exec start-ejabberd"',
        packages=["python3-boto3"],
        units=[agent_files.SERVICE[kind.node.system]],
        open_files=kind.node.capacity.file_descriptors,
        stop_seconds=120,  # it closes its connections and its tables
    )


def _slot_env(kind: Kind, region: str, known: Mapping[str, Any]) -> dict[str, str]:
    """What claim-slot, use-slot and ejabberd-cookie go by."""
    system = kind.node.system
    return {
        "AWS_REGION": region,
        "NETWORK_INTERFACE_ID": known["interface"],
        **({"VOLUME_ID": known["volume"], "DEVICE": DEVICE} if kind.keeps else {}),
        "ADDRESS": known["address"],
        "MOUNT_POINT": PATHS[system].data,
        # In a container ejabberd's number is the image's own affair, and it takes the folder itself.
        "DATA_OWNER": "ejabberd:ejabberd" if system == FREEBSD else "root:root",
        "COOKIE_SECRET_ARN": known["cookie"],
    }


def _agent_env(kind: Kind, slot: Slot, region: str, known: Mapping[str, Any]) -> dict[str, str]:
    # A container's output goes to CloudWatch by itself.
    ships = {"LOG_GROUP": known["log_group"], "LOG_FILE": LOG_FILE} if kind.node.system == FREEBSD else {}
    hook = {"HOOK_NAME": HOOK} if kind.drains else {}
    return {"REGION": region, "NAMESPACE": kind.namespace, "NODE": slot.name, **ships, **hook}


def _env(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
