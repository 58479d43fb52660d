import pytest

from components.state.postgresql import PostgreSql

DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "zones": ["us-east-1a", "us-east-1b"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
INSTANCE = "aws:rds/instance:Instance"


def trips(**more):
    return lambda: PostgreSql("trips", {**DATA, **more})


def test_a_standby_waits_in_another_zone(preview):
    made = preview(trips()).one(INSTANCE).inputs
    assert made["multiAz"] and "availabilityZone" not in made


def test_without_a_standby_it_is_one_instance_in_one_zone(preview):
    made = preview(trips(standby=False)).one(INSTANCE).inputs
    assert made["multiAz"] is False and made["availabilityZone"] == "us-east-1a"


def test_it_is_encrypted_private_and_takes_tls_alone(preview):
    graph = preview(trips(key_arn=KEY))
    made = graph.one(INSTANCE).inputs
    assert made["storageEncrypted"] and made["kmsKeyId"] == made["performanceInsightsKmsKeyId"] == KEY
    assert made["publiclyAccessible"] is False
    group = graph.one("aws:rds/parameterGroup:ParameterGroup").inputs
    values = {one["name"]: one["value"] for one in group["parameters"]}
    assert group["family"] == "postgres17" and values["rds.force_ssl"] == "1"
    assert values["ssl_min_protocol_version"] == "TLSv1.2"


def test_nobody_sees_the_password_which_rotates(preview):
    graph = preview(trips(rotation_days=3))
    made = graph.one(INSTANCE).inputs
    assert made["manageMasterUserPassword"] and "password" not in made
    rotation = graph.one("aws:secretsmanager/secretRotation:SecretRotation").inputs
    assert rotation["rotationRules"] == {"automaticallyAfterDays": 3}


def test_it_is_protected_backed_up_and_logged(preview):
    graph = preview(trips(log_retention_days=30))
    made = graph.one(INSTANCE)
    assert made.protect and made.inputs["deletionProtection"] and not made.inputs["skipFinalSnapshot"]
    assert made.inputs["backupRetentionPeriod"] == 14
    names = {one.inputs["name"] for one in graph.all("aws:cloudwatch/logGroup:LogGroup")}
    assert names == {
        f"/aws/rds/instance/dev-trips/{log}" for log in made.inputs["enabledCloudwatchLogsExports"]
    }
    gone = preview(trips(disposable=True)).one(INSTANCE)
    assert not gone.protect and gone.inputs["skipFinalSnapshot"] and not gone.inputs["deletionProtection"]


def test_insights_are_taken_where_the_class_has_them(preview):
    assert preview(trips()).one(INSTANCE).inputs["performanceInsightsEnabled"]
    small = preview(trips(instance_class="db.t4g.micro", key_arn=KEY)).one(INSTANCE).inputs
    assert not small["performanceInsightsEnabled"] and "performanceInsightsKmsKeyId" not in small


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"zones": ["us-east-1a", "us-east-1a"]}, "zones must be two or more different zones"),
        ({"subnet_ids": ["subnet-a"]}, "subnet_ids must be as many as zones, 2"),
        ({"instance_class": "large"}, "instance_class must be a class"),
        ({"engine_version": "9.6"}, "engine_version must be a PostgreSQL release"),
        ({"database": "Trips"}, "database must be small letters"),
        ({"storage_gib": 5}, "storage_gib must be 20 to 65536"),
        ({"storage_gib": 200, "most_storage_gib": 200}, "most_storage_gib must be more than 200"),
        ({"rotation_days": 0}, "rotation_days must be 1 to 1000"),
        ({"backup_retention_days": 7}, "backup_retention_days must be 14 to 35"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(trips(**more))
