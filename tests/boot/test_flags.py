"""Flags as a program reads them, against what AppConfig says, and how they are turned."""

import io
import json
import os
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.stub import Stubber

from components.control.flag_document import document
from components.service.python import flags
from components.service.python.flags import Flags, among, arm, change

ADDRESS = "app1/env1/prof1"
SAID = {"reviews": {"enabled": True, "percent": 20}, "ads": {"enabled": False}}
ARMS = ["control", "new", "control", "new"]
"""Of the first users, now and for ever: another program may put them in arms, too."""
USERS = [f"user-{number}" for number in range(20_000)]


class AppConfig:
    """What answers as AppConfig does: a new token each time, and nothing where nothing has changed."""

    def __init__(self):
        self.said, self.asked, self.signed, self.lost = SAID, [], [], False

    def handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append(asked)
                self._say(503 if service.lost else 201, {"InitialConfigurationToken": "a+b/c="}, {})

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                service.asked.append(query["configuration_token"][0])
                service.signed.append((self.path, dict(self.headers)))
                said, service.said = service.said, None
                told = {"Next-Poll-Configuration-Token": "d", "Next-Poll-Interval-In-Seconds": "60"}
                self._say(503 if service.lost else 200, said, told)

            def _say(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode() if body is not None else b"")

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def appconfig(monkeypatch):
    service = AppConfig()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with HTTPServer(("127.0.0.1", 0), service.handler()) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
        yield service
        server.shutdown()


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(flags.time, "monotonic", lambda: now[0])
    return now


def test_reads_flags_once_and_what_changes_later(appconfig, clock):
    read = Flags(ADDRESS, "us-east-1")
    assert read.on("reviews") and not read.on("ads") and not read.on("unknown")
    assert read.value("reviews", "percent", 0) == 20 and read.value("ads", "percent", 7) == 7
    names = ("ApplicationIdentifier", "EnvironmentIdentifier", "ConfigurationProfileIdentifier")
    assert appconfig.asked == [dict(zip(names, ADDRESS.split("/"), strict=True)), "a+b/c="]
    clock[0] += 61
    assert read.on("reviews") and appconfig.asked[2:] == ["d"]  # nothing has changed
    clock[0] += 61
    appconfig.said = {"reviews": {"enabled": False}}
    assert not read.on("reviews") and appconfig.asked[3:] == ["d"]


def test_asks_in_a_way_that_aws_s_library_would_sign_the_same(appconfig, clock):
    Flags(ADDRESS, "us-east-1").on("reviews")
    path, headers = appconfig.signed[0]
    names = ("Content-Type", "Host", "X-Amz-Date")
    theirs = AWSRequest("GET", f"http://{headers['Host']}{path}", {name: headers[name] for name in names})
    theirs.context["timestamp"] = headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials("id", "hush"), "appconfig", "us-east-1")
    text = auth.string_to_sign(theirs, auth.canonical_request(theirs))
    assert headers["Authorization"].endswith(f"Signature={auth.signature(text, theirs)}")


def test_what_was_read_holds_while_appconfig_is_lost(appconfig, clock):
    read = Flags(ADDRESS, "us-east-1")
    assert read.on("reviews")
    appconfig.lost, clock[0] = True, clock[0] + 61
    assert read.on("reviews") and read.on("reviews") and len(appconfig.asked) == 3
    appconfig.lost, appconfig.said, clock[0] = False, {"ads": {"enabled": True}}, clock[0] + 6
    assert read.on("ads") and isinstance(appconfig.asked[3], dict)  # it began anew


def test_without_appconfig_all_is_off_or_as_the_program_says(appconfig, clock):
    appconfig.lost = True
    read = Flags(ADDRESS, "us-east-1")
    assert not read.on("reviews") and read.on("reviews", otherwise=True)
    appconfig.lost, clock[0] = False, clock[0] + 6
    assert not read.on("ads", otherwise=True) and read.on("unknown", otherwise=True)


def test_one_caller_asks_and_the_others_go_on(appconfig, clock):
    read = Flags(ADDRESS, "us-east-1")
    with read._asking:
        assert not read.on("reviews") and appconfig.asked == []


