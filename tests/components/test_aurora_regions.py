"""Aurora over two regions: a global database, its copy, and a password of our own."""

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
from fourplane.errors import Mistake
from fourplane.sandbox import Sandbox

HOME, AWAY = "us-east-1", "eu-west-1"
CLUSTER = "aws:rds/cluster:Cluster"
DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["a", "b", "c"],
    "zones": [f"us-east-1{zone}" for zone in "abc"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
FAR_KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
FAR_SECRET = "arn:aws:secretsmanager:eu-west-1:1:secret:s-1"
PRIMARY = {
    "global_cluster_id": "dev-bills",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:1:secret:s-1",
}


def two_regions(**home):
    def program():
        there = aws.Provider("eu", region=AWAY)
        region = Region("eu", {}, pulumi.ResourceOptions(providers=[there]))
        far_key = EncryptionKey("key", {}, region.child).key_arn

        def place(opts, key, **more):
            network = Network("network", {}, opts)
            bills = AuroraMySql("bills", {**network.data, "key_arn": key, **more}, opts)
            app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80}, opts)
            connect(app, bills)
            return bills

        key = EncryptionKey("key", {}).key_arn
        bills = place(None, key, replicated_to={AWAY: far_key}, **home)
        place(region.child, far_key, primary=bills.primary)

    return program


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    """Both regions in the sandbox, and the sandbox to ask."""
    with Sandbox() as cloud:
        yield run_in(tmp_path_factory.mktemp("regions"), two_regions(), cloud), cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


@pytest.fixture(scope="module")
def clusters(deployed):
    """The cluster of each region, as the cloud describes it."""
    _, cloud = deployed
    return {r: cloud.client("rds", r).describe_db_clusters()["DBClusters"][0] for r in (HOME, AWAY)}


def by_region(graph, type, name=None):
    return {r.region: r for r in graph.all(type) if name in (None, r.name)}


def allowed(graph, name, region=HOME):
    policies = [r for r in graph.all("aws:iam/rolePolicy:RolePolicy") if r.name == name]
    chosen = next(r for r in policies if ("Region$" in r.urn) == (region == AWAY))
    return {one["Sid"]: one for one in json.loads(chosen.inputs["policy"])["Statement"]}


def test_one_region_writes_and_the_other_has_a_copy(deployed):
    _, cloud = deployed
    (database,) = cloud.client("rds", HOME).describe_global_clusters()["GlobalClusters"]
    members = {one["DBClusterArn"].split(":")[3]: one["IsWriter"] for one in database["GlobalClusterMembers"]}
    assert members == {HOME: True, AWAY: False} and database["StorageEncrypted"]
    assert database["DeletionProtection"]


def test_each_region_s_copy_is_encrypted_with_its_own_key(clusters):
    assert {cluster["KmsKeyId"].split(":")[3] for cluster in clusters.values()} == {HOME, AWAY}
    assert all(cluster["StorageEncrypted"] for cluster in clusters.values())


def test_a_copy_has_its_data_and_its_users_from_the_primary(graph):
    far = by_region(graph, CLUSTER)[AWAY].inputs
    assert not {"masterUsername", "masterPassword", "manageMasterUserPassword", "databaseName"} & far.keys()
    assert far["sourceRegion"] == HOME


def test_a_copy_waits_until_its_primary_can_write(graph):
    waits = {*by_region(graph, CLUSTER)[AWAY].dependencies}
    writers = [r for r in graph.all("aws:rds/clusterInstance:ClusterInstance") if r.region == HOME]
    assert len(writers) == 2 and {one.urn for one in writers} <= waits


def test_clients_dial_the_writer_at_home_and_a_reader_that_forwards_elsewhere(deployed, clusters):
    _, cloud = deployed
    told = {
        region: cloud.client("ssm", region).get_parameter(Name="/dev/app/bills")["Parameter"]["Value"]
        for region in (HOME, AWAY)
    }
    assert told == {
        HOME: f"{clusters[HOME]['Endpoint']}:3306",
        AWAY: f"{clusters[AWAY]['ReaderEndpoint']}:3306",
    }


def test_either_region_forwards_when_the_writer_is_in_the_other(graph):
    assert all(r.inputs["enableGlobalWriteForwarding"] for r in graph.all(CLUSTER))
    for group in graph.all("aws:rds/clusterParameterGroup:ClusterParameterGroup"):
        values = {one["name"]: one["value"] for one in group.inputs["parameters"]}
        assert values["aurora_replica_read_consistency"] == "SESSION"


def test_what_a_failover_changes_is_not_changed_back(graph):
    ignored = {"engineVersion", "globalClusterIdentifier", "replicationSourceIdentifier", "masterPassword"}
    assert all(ignored <= {*one.options["ignoreChanges"]} for one in graph.all(CLUSTER))


def test_a_client_reads_the_password_in_its_own_region(deployed):
    graph, cloud = deployed
    for region in (HOME, AWAY):
        grant = allowed(graph, "app-to-bills", region)
        assert grant["Password"]["Resource"].split(":")[3] == region
        assert grant["Key"]["Resource"].split(":")[3] == region
        secret = cloud.client("secretsmanager", region).get_secret_value(
            SecretId=grant["Password"]["Resource"]
        )
        assert json.loads(secret["SecretString"]).keys() == {"username", "password"}


