"""What a discovery server does at boot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.artifact import fetch_files
from components.machine import BootFile, Container, encoded, render

HERE = Path(__file__).parent
CONFIGURATION = "/etc/fourplane/eureka"
WAR = "/opt/eureka/eureka.war"
WEBAPP = "/opt/eureka/webapp"
HEARTBEAT_SECONDS = 30
EVICTION_SECONDS = 90
"""Three heartbeats missed: https://github.com/Netflix/eureka/wiki/Understanding-eureka-client-server-communication"""


@dataclass(frozen=True)
class Seat:
    """One server's place: a zone, and the number that tells it from the others there."""

    name: str
    zone: str


def seats(cluster: str, zones: Sequence[str], servers_per_zone: int) -> list[Seat]:
    """Seats in every zone: "eureka-a0", "eureka-b0"…"""
    return [
        Seat(f"{cluster}-{_letter(zone)}{turn}", zone) for zone in zones for turn in range(servers_per_zone)
    ]


def _letter(zone: str) -> str:
    """The part of a zone's name that tells it from the others of its region: "a" of us-east-1a."""
    return zone.removeprefix(zone.rstrip("abcdefghijklmnopqrstuvwxyz")) or zone


def user_data(cluster: str, port: int, taken: Sequence[Seat], known: Mapping[str, Any]) -> str:
    """A server's user data as a launch template takes it. `known`: what the cloud has answered."""
    return encoded(container(cluster, port, taken, known))


def container(cluster: str, port: int, taken: Sequence[Seat], known: Mapping[str, Any]) -> Container:
    """Tomcat as a user without rights, with the server's WAR unpacked beside it, once an address is claimed.

    It follows no Parameter Store: who its peers are is known when it is made.
    """
    region = known["arn"].split(":")[3]
    hosts = {seat.zone: [known["hosts"][s.name] for s in taken if s.zone == seat.zone] for seat in taken}
    values: dict[str, Any] = {
        "region": region,
        "hosts": hosts,
        "port": port,
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "eviction_seconds": EVICTION_SECONDS,
    }
    return Container(
        name=cluster,
        image=known["image"],
        region=region,
        log_group=known["log_group"],
        configuration_path="",
        follows=False,
        files={
            "/etc/fourplane/addresses": BootFile(addresses(taken, known)),
            "/etc/fourplane/server.env": BootFile(f"PORT={port}\n"),
            **fetch_files(known["artifact"]),
            "/usr/local/bin/claim-address": BootFile.program(HERE / "claim-address.sh"),
            "/usr/local/bin/watch-eureka": BootFile.program(HERE / "watch-eureka.sh"),
            **{
                f"{CONFIGURATION}/{file}": BootFile(render(HERE / f"{file}.j2", **values))
                for file in ("eureka-client.properties", "eureka-server.properties")
            },
            **{
                f"/etc/systemd/system/{unit}": BootFile((HERE / unit).read_text(encoding="utf-8"))
                for unit in ("watch-eureka.service", "watch-eureka.timer")
            },
        },
        mounts=[f"{WEBAPP}:/usr/local/tomcat/webapps/eureka:ro"],
        before_start=["/usr/local/bin/claim-address"],
        options="--user 65534:65534 --env-file /etc/fourplane/address.env",
        units=["watch-eureka.timer"],
    )


def addresses(taken: Sequence[Seat], known: Mapping[str, Any]) -> str:
    """Lines of a zone, an address of it, and the name that the address has."""
    return "".join(f"{s.zone} {known['allocations'][s.name]} {known['hosts'][s.name]}\n" for s in taken)
