"""Which requests are traced, who may send what they caused, and how a machine does."""

import base64
import gzip
import json

import pytest
import yaml

from components.access import connect
from components.control.signing_key import SigningKey
from components.control.tracing import Tracing
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
SERVICE = {**PLACE, "image": "a:1", "port": 80}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
RULE, GROUP = "aws:xray/samplingRule:SamplingRule", "aws:xray/group:Group"


def statements(graph, arrow):
    return json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", arrow).inputs["policy"])["Statement"]


def boot(graph):
    """What the machines of a graph do at their first boot."""
    data = base64.b64decode(graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["userData"])
    said = yaml.safe_load(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    return said, {file["path"]: file["content"] for file in said["write_files"]}


def test_a_service_has_a_rule_of_its_own(preview):
    services = {"order": {"per_second": 10, "percent": 1, "paths": "/api/*"}, "cart": {}}
    graph = preview(lambda: Tracing("t", {"services": services}))
    rules = {rule.inputs["serviceName"]: rule.inputs for rule in graph.all(RULE)}
    order, cart = rules["order"], rules["cart"]
    assert (order["reservoirSize"], order["fixedRate"], order["urlPath"]) == (10, 0.01, "/api/*")
    assert (cart["reservoirSize"], cart["fixedRate"], cart["ruleName"]) == (1, 0.05, "dev-t-cart")
    assert order["priority"] < cart["priority"]


def test_what_fails_or_is_slow_is_looked_into(preview):
    graph = preview(lambda: Tracing("t", {"services": {"a": {}, "b": {}}, "slow_seconds": 0.5}))
    groups = {group.name: group.inputs for group in graph.all(GROUP)}
    assert groups["t-faults"]["filterExpression"] == 'service("a") { fault } OR service("b") { fault }'
    assert groups["t-slow"]["filterExpression"].startswith('service("a") { responsetime > 0.5 }')
    assert all(group["insightsConfiguration"]["insightsEnabled"] for group in groups.values())


def test_traces_are_encrypted_with_the_stack_s_key(preview):
    graph = preview(lambda: Tracing("t", {"services": {"a": {}}, "key_arn": KEY}))
    config = graph.one("aws:xray/encryptionConfig:EncryptionConfig").inputs
    assert (config["type"], config["keyId"]) == ("KMS", KEY)


def test_an_arrow_lets_a_traced_service_send_through_an_agent_of_its_machine(preview):
    def program():
        order = AutoScalingService("order", {**SERVICE, "traced": True})
        connect(order, Tracing("t", {"services": {"order": {}}}))

    graph = preview(program)
    (sent,) = statements(graph, "order-to-t")
    assert sent["Resource"] == "*" and all(action.startswith("xray:") for action in sent["Action"])
    said, files = boot(graph)
    (agent,) = (json.loads(text) for path, text in files.items() if path.endswith("cloudwatch-agent.json"))
    assert agent["traces"]["traces_collected"]["xray"]["bind_address"] == "127.0.0.1:2000"
    assert "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000" in files["/etc/fourplane/program.env"].split()
    assert "amazon-cloudwatch-agent" in said["packages"]
    assert "amazon-cloudwatch-agent.service" in said["runcmd"][-1]


def test_no_agent_runs_where_nobody_asked_for_it(preview):
    said, files = boot(preview(lambda: AutoScalingService("order", SERVICE)))
    assert "amazon-cloudwatch-agent" not in said["packages"]
    assert "XRAY" not in files["/etc/fourplane/program.env"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"services": {}}, "services must be 1 to 99 services"),
        ({"services": {"a": {"percent": 101}}}, "percent must be 0 to 100, got 101"),
        ({"services": {"a": {}}, "slow_seconds": 0}, "slow_seconds must be over 0"),
        ({"services": {"a" * 32: {}}}, "has 32"),
    ],
)
def test_rejects_what_x_ray_cannot_do(preview, wrong, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: Tracing("t", wrong))


def test_only_what_an_arrow_leads_from_seals_and_the_key_stays_with_kms(preview):
    def program():
        connect(AutoScalingService("payment", SERVICE), SigningKey("seal", {}))

    graph = preview(program)
    key = graph.one("aws:kms/key:Key")
    assert (key.inputs["keyUsage"], key.inputs["customerMasterKeySpec"]) == (
        "GENERATE_VERIFY_MAC",
        "HMAC_256",
    )
    (may,) = statements(graph, "payment-to-seal")
    assert may["Action"] == ["kms:GenerateMac", "kms:VerifyMac"] and may["Resource"] == key.outputs["arn"]
    assert key.protect


def test_a_disposable_key_goes_with_the_stack(preview):
    graph = preview(lambda: SigningKey("seal", {"disposable": True}))
    assert not graph.one("aws:kms/key:Key").protect
