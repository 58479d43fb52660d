"""The real functions of an event: a front door and a service that answer, and moto for AWS."""

import io
import json
import threading
import time
import urllib.error
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from blueprints.surge import definitions, deliver, protect, warm

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def aws(monkeypatch):
    keys = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}
    for key, value in keys.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        yield


@pytest.fixture
def server():
    """A web server: a cache that has what was asked for before, and a service that takes POSTs."""
    there = SimpleNamespace(asked=Counter(), posted={}, broken=set(), caching=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            hit = there.caching and there.asked[self.path] > 0
            there.asked[self.path] += 1
            self.send_response(404 if self.path in there.broken else 200)
            self.send_header("X-Cache", "Hit from cloudfront" if hit else "Miss from cloudfront")
            self.end_headers()

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            there.asked[self.path] += 1
            if self.path not in there.broken:
                there.posted[self.headers["Idempotency-Key"]] = body
            self.send_response(503 if self.path in there.broken else 202)
            self.end_headers()

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    there.url = f"http://127.0.0.1:{httpd.server_port}"
    yield there
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def listed(aws, server, monkeypatch):
    """listed(*lines): the list of what is hottest."""
    said = {"SITE": server.url, "BUCKET": "lists", "KEY": "hottest", "HIT_PERCENT": "99.9"}
    for key, value in said.items():
        monkeypatch.setenv(key, value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lists")
    return lambda *lines: s3.put_object(Bucket="lists", Key="hottest", Body="\n".join(lines).encode())


def played(name, definition, handler, monkeypatch, begun):
    """A state machine, run by moto with the real function behind it: what was done, and how it ended."""
    done = []

    def call(self, function_name, qualifier, body, headers, response_headers):
        event = json.loads(body)
        done.append(event["do"])
        try:
            return json.dumps(handler(event, None)).encode()
        except Exception as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()

    monkeypatch.setattr(LambdaSimpleBackend, "invoke", call)
    iam, lambdas, steps = (boto3.client(service) for service in ("iam", "lambda", "stepfunctions"))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    code = {"Runtime": "python3.13", "Role": role, "Handler": "a.b", "Code": {"ZipFile": b"a"}}
    arn = lambdas.create_function(FunctionName=name, **code)["FunctionArn"]
    hurried = definition(arn).replace('"MaxAttempts": 3', '"MaxAttempts": 0')
    machine = steps.create_state_machine(name=name, definition=hurried, roleArn=role)["stateMachineArn"]
    execution = steps.start_execution(stateMachineArn=machine, input=json.dumps(begun))["executionArn"]
    for _ in range(400):
        if (found := steps.describe_execution(executionArn=execution))["status"] != "RUNNING":
            return done, found["status"]
        time.sleep(0.02)
    raise AssertionError(f"the machine did not end; it did {done}")


def test_what_is_hottest_is_read_until_caches_answer_it(listed, server, monkeypatch):
    monkeypatch.setattr(warm, "BATCH", 2)
    listed("/a", "/b", "# not a path", "/c")
    done, ended = played("warm", definitions.warming, warm.handler, monkeypatch, {"event": "sale"})
    assert ended == "SUCCEEDED"
    assert Counter(done) == {"hottest": 1, "warm": 2, "check": 2, "judge": 1}
    assert server.asked == {"/a": 2, "/b": 2, "/c": 2}


def test_caches_that_keep_nothing_are_found_before_the_event(listed, server, monkeypatch):
    listed("/a")
    server.caching = False
    done, ended = played("warm", definitions.warming, warm.handler, monkeypatch, {"event": "sale"})
    assert ended == "FAILED" and done.count("warm") == definitions.ROUNDS


def test_nobody_who_knows_what_is_hot_is_a_failure_and_no_silence(listed, monkeypatch):
    listed("")
    _, ended = played("warm", definitions.warming, warm.handler, monkeypatch, {"event": "sale"})
    assert ended == "FAILED"


def test_a_path_that_is_gone_is_counted_and_the_rest_is_read(listed, server):
    listed("/a", "/gone")
    server.broken.add("/gone")
    assert warm.warm({"from": 0, "to": 2}) == {"asked": 2, "hits": 0, "failed": 1}


@pytest.fixture
def overloaded(aws, monkeypatch):
    """An alarm, two classes of requests that can be shed, and what flags were turned."""
    waf, alarms = boto3.client("wafv2"), boto3.client("cloudwatch")
    turned, switches = [], {}
    for name in ("low-ipv4", "low-ipv6", "middle-ipv4", "middle-ipv6"):
        family = name[-4:].upper()
        made = waf.create_ip_set(Name=name, Scope="CLOUDFRONT", IPAddressVersion=family, Addresses=[])
        switches[name] = made["Summary"]["ARN"]
    alarms.put_metric_alarm(
        AlarmName="late", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    arn = alarms.describe_alarms()["MetricAlarms"][0]["AlarmArn"]
    flags = {"address": "a/b/c", "strategy": "s", "turned": ["reviews"]}
    said = {"SWITCHES": switches, "ALARMS": [arn], "CLASSES": ["low", "middle"], "FLAGS": flags}
    for key, value in said.items():
        monkeypatch.setenv(key, json.dumps(value))
    monkeypatch.setattr(protect.flags, "change", lambda client, *told: turned.append(told))

    def shed():
        found = waf.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]
        sets = (waf.get_ip_set(Name=s["Name"], Scope="CLOUDFRONT", Id=s["Id"])["IPSet"] for s in found)
        return {one["Name"] for one in sets if one["Addresses"]}

    def alarm(state):
        alarms.set_alarm_state(AlarmName="late", StateValue=state, StateReason="r")

    return SimpleNamespace(shed=shed, alarm=alarm, turned=turned)


def quickly(arn):
    return definitions.protection(arn, observe_seconds=0, quiet_seconds=0)


def test_one_class_after_the_other_is_turned_away_while_the_alarm_is_on(overloaded, monkeypatch):
    overloaded.alarm("ALARM")
    begun = {"detail": {"state": {"value": "ALARM"}}}
    done, ended = played("protect", quickly, protect.handler, monkeypatch, begun)
    assert (done, ended) == (["shed", "degrade", "look", "shed", "look"], "SUCCEEDED")
    assert overloaded.shed() == {"low-ipv4", "low-ipv6", "middle-ipv4", "middle-ipv6"}
    assert overloaded.turned == [("a/b/c", "s", {"reviews": {"enabled": False}})]


def test_no_more_is_turned_away_than_it_takes(overloaded, monkeypatch):
    overloaded.alarm("OK")
    begun = {"detail": {"state": {"value": "ALARM"}}}
    assert played("protect", quickly, protect.handler, monkeypatch, begun)[1] == "SUCCEEDED"
    assert overloaded.shed() == {"low-ipv4", "low-ipv6"}


def test_when_it_is_quiet_everything_is_as_it_was(overloaded, monkeypatch):
    protect.shed(1)
    overloaded.alarm("OK")
    begun = {"detail": {"state": {"value": "OK"}}}
    assert played("protect", quickly, protect.handler, monkeypatch, begun) == (
        ["look", "restore"],
        "SUCCEEDED",
    )
    assert overloaded.shed() == set() and overloaded.turned[0][2] == {"reviews": {"enabled": True}}


def test_nothing_comes_back_while_another_alarm_is_on(overloaded, monkeypatch):
    protect.shed(0)
    overloaded.alarm("ALARM")
    begun = {"detail": {"state": {"value": "OK"}}}
    assert played("protect", quickly, protect.handler, monkeypatch, begun) == (["look"], "SUCCEEDED")
    assert overloaded.shed() == {"low-ipv4", "low-ipv6"}


def test_flags_that_cannot_be_turned_keep_nothing_from_being_shed(overloaded, monkeypatch):
    def lost(*_):
        raise OSError("AppConfig is lost")

    monkeypatch.setattr(protect.flags, "change", lost)
    overloaded.alarm("OK")
    begun = {"detail": {"state": {"value": "ALARM"}}}
    assert played("protect", quickly, protect.handler, monkeypatch, begun)[1] == "FAILED"
    assert overloaded.shed() == {"low-ipv4", "low-ipv6"}


def messages(*paths):
    return {
        "Records": [
            {"messageId": f"m{number}", "body": json.dumps({"path": path, "body": {"order": number}})}
            for number, path in enumerate(paths)
        ]
    }


def undone(server, monkeypatch, *paths):
    monkeypatch.setenv("SERVICE", server.url)
    answer = deliver.handler(messages(*paths), None)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_what_waited_is_handed_over_under_its_own_key(server, monkeypatch):
    assert undone(server, monkeypatch, "/orders", "/orders") == []
    assert server.posted == {"m0": {"order": 0}, "m1": {"order": 1}}


def test_what_is_not_taken_goes_back_and_the_rest_is_handed_over(server, monkeypatch):
    server.broken.add("/broken")
    assert undone(server, monkeypatch, "/orders", "/broken", "/orders") == ["m1"]


def test_a_service_that_takes_nothing_is_left_in_peace(server, monkeypatch):
    server.broken.add("/orders")
    assert undone(server, monkeypatch, *["/orders"] * 10) == [f"m{number}" for number in range(10)]
    assert server.asked["/orders"] == deliver.MOST_FAILURES


def test_what_cannot_be_read_goes_back(server, monkeypatch):
    monkeypatch.setenv("SERVICE", server.url)
    answer = deliver.handler({"Records": [{"messageId": "m", "body": "no JSON"}]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}


@pytest.mark.parametrize(("status", "left"), [(409, []), (422, []), (429, ["m0"]), (503, ["m0"])])
def test_what_is_refused_for_good_does_not_come_back(monkeypatch, status, left):
    def refuse(request, timeout):
        raise urllib.error.HTTPError(request.full_url, status, "no", {}, io.BytesIO())

    monkeypatch.setenv("SERVICE", "http://order")
    monkeypatch.setattr(deliver.urllib.request, "urlopen", refuse)
    answer = deliver.handler(messages("/orders"), None)
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == left
