"""Rules that mend: what they return passes, and what a preview cannot know or must not tell stays so."""

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.analyzer import Analyzer
from policy.rules import RULES

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hidden"}
BROKEN = {
    "a_queue_is_encrypted": ("aws:sqs/queue:Queue", {}),
    "a_log_group_has_a_retention": ("aws:cloudwatch/logGroup:LogGroup", {}),
    "metadata_is_told_only_for_a_token": ("aws:ec2/launchTemplate:LaunchTemplate", {}),
    "a_machine_is_measured_every_minute": ("aws:ec2/launchTemplate:LaunchTemplate", {}),
    "a_cluster_writes_down_who_asked_for_what": (
        "aws:eks/cluster:Cluster",
        {"enabledClusterLogTypes": ["api"]},
    ),
    "a_trail_covers_every_region_and_proves_itself": ("aws:cloudtrail/trail:Trail", {"enableLogging": False}),
    "a_load_balancer_drops_invalid_headers": (
        "aws:lb/loadBalancer:LoadBalancer",
        {"desyncMitigationMode": "monitor"},
    ),
    "nobody_gets_rights_without_signing_in": (
        "aws:cognito/identityPool:IdentityPool",
        {"allowUnauthenticatedIdentities": True},
    ),
    "tags_are_complete": ("aws:sqs/queue:Queue", {"tags": {"Name": "orders"}}),
    "a_machine_starts_on_encrypted_disks": (
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20}}, {"noDevice": ""}]},
    ),
    "a_stream_is_encrypted": ("aws:kinesis/stream:Stream", {}),
    "what_is_put_into_a_delivery_stream_is_encrypted": (
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        {"destination": "extended_s3"},
    ),
    "a_search_domain_answers_over_modern_tls_alone": (
        "aws:opensearch/domain:Domain",
        {"domainEndpointOptions": {"customEndpoint": "find.example"}},
    ),
    "a_table_is_encrypted_with_a_key_that_is_logged": ("aws:dynamodb/table:Table", {}),
    "a_key_is_renewed_every_year": ("aws:kms/key:Key", {}),
    "a_build_encrypts_what_it_keeps": (
        "aws:codebuild/project:Project",
        {"artifacts": {"type": "S3", "encryptionDisabled": True}},
    ),
    "aws_itself_refuses_to_delete_a_store": ("aws:cognito/userPool:UserPool", {}),
    "a_table_can_go_back_in_time": (
        "aws:dynamodb/table:Table",
        {"pointInTimeRecovery": {"enabled": False}, "replicas": [{"regionName": "eu-west-1"}]},
    ),
    "a_snapshot_says_whose_it_is": ("aws:rds/cluster:Cluster", {}),
    "a_lifecycle_ends_unfinished_uploads": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"rules": [{"id": "old", "status": "Enabled"}]},
    ),
    "a_balancer_is_not_deleted_by_mistake": ("aws:lb/loadBalancer:LoadBalancer", {}),
    "a_balancer_reaches_the_targets_of_every_zone": (
        "aws:lb/loadBalancer:LoadBalancer",
        {"loadBalancerType": "network"},
    ),
}
"""A resource that each of them mends. A rule that mends has an entry here."""


def analyzer(name):
    found = Analyzer("test", "1", [r for r in RULES if r.name == name], EnforcementLevel.MANDATORY)
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.REMEDIATE)
    if name == "tags_are_complete":
        config.properties.update({"values": {"owner": "shop", "stack": "shop-prod"}})
    found.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={name: config}), None)
    return found


def request(type, props):
    struct = json_format.ParseDict(props, struct_pb2.Struct())
    return analyzer_pb2.AnalyzeRequest(type=type, urn="urn:pulumi:s::p::t::it", name="it", properties=struct)


def test_each_rule_that_mends_is_tried():
    assert sorted(rule.name for rule in RULES if getattr(rule, "has_remediation", bool)()) == sorted(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_what_was_mended_passes_and_the_rest_stays(name):
    type, props = BROKEN[name]
    beside = {"later": UNKNOWN_STRING_VALUE, "hidden": SECRET}
    asked = analyzer(name)
    assert asked.Analyze(request(type, props), None).diagnostics
    (mended,) = asked.Remediate(request(type, {**props, **beside}), None).remediations
    after = json_format.MessageToDict(mended.properties)
    assert not asked.Analyze(request(type, after), None).diagnostics
    assert {key: after[key] for key in beside} == beside
    assert not asked.Remediate(request(type, after), None).remediations