def test_the_first_password_is_shown_nowhere(deployed):
    graph, cloud = deployed
    secret = graph.one("aws:secretsmanager/secret:Secret")
    value = cloud.client("secretsmanager", HOME).get_secret_value(SecretId=secret.id)["SecretString"]
    password = json.loads(value)["password"]
    assert len(password) == 40 and password not in json.dumps(graph.as_json())


def test_the_password_is_made_once(graph):
    version = graph.one("aws:secretsmanager/secretVersion:SecretVersion")
    assert {*version.options["ignoreChanges"]} == {"secretString", "versionStages"}
    assert "initial" in version.inputs["versionStages"]


def test_the_password_is_rotated_by_a_function_once_the_database_can_take_it(graph):
    rotation = graph.one("aws:secretsmanager/secretRotation:SecretRotation")
    assert rotation.inputs["rotationRules"] == {"automaticallyAfterDays": 7}
    writers = {r.urn for r in graph.all("aws:rds/clusterInstance:ClusterInstance") if r.region == HOME}
    assert writers <= {*rotation.dependencies}
    permission = graph.one("aws:lambda/permission:Permission").inputs
    assert permission["sourceArn"] == graph.one("aws:secretsmanager/secret:Secret").outputs["arn"]


def test_the_function_may_change_this_secret_and_these_clusters_and_no_more(graph, clusters):
    statements = allowed(graph, "bills-password")
    secret = graph.one("aws:secretsmanager/secret:Secret").outputs["arn"]
    assert statements["Secret"]["Resource"] == secret
    assert {*statements["Clusters"]["Resource"]} == {one["DBClusterArn"] for one in clusters.values()}
    everywhere = [sid for sid, one in statements.items() if one["Resource"] == "*"]
    assert everywhere == ["Random"]
    assert not any("*" in str(one["Action"]) for one in statements.values())


def test_the_function_may_use_each_region_s_key_for_secrets_only(graph):
    statements = allowed(graph, "bills-password")
    through = {
        sid: statements[sid]["Condition"]["StringEquals"]["kms:ViaService"] for sid in ("Key", "CopyKey1")
    }
    assert through == {
        "Key": f"secretsmanager.{HOME}.amazonaws.com",
        "CopyKey1": f"secretsmanager.{AWAY}.amazonaws.com",
    }
    assert statements["CopyKey1"]["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]


def test_a_copy_knows_its_writer_and_where_it_is_written_itself(preview):
    told = {}

    def program():
        args = {**DATA, "key_arn": KEY, "primary": {**PRIMARY, "secret_arn": FAR_SECRET}}
        pulumi.Output.all(**AuroraMySql("bills", args).copy).apply(told.update)

    made = preview(program).one(CLUSTER).outputs
    assert told["copy_arn"] == made["arn"] and told["writer_address"] == f"{made['endpoint']}:3306"
    assert told["writer_arn"] == made["arn"].replace(HOME, AWAY) != made["arn"]


def test_all_of_it_is_protected_unless_disposable(graph, preview):
    kinds = (CLUSTER, "aws:rds/globalCluster:GlobalCluster")
    assert all(r.protect and r.inputs["deletionProtection"] for kind in kinds for r in graph.all(kind))
    loose = preview(two_regions(disposable=True)).one("aws:rds/globalCluster:GlobalCluster")
    assert loose.inputs["forceDestroy"] and not loose.protect


def test_after_a_failover_clients_are_sent_the_other_way(preview):
    addresses = {
        writes: preview(
            lambda writes=writes: AuroraMySql(
                "bills", {**DATA, "key_arn": KEY, "primary": PRIMARY, "writes": writes}
            )
        )
        .one("fourplane:index:AuroraMySql")
        .outputs["address"]
        for writes in (False, True)
    }
    made = preview(lambda: AuroraMySql("bills", {**DATA, "key_arn": KEY, "primary": PRIMARY})).one(CLUSTER)
    assert addresses == {
        False: f"{made.outputs['readerEndpoint']}:3306",
        True: f"{made.outputs['endpoint']}:3306",
    }


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"replicated_to": {}}, "replicated_to must be one region or more, each with its key, got {}"),
        ({"writes": True}, "writes must be left out in one region: its writer is always here"),
        ({"primary": PRIMARY}, "key_arn must be a key of its region, where primary is given"),
        (
            {"primary": PRIMARY, "key_arn": KEY, "database": "bills"},
            "database must be left out where primary is given, which has it already",
        ),
        (
            {"replicated_to": {AWAY: FAR_KEY}, "instance_class": "db.t4g.medium"},
            "instance_class must be larger over two regions, such as 'db.r7g.large'",
        ),
    ],
)
def test_rejects_regions_that_do_not_fit(preview, args, said):
    with pytest.raises(Mistake) as error:
        preview(lambda: AuroraMySql("bills", {**DATA, **args}))
    assert f"AuroraMySql 'bills': {said}" in str(error.value)


def test_rejects_to_promote_what_is_no_copy(preview):
    with pytest.raises(Mistake, match="primary must be given, so that this cluster is a copy that can be"):
        preview(lambda: AuroraMySql("bills", DATA).copy)


def test_rejects_a_copy_of_a_cluster_of_one_region(preview):
    with pytest.raises(Mistake, match="replicated_to must be the regions that have a copy, got None"):
        preview(lambda: AuroraMySql("bills", DATA).primary)
