"""A provider's cache, run by the programs that run it there: nginx, bash, and what writes its file."""

import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from components.edge.isp_cache import _program

NGINX = Path("components/edge/nginx").resolve()
FILM = b"0123456789" * 10


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Edge(BaseHTTPRequestHandler):
    """A CDN: it has one film, answers ranges, and remembers who asked for what."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Host"]))
        self.server.heard = self.headers
        first, last = (int(n) for n in (self.headers["Range"] or "bytes=0-99").split("=")[1].split("-"))
        part = FILM[first : last + 1]
        self.send_response(204 if self.path.startswith("/beacon") else 206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(FILM)}")
        self.send_header("ETag", '"1"')
        self.send_header("Vary", "Origin, Accept-Encoding")
        self.end_headers()
        if not self.path.startswith("/beacon"):
            self.wfile.write(part)

    def log_message(self, *_):
        pass


class Names(socketserver.BaseRequestHandler):
    """A name server for which every name is this machine."""

    def handle(self):
        query, reply = self.request
        question = query[12 : query.index(b"\0", 12) + 5]
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("127.0.0.1")
        reply.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + answer, self.client_address)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """certificate(host): a certificate of its own for a host, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed; apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def make(host):
        both = folder / f"{host}.pem"
        if not both.exists():
            made = ["-keyout", folder / "key", "-out", folder / "crt", "-subj", f"/CN={host}"]
            name = ["-addext", f"subjectAltName=DNS:{host}"]
            new = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made, *name]
            subprocess.run(new, check=True, capture_output=True)
            both.write_bytes((folder / "crt").read_bytes() + (folder / "key").read_bytes())
        return both

    return make


@pytest.fixture
def edge(certificate):
    """edge(host): a CDN that has the certificate of a host."""
    started = []

    def start(host):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
        server.asked = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(host))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def write(tmp_path):
    """write(address, **settings): nginx.conf as render-nginx writes it on the machine."""

    def write(address, **settings):
        files = _program("cdn-us", 0.01)["files"]
        shipped = json.loads(files["/etc/fourplane/cache.json"])
        (tmp_path / "cache").mkdir(exist_ok=True)
        here = {
            "cache_folder": str(tmp_path / "cache"),
            "run_folder": str(tmp_path),
            "access_log": str(tmp_path / "access.log"),
            "error_log": str(tmp_path / "error.log"),
        }
        (tmp_path / "cache.json").write_text(json.dumps({**shipped, **here, **settings}))
        (tmp_path / "nginx.conf.j2").write_text(files["/etc/fourplane/nginx.conf.j2"])
        (tmp_path / "configuration.env").write_text(f"OTHER_ADDRESS=x:1\nCDN_US_ADDRESS={address}\n")
        program = tmp_path / "render-nginx"
        program.write_text(files["/usr/local/bin/render-nginx"])
        command = [shutil.which("python3"), str(program)]
        subprocess.run(command, env={"FOURPLANE_FOLDER": str(tmp_path)}, check=True)
        return tmp_path / "nginx" / "nginx.conf"

    return write


@pytest.fixture
def cache(program, write, certificate, tmp_path):
    """cache(port): a cache of the edge at that port, which it knows as edge.test: ask(path, **headers)."""
    nginx = program("nginx", "nginx")
    names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names)
    threading.Thread(target=names.serve_forever, args=(0.05,), daemon=True).start()
    running = []

    def start(edge_port):
        port = free_port()
        config = write(
            f"edge.test:{edge_port}",
            port=port,
            resolver=f"127.0.0.1:{names.server_address[1]}",
            trusted_certificates=str(certificate("edge.test")),
        )
        # Its image has no root to leave; here its workers would be somebody who may not write to the folder.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        command = [nginx, "-p", tmp_path, "-c", config, *user]
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

        def ask(path, method="GET", **headers):
            wanted = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers, method=method)
            try:
                with urllib.request.urlopen(wanted, timeout=10) as answer:
                    ask.told = answer.headers
                    return answer.status, answer.headers.get("X-Cache"), answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.headers.get("X-Cache"), b""

        for _ in range(200):
            try:
                ask("/health")
                return ask
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise AssertionError((tmp_path / "error.log").read_text())

    yield start
    for process in running:
        process.terminate()
        process.wait()
    names.shutdown()
    names.server_close()


def test_nginx_takes_the_file(program, write, certificate, tmp_path):
    nginx = program("nginx", "nginx")
    config = write("d1.cloudfront.net:443", trusted_certificates=str(certificate("edge.test")))
    checked = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "max_size=9g" in config.read_text() and "set $edge d1.cloudfront.net:443;" in config.read_text()


