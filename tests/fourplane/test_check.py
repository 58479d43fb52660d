"""`fourplane check`: the pack in a child process, over the analyzer's gRPC, and what is told of it."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import sarif_pydantic

from fourplane import pack_config, policy_pack
from fourplane.cli import app
from fourplane.errors import Mistake

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import pulumi
import pulumi_aws as aws

tags = {"owner": "me", "stack": "shop"}
aside = aws.sqs.Queue("aside", sqs_managed_sse_enabled=True, tags=tags)
orders = aws.sqs.Queue(
    "orders",
    sqs_managed_sse_enabled=pulumi.Config().get_bool("encrypted"),
    redrive_policy=aside.arn.apply(lambda arn: '{"deadLetterTargetArn": "%s", "maxReceiveCount": 3}' % arn),
    tags=tags,
)
topic = aws.sns.Topic("alerts", kms_master_key_id="alias/aws/sns", tags=tags)
aws.sns.TopicSubscription("alerts", topic=topic.arn, protocol="email", endpoint="me@example.com")
measured = ((aside, "ApproximateNumberOfMessagesVisible"), (orders, "ApproximateAgeOfOldestMessage"))
for queue, metric in measured:
    aws.cloudwatch.MetricAlarm(
        queue._name,
        comparison_operator="GreaterThanThreshold",
        evaluation_periods=1,
        namespace="AWS/SQS",
        metric_name=metric,
        dimensions={"QueueName": queue.name},
        period=60,
        statistic="Maximum",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        tags=tags,
    )
"""
ORDERS = "urn:pulumi:shop-prod::shop::aws:sqs/queue:Queue::orders"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A project of its own, with a copy of the pack that asks no more than a few rules."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "Pulumi.yaml").write_text(
        "name: shop\nruntime: python\nconfig:\n  encrypted: {type: boolean, default: false}\n"
    )
    for environment in ("dev", "prod"):
        (folder / f"Pulumi.shop-{environment}.yaml").write_text("")
    (folder / "__main__.py").write_text(PROGRAM)
    shutil.copytree(ROOT / "policy", folder / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "policy" / "exemptions.yaml").write_text("")
    for name, text in (("prod", {"all": "mandatory"}), ("dev", {"a_queue_is_encrypted": "advisory"})):
        (folder / "policy" / "environments" / f"{name}.json").write_text(json.dumps(text))
    return folder


@pytest.fixture(scope="module")
def info(shop):
    with policy_pack.running(shop / "policy") as pack:
        return pack.connect()


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)

    def go(*arguments):
        code = app.run(["check", *arguments])
        return Ended(code, *capsys.readouterr())

    return go


def test_a_broken_mandatory_rule_is_named_with_resource_and_mend(run):
    ended = run("shop-prod", "--json")
    answer = json.loads(ended.stdout)
    (one,) = [v for v in answer["violations"] if v["rule"] == "a_queue_is_encrypted"]
    assert ended.returncode == 3 and answer.keys() == {"rules", "violations"}
    assert one.keys() == {"rule", "urn", "level", "message", "remediation"}
    assert (one["urn"], one["level"]) == (ORDERS, "mandatory")
    assert one["message"] == "Queue 'orders' is not encrypted at rest"
    assert one["remediation"].startswith("set sqsManagedSseEnabled to true")
    rule = next(rule for rule in answer["rules"] if rule["name"] == "a_queue_is_encrypted")
    assert rule.keys() == {"name", "severity", "frameworks"}
    assert rule["severity"] == "medium" and "FSBP SQS.1" in rule["frameworks"]


def test_a_stack_that_keeps_every_mandatory_rule_passes(run):
    ended = run("shop-prod", "--set", "encrypted=true")
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert "shop-prod breaks no mandatory rule" in ended.stdout


def test_each_environment_has_its_levels(run):
    ended = run("shop-dev", "--json")
    levels = {v["rule"]: v["level"] for v in json.loads(ended.stdout)["violations"]}
    assert (ended.returncode, levels["a_queue_is_encrypted"]) == (0, "advisory")


def test_what_the_pack_may_remediate_is_mended_before_it_is_asked_about(run, tmp_path):
    config = tmp_path / "mending.json"
    config.write_text(json.dumps({"a_queue_is_encrypted": "remediate"}))
    ended = run("shop-prod", "--config", str(config))
    assert ended.returncode == 0
    assert f"mended by the pack: 1\n  a_queue_is_encrypted: {ORDERS}" in ended.stdout


def test_sarif_is_valid_and_points_at_the_line(run):
    ended = run("shop-prod", "--sarif")
    whole = json.loads(ended.stdout)
    read = sarif_pydantic.Sarif.model_validate(whole)
    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)) == whole  # no key of our own
    (run_,) = whole["runs"]
    one = next(r for r in run_["results"] if r["ruleId"] == "a_queue_is_encrypted")
    assert run_["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == "a_queue_is_encrypted"
    (place,) = one["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == ORDERS
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "__main__.py"
    line = PROGRAM.splitlines()[place["physicalLocation"]["region"]["startLine"] - 1]
    assert line.startswith("orders = aws.sqs")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"a_queue_is_encryptd": "advisory"},
            "no rule 'a_queue_is_encryptd' in the pack; did you mean 'a_queue",
        ),
        ({"a_queue_is_encrypted": "loud"}, "the level must be advisory, mandatory, disabled, remediate"),
        ({"a_log_group_has_a_retention": {"day": 3}}, "no parameter 'day'; known: days"),
        ({"a_log_group_has_a_retention": {"days": 0}}, "days: 0 is less than the minimum of 1"),
        ([], "must hold an object of rules, got list"),
    ],
)
def test_rejects_a_config_in_one_line(info, tmp_path, config, said):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(Mistake, match=re.escape(said)) as caught:
        pack_config.read(path, info)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_rejects_a_broken_exemptions_file_in_one_line(run, shop):
    path = shop / "policy" / "exemptions.yaml"
    path.write_text("- rule: a_queue_is_pink\n  resource: urn:pulumi:*\n  reason: r\n  expires: 2027-01-31\n")
    try:
        ended = run("shop-prod")
    finally:
        path.write_text("")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "entry 1: no rule 'a_queue_is_pink' in the pack" in ended.stderr


def test_rejects_a_folder_that_is_no_pack(run, tmp_path):
    ended = run("shop-prod", "--pack", str(tmp_path))
    assert ended.returncode == 2 and "no PulumiPolicy.yaml" in ended.stderr
