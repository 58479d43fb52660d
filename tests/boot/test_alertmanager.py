"""Alertmanager with the settings that its pods have, against an emulated topic."""

import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from components.control.alertmanager import TEMPLATE
from components.machine import render
from tests.boot.conftest import KEYS, REGION
from tests.boot.redis_machine import free_port

ALERT = {
    "labels": {"alertname": "ServiceGone", "service": "orders"},
    "annotations": {"summary": "No pod of orders has answered"},
}


@pytest.fixture
def topic(client):
    """A topic's ARN, and a function that waits for what is published to it."""
    arn = client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    wanted = {"QueueUrl": queue, "AttributeNames": ["QueueArn"]}
    queue_arn = client("sqs").get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
    client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)

    def published():
        for message in client("sqs").receive_message(QueueUrl=queue).get("Messages", []):
            return json.loads(message["Body"])

    return arn, published


@pytest.fixture
def tell(topic, endpoint, tmp_path, program):
    """tell(alerts): Alertmanager is told of them."""
    text = render(TEMPLATE, topic_arn=topic[0], region=REGION).replace("group_wait: 30s", "group_wait: 0s")
    text = text.replace("      - topic_arn:", f"      - api_url: {endpoint}\n        topic_arn:")
    (tmp_path / "alertmanager.yml").write_text(text)
    at = f"127.0.0.1:{free_port()}"
    command = [program("prometheus-alertmanager", "prometheus-alertmanager")]
    command += [f"--web.listen-address={at}", "--cluster.listen-address="]
    command += [f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}"]

    def asked(path, body=None):
        request = urllib.request.Request(f"http://{at}{path}", body, {"Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=5).status == 200

    with subprocess.Popen(command, env={**os.environ, **KEYS}, stderr=subprocess.DEVNULL) as alertmanager:
        try:
            until(lambda: asked("/-/healthy"))
            yield lambda *alerts: asked("/api/v2/alerts", json.dumps(alerts).encode())
        finally:
            alertmanager.kill()


def until(found):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if answer := found():
                return answer
        time.sleep(0.02)
    raise AssertionError("it did not come")


def test_an_alert_is_published_in_words(tell, topic):
    assert tell(ALERT)
    said = until(topic[1])
    assert said["Subject"] == "FIRING: ServiceGone orders"
    assert said["Message"] == "firing: No pod of orders has answered\n"
