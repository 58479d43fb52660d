"""Databases and search: what the state plane's components make, asked of the cloud itself."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from components.access import connect
from components.control.encryption_key import EncryptionKey
from components.network import Network
from components.region import Region
from components.service.auto_scaling_service import AutoScalingService
from components.state.aurora_mysql import AuroraMySql
from components.state.content_store import ContentStore, mirror
from components.state.search_domain import SearchDomain
from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION


def stack(cls, **args):
    """A program of a network, a key, a service, and what an arrow leads to from it."""

    def program():
        network = Network("net", {"zones": 3})
        place = network.data if cls is not ContentStore else {}
        server = cls("it", {**place, "key_arn": EncryptionKey("key", {}).key_arn, **args})
        app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
        connect(app, server)

    return program


def granted(cloud, graph):
    role = graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-it").inputs["role"]
    name = graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-it").outputs["name"]
    found = cloud.client("iam", REGION).get_role_policy(RoleName=role, PolicyName=name)
    return {one["Sid"]: one for one in found["PolicyDocument"]["Statement"]}


def cluster(cloud):
    return cloud.client("rds", REGION).describe_db_clusters()["DBClusters"][0]


def test_a_database_has_a_writer_and_a_reader_in_different_zones(deploy, cloud):
    graph = deploy(stack(AuroraMySql))
    found = cluster(cloud)
    writers = [r.id for r in graph.all("aws:rds/clusterInstance:ClusterInstance") if r.outputs["writer"]]
    members = {one["DBInstanceIdentifier"]: one["IsClusterWriter"] for one in found["DBClusterMembers"]}
    assert len(members) == 2 and writers == [id for id, writes in members.items() if writes]
    assert (found["Engine"], found["Port"], found["StorageEncrypted"]) == ("aurora-mysql", 3306, True)
    assert found["DeletionProtection"] and found["BackupRetentionPeriod"] == 14
    instances = cloud.client("rds", REGION).describe_db_instances()["DBInstances"]
    assert {one["AvailabilityZone"] for one in instances} == {"us-east-1a", "us-east-1b"}


def test_a_database_stands_in_the_data_subnets(deploy, cloud):
    graph = deploy(stack(AuroraMySql))
    found = cloud.client("rds", REGION).describe_db_subnet_groups()["DBSubnetGroups"][0]
    data = {r.id for r in graph.all("aws:ec2/subnet:Subnet") if "-data-" in r.name}
    assert {one["SubnetIdentifier"] for one in found["Subnets"]} == data and len(data) == 3


def test_a_database_takes_tls_alone(deploy, cloud):
    deploy(stack(AuroraMySql))
    name = cluster(cloud)["DBClusterParameterGroup"]
    rds = cloud.client("rds", REGION)
    found = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=name)["Parameters"]
    values = {one["ParameterName"]: one["ParameterValue"] for one in found}
    assert values["require_secure_transport"] == "ON" and values["tls_version"] == "TLSv1.2,TLSv1.3"


def test_a_client_reads_exactly_the_database_s_secret(deploy, cloud):
    graph = deploy(stack(AuroraMySql))
    secret = cluster(cloud)["MasterUserSecret"]["SecretArn"]
    allowed = granted(cloud, graph)
    assert allowed["Password"]["Action"] == "secretsmanager:GetSecretValue"
    assert allowed["Password"]["Resource"] == secret
    assert allowed["Key"]["Action"] == "kms:Decrypt" and allowed["Key"]["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
        "kms:EncryptionContext:SecretARN": secret,
    }
    value = cloud.client("secretsmanager", REGION).get_secret_value(SecretId=secret)["SecretString"]
    assert {"username", "password"} <= json.loads(value).keys()


def test_the_database_s_password_rotates(deploy, cloud):
    deploy(stack(AuroraMySql, rotation_days=3))
    secret = cluster(cloud)["MasterUserSecret"]["SecretArn"]
    found = cloud.client("secretsmanager", REGION).describe_secret(SecretId=secret)
    assert found["RotationEnabled"] and found["RotationRules"]["AutomaticallyAfterDays"] == 3


def test_the_database_s_address_is_its_writer_s(deploy, cloud):
    graph = deploy(stack(AuroraMySql))
    told = cloud.client("ssm", REGION).get_parameter(Name="/dev/app/it")["Parameter"]["Value"]
    assert told == f"{cluster(cloud)['Endpoint']}:3306"
    outputs = graph.one("fourplane:index:AuroraMySql").outputs
    assert outputs["reader_address"] == f"{cluster(cloud)['ReaderEndpoint']}:3306"


def test_rejects_a_subnet_group_of_one_zone(deploy):
    def program():
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("it", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone="us-east-1a")
        aws.rds.SubnetGroup("it", subnet_ids=[subnet.id])

    with pytest.raises(Failure, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        deploy(program)


def test_rejects_the_rotation_of_a_secret_that_nobody_rotates(deploy):
    def program():
        secret = aws.secretsmanager.Secret("it")
        aws.secretsmanager.SecretRotation(
            "it", secret_id=secret.id, rotation_rules={"automatically_after_days": 7}
        )

    with pytest.raises(Mistake, match="'rotationLambdaArn' is required"):
        deploy(program)


def test_search_is_spread_over_three_zones(deploy, cloud):
    graph = deploy(stack(SearchDomain))
    found = cloud.client("opensearch", REGION).describe_domain(DomainName="dev-it")["DomainStatus"]
    assert len(found["VPCOptions"]["SubnetIds"]) == 3
    assert found["ClusterConfig"]["ZoneAwarenessConfig"] == {"AvailabilityZoneCount": 3}
    assert found["ClusterConfig"]["DedicatedMasterCount"] == 3
    assert found["EncryptionAtRestOptions"] == {
        "Enabled": True,
        "KmsKeyId": graph.one("aws:kms/key:Key").outputs["arn"],
    }
    assert found["DomainEndpointOptions"]["EnforceHTTPS"] and len(found["LogPublishingOptions"]) == 3


def test_a_client_may_send_requests_to_the_domain_that_it_is_told_of(deploy, cloud):
    graph = deploy(stack(SearchDomain))
    found = cloud.client("opensearch", REGION).describe_domain(DomainName="dev-it")["DomainStatus"]
    told = cloud.client("ssm", REGION).get_parameter(Name="/dev/app/it")["Parameter"]["Value"]
    assert told == f"{found['Endpoints']['vpc']}:443"
    assert granted(cloud, graph)["Search"]["Resource"] == f"{found['ARN']}/*"
    (statement,) = json.loads(found["AccessPolicies"])["Statement"]
    assert statement["Resource"] == f"{found['ARN']}/*"


def test_rejects_a_domain_whose_logs_it_may_not_write(deploy):
    def program():
        group = aws.cloudwatch.LogGroup("it")
        log = {"log_type": "SEARCH_SLOW_LOGS", "cloudwatch_log_group_arn": group.arn}
        aws.opensearch.Domain("it", log_publishing_options=[log])

    with pytest.raises(Failure, match=r"no CloudWatch Logs resource policy lets es\.amazonaws\.com"):
        deploy(program)


def test_a_domain_without_a_network_has_a_name_and_an_address(deploy, cloud):
    graph = deploy(lambda: aws.opensearch.Domain("it", cluster_config={"instance_type": "t3.small.search"}))
    made = graph.one("aws:opensearch/domain:Domain").outputs
    found = cloud.client("opensearch", REGION).describe_domain(DomainName=made["domainName"])["DomainStatus"]
    assert made["domainName"].startswith("it-") and made["endpoint"] == found["Endpoint"]


def test_content_of_two_regions_is_kept_the_same(deploy, cloud):
    def program():
        there = aws.Provider("eu", region="eu-west-1")
        region = Region("eu", {}, pulumi.ResourceOptions(providers=[there]))
        places = (None, region.child)
        here, far = (
            ContentStore("films", {"key_arn": EncryptionKey("key", {}, o).key_arn}, o) for o in places
        )
        mirror(here, far)

    graph = deploy(program)
    for bucket in graph.all("aws:s3/bucket:Bucket"):
        s3 = cloud.client("s3", bucket.region)
        rule = s3.get_bucket_replication(Bucket=bucket.id)["ReplicationConfiguration"]["Rules"][0]
        assert rule["Destination"]["Bucket"] != bucket.outputs["arn"]
        key = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
        assert key.split(":")[3] != bucket.region
        assert s3.get_bucket_versioning(Bucket=bucket.id)["Status"] == "Enabled"


def test_a_client_of_content_reads_and_lists(deploy, cloud):
    graph = deploy(stack(ContentStore))
    arn = graph.one("aws:s3/bucket:Bucket", "it").outputs["arn"]
    allowed = granted(cloud, graph)
    assert (allowed["Objects"]["Resource"], allowed["Names"]["Resource"]) == (f"{arn}/*", arn)
    assert allowed["Key"]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
