"""The world's backups, and what breaks each rule about them."""

from tests.policy.world import Made, Ref, change, remove

PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
TABLE = "aws:dynamodb/table:Table"
TAGS = {"owner": "shop", "stack": "shop-prod"}

WORLD = [
    Made(
        VAULT,
        "safe",
        {"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/backups", "tags": TAGS},
        protect=True,
    ),
    Made(LOCK, "safe", {"backupVaultName": Ref(VAULT, "safe", "name"), "minRetentionDays": 7}),
    Made(
        SELECTION,
        "daily",
        {
            "planId": Ref(PLAN, "daily", "id"),
            "resources": [Ref(TABLE, "carts")],
            "selectionTags": [{"type": "STRINGEQUALS", "key": "owner", "value": "shop"}],
        },
    ),
]

MUTATIONS = {
    "what_holds_data_is_copied_elsewhere": change("aws:ebs/volume:Volume", "disk", "tags.owner", "somebody"),
    "a_backup_is_kept_for_weeks": change(PLAN, "daily", "rules.0.lifecycle.deleteAfter", 3),
    "nobody_can_shorten_what_a_vault_keeps": remove(LOCK, "safe", blame=(VAULT, "safe")),
}
