"""The shop's services, built as their images build them, on a machine of one's own."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stacks.amazon_shop import JAVA
from tests.boot import compiled
from tests.boot.compiled import BUILT, built
from tests.boot.kong_machine import free_port

SERVICES = Path("stacks/services").resolve()
ROLE = {
    "AccessKeyId": "ASIA1",
    "SecretAccessKey": "hush",
    "Token": "for/a+while==",
    "Expiration": "2999-01-01T00:00:00Z",
}
NO_KEYS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "")
ROOT = "1-5759e988-bd862e3fe1be46a994272793"
TRACE = {"X-Amzn-Trace-Id": f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"}


def need(folder: Path) -> None:
    """Skip a test that a machine lacks packages for."""
    wanted = (folder / "build.packages").read_text().split()
    if shutil.which("dpkg-query") is None:
        pytest.skip("the packages of its image are Debian's")
    asked = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    said = subprocess.run(asked, capture_output=True, text=True).stdout.split("\n")
    if missing := [package for package in wanted if f"{package} installed" not in said]:
        pytest.skip(f"{folder.name} cannot be built; apt-get install {' '.join(missing)}")


def java_command(service: str, *more: str) -> list[str]:
    """How a service in Java is run, from the files that its image has besides the shared ones."""
    sources = [SERVICES / name for name in (*JAVA, f"{service}.java", *more) if name.endswith(".java")]
    return compiled.java(service, sources, "-Xlint:all", "-Werror", "--release", "17")


def order_command() -> list[str]:
    folder = SERVICES / "order"
    need(folder)
    sources = sorted([*folder.glob("*.cc"), *folder.glob("*.h"), folder / "Makefile"])
    make = ["make", "--silent", "--jobs=2", "CXXFLAGS=-O0"]
    out = built("order", sources, lambda out: [*make, f"OUT={out}", f"{out}/order-service"])
    return [str(out / "order-service")]


def cargo(out: Path, *arguments: str) -> list[str]:
    """Debian's cargo, with what its crates were compiled to once: on a copy, beside which it writes."""
    folder, target = SERVICES / "inventory", BUILT / "cargo"
    run = f"cp --recursive {folder}/. {out}/source && cd {out}/source && cargo {' '.join(arguments)}"
    settings = f"PATH=/usr/bin:/bin CARGO_TARGET_DIR={target} CARGO_PROFILE_DEV_DEBUG=0"
    return ["env", *settings.split(), "sh", "-c", f"{run} && (cp {target}/debug/inventory {out}/ || true)"]


def inventory_sources() -> list[Path]:
    folder = SERVICES / "inventory"
    need(folder)
    return [folder / "Cargo.toml", *sorted(folder.glob("src/*.rs"))]


def inventory_command() -> list[str]:
    out = built("inventory", inventory_sources(), lambda out: cargo(out, "build", "--quiet"))
    return [str(out / "inventory")]


class Running:
    """A program that answers over HTTP."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        settings = {**os.environ, "PORT": str(self.port), "AWS_REGION": "eu-west-1", **environment}
        self.process = subprocess.Popen(command, env=settings, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            try:
                assert self.ask("GET", "/health")[:2] == (200, {"status": "up"})
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, f"{command[0]} has ended"
                time.sleep(0.02)
        raise AssertionError("it did not start in 20 s")

    def ask(self, method, path, body=None, **headers):
        """(status, JSON or text, headers)."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"http://{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, _read(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read()), error.headers

    def end(self) -> int:
        """Its exit code, once it is told to end as a container is."""
        self.process.terminate()
        return self.process.wait(timeout=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Aws(http.server.BaseHTTPRequestHandler):
    """A machine's metadata, as strict as EC2's, for stand-ins of what its role is for."""

    protocol_version = "HTTP/1.1"
    service = ""

    def do_PUT(self):
        if self.path != "/latest/api/token":
            return self.other()
        wanted = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if wanted else 400, "session")

    def do_GET(self):
        where = "/latest/meta-data/iam/security-credentials/"
        if not self.path.startswith(where):
            return self.other()
        known = self.headers["X-aws-ec2-metadata-token"] == "session"
        answers = {where: "a-role", f"{where}a-role": json.dumps(ROLE, indent=2)}
        self.answer(200 if known else 401, answers[self.path] if known else "")

    def do_POST(self):
        self.other()

    def other(self):
        self.answer(404, "")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def signed(self, body: bytes) -> bool:
        """Whether AWS's own library signs the same request in the same way."""
        authorization = self.headers["Authorization"]
        names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        keys = Credentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"], ROLE["Token"])
        own = {name: self.headers[name] for name in names if not name.startswith("x-amz-")}
        own |= {"X-Amz-Target": self.headers["X-Amz-Target"]} if "x-amz-target" in names else {}
        request = AWSRequest(self.command, f"http://{self.headers['Host']}{self.path}", own, body)
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        request.headers["X-Amz-Date"] = self.headers["X-Amz-Date"]
        request.headers["X-Amz-Security-Token"] = self.headers["X-Amz-Security-Token"]
        auth = SigV4Auth(keys, self.service, "eu-west-1")
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return authorization.endswith(f"Signature={auth.signature(text, request)}")

    def answer(self, status: int, text: str, **headers: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def serve(handler: type) -> http.server.ThreadingHTTPServer:
    """A stand-in that answers, until it is shut down."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.address = f"127.0.0.1:{server.server_port}"
    return server


def presigned(path: str, host: str) -> str:
    """The signature that AWS's own library gives a URL with a query like this one's."""
    url = f"http://{host}{path.partition('&X-Amz-Signature=')[0]}"
    keys = Credentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"], ROLE["Token"])
    request = AWSRequest("GET", url, {"Host": host})
    request.context["timestamp"] = path.partition("X-Amz-Date=")[2].partition("&")[0]
    request.context["payload_signing_enabled"] = False
    auth = _Presigned(keys, "s3", "eu-west-1")
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


class _Presigned(S3SigV4Auth):
    def payload(self, request):
        return "UNSIGNED-PAYLOAD"


def _read(text: bytes):
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()