def test_arms_are_as_large_as_they_should_be():
    for shares in ({"control": 50, "new": 50}, {"control": 90, "new": 10}, {"a": 1, "b": 1, "c": 1}):
        counts = Counter(arm(user, "ranking", shares) for user in USERS)
        for name, share in shares.items():
            expected = len(USERS) * share / sum(shares.values())
            assert abs(counts[name] - expected) < 4 * expected**0.5, (shares, name)


def test_a_user_stays_in_an_arm_and_tests_do_not_follow_each_other():
    shares = {"control": 50, "new": 50}
    first = {user: arm(user, "ranking", shares) for user in USERS}
    assert first == {user: arm(user, "ranking", shares) for user in reversed(USERS)}
    assert [arm(user, "ranking", shares) for user in USERS[:4]] == ARMS
    same = sum(first[user] == arm(user, "price", shares) for user in USERS)
    assert abs(same / len(USERS) - 0.5) < 0.02


def test_who_is_among_ten_of_a_hundred_is_among_twenty():
    ten = {user for user in USERS if among(user, "reviews", 10)}
    assert ten < {user for user in USERS if among(user, "reviews", 20)}
    assert not any(among(user, "reviews", 0) for user in USERS)
    assert all(among(user, "reviews", 100) for user in USERS)


def test_a_flag_is_on_for_its_percent_of_users(appconfig, clock):
    read = Flags(ADDRESS, "us-east-1")
    assert abs(sum(read.among("reviews", user) for user in USERS) / len(USERS) - 0.2) < 0.02
    assert not any(read.among("ads", user) for user in USERS[:10])


@pytest.mark.parametrize("shares", [{}, {"a": 0}, {"a": -1, "b": 2}])
def test_rejects_arms_without_shares(shares):
    with pytest.raises(ValueError, match="arms have shares"):
        arm("user-1", "ranking", shares)


TOLD = {"reviews": {"description": "R", "enabled": True}, "ads": {"description": "A", "enabled": True}}


@pytest.fixture
def changes():
    """A client of boto3's whose answers are given, and whose questions are checked."""
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "hush"}
    client = boto3.client("appconfig", region_name="us-east-1", **keys)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


PLACE = {"ApplicationId": "app1", "EnvironmentId": "env1"}
HOSTED = {"ApplicationId": "app1", "ConfigurationProfileId": "prof1"}


def _finds(stub, told, version):
    stub.add_response("list_deployments", {"Items": told}, PLACE)
    content = {"Content": io.BytesIO(json.dumps(document(TOLD)).encode())}
    stub.add_response("get_hosted_configuration_version", content, {**HOSTED, "VersionNumber": version})


def test_turns_a_flag_and_stops_what_still_spreads(changes):
    client, stub = changes
    running = {"DeploymentNumber": 4, "ConfigurationVersion": "8", "State": "DEPLOYING"}
    _finds(stub, [running, {"DeploymentNumber": 3, "ConfigurationVersion": "7", "State": "COMPLETE"}], 7)
    wanted = document({**TOLD, "ads": {**TOLD["ads"], "enabled": False}})
    version = {**HOSTED, "Content": json.dumps(wanted).encode(), "ContentType": "application/json"}
    stub.add_response(
        "create_hosted_configuration_version", {"VersionNumber": 9, "KmsKeyArn": "k" * 20}, version
    )
    stub.add_response("stop_deployment", {}, {**PLACE, "DeploymentNumber": 4})
    started = {"ConfigurationProfileId": "prof1", "ConfigurationVersion": "9", "DeploymentStrategyId": "fast"}
    stub.add_response("start_deployment", {}, {**PLACE, **started, "KmsKeyIdentifier": "k" * 20})
    assert change(client, ADDRESS, "fast", {"ads": {"enabled": False}}) == 9


def test_refuses_to_turn_a_flag_that_there_is_not(changes):
    client, stub = changes
    _finds(stub, [{"DeploymentNumber": 1, "ConfigurationVersion": "1", "State": "BAKING"}], 1)
    with pytest.raises(LookupError, match="no flag 'advertisements'"):
        change(client, ADDRESS, "fast", {"advertisements": {"enabled": False}})
