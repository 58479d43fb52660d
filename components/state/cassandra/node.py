"""What a node of a ring does at boot."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.machine import BootFile, Container, encoded, render
from components.slots import DEVICE, Slot, claim_files
from components.state.cassandra.slots import priam_token
from components.system import LINUX

HERE = Path(__file__).parent
DISK = "/var/lib/cassandra"
CONFIGURATION = "/etc/fourplane/cassandra"
USER = "999:999"
"""cassandra in the official image."""


@dataclass(frozen=True)
class Ring:
    """What all nodes have in common."""

    name: str
    port: int
    replication_factor: int
    snapshot_hours: int
    heap_gib: int | None = None
    joins: bool = False
    """Whether it is a datacenter of a ring that began in another region."""


def user_data(ring: Ring, nodes: Sequence[Slot], node: Slot, known: Mapping[str, Any]) -> str:
    """A node's user data as a launch template takes it. `known`: what the cloud has answered."""
    return encoded(container(ring, nodes, node, known))


def container(ring: Ring, nodes: Sequence[Slot], node: Slot, known: Mapping[str, Any]) -> Container:
    """Cassandra as a user without rights, once the slot's disk and address are there.

    It does not follow Parameter Store: nothing should restart all nodes of a ring at the same time.
    """
    region = known["arn"].split(":")[3]
    return Container(
        name=node.name,
        image=known["image"],
        region=region,
        log_group=known["log_group"],
        configuration_path="",
        follows=False,
        environment={"MAX_HEAP_SIZE": f"{ring.heap_gib}G"} if ring.heap_gib is not None else {},
        files={
            **claim_files(LINUX, slot_env(ring, node, region, known)),
            "/etc/sysctl.d/60-cassandra.conf": BootFile(_text("cassandra.sysctl.conf")),
            "/usr/local/bin/back-up": BootFile.program(HERE / "back-up.sh"),
            **({"/usr/local/bin/await-ring": BootFile.program(HERE / "await-ring.sh")} if ring.joins else {}),
            f"{CONFIGURATION}/cassandra.yaml": BootFile(cassandra_yaml(ring, nodes, node, region, known)),
            f"{CONFIGURATION}/cassandra-rackdc.properties": BootFile(
                render(HERE / "cassandra-rackdc.properties.j2", region=region, rack=node.zone)
            ),
            "/etc/systemd/system/back-up@.service": BootFile(_text("back-up@.service")),
            "/etc/systemd/system/back-up-snapshot.timer": BootFile(
                _timer("snapshot", first="1h", every=f"{ring.snapshot_hours}h", spread="30min")
            ),
            "/etc/systemd/system/back-up-increments.timer": BootFile(
                _timer("increments", first="10min", every="10min", spread="1min")
            ),
        },
        mounts=[
            f"{DISK}:{DISK}",
            *(
                f"{CONFIGURATION}/{file}:/etc/cassandra/{file}:ro"
                for file in ("cassandra.yaml", "cassandra-rackdc.properties")
            ),
        ],
        before_start=[
            "/usr/sbin/sysctl --quiet --load /etc/sysctl.d/60-cassandra.conf",
            "/usr/local/bin/claim-slot",
            *(["/usr/local/bin/await-ring"] if ring.joins else []),
        ],
        # The image's own entrypoint would write over cassandra.yaml.
        options=f"--user {USER} --entrypoint cassandra",
        arguments="-f",
        units=["back-up-snapshot.timer", "back-up-increments.timer"],
        locks_memory=True,
        open_files=100000,  # https://cassandra.apache.org/doc/5.0/cassandra/getting-started/production.html
        stop_seconds=120,  # it writes its memory to disk before it stops
    )


def slot_env(ring: Ring, node: Slot, region: str, known: Mapping[str, Any]) -> dict[str, str]:
    """What claim-slot, await-ring and back-up go by."""
    return {
        "AWS_REGION": region,
        "NETWORK_INTERFACE_ID": known["interfaces"][node.name],
        "VOLUME_ID": known["volumes"][node.name],
        "DEVICE": DEVICE,
        "ADDRESS": known["addresses"][node.name],
        "MOUNT_POINT": DISK,
        "DATA_OWNER": USER,
        "RING": ring.name,
        "NODE": node.name,
        "BUCKET": known["bucket"],
        **({"JOINS": ",".join(known["joins"])} if ring.joins else {}),
    }


def cassandra_yaml(
    ring: Ring, nodes: Sequence[Slot], node: Slot, region: str, known: Mapping[str, Any]
) -> str:
    return render(
        HERE / "cassandra.yaml.j2",
        ring=ring.name,
        token=priam_token(region, len(nodes), node.number),
        seeds=[*(known["addresses"][one.name] for one in nodes if one.seed), *known.get("joins", ())],
        joins=ring.joins,
        address=known["addresses"][node.name],
        port=ring.port,
        replication_factor=ring.replication_factor,
        disk=DISK,
    )


@functools.cache
def _timer(what: str, *, first: str, every: str, spread: str) -> str:
    return render(HERE / "back-up.timer.j2", what=what, first=first, every=every, spread=spread)


@functools.cache
def _text(file: str) -> str:
    return (HERE / file).read_text(encoding="utf-8")
