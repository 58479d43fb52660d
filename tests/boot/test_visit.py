"""The synthetic client's script, run against a server that speaks TLS."""

import json
import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components.edge.synthetic_client import VISIT

HEADERS = {"Strict-Transport-Security": "max-age=1", "X-Content-Type-Options": "nosniff"}
RUN = "import visit; print(visit.handler({}, None))"


@pytest.fixture
def certificate(tmp_path, program):
    """A folder with a certificate for localhost, signed by itself, and its key."""
    subprocess.run(
        [program("openssl", "openssl"), "req", "-x509", "-nodes", "-newkey", "ec",
         "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        capture_output=True,
        check=True,
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def site(certificate):
    """site(answers): the port of a site that has these answers, (status, headers) by path."""
    servers = []

    def start(answers):
        class Site(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, headers = answers.get(self.path, (404, HEADERS))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

        server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def visit(certificate):
    """visit(host, *paths): how the script ends, its certificates trusted or not."""

    def run(host, *paths, trusted=True):
        trust = {"SSL_CERT_FILE": str(certificate / "cert.pem")} if trusted else {}
        settings = {**os.environ, "SITE": host, "PATHS": json.dumps(paths), **trust}
        return subprocess.run(
            [sys.executable, "-c", RUN], cwd=VISIT.parent, env=settings, capture_output=True, text=True
        )

    return run


def test_a_site_that_answers_as_it_should_is_a_success(site, visit):
    port = site({"/": (200, HEADERS), "/api/users": (200, HEADERS)})
    ended = visit(f"localhost:{port}", "/", "/api/users")
    assert ended.returncode == 0 and f"2 paths of localhost:{port} answered" in ended.stdout


def test_a_path_that_does_not_answer_200_is_a_failure(site, visit):
    port = site({"/": (200, HEADERS), "/api/users": (503, HEADERS)})
    ended = visit(f"localhost:{port}", "/", "/api/users")
    assert ended.returncode and "/api/users answered 503" in ended.stderr


def test_an_answer_without_its_security_headers_is_a_failure(site, visit):
    ended = visit(f"localhost:{site({'/': (200, {})})}", "/")
    assert ended.returncode and "answered without strict-transport-security" in ended.stderr


def test_a_certificate_that_nobody_vouches_for_is_a_failure(site, visit):
    ended = visit(f"localhost:{site({'/': (200, HEADERS)})}", "/", trusted=False)
    assert ended.returncode and "CERTIFICATE_VERIFY_FAILED" in ended.stderr


def test_a_certificate_of_another_name_is_a_failure(site, visit):
    ended = visit(f"127.0.0.1:{site({'/': (200, HEADERS)})}", "/")
    assert ended.returncode and "CERTIFICATE_VERIFY_FAILED" in ended.stderr


def test_a_site_that_is_not_there_is_a_failure(visit):
    assert "refused" in visit("localhost:1", "/").stderr
