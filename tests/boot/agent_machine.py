"""A stand-in for an ejabberd node and its instance, and the program that stands beside them."""

import importlib.util
import json
import threading
import urllib.parse
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

from components.ejabberd.agent_files import HERE
from tests.boot.conftest import REGION
from tests.boot.redis_machine import free_port

PROGRAM = HERE / "agent.py"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
"""When the log begins: CloudWatch leaves out what is older than two weeks."""
VITALS = {"run_queue": 3, "connections": 2, "messages_sent": 1000, "delivery_p99_ms": "12.5"}
STATE = "autoscaling/target-lifecycle-state"
GROUP = "tags/instance/aws:autoscaling:groupName"
DONE = b"<CompleteLifecycleActionResponse><CompleteLifecycleActionResult/></CompleteLifecycleActionResponse>"
EARLY = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
    b"<Message>No active Lifecycle Action found</Message></Error></ErrorResponse>"
)


class Node(ThreadingHTTPServer):
    """ejabberd's API, the instance's metadata, and the Auto Scaling that its instance may end by."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.vitals, self.status, self.drains, self.ended, self.waits = dict(VITALS), 200, 0, [], True
        self.metadata = {STATE: "InService", "instance-id": "i-1", GROUP: "g-1"}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.path.removeprefix("/latest/meta-data/")
        if self.path == "/api/vitals":
            said = self.server.vitals
            self.answer(self.server.status, said if isinstance(said, bytes) else json.dumps(said).encode())
        elif self.headers["X-aws-ec2-metadata-token"] != "token":
            self.answer(401)
        else:
            known = self.server.metadata
            self.answer(200 if asked in known else 404, known.get(asked, "").encode())

    def do_PUT(self):
        lasting = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if self.path == "/latest/api/token" and lasting else 400, b"token")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/api/drain" and json.loads(body) == {}:
            self.server.drains += 1
            return self.answer(200, b"0")
        if not self.server.waits:
            return self.answer(400, EARLY)
        self.server.ended.append(dict(urllib.parse.parse_qsl(body)))
        return self.answer(200, DONE)

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Not a line for every request."""


def loaded():
    """The program, as a module of the test's own."""
    spec = importlib.util.spec_from_file_location("ejabberd_agent", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def once(agent, duty):
    """A round of a duty and its last one, as the service makes them."""
    ending = threading.Event()
    ending.set()
    agent.forever("duty", 60, duty, ending)


def nobody(service):
    """A client of AWS that is not there."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=boto3.session.Config(retries={"total_max_attempts": 1}),
    )


def time_of(second):
    return START + timedelta(seconds=second, microseconds=second)


def line(second, words="[info] <0.1.0>@m:f:1 words"):
    """An entry as ejabberd writes it."""
    return f"{time_of(second).isoformat(' ', 'microseconds')} {words}\n"
