"""What a chat server needs for its connections, and what cannot hold them."""

from pathlib import Path

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES

from components.component import ArgumentError, Component
from components.ejabberd.capacity import Capacity, capacity
from components.instance_types import BURSTABLE, GIB_A_CPU, instance_cpus, instance_memory, sizes


class _Servers(Component):
    """What asks: it needs a name and its way to refuse."""

    def __init__(self) -> None:
        self.name = "chat"


def _of(connections: int = 1_000_000, instance_type: str = "r7g.4xlarge", **asked) -> Capacity:
    return capacity(_Servers(), connections, instance_type, **{"proxies": 3, "system": "freebsd", **asked})


def test_a_million_connections_fit_the_memory_of_a_server():
    it = _of()
    assert it.memory_bytes < 0.8 * 128 * 2**30
    assert it.receive_buffer_bytes == 20_480  # 24.05 GB are left, in pages
    assert it.file_descriptors > 1_150_000 and it.ports == 3_000_000 and it.tracked == 1_100_000


def test_the_kernel_has_what_the_published_server_had_for_as_many_connections():
    sysctls = _of(2_277_845, "r7g.16xlarge").sysctls
    assert sysctls["kern.ipc.maxsockets"] == "2400000" and sysctls["kern.maxfiles"] == "3000000"
    assert sysctls["kern.maxfilesperproc"] == "2700000" and sysctls["kern.maxproc"] == "16384"
    assert sysctls["net.inet.tcp.tcbhashsize"] == "524288"


def test_buffers_of_the_case_study_are_given_where_memory_holds_them():
    assert _of(1000, "m7g.2xlarge").receive_buffer_bytes == 8_192_000


def test_a_socket_may_have_its_buffer_on_either_system():
    freebsd = _of(1000, "m7g.2xlarge").sysctls
    assert int(freebsd["kern.ipc.maxsockbuf"]) * 2048 // 2304 >= 8_192_000
    linux = _of(1000, "m7g.2xlarge", system="linux").sysctls
    assert linux["net.core.rmem_max"] == "4096000" and linux["net.ipv4.tcp_rmem"].endswith(" 8192000")


def test_a_linux_knows_all_of_its_settings():
    for name, value in _of(system="linux").sysctls.items():
        path = Path("/proc/sys", *name.split("."))
        assert path.exists() and len(value.split()) == len(path.read_text().split()), name


def test_proxies_have_enough_ports_when_one_is_lost():
    assert _of(proxies=3).listeners == 8  # 1,000,000 / (2 * 64,512)
    assert _of(proxies=2).listeners == _of(proxies=1).listeners == 16
    assert _of(64_512, proxies=2).listeners == 1


def test_each_server_has_the_sessions_of_all_in_memory():
    alone = _of(receive_buffer_bytes=16_384).memory_bytes
    assert _of(receive_buffer_bytes=16_384, servers=3).memory_bytes - alone == 2 * 1_000_000 * 1067


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"receive_buffer_bytes": 8_192_000},
            r"receive_buffer_bytes must be from 16,384 to 24,052, .* 1,000,000 x 8,192,000 bytes are 8.2 TB, "
            r"and 80% of the 137.4 GB of r7g.4xlarge leave 24.1 GB beside 85,899 bytes a session \(https",
        ),
        (
            {"instance_type": "r7g.2xlarge"},
            "connections_per_server must be at most 537,485, so that 80% of the 68.7 GB of r7g.2xlarge",
        ),
        ({"instance_type": "r7g.7xlarge"}, "a size of r7g that .* knows: medium, large, xlarge, 2xlarge"),
        ({"instance_type": "z9.large"}, "instance_type must be of a family that .* knows: t3, t4g, c6g"),
        (
            {"connections": 4_000_000, "instance_type": "x8g.16xlarge", "proxies": 2},
            r"proxies must be at least 3, so that 4,000,000 connections come through when one is lost: there "
            r"are at most 64512 connections of one address .*, and 47 ports for clients",
        ),
        (
            {"tracked_connections": 1_000_000},
            "tracked_connections must be at least 1,100,000, .*tracking.html",
        ),
        ({"connections": 0}, "connections_per_server must be at least 1, got 0"),
        ({"proxies": 0}, "proxies must be at least 1, got 0"),
    ],
)
def test_rejects_what_cannot_hold(asked, message):
    with pytest.raises(ArgumentError, match=message):
        _of(**asked)


def test_what_a_type_has_is_what_ec2_says():
    owner = _Servers()
    known = {f"{family}.{size}" for family in (*BURSTABLE, *GIB_A_CPU) for size in sizes(family)}
    theirs = {one: INSTANCE_TYPES[one] for one in known}
    assert {one: instance_memory(owner, one) for one in known} == {
        one: said["MemoryInfo"]["SizeInMiB"] * 2**20 for one, said in theirs.items()
    }
    assert {one: instance_cpus(owner, one) for one in known} == {
        one: said["VCpuInfo"]["DefaultVCpus"] for one, said in theirs.items()
    }
