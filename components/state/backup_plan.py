"""Backups of tables, every day, that nobody can delete, and copies of them in other regions: AWS Backup."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping
from components.policies import policy, trust

DAILY = "cron(0 5 * * ? *)"
START_MINUTES, COMPLETE_MINUTES = 60, 720
FAILURES = ("BackupJobsAborted", "BackupJobsExpired", "BackupJobsFailed", "CopyJobsFailed")
DAYS = (1, 36_500)


class BackupPlanArgs(Keeping):
    table_arns: Sequence[pulumi.Input[str]]
    """The tables, DynamoTable's `arn`, of this region."""
    kept_days: NotRequired[int]
    """Days that a backup and its copies are kept. Default 35."""
    copies: NotRequired[Sequence[str]]
    """Other regions that have a copy of each backup. Default: none."""
    copy_key_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """The key of each such region, where `key_arn` is given. Default: none."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a backup or a copy fails. Default: none."""


class BackupPlan(Component):
    """A backup of each table every day, in a vault that is locked unless `disposable`: until its time has
    passed, only who may unlock the vault can delete it. What a table's own continuous backups do not survive:
    the loss of its region, and a mistake that is older than they are.

    The account's AWS Backup must have DynamoDB opted in, with its advanced features, as a new one's has:
    https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html
    """

    vault_arn: pulumi.Output[str]
    copy_vault_arns: pulumi.Output[Mapping[str, str]]
    """The vaults of the copies, by region."""
    alarm_arn: pulumi.Output[str]
    """Of the alarm for a backup or a copy that fails."""

    def __init__(self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        days, copies = args.get("kept_days", 35), list(args.get("copies", ()))
        self._check(args, days, copies)

        vault = self._vault(name, args, days, args.get("key_arn"))
        keys = args.get("copy_key_arns", {})
        there = {
            region: self._vault(f"{name}-{region}", args, days, keys.get(region), region) for region in copies
        }
        lifecycle: Any = {"delete_after": days}
        plan = aws.backup.Plan(
            name,
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": vault.name,
                    "schedule": DAILY,
                    "start_window": START_MINUTES,
                    "completion_window": COMPLETE_MINUTES,
                    "lifecycle": lifecycle,
                    "copy_actions": [
                        {"destination_vault_arn": copy.arn, "lifecycle": lifecycle} for copy in there.values()
                    ],
                }
            ],
            opts=self.child,
        )
        role = aws.iam.Role(name, assume_role_policy=trust("backup.amazonaws.com"), opts=self.child)
        vaults = [vault.arn, *(copy.arn for copy in there.values())]
        allowed = aws.iam.RolePolicy(
            name, role=role.name, policy=policy(_backing_up(args, vaults)), opts=self.child
        )
        aws.backup.Selection(
            name,
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=list(args["table_arns"]),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )

        self.vault_arn = vault.arn
        self.copy_vault_arns = pulumi.Output.all(**{region: copy.arn for region, copy in there.items()})
        self.alarm_arn = self._alarm(vault.name, args).arn
        self.register_outputs(
            {
                "vault_arn": self.vault_arn,
                "copy_vault_arns": self.copy_vault_arns,
                "alarm_arn": self.alarm_arn,
            }
        )

    def _check(self, args: BackupPlanArgs, days: int, copies: list[str]) -> None:
        if not args["table_arns"]:
            self.reject("table_arns", [], "one table or more")
        if not DAYS[0] <= days <= DAYS[1]:
            self.reject("kept_days", days, f"{DAYS[0]} to {DAYS[1]}")
        if len(set(copies)) < len(copies) or args.get("region") in copies:
            self.reject("copies", copies, "different regions, and none the plan's own")
        wanted = set(copies) if "key_arn" in args else set[str]()
        if (keys := args.get("copy_key_arns", {})).keys() != wanted:
            needed = ", ".join(sorted(wanted)) or "no region, where key_arn is not given"
            self.reject("copy_key_arns", sorted(keys), f"one key for each of {needed}")

    def _vault(
        self,
        name: str,
        args: BackupPlanArgs,
        days: int,
        key_arn: pulumi.Input[str] | None,
        region: str | None = None,
    ) -> aws.backup.Vault:
        disposable = args.get("disposable", False)
        vault = aws.backup.Vault(
            name,
            kms_key_arn=key_arn,
            force_destroy=disposable,
            region=region,
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable),
        )
        if not disposable:
            # No date from which nobody may take it off: a mistake in it would be there for good.
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=days,
                region=region,
                opts=self.child,
            )
        return vault

    def _alarm(self, vault_name: pulumi.Output[str], args: BackupPlanArgs) -> aws.cloudwatch.MetricAlarm:
        """https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"""
        ids = [f"f{number}" for number in range(len(FAILURES))]
        metrics: Any = [
            {
                "id": id,
                "metric": {
                    "namespace": "AWS/Backup",
                    "metric_name": f"NumberOf{failure}",
                    "dimensions": {"BackupVaultName": vault_name},
                    "stat": "Sum",
                    "period": 3600,
                },
                "return_data": False,
            }
            for id, failure in zip(ids, FAILURES, strict=True)
        ]
        together: Any = {
            "id": "failures",
            "expression": " + ".join(f"FILL({id}, 0)" for id in ids),
            "label": f"{self.name}: backups and copies that failed",
            "return_data": True,
        }
        return aws.cloudwatch.MetricAlarm(
            self.name,
            alarm_description=f"A backup of {self.name}, or a copy in another region, has failed",
            metric_queries=[*metrics, together],
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="notBreaching",  # no job has ended
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )


def _backing_up(args: BackupPlanArgs, vaults: list[pulumi.Output[str]]) -> list[dict[str, Any]]:
    """What of AWSBackupServiceRolePolicyForBackup, which is for everything in an account, these tables take:
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html"""
    tables = list(args["table_arns"])
    points = [arn.apply(_points) for arn in vaults]
    named = ("DescribeTable", "CreateBackup", "ListTagsOfResource", "StartAwsBackupJob")
    of_tables = ("DescribeBackup", "DeleteBackup")
    made: list[dict[str, Any]] = [
        _allow("Tables", [f"dynamodb:{action}" for action in named], tables),
        _allow(
            "Backups",
            [f"dynamodb:{action}" for action in of_tables],
            [pulumi.Output.format("{}/backup/*", arn) for arn in tables],
        ),
        _allow("Vaults", ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], vaults),
        _allow("Points", ["backup:CopyFromBackupVault", "backup:TagResource"], points),
    ]
    if "key_arn" not in args:
        return made
    keys = [args["key_arn"], *args.get("copy_key_arns", {}).values()]
    uses = _allow("Keys", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], keys)
    uses["Condition"] = {
        "StringLike": {"kms:ViaService": ["backup.*.amazonaws.com", "dynamodb.*.amazonaws.com"]}
    }
    grants = _allow("Grants", ["kms:CreateGrant"], keys)
    grants["Condition"] = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [*made, uses, grants]


def _allow(sid: str, actions: list[str], resources: list[Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _points(vault_arn: str) -> str:
    """The recovery points of a vault's region and account."""
    _, partition, _, region, account = vault_arn.split(":")[:5]
    return f"arn:{partition}:backup:{region}:{account}:recovery-point:*"
