"""What AWS Config may do, and who hears of what it finds."""

import json

import pytest

from components.control.compliance import Compliance
from components.control.compliance_rules import RULES

TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
MENDED = {key for key, rule in RULES.items() if rule.remedy}


def compliance(**args):
    return lambda: Compliance("rules", {"topic_arn": TOPIC, **args})


def statements(graph, name):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


def test_it_is_recorded_into_a_private_bucket_and_nowhere_else(preview):
    graph = preview(compliance(key_arn=KEY))
    allowed = statements(graph, "rules")
    bucket = graph.one("aws:s3/bucket:Bucket").outputs["arn"]
    assert allowed["History"]["Resource"].startswith(f"{bucket}/AWSLogs/")
    assert allowed["Bucket"]["Resource"] == bucket and allowed["Key"]["Resource"] == KEY
    channel = graph.one("aws:cfg/deliveryChannel:DeliveryChannel").inputs
    assert channel["s3KmsKeyArn"] == KEY
    assert graph.one("aws:cfg/recorderStatus:RecorderStatus").inputs["isEnabled"]


def test_a_dozen_rules_are_asked_of_what_is_recorded(preview):
    graph = preview(compliance())
    asked = {one.inputs["source"]["sourceIdentifier"] for one in graph.all("aws:cfg/rule:Rule")}
    assert len(asked) == len(RULES) >= 12
    recorded = graph.one("aws:cfg/recorder:Recorder").inputs["recordingGroup"]["resourceTypes"]
    assert {rule.kind for rule in RULES.values() if rule.remedy} <= set(recorded)


def test_what_is_mended_is_mended_by_a_role_for_that_alone(preview):
    graph = preview(compliance())
    remedies = {
        one.name: one.inputs for one in graph.all("aws:cfg/remediationConfiguration:RemediationConfiguration")
    }
    assert remedies.keys() == {f"rules-{key}" for key in MENDED}
    for name, remedy in remedies.items():
        given = {one["name"]: one for one in remedy["parameters"]}
        assert (
            given["AutomationAssumeRole"]["staticValue"]
            == graph.one("aws:iam/role:Role", name).outputs["arn"]
        )
        allowed = statements(graph, name)
        document, execution = allowed.pop("Itself")["Resource"]
        assert document.endswith(f":automation-definition/{remedy['targetId']}:*") and execution
        for statement in allowed.values():
            everywhere = statement["Resource"] == "*"
            assert not everywhere or statement["Action"] == ["ec2:DescribeInstances"]


def test_a_bucket_is_made_private_and_nothing_else_is_done_to_it(preview):
    graph = preview(compliance())
    mend = statements(graph, "rules-buckets-are-private")["Mend1"]
    assert mend["Action"] == ["s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"]
    assert mend["Condition"]["StringEquals"].keys() == {"aws:ResourceAccount"}
    assert mend["Resource"] == "arn:aws:s3:::*"


def test_nothing_is_mended_by_itself_unless_asked(preview):
    def automatic(graph):
        remedies = graph.all("aws:cfg/remediationConfiguration:RemediationConfiguration")
        return {one.inputs["automatic"] for one in remedies}

    assert automatic(preview(compliance())) == {False}
    assert automatic(preview(compliance(automatic=True))) == {True}


def test_what_is_found_wrong_is_logged_and_told(preview):
    graph = preview(compliance())
    rule = graph.one("aws:cloudwatch/eventRule:EventRule")
    detail = json.loads(rule.inputs["eventPattern"])["detail"]
    assert detail["newEvaluationResult"] == {"complianceType": ["NON_COMPLIANT"]}
    assert set(detail["configRuleName"]) == {one.inputs["name"] for one in graph.all("aws:cfg/rule:Rule")}
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["arn"] == graph.one("aws:cloudwatch/logGroup:LogGroup").outputs["arn"]
    opened = json.loads(
        graph.one("aws:cloudwatch/logResourcePolicy:LogResourcePolicy").inputs["policyDocument"]
    )
    assert opened["Statement"][0]["Condition"]["ArnEquals"] == {"aws:SourceArn": rule.outputs["arn"]}
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    assert alarm["dimensions"] == {"RuleName": rule.outputs["name"]} and alarm["alarmActions"] == [TOPIC]


def test_rejects_a_history_of_no_days(preview):
    with pytest.raises(Exception, match="retention_days must be at least 1"):
        preview(compliance(retention_days=0))