def test_a_film_is_fetched_once_by_the_edge_s_own_name(cache, edge):
    us = edge("edge.test")
    ask = cache(us.server_port)
    assert ask("/film/1.m4s") == (200, "MISS", FILM)
    assert ask("/film/1.m4s?session=2") == (200, "HIT", FILM)
    assert us.asked == [("/film/1.m4s", "edge.test")]


def test_a_part_of_a_film_comes_from_the_same_slice(cache, edge):
    ask = cache(edge("edge.test").server_port)
    assert ask("/film/1.m4s", Range="bytes=10-19") == (206, "MISS", FILM[10:20])
    assert ask("/film/1.m4s", Range="bytes=50-59") == (206, "HIT", FILM[50:60])


def test_what_is_kept_is_for_every_player(cache, edge):
    us = edge("edge.test")
    ask = cache(us.server_port)
    ask("/film/1.m4s", **{"Accept-Encoding": "gzip"})
    assert us.heard["Accept-Encoding"] is None
    assert ask("/film/1.m4s", Origin="https://tv.example.com")[1] == "HIT"
    assert ask.told.get_all("Access-Control-Allow-Origin") == ["*"]


def test_what_is_in_the_cache_is_served_while_the_edge_is_gone(cache, edge):
    us = edge("edge.test")
    ask = cache(us.server_port)
    ask("/film/1.m4s")
    us.shutdown()
    us.socket.close()
    assert ask("/film/1.m4s") == (200, "HIT", FILM) and ask("/film/2.m4s")[0] == 502
    assert ask("/health")[0] == 200


def test_an_edge_with_another_s_certificate_is_not_believed(cache, edge):
    ask = cache(edge("somebody.test").server_port)
    assert ask("/film/1.m4s")[0] == 502


def test_a_player_s_report_reaches_the_edge_every_time(cache, edge):
    us = edge("edge.test")
    ask = cache(us.server_port)
    assert [ask("/beacon?start=85")[0] for _ in range(2)] == [204, 204]
    assert us.asked == [("/beacon?start=85", "edge.test")] * 2


def test_nobody_changes_anything_through_a_cache(cache, edge):
    us = edge("edge.test")
    assert cache(us.server_port)("/film/1.m4s", method="DELETE")[0] == 403 and us.asked == []


def test_every_delivery_is_a_line_of_json(cache, edge, tmp_path):
    ask = cache(edge("edge.test").server_port)
    ask("/film/1.m4s")
    said = json.loads((tmp_path / "access.log").read_text())
    assert (said["status"], said["bytes"], said["cache"]) == (200, len(FILM), "MISS")


@pytest.fixture
def prepare(machine):
    """prepare(disks): what was called to make room for the cache on a machine with those disks."""

    def prepare(disks):
        lines = "".join(f"echo '{path} {model}'\n" for path, model in disks.items())
        machine.stand_in("lsblk", lines)
        machine.stand_in("mountpoint", "exit 1")
        machine.stand_in("blkid", "exit 2")
        for name in ("mdadm", "mkfs.xfs", "mount", "chown", "render-nginx"):
            machine.stand_in(name)
        folder = str(machine.root / "cache")
        result = machine.run(
            NGINX / "prepare-cache.sh", env={"CACHE_FOLDER": folder, "RENDER_NGINX": "render-nginx"}
        )
        assert result.returncode == 0, result.stderr
        quiet = ("lsblk", "mountpoint", "blkid", "chown", "render-nginx")
        return [one.replace(folder, "CACHE") for one in machine.called() if not one.startswith(quiet)]

    return prepare


NVME = "Amazon EC2 NVMe Instance Storage"


def test_the_machine_s_own_disk_holds_the_cache(prepare):
    called = prepare({"/dev/nvme0n1": "Amazon Elastic Block Store", "/dev/nvme1n1": NVME})
    assert called == ["mkfs.xfs -q /dev/nvme1n1", "mount -o noatime /dev/nvme1n1 CACHE"]


def test_several_disks_hold_it_together(prepare):
    called = prepare({"/dev/nvme1n1": NVME, "/dev/nvme2n1": NVME})
    striped = "mdadm --create /dev/md/content --run --level=0 --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1"
    assert striped in called and called[-1] == "mount -o noatime /dev/md/content CACHE"


def test_the_root_disk_holds_it_where_there_is_no_other(prepare):
    assert prepare({"/dev/nvme0n1": "Amazon Elastic Block Store"}) == []


def test_shellcheck_takes_the_script(program):
    shellcheck = program("shellcheck", "shellcheck")
    assert subprocess.run([shellcheck, NGINX / "prepare-cache.sh"]).returncode == 0
