"""What is backed up is backed up for long enough, and nobody can shorten it."""

from collections.abc import Sequence

from policy.resource import Resource, Stack, at
from policy.rule import HIGH, MEDIUM, Complaints, rule

TABLE = "aws:dynamodb/table:Table"
VOLUME = "aws:ebs/volume:Volume"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
SELECTION = "aws:backup/selection:Selection"
SNAPSHOTS = "aws:dlm/lifecyclePolicy:LifecyclePolicy"
FILE_BACKUPS = "aws:efs/backupPolicy:BackupPolicy"
PLAN = "aws:backup/plan:Plan"
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


@rule(
    (TABLE, VOLUME, FILE_SYSTEM),
    severity=HIGH,
    frameworks=("FSBP EFS.2", "CKV2_AWS_9", "CKV2_AWS_18", "WA REL09-BP03"),
    mend="select it in an aws.backup.Selection, by ARN or by tag; or a volume in an aws.dlm.LifecyclePolicy",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
    parameters={"unless_in": {"type": "array", "items": {"type": "string"}, "default": []}},
)
def what_holds_data_is_copied_elsewhere(
    store: Resource, stack: Stack, unless_in: Sequence[str]
) -> Complaints:
    """What can go back in time goes with the table, and a disk with its zone; a copy in a vault stays.

    `unless_in`: types of components whose programs make the copies themselves.
    """
    copied = any(_selects(one, store, stack) for one in stack.all(SELECTION, SNAPSHOTS, FILE_BACKUPS))
    if not copied and not any(stack.around(store, one) for one in unless_in):
        yield "is in no backup plan"


def _selects(chosen: Resource, store: Resource, stack: Stack) -> bool:
    tags = {key: store["tags"][key] for key in store["tags"] or ()}
    if chosen.type == FILE_BACKUPS:
        return stack.uses(chosen, "fileSystemId", store) and chosen["backupPolicy.status"] == "ENABLED"
    if chosen.type == SNAPSHOTS:
        asked = chosen["policyDetails.targetTags"] or {}
        runs = store.type == VOLUME and chosen["state"] != "DISABLED" and bool(asked)
        return runs and any(tags.get(key) == asked[key] for key in asked)
    by_tag = any(tags.get(one["key"]) == one["value"] for one in chosen.many("selectionTags"))
    return by_tag or stack.uses(chosen, "resources", store) or "*" in chosen.many("resources")


@rule(
    PLAN,
    severity=MEDIUM,
    frameworks=("WA REL09-BP03",),
    mend="set lifecycle.deleteAfter of the plan's rules, and of their copyActions, to as many days or more",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html",
    parameters={"days": {"type": "integer", "minimum": 1, "default": 14}},
)
def a_backup_is_kept_for_weeks(plan: Resource, days: int) -> Complaints:
    """A backup that is deleted before the mistake is noticed was made for nothing."""
    for one in plan.many("rules"):
        for kept in [one, *(one.get("copyActions") or [])]:
            if 0 < (least := at(kept, "lifecycle.deleteAfter") or 0) < days:
                yield f"deletes backups after {least:g} days; {days:g} are asked for"


@rule(
    VAULT,
    severity=MEDIUM,
    frameworks=("WA REL09-BP02",),
    mend="add an aws.backup.VaultLockConfiguration with minRetentionDays",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
)
def nobody_can_shorten_what_a_vault_keeps(vault: Resource, stack: Stack) -> Complaints:
    """Who breaks in deletes the backups first."""
    if not stack.users(vault, "backupVaultName", LOCK):
        yield "is not locked"
