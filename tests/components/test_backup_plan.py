import json

import pytest

from components.state.backup_plan import BackupPlan
from fourplane.sandbox import Sandbox

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/a"
KEYS = {region: f"arn:aws:kms:{region}:123456789012:key/k" for region in ("us-east-1", "us-west-2")}
COPIED = {
    "copies": ["us-west-2"],
    "key_arn": KEYS["us-east-1"],
    "copy_key_arns": {"us-west-2": KEYS["us-west-2"]},
}
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


def plan(**args):
    return lambda: BackupPlan("daily", {"table_arns": [TABLE], **args})


@pytest.fixture
def deployed(run):
    with Sandbox() as cloud:
        yield run(plan(**COPIED), cloud), cloud


def test_every_backup_is_copied_to_another_region_and_kept_there_as_long(deployed):
    _, cloud = deployed
    there = cloud.client("backup", "us-west-2").list_backup_vaults()["BackupVaultList"]
    client = cloud.client("backup", "us-east-1")
    (made,) = client.list_backup_plans()["BackupPlansList"]
    (rule,) = client.get_backup_plan(BackupPlanId=made["BackupPlanId"])["BackupPlan"]["Rules"]
    (copy,) = rule["CopyActions"]
    assert copy["DestinationBackupVaultArn"] == there[0]["BackupVaultArn"]
    assert rule["Lifecycle"] == copy["Lifecycle"] == {"DeleteAfterDays": 35}


def test_each_vault_is_locked_and_has_the_key_of_its_region(deployed):
    graph, cloud = deployed
    for region, key in KEYS.items():
        client = cloud.client("backup", region)
        (vault,) = client.list_backup_vaults()["BackupVaultList"]
        told = client.describe_backup_vault(BackupVaultName=vault["BackupVaultName"])
        assert (told["Locked"], told["MinRetentionDays"]) == (True, 35)
        assert vault["EncryptionKeyArn"] == key
    assert all(vault.protect for vault in graph.all(VAULT))


def test_what_is_disposable_can_be_deleted_at_once(preview):
    graph = preview(plan(disposable=True))
    vault = graph.one(VAULT)
    assert graph.all(LOCK) == [] and vault.inputs["forceDestroy"] and not vault.protect


def test_its_role_may_do_nothing_but_back_up_these_tables_into_these_vaults(deployed):
    graph, _ = deployed
    said = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    by_sid = {one["Sid"]: one for one in said}
    assert by_sid["Tables"]["Resource"] == [TABLE] and by_sid["Backups"]["Resource"] == [f"{TABLE}/backup/*"]
    assert {arn.split(":")[3] for arn in by_sid["Vaults"]["Resource"]} == set(KEYS)
    assert all("*" not in action for one in said for action in one["Action"])
    assert all(resource != "*" for one in said for resource in one["Resource"])
    assert by_sid["Keys"]["Condition"] and by_sid["Grants"]["Condition"]


def test_a_backup_or_a_copy_that_fails_is_told(preview):
    alarm = preview(plan(alarm_actions=["t"])).one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    asked = {one["metric"]["metricName"] for one in alarm["metricQueries"] if "metric" in one}
    assert {"NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"} < asked
    assert (alarm["threshold"], alarm["alarmActions"]) == (0, ["t"])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"table_arns": []}, "table_arns must be one table or more"),
        ({"kept_days": 0}, "kept_days must be 1 to 36500"),
        ({"copies": ["a", "a"]}, "copies must be different regions"),
        ({"copies": ["a"], "key_arn": "k"}, "copy_key_arns must be one key for each of a"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(plan(**args))
