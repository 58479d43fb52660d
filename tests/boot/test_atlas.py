"""What stands before Atlas on its machines: the real nginx, and the script that tells it its peers."""

import http.server
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from components.control.atlas import ATLAS


class Peer:
    """Atlas on an address of its own: `taken` is what was published to it."""

    def __init__(self, address, port):
        self.taken = taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def settings(tmp_path):
    """settings(peers, front, port): nginx's file as it is, with places and ports of this test."""

    def settings(peers, front, port):
        text = (ATLAS / "nginx.conf").read_text()
        changes = {
            "/etc/fourplane/atlas/peers.conf": f"{tmp_path}/peers.conf",
            "/var/cache/atlas-replicas": f"{tmp_path}/cache",
            "/run/atlas-replicas.pid": f"{tmp_path}/pid",
            "listen 7100": f"listen 127.0.0.1:{front}",
            ":7101": f":{port}",
        }
        for ours, here in changes.items():
            assert ours in text
            text = text.replace(ours, here)
        (tmp_path / "cache").mkdir(exist_ok=True)
        (tmp_path / "peers.conf").write_text("".join(f"mirror /peers/{peer};\n" for peer in peers))
        (tmp_path / "nginx.conf").write_text(text)
        return str(tmp_path / "nginx.conf")

    return settings


@pytest.fixture
def front(program, settings):
    """front(*peers): Atlas on 127.0.0.1 and on each peer, and the address of the nginx before the first."""
    nginx, started = program("nginx", "nginx-light"), []

    def front(*peers, gone=()):
        port, door = free_port(), free_port()
        atlases = [Peer(address, port) for address in ("127.0.0.1", *peers)]
        started.extend(atlases)
        command = [nginx, "-c", settings([*peers, *gone], door, port), "-g", "daemon off;"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        started.append(process)
        url = f"http://127.0.0.1:{door}"
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/healthcheck").close()
                return url, atlases
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        raise AssertionError("nginx did not start in 10 s")

    yield front
    for one in started:
        if isinstance(one, Peer):
            one.stop()
        else:
            one.terminate()
            one.wait()


def publish(url):
    request = urllib.request.Request(f"{url}/api/v1/publish", data=b'{"metrics": []}', method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def test_what_is_published_to_one_machine_is_on_all(front):
    url, atlases = front("127.0.0.2", "127.0.0.3")
    assert publish(url) == 200
    for _ in range(200):
        if all(atlas.taken for atlas in atlases):
            break
        time.sleep(0.05)
    assert [atlas.taken for atlas in atlases] == [[("/api/v1/publish", b'{"metrics": []}')]] * 3


def test_a_peer_that_is_gone_takes_nothing_from_who_publishes(front):
    url, atlases = front("127.0.0.2", gone=["127.0.0.9"])
    assert [publish(url) for _ in range(3)] == [200] * 3
    assert len(atlases[0].taken) == 3


def test_nobody_publishes_to_a_peer_through_another(front):
    url, atlases = front("127.0.0.2")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(urllib.request.Request(f"{url}/peers/127.0.0.2", data=b"{}", method="POST"))
    assert atlases[1].taken == []


def test_nginx_takes_the_settings_with_and_without_peers(program, settings, tmp_path):
    for peers in ([], ["10.0.0.1", "10.0.1.1"]):
        command = [program("nginx", "nginx-light"), "-t", "-c", settings(peers, 7100, 7101)]
        checked = subprocess.run(command, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


@pytest.fixture
def fleet(program, client):
    """Three machines of a security group, besides one of another and one that has ended: (id, address)."""
    program("aws", "awscli")
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    groups = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in "ab"]

    def launch(group, count):
        asked = {"ImageId": "ami-12c6146b", "MinCount": count, "MaxCount": count, "SecurityGroupIds": [group]}
        made = ec2.run_instances(**asked)["Instances"]
        return [(one["InstanceId"], one["PrivateIpAddress"]) for one in made]

    ours, _, (dead, *_) = launch(groups[0], 3), launch(groups[1], 1), launch(groups[0], 1)
    ec2.terminate_instances(InstanceIds=[dead[0]])
    return ours


def test_follows_who_else_is_in_its_fleet_and_reloads_only_for_a_change(machine, fleet):
    (machine.root / "atlas").mkdir()
    (machine.root / "machine.env").write_text("AWS_REGION=us-east-1\n")
    machine.stand_in("cloud-init", f"echo {fleet[0][0]}")
    machine.stand_in("systemctl")
    for _ in range(2):
        done = machine.run(ATLAS / "follow-peers.sh", env={"FOURPLANE_FOLDER": str(machine.root)})
        assert done.returncode == 0, done.stderr
    told = (machine.root / "atlas" / "peers.conf").read_text()
    assert set(re.findall(r"mirror /peers/(\S+);", told)) == {address for _, address in fleet[1:]}
    assert [call for call in machine.called() if call.startswith("systemctl")] == [
        "systemctl try-reload-or-restart atlas-replicas.service"
    ]


@pytest.mark.parametrize("script", sorted(ATLAS.glob("*.sh")), ids=lambda path: path.stem)
def test_scripts_have_none_of_the_known_mistakes(script: Path, program):
    checked = subprocess.run([program("shellcheck", "shellcheck"), script], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_systemd_takes_the_units(program, tmp_path):
    systemd = program("systemd-analyze", "systemd")
    units = [path for path in ATLAS.iterdir() if path.suffix in (".service", ".timer")]
    for unit in units:
        text = unit.read_text()
        for needed in ("/usr/local/bin/follow-peers", "/usr/sbin/nginx"):
            text = text.replace(needed, "/bin/true")  # verify wants the programs to be there
        (tmp_path / unit.name).write_text(text)
    names = [str(tmp_path / unit.name) for unit in units]
    checked = subprocess.run([systemd, "verify", "--man=no", *names], capture_output=True, text=True)
    assert checked.returncode == 0 and str(tmp_path) not in checked.stderr, checked.stderr
