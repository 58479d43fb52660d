"""The recommendation service, compiled and run: by Debian's Scala 2.11, of which its machines' 2.13 takes all
that the service uses."""

import contextlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.boot import compiled
from tests.boot.kong_machine import free_port

SOURCE = Path("stacks/services/RecommendationService.scala").resolve()
FOUND = {"hits": {"hits": [{"_source": {"title": "Dark"}}]}}
ROLE = {
    "AccessKeyId": "ASIA1",
    "SecretAccessKey": "hush",
    "Token": "for/a+while==",
    "Expiration": "2999-01-01T00:00:00Z",
}


class Aws(http.server.BaseHTTPRequestHandler):
    """OpenSearch and a machine's metadata, each as strict as the real one."""

    asked: list[dict]
    status = 200

    def do_PUT(self):
        wanted = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._answer(200 if wanted else 400, b"session")

    def do_GET(self):
        where = "/latest/meta-data/iam/security-credentials/"
        if self.headers["X-aws-ec2-metadata-token"] != "session":
            return self._answer(401, b"")
        answers = {
            where: b"recommendation-role",
            f"{where}recommendation-role": json.dumps(ROLE, indent=2).encode(),
        }
        self._answer(200, answers[self.path])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path, _, query = self.path.partition("?")
        if not self._signed(body):
            return self._answer(403, b"{}")
        self.asked.append({"path": path, "query": urllib.parse.parse_qs(query), "body": json.loads(body)})
        self._answer(self.status, json.dumps(FOUND).encode())

    def _signed(self, body):
        """Whether AWS's own library signs the same request in the same way."""
        keys = Credentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"], self.headers["X-Amz-Security-Token"])
        signed = ("Host", "Content-Type")
        url = f"http://{self.headers['Host']}{self.path}"
        request = AWSRequest("POST", url, {name: self.headers[name] for name in signed}, body)
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        request.headers["X-Amz-Date"] = self.headers["X-Amz-Date"]
        if keys.token:
            request.headers["X-Amz-Security-Token"] = keys.token
        auth = SigV4Auth(keys, "es", "eu-west-1")
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return self.headers["Authorization"].endswith(f"Signature={auth.signature(text, request)}")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def aws():
    handler = type("Handler", (Aws,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        handler.address = f"127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()


@pytest.fixture
def recommendation():
    """recommendation(**environment): asks a service that is running: ask(path) -> (status, answer)."""
    with contextlib.ExitStack() as stack:

        def start(**environment):
            port = free_port()
            settings = {**os.environ, "PORT": str(port), "AWS_REGION": "eu-west-1", **environment}
            process = subprocess.Popen(compiled.scala(SOURCE), env=settings, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)

            def ask(path):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                        return answer.status, json.load(answer)
                except urllib.error.HTTPError as error:
                    with error:
                        return error.code, json.load(error)

            for _ in range(1500):
                try:
                    ask("/health")
                    return ask
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.02)
            raise AssertionError("the service did not start in 30 s")

        yield start


def of_role(aws):
    return {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{aws.address}",
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), ""),
    }


def test_asks_opensearch_for_titles_like_a_query_signed_by_the_machine_s_role(recommendation, aws):
    ask = recommendation(TITLES_ADDRESS=aws.address, **of_role(aws))
    wanted = 'dark "stories" ü & \\ more'
    assert ask(f"/api/recommendations?a=b&q={urllib.parse.quote(wanted)}") == (
        200,
        {"recommendations": FOUND},
    )
    (asked,) = aws.asked
    assert asked["path"] == "/titles/_search" and asked["query"]["ignore_unavailable"] == ["true"]
    assert asked["body"]["query"]["multi_match"]["query"] == wanted


def test_recommends_what_is_popular_to_who_asks_for_nothing(recommendation, aws):
    keys = {"AWS_ACCESS_KEY_ID": ROLE["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": ROLE["SecretAccessKey"]}
    ask = recommendation(TITLES_ADDRESS=aws.address, **keys, AWS_SESSION_TOKEN="")
    assert ask("/api/recommendations")[0] == 200
    assert aws.asked[0]["body"]["query"] == {"match_all": {}}


def test_says_so_when_search_is_lost_and_stays_healthy_itself(recommendation, aws):
    aws.status = 503
    ask = recommendation(TITLES_ADDRESS=aws.address, **of_role(aws))
    assert ask("/api/recommendations?q=a") == (503, {"search": "lost"})
    assert ask("/health") == (200, {"status": "up"}) and len(aws.asked) == 1


def test_says_so_when_it_knows_of_no_search(recommendation):
    assert recommendation(TITLES_ADDRESS="")("/api/recommendations?q=a") == (503, {"search": "lost"})
