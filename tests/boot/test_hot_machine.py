"""The whole answer to a hot partition: its state machine, run by moto, the real steps, and a real Redis."""

import json
import time
from collections import Counter
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from blueprints.hot_cells import partition, places, protect, redistribute, scale, store, warm
from blueprints.hot_cells.definition import definition
from tests.boot.crowd import AIRPORT, STADIUM, count, crowd, homes, redis, server, settle_in, wrong

__all__ = ["redis", "server"]  # fixtures
FUNCTIONS = {
    "partition": partition.handler,
    "redistribute": redistribute.handler,
    "protect": protect.handler,
    "scale": scale.handler,
    "warm": warm.handler,
}
ORDER = ["split", "redistribute", "shed", "out", "warm", "shape", "measure"]
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000)


class Answer:
    """Runs of the machine, with what is around it played: the crowd, and the Kubernetes API."""

    def __init__(self, redis, points, requests):
        self.redis, self.points, self.requests = redis, points, requests
        self.done, self.pods, self.broken = [], [], set()

    def call(self, backend, function_name, qualifier, body, headers, response_headers):
        """Lambda."""
        event = json.loads(body)
        self.done.append(event["do"])
        if event["do"] in self.broken:
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": "Broken", "errorMessage": event["do"]}).encode()
        if self.points:
            count(self.redis, self.points, self.requests)
        return json.dumps(FUNCTIONS[function_name.split(":")[-1]](event, CONTEXT)).encode()

    def api(self, method, path, body=None):
        """Kubernetes."""
        if body:
            self.pods.append((path.split("/")[-1].split("?")[0], body["spec"]["minReplicas"]))
        return {"spec": {"minReplicas": self.pods[-1][1] if self.pods else 4, "maxReplicas": 40}}

    def run(self, state):
        steps, begun = boto3.client("stepfunctions"), json.dumps({"detail": {"state": {"value": state}}})
        machine = steps.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        execution = steps.start_execution(stateMachineArn=machine, name=state, input=begun)["executionArn"]
        for _ in range(1200):
            if (found := steps.describe_execution(executionArn=execution))["status"] != "RUNNING":
                return found["status"]
            time.sleep(0.05)
        raise AssertionError(f"the machine did not end; it did {self.done}")


def machine():
    """The machine and its functions, in moto; nothing is waited for, and nothing tried twice."""
    iam, lambdas, steps = (boto3.client(service) for service in ("iam", "lambda", "stepfunctions"))
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    code = {"Runtime": "python3.13", "Role": role, "Handler": "a.b", "Code": {"ZipFile": b"a"}}
    arns = {name: lambdas.create_function(FunctionName=name, **code)["FunctionArn"] for name in FUNCTIONS}
    whole = json.loads(definition(arns, observe_seconds=0, quiet_seconds=0))
    hurried = json.dumps(whole).replace('"MaxAttempts": 3', '"MaxAttempts": 0')
    steps.create_state_machine(name="m", definition=hurried, roleArn=role)


@pytest.fixture
def answer(redis, monkeypatch):
    """answer(points, requests): what runs the machine while a crowd makes so much load."""
    keys = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}
    more = {"AUTOSCALERS": '{"matching": 4}', "NAMESPACE": "rides", "BREAKERS": '["pricing"]'}
    for key, value in {**{f"AWS_{key}": value for key, value in keys.items()}, **more}.items():
        monkeypatch.setenv(key, value)

    def made(points, requests):
        machine()
        answer = Answer(redis, points, requests)
        monkeypatch.setattr(LambdaSimpleBackend, "invoke", lambda *given, **more: answer.call(*given, **more))
        monkeypatch.setattr(scale, "_ask", answer.api)
        settle_in(redis, points)
        return answer

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        yield made


def test_the_alarm_has_the_steps_done_in_order_until_nothing_is_hot(redis, answer):
    stadium = answer(crowd(STADIUM, 80, 250), 3000)
    assert stadium.run("ALARM") == "SUCCEEDED"
    rounds = len(stadium.done) // len(ORDER)
    assert stadium.done == ORDER * rounds and 2 <= rounds <= 3
    splits = store.splits(redis)
    load = Counter(places.partition(lat, lng, splits) for lat, lng in stadium.points)
    assert max(load.values()) * 3000 / 250 <= 1000
    assert wrong(redis) == [] and len(homes(redis)) == 250
    assert stadium.pods == [("matching", 8 * 2**turn) for turn in range(rounds)]
    controls = set(redis.hkeys(store.CONTROLS))
    assert "shed_above" in controls and not controls & {"degrade", "breaker:pricing"}


def test_where_splitting_does_not_help_breakers_open_and_answers_get_simpler(redis, answer):
    crossing = answer([AIRPORT] * 40, 5000)
    measured = partition.DOES["measure"]

    def until_it_is_over(redis):
        found = measured(redis)
        return {"hot": 0, "stuck": 0} if "degrade" in crossing.done else found

    partition.DOES["measure"] = until_it_is_over
    try:
        assert crossing.run("ALARM") == "SUCCEEDED"
    finally:
        partition.DOES["measure"] = measured
    assert {"open_breakers", "degrade"} <= set(crossing.done)
    said = {name: json.loads(text)["value"] for name, text in redis.hgetall(store.CONTROLS).items()}
    assert said["degrade"] is True and said["breaker:pricing"] == "open"


def test_a_step_that_fails_does_not_keep_the_others_from_theirs_and_the_run_fails(redis, answer):
    airport = answer(crowd(AIRPORT, 300, 200), 1500)
    airport.broken = {"out", "warm"}
    assert airport.run("ALARM") == "FAILED"
    assert airport.done[: len(ORDER)] == ORDER
    assert wrong(redis) == [] and store.splits(redis)


def test_when_it_is_quiet_all_is_put_back(redis, answer):
    airport = answer(crowd(AIRPORT, 300, 200), 1500)
    assert airport.run("ALARM") == "SUCCEEDED" and store.splits(redis)
    airport.points, airport.done = [], []
    now = int(time.time())
    for second in range(now - 90, now + 20):
        redis.delete(f"load:{second}")
        redis.hset(f"load:{second}", "487673d", 3)
    assert airport.run("OK") == "SUCCEEDED"
    assert airport.done == ["measure", "merge", "redistribute", "restore", "in"]
    assert store.splits(redis) == set() and redis.hgetall(store.CONTROLS) == {}
    assert wrong(redis) == [] and len(homes(redis)) == 200 and airport.pods[-1] == ("matching", 4)


def test_nothing_is_put_back_while_it_is_hot_again(redis, answer):
    airport = answer(crowd(AIRPORT, 300, 100), 1500)
    assert airport.run("OK") == "SUCCEEDED" and airport.done == ["measure"]
