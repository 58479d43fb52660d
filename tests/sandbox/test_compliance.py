"""What AWS Config records and judges."""

import pulumi_aws as aws
import pytest

from components.control.alerts import Alerts
from components.control.compliance import Compliance
from components.control.compliance_rules import KINDS, RULES
from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION


def test_everything_that_a_rule_is_asked_of_is_recorded(deploy, cloud):
    graph = deploy(lambda: Compliance("rules", {"topic_arn": Alerts("alerts", {}).topic_arn}))
    config, said = cloud.client("config", REGION), graph.one("fourplane:index:Compliance").outputs
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingGroup"]["resourceTypes"] == KINDS
    (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] and status["name"] == recorder["name"] == said["recorder_name"]
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == said["bucket"]
    rules = config.describe_config_rules()["ConfigRules"]
    assert {rule["Source"]["SourceIdentifier"] for rule in rules} == {
        rule.identifier for rule in RULES.values()
    }


def rule(**source):
    return lambda: aws.cfg.Rule("it", source={"owner": "AWS", **source})


def test_rejects_a_rule_without_a_recorder(deploy):
    with pytest.raises(Mistake, match="there is no recorder"):
        deploy(rule(source_identifier="ENCRYPTED_VOLUMES"))


def test_rejects_a_rule_that_aws_does_not_have(deploy):
    def program():
        role = aws.iam.Role("it", assume_role_policy="{}")
        kinds = {"all_supported": False, "resource_types": ["AWS::S3::Bucket"]}
        recorder = aws.cfg.Recorder("it", role_arn=role.arn, recording_group=kinds)
        name = recorder.name.apply(lambda name: f"{name}-rule")
        aws.cfg.Rule("it", name=name, source={"owner": "AWS", "source_identifier": "BUCKETS_ARE_FINE"})

    with pytest.raises(Failure, match="BUCKETS_ARE_FINE"):
        deploy(program)
