import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.search_domain import SearchDomain

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
SUBNETS = ["subnet-a", "subnet-b", "subnet-c"]
DATA = {"vpc_id": "vpc-1", "subnet_ids": SUBNETS, "zones": ZONES}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
ARN = "arn:aws:es:us-east-1:123456789012:domain/dev-search"
DOMAIN = "aws:opensearch/domain:Domain"
LOG = "aws:cloudwatch/logGroup:LogGroup"
REQUESTS = {f"es:ESHttp{verb}" for verb in ("Get", "Post", "Put", "Head", "Delete")}


def search(**more):
    return lambda: SearchDomain("search", {**DATA, **more})


def domain(graph):
    return graph.one(DOMAIN).inputs


def test_data_and_masters_are_spread_over_three_zones(preview):
    made = domain(preview(search(nodes_per_zone=2)))
    nodes = made["clusterConfig"]
    assert made["vpcOptions"]["subnetIds"] == SUBNETS and nodes["instanceCount"] == 6
    assert nodes["zoneAwarenessEnabled"] and nodes["zoneAwarenessConfig"] == {"availabilityZoneCount": 3}
    assert nodes["dedicatedMasterEnabled"] and nodes["dedicatedMasterCount"] == 3


@pytest.mark.parametrize(("zones", "used"), [(2, 2), (4, 3)])
def test_it_uses_two_zones_or_three(preview, zones, used):
    place = {
        "zones": [f"us-east-1{letter}" for letter in "abcd"[:zones]],
        "subnet_ids": [*SUBNETS, "subnet-d"][:zones],
    }
    made = domain(preview(search(**place)))
    assert made["vpcOptions"]["subnetIds"] == place["subnet_ids"][:used]
    assert made["clusterConfig"]["zoneAwarenessConfig"] == {"availabilityZoneCount": used}


def test_it_is_encrypted_everywhere(preview):
    made = domain(preview(search(key_arn=KEY)))
    assert made["encryptAtRest"] == {"enabled": True, "kmsKeyId": KEY}
    assert made["nodeToNodeEncryption"]["enabled"] and made["domainEndpointOptions"] == {
        "enforceHttps": True,
        "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
    }


def test_only_roles_of_this_account_may_ask(preview):
    (statement,) = json.loads(domain(preview(search()))["accessPolicies"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert {*statement["Action"]} == REQUESTS and statement["Resource"] == f"{ARN}/*"


def test_its_logs_are_written_by_it_alone(preview):
    graph = preview(search(log_retention_days=30))
    (statement,) = json.loads(
        graph.one("aws:cloudwatch/logResourcePolicy:LogResourcePolicy").inputs["policyDocument"]
    )["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": ARN},
    }
    groups = {one.outputs["arn"] for one in graph.all(LOG)}
    assert {*statement["Resource"]} == {f"{arn}:*" for arn in groups}
    assert {one["cloudwatchLogGroupArn"] for one in domain(graph)["logPublishingOptions"]} == groups
    assert {one["logType"] for one in domain(graph)["logPublishingOptions"]} == {
        "INDEX_SLOW_LOGS",
        "SEARCH_SLOW_LOGS",
        "ES_APPLICATION_LOGS",
    }
    assert {one.inputs["retentionInDays"] for one in graph.all(LOG)} == {30}


def test_the_domain_waits_until_it_may_log(preview):
    graph = preview(search())
    policy = graph.one("aws:cloudwatch/logResourcePolicy:LogResourcePolicy").urn
    assert policy in graph.one(DOMAIN).dependencies


def test_it_is_protected_and_looks_after_itself(preview):
    graph = preview(search())
    made = domain(graph)
    assert graph.one(DOMAIN).protect and made["softwareUpdateOptions"]["autoSoftwareUpdateEnabled"]
    assert made["autoTuneOptions"]["desiredState"] == "ENABLED" and made["offPeakWindowOptions"]["enabled"]
    assert not preview(search(disposable=True)).one(DOMAIN).protect


def test_small_machines_are_not_tuned(preview):
    made = domain(preview(search(instance_type="t3.small.search", dedicated_masters=False)))
    assert made["autoTuneOptions"]["desiredState"] == "DISABLED"
    assert not made["clusterConfig"]["dedicatedMasterEnabled"]
    assert "dedicatedMasterType" not in made["clusterConfig"]


def test_a_client_s_role_may_send_requests_and_nothing_else(preview):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
        app = AutoScalingService("app", {**place, "image": "a/b:1", "port": 80})
        connect(app, SearchDomain("search", DATA))

    graph = preview(program)
    (statement,) = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-search").inputs["policy"])[
        "Statement"
    ]
    assert {*statement["Action"]} == REQUESTS
    assert statement["Resource"] == f"{graph.one(DOMAIN).outputs['arn']}/*"
    way = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "app-to-search").inputs
    assert (way["fromPort"], way["toPort"]) == (443, 443)
    endpoint = graph.one(DOMAIN).outputs["endpoint"]
    assert (
        graph.one("aws:ssm/parameter:Parameter", "app-to-search").inputs["insecureValue"] == f"{endpoint}:443"
    )


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("zones", ["us-east-1a"], "zones must be two or more different zones"),
        ("zones", ["us-east-1a", "us-east-1b"], "subnet_ids must be as many as zones, 2, got 3"),
        ("nodes_per_zone", 0, "nodes_per_zone must be at least 1"),
        ("instance_type", "r7g.large", "instance_type must be an OpenSearch instance type"),
        ("master_instance_type", "m7g", "master_instance_type must be an OpenSearch instance type"),
        ("data_gib", 5, "data_gib must be at least 10"),
        ("engine_version", "2.19", "engine_version must be an OpenSearch release"),
        ("log_retention_days", 8, "log_retention_days must be one of"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, argument, value, said):
    with pytest.raises(Exception, match=said):
        preview(search(**{argument: value}))


def test_rejects_two_data_nodes_without_masters(preview):
    place = {"zones": ZONES[:2], "subnet_ids": SUBNETS[:2]}
    with pytest.raises(Exception, match="dedicated_masters must be True where there are fewer than 3"):
        preview(search(**place, dedicated_masters=False))


@pytest.mark.parametrize("name", ["a" * 25, "a_b", "a.b"])
def test_rejects_a_name_that_a_domain_cannot_have(preview, name):
    with pytest.raises(Exception, match="name must be letters, digits and hyphens, so that"):
        preview(lambda: SearchDomain(name, DATA))
