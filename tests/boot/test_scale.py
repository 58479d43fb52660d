"""The real step that raises an autoscaler's minimum, against a Kubernetes API over TLS."""

import base64
import http.server
import json
import ssl
import threading
import urllib.error
import urllib.parse

import pytest

from blueprints.hot_cells import scale
from tests.boot.certificates import authority

PATH = "/apis/autoscaling/v2/namespaces/rides/horizontalpodautoscalers/matching"


@pytest.fixture
def api(tmp_path, monkeypatch):
    """The autoscaler as the API has it, and what it was asked."""
    kept, asked = {"minReplicas": 4, "maxReplicas": 20}, []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.do_PATCH()

        def do_PATCH(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else {}
            kept.update(body.get("spec", {}))
            asked.append(
                (self.command, self.path, self.headers["Authorization"], self.headers["Content-Type"])
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"spec": kept}).encode())

        def log_message(self, *args):
            pass

    certificate = authority(tmp_path / "api.pem")
    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "api.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for key, value in {
        "CLUSTER_URL": f"https://127.0.0.1:{server.server_port}",
        "CLUSTER_NAME": "dev-platform",
        "CLUSTER_AUTHORITY": base64.b64encode(certificate).decode(),
        "NAMESPACE": "rides",
        "AUTOSCALERS": '{"matching": 4}',
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(key, value)
    yield kept, asked
    server.shutdown()
    server.server_close()


def test_each_round_doubles_the_least_up_to_the_most_and_twice_is_as_good_as_once(api):
    kept, asked = api
    least = []
    for turn in (0, 0, 1, 2, 30):
        scale.handler({"do": "out", "state": {"round": turn}}, None)
        least.append(kept["minReplicas"])
    assert least == [8, 8, 16, 20, 20]
    assert [method for method, *_ in asked].count("PATCH") == 3
    assert scale.handler({"do": "in", "state": {}}, None) == {"matching": 4} and kept["minReplicas"] == 4


def test_it_changes_one_autoscaler_and_says_who_it_is_by_a_signed_question_to_sts(api):
    scale.handler({"do": "out", "state": {"round": 0}}, None)
    (_, path, _, _), (_, patched, bearer, kind) = api[1]
    assert (path, patched) == (PATH, f"{PATH}?fieldManager=hot-partitions")
    assert kind == "application/merge-patch+json"
    encoded = bearer.removeprefix("Bearer k8s-aws-v1.")
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    said = dict(urllib.parse.parse_qsl(url.query))
    assert url.netloc == "sts.eu-west-1.amazonaws.com" and said["Action"] == "GetCallerIdentity"
    assert said["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id" and said["X-Amz-Expires"] == "60"


def test_rejects_an_api_that_the_cluster_s_authority_does_not_vouch_for(api, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTER_AUTHORITY", base64.b64encode(authority(tmp_path / "other.pem")).decode())
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        scale.handler({"do": "out", "state": {"round": 0}}, None)
