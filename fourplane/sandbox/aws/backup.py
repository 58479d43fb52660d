"""AWS Backup: vaults, plans, and what a plan covers."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:backup/vault:Vault")
def vault(new: New) -> Made:
    name = new.name
    request = given(BackupVaultName=name, EncryptionKeyArn=new.get("kmsKeyArn"), BackupVaultTags=new.tags)
    made = new.client("backup").create_backup_vault(**request)
    return name, {"arn": made["BackupVaultArn"], "name": name, "recoveryPoints": 0}


@creates("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
def vault_lock(new: New) -> Made:
    request = new.fit("backup", "put_backup_vault_lock_configuration")
    new.client("backup").put_backup_vault_lock_configuration(**request)
    vault = new["backupVaultName"]
    return vault, {"backupVaultArn": new.arn("backup", f"backup-vault:{vault}")}


PLAN = {
    "name": "BackupPlanName",
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "destinationVaultArn": "DestinationBackupVaultArn",
    "targetLogicallyAirGappedBackupVaultArn": "TargetLogicallyAirGappedBackupVaultArn",
    "tags": None,
    "region": None,
}


@creates("aws:backup/plan:Plan")
def plan(new: New) -> Made:
    client = new.client("backup")
    named = {**new.inputs, "name": new.name}
    request = given(
        BackupPlan=shapes.fit_member(client, "create_backup_plan", "BackupPlan", named, PLAN),
        BackupPlanTags=new.tags,
    )
    shapes.validate(client, "create_backup_plan", request)
    made = client.create_backup_plan(**request)
    return made["BackupPlanId"], {
        "arn": made["BackupPlanArn"],
        "name": named["name"],
        "version": made["VersionId"],
    }


PAIR = {"key": "ConditionKey", "value": "ConditionValue"}


@creates("aws:backup/selection:Selection")
def selection(new: New) -> Made:
    name = new.name
    tags = [shapes.pascal(tag, {**PAIR, "type": "ConditionType"}) for tag in new.get("selectionTags", [])]
    chosen = given(
        SelectionName=name,
        IamRoleArn=new["iamRoleArn"],
        Resources=new.get("resources"),
        NotResources=new.get("notResources"),
        ListOfTags=tags,
        Conditions=_conditions(new),
    )
    new.simulate(
        "backup", "create_backup_selection", {"BackupPlanId": new["planId"], "BackupSelection": chosen}
    )
    return new.uuid, {
        "name": name,
        "resources": new.get("resources", []),
        "notResources": new.get("notResources", []),
    }


def _conditions(new: New) -> dict[str, Any]:
    blocks = {"stringEquals": "StringEquals", "stringLikes": "StringLike"}
    blocks |= {"stringNotEquals": "StringNotEquals", "stringNotLikes": "StringNotLike"}
    found = new.first("conditions")
    return {theirs: shapes.pascal(found[ours], PAIR) for ours, theirs in blocks.items() if found.get(ours)}
