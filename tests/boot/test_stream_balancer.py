"""nginx before the chat servers, run by nginx with the configuration that its machines get."""

import base64
import contextlib
import gzip
import os
import re
import select
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.component import Component
from components.edge.stream.machine import user_data
from components.edge.stream.proxy import FREEBSD, LINUX, Proxy, proxy
from components.ejabberd import agent

MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
KNOWN = {
    "servers": ["10.0.1.5", "10.0.2.5", "10.0.3.5"],
    "arn": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1",
    "log_group": "/prod/entrance",
    "namespace": "prod-entrance",
    "packages_url": "https://packages.s3.eu-west-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
    "image": "public.ecr.aws/nginx/nginx-unprivileged:1.28",
}
PORTS = range(5222, 5230)
HAS_ONE = Proxy(connections=2, max_conns=1, workers=2, open_files=1024, system="linux")


class _Balancer(Component):
    def __init__(self) -> None:
        self.name = "entrance"


def of_millions(system):
    return proxy(
        _Balancer(),
        instance_type="r7g.2xlarge",
        system=system,
        machines=3,
        servers=3,
        ports=8,
        connections_per_server=1_000_000,
    )


def cloud_config(system):
    data = base64.b64decode(user_data("entrance", of_millions(system), PORTS, KNOWN))
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def files(system):
    return {one["path"]: one["content"] for one in yaml.safe_load(cloud_config(system))["write_files"]}


@pytest.fixture
def nginx(program):
    """The command that starts nginx, which has its stream module by itself."""
    found = program("nginx", "nginx")
    if not MODULE.exists():
        pytest.skip("nginx has no stream module; apt-get install libnginx-mod-stream")
    # Its image has no root to leave; here its workers would be somebody who may not write to the folder.
    return [found, *(["-g", "user root;"] if os.geteuid() == 0 else [])]


def here(conf, folder):
    """The same configuration, where Debian has things."""
    return replace(conf, module=str(MODULE), run_folder=str(folder), error_log=str(folder / "error.log"))


@pytest.mark.parametrize("system", ["freebsd", "linux"])
def test_nginx_takes_the_configuration_of_a_machine_for_a_million_and_a_half(nginx, tmp_path, system):
    servers = [f"{address}:{port}" for address in KNOWN["servers"] for port in PORTS]
    shipped = FREEBSD if system == "freebsd" else LINUX
    written = of_millions(system).configuration(servers, shipped)
    assert written in files(system).values()
    conf = tmp_path / "nginx.conf"
    conf.write_text(of_millions(system).configuration(servers, here(shipped, tmp_path)))
    checked = subprocess.run([*nginx, "-t", "-c", conf], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert re.findall(r"max_conns=(\d+)", written) == ["62500"] * 24


def test_on_linux_nginx_needs_no_right_of_root(nginx, program):
    unit = files("linux")["/etc/systemd/system/entrance.service"]
    assert "--cap-drop ALL" in unit
    user, group = re.search(r" --user (\d+):(\d+)", unit).groups()
    if os.geteuid() != 0:
        pytest.skip("only root can become another user without rights")
    drop = [program("setpriv", "util-linux"), "--reuid", user, "--regid", group, "--clear-groups"]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own is closed to others
        os.chown(folder, int(user), int(group))
        conf = Path(folder, "nginx.conf")
        conf.write_text(of_millions("linux").configuration(["127.0.0.1:5222"], here(LINUX, Path(folder))))
        command = [*drop, "--bounding-set=-all", "--no-new-privs", nginx[0], "-t", "-c", conf]
        checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("system", ["freebsd", "linux"])
def test_cloud_init_takes_the_user_data(program, tmp_path, system):
    cloud_init = program("cloud-init", "cloud-init")
    path = tmp_path / "user-data"
    path.write_text(cloud_config(system))
    checked = subprocess.run([cloud_init, "schema", "--config-file", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_machine_has_ports_and_files_for_both_ends_of_each_connection():
    settings = files("freebsd")
    assert "net.inet.ip.portrange.first=1024" in settings["/etc/sysctl.conf.local"]
    assert int(re.search(r"maxfilesperproc=(\d+)", settings["/etc/sysctl.conf.local"])[1]) > 3_000_000
    assert 'nginx_enable="YES"' in settings["/etc/rc.conf.local"]
    linux = files("linux")
    assert "ip_local_reserved_ports = 5222,8081,8082" in linux["/etc/sysctl.d/90-connections.conf"]
    opened = of_millions("linux").open_files
    assert opened > 3_000_000 and f"nofile={opened}:" in linux["/etc/systemd/system/entrance.service"]


def test_a_linux_knows_all_of_its_settings():
    for name, value in of_millions("linux").settings.items():
        path = Path("/proc/sys", *name.split("."))
        assert path.exists() and len(value.split()) in (len(path.read_text().split()), 1), name


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def balanced(nginx, tmp_path):
    """nginx before two servers of which each takes one client: its address, the servers, and its machine."""
    running = []
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        port, health, vitals = (free_port() for _ in range(3))
        machine = replace(HAS_ONE, port=port, health_port=health, vitals_port=vitals)
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
        (tmp_path / "nginx.conf").write_text(machine.configuration(addresses, here(LINUX, tmp_path)))
        command = [*nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", health)).close()
                break
            time.sleep(0.02)
        yield ("127.0.0.1", port), servers, machine
        for process in running:
            process.terminate()
            process.wait()


def accepted(servers):
    """The next connection that a server gets, which server it is, and what is said first."""
    servers = {server.fileno(): server for server in servers}
    ready, _, _ = select.select(list(servers), [], [], 5)
    connection, _ = servers[ready[0]].accept()
    connection.settimeout(5)
    return servers[ready[0]], connection, connection.recv(200)


def test_clients_go_where_there_is_room_and_nowhere_else(balanced):
    address, servers, _ = balanced
    first = socket.create_connection(address)
    one, to_first, said = accepted(servers)
    at = first.getsockname()
    assert said.decode() == f"PROXY TCP4 {at[0]} {address[0]} {at[1]} {address[1]}\r\n"
    second = socket.create_connection(address)
    other, to_second, _ = accepted(servers)
    assert one is not other

    with socket.create_connection(address) as third:
        third.settimeout(5)
        assert third.recv(1) == b""  # both are full: sent away at once

    to_first.sendall(b"hello")
    assert first.recv(5) == b"hello"
    to_first.close()
    assert first.recv(1) == b""
    with socket.create_connection(address):
        again, to_third, _ = accepted(servers)
        assert again is one
        to_third.close()
    for one in (to_second, first, second):
        one.close()


def test_a_machine_is_well_without_servers_and_tells_its_connections(balanced):
    _, servers, machine = balanced
    for server in servers:
        server.close()
    health = f"http://127.0.0.1:{machine.health_port}/health"
    assert urllib.request.urlopen(health, timeout=5).read() == b"ok\n"
    assert agent.vitals(f"http://127.0.0.1:{machine.vitals_port}")["connections"] >= 1
