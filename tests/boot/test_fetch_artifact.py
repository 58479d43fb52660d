"""How a machine gets a package: the real script, AWS CLI and curl, against servers that demand what
CodeArtifact and S3 do."""

import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import ssl
import subprocess
import threading
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.artifact import FETCH
from tests.boot.conftest import Machine

WAR, TOKEN = b"a server" * 1000, "eyJ2ZXIiOjEsImlzdSI6MTYwfQ.e30.-_sig"
PATH = "/maven/packages/com/example/server/1.0/server-1.0.war"
BASIC = "Basic " + base64.b64encode(f"aws:{TOKEN}".encode()).decode()


class Site:
    """A server on an address of its own. `answer(request)`: its status, headers and body."""

    def __init__(self, address, answer, certificate=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = answer(self)
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://{address}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 and 127.0.0.2, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    names = [x509.IPAddress(ipaddress.ip_address(f"127.0.0.{n}")) for n in (1, 2)]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "site.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    text = key.private_bytes(serialization.Encoding.PEM, *plain)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + text)
    return file


class Cache:
    """CodeArtifact and the bucket that it sends its clients to."""

    def __init__(self, certificate):
        self.asked, self.body, self.sum, self.broken = [], WAR, hashlib.sha256(WAR).hexdigest(), 0
        self.bucket = Site("127.0.0.2", self._serve, certificate)
        self.repository = Site("127.0.0.1", self._redirect, certificate)
        self.api = Site("127.0.0.1", self._give_token)

    def _give_token(self, request):
        self.asked.append(urllib.parse.unquote(request.path))
        return 200, {}, json.dumps({"authorizationToken": TOKEN, "expiration": 1}).encode()

    def _redirect(self, request):
        if request.headers.get("Authorization") != BASIC:
            return 401, {}, b""
        if request.path == f"{PATH}.sha256":
            return 200, {}, self.sum.encode()
        return (
            (307, {"Location": f"{self.bucket.url}/x?sig=1"}, b"") if request.path == PATH else (404, {}, b"")
        )

    def _serve(self, request):
        if "Authorization" in request.headers:
            return 400, {}, b"Only one auth mechanism allowed"
        self.broken -= 1
        return 200, {}, self.body[:10] if self.broken >= 0 else self.body

    def stop(self):
        for site in (self.api, self.repository, self.bucket):
            site.stop()


@pytest.fixture
def cache(certificate):
    cache = Cache(certificate)
    yield cache
    cache.stop()


@pytest.fixture
def fetch(cache, certificate, program, tmp_path, aws_cli):
    """fetch(sha256): the script's run, on a machine that is to have the server at opt/server.war."""
    program("aws", "awscli")
    machine = Machine(tmp_path, cache.api.url, aws_cli)
    machine.stand_in("curl", f'exec {program("curl", "curl")} "$@"')
    (tmp_path / "machine.env").write_text("AWS_REGION=us-east-1\n")

    def fetch(sha256=""):
        settings = {"DOMAIN": "prod-packages", "OWNER": "123456789012", "URL": cache.repository.url + PATH}
        settings |= {"SHA256": sha256, "FILE": f"{tmp_path}/opt/server.war"}
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (tmp_path / "artifact.env").write_text(text)
        here = {"FOURPLANE_FOLDER": str(tmp_path), "POLL_SECONDS": "0.1", "CURL_CA_BUNDLE": str(certificate)}
        return machine.run(FETCH, env=here)

    return fetch


def test_brings_the_file_with_a_token_that_the_bucket_never_sees(cache, fetch, tmp_path):
    result = fetch(hashlib.sha256(WAR).hexdigest())
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "opt" / "server.war").read_bytes() == WAR
    asked = "/v1/authorization-token?domain=prod-packages&domain-owner=123456789012&duration=900"
    assert cache.asked == [asked]


def test_nobody_else_on_the_machine_sees_the_token(fetch, tmp_path):
    fetch()
    calls = (tmp_path / "calls").read_text()
    assert calls.count(PATH) == 2 and TOKEN not in calls


def test_fetches_once(cache, fetch):
    fetch()
    before = len(cache.asked)
    assert fetch().returncode == 0 and len(cache.asked) == before


def test_asks_again_for_what_did_not_come_whole(cache, fetch, tmp_path):
    cache.broken = 1
    result = fetch()
    assert result.returncode == 0 and "server-1.0.war yet" in result.stderr
    assert (tmp_path / "opt" / "server.war").read_bytes() == WAR


def test_runs_no_program_but_the_one_that_was_asked_for(fetch, tmp_path):
    result = fetch("0" * 64)
    assert result.returncode == 1 and "server-1.0.war is not the file that was asked for" in result.stderr
    assert not list((tmp_path / "opt").iterdir())


def test_the_script_has_none_of_the_known_mistakes(program):
    checked = subprocess.run([program("shellcheck", "shellcheck"), FETCH], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
