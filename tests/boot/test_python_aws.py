"""What our Python programs say to AWS by themselves, against AWS's own library."""

import base64
import datetime
import json
import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from blueprints.evolution.rides.events import Kafka
from components.service.python.aws import TOKEN_SECONDS, Identity, Keys, kafka_token, secret, sign

NOW = datetime.datetime(2026, 3, 1, 12, 0, 5, tzinfo=datetime.UTC)
KEYS = Keys("ASIA1", "hush", "for/a+while==")
ROLE = {"AccessKeyId": "ASIA2", "SecretAccessKey": "s", "Token": "t", "Expiration": "2999-01-01T00:00:00Z"}


def test_signs_as_aws_s_library_does():
    url, body = "https://secretsmanager.eu-west-1.amazonaws.com/", b'{"SecretId": "a"}'
    headers = {"Content-Type": "application/x-amz-json-1.1", "Host": "secretsmanager.eu-west-1.amazonaws.com"}
    ours = sign(KEYS, "secretsmanager", "eu-west-1", url, headers, body, NOW)
    theirs = AWSRequest("POST", url, headers, body)
    theirs.context["timestamp"] = ours["X-Amz-Date"]
    theirs.headers["X-Amz-Date"] = ours["X-Amz-Date"]
    theirs.headers["X-Amz-Security-Token"] = KEYS.token
    auth = SigV4Auth(Credentials(KEYS.id, KEYS.secret, KEYS.token), "secretsmanager", "eu-west-1")
    text = auth.string_to_sign(theirs, auth.canonical_request(theirs))
    assert ours["Authorization"].endswith(f"Signature={auth.signature(text, theirs)}")


def test_a_token_for_kafka_is_the_url_that_aws_s_library_signs(monkeypatch):
    token = kafka_token(KEYS, "eu-west-1", NOW)
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: NOW.replace(tzinfo=None))
    keys = Credentials(KEYS.id, KEYS.secret, KEYS.token)
    theirs = AWSRequest("GET", "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect")
    SigV4QueryAuth(keys, "kafka-cluster", "eu-west-1", expires=TOKEN_SECONDS).add_auth(theirs)
    ours, wanted = (urllib.parse.parse_qs(urllib.parse.urlsplit(one).query) for one in (url, theirs.url))
    assert ours.pop("User-Agent") == ["python"] and ours == wanted


@pytest.fixture
def metadata(monkeypatch):
    """What a pod's agent, and a machine's metadata, say: keys to who shows the right token."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            self._say(200 if self.headers["X-aws-ec2-metadata-token-ttl-seconds"] else 400, "session")

        def do_GET(self):
            role = "/latest/meta-data/iam/security-credentials/"
            known = {"/v1/credentials": json.dumps(ROLE), role: "rides", f"{role}rides": json.dumps(ROLE)}
            shown = self.headers["Authorization"] or self.headers["X-aws-ec2-metadata-token"]
            self._say(200 if shown in ("of the pod", "session") else 401, known[self.path])

        def _say(self, status, text):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_has_the_keys_of_its_pod_s_role(metadata, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("of the pod\n")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{metadata}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    assert Identity().keys().id == "ASIA2"


def test_has_the_keys_of_its_machine_s_role(metadata, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{metadata}/")
    assert Identity().keys().secret == "s"


def test_reads_what_a_secret_holds(endpoint, client, monkeypatch):
    arn = client("secretsmanager").create_secret(Name="a", SecretString='{"username": "ann"}')["ARN"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert secret(Identity(), arn) == {"username": "ann"}


class Sent:
    """A producer, which keeps what it sends, or is lost."""

    def __init__(self, lost=False):
        self.lost, self.sent = lost, []

    def send(self, topic, key, value):
        if self.lost:
            raise TimeoutError("no broker")
        self.sent.append((topic, key, json.loads(value)))
        return self

    def add_errback(self, _):
        return self


def test_an_event_is_told_by_its_key_and_fails_nobody_s_request():
    producer = Sent()
    Kafka(producer).publish("trip.state.changed", "t1", {"state": "completed"})
    assert producer.sent == [("trip.state.changed", b"t1", {"state": "completed"})]
    Kafka(Sent(lost=True)).publish("trip.state.changed", "t1", {"state": "completed"})
