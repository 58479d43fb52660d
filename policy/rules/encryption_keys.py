"""Keys are renewed, and what is worth one has its own."""

from collections.abc import Sequence
from typing import Any

from policy.resource import Resource, at
from policy.rule import MEDIUM, Complaints, rule

KEY = "aws:kms/key:Key"
PROJECT = "aws:codebuild/project:Project"
KEYS = {
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
    "aws:backup/vault:Vault": "kmsKeyArn",
    "aws:ecr/repository:Repository": "encryptionConfigurations.0.kmsKey",
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:efs/fileSystem:FileSystem": "kmsKeyId",
    "aws:ebs/volume:Volume": "kmsKeyId",
    "aws:dynamodb/table:Table": "serverSideEncryption.kmsKeyArn",
    "aws:rds/cluster:Cluster": "kmsKeyId",
    "aws:rds/instance:Instance": "kmsKeyId",
    "aws:redshift/cluster:Cluster": "kmsKeyId",
    "aws:lambda/function:Function": "kmsKeyArn",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
    "aws:sqs/queue:Queue": "kmsMasterKeyId",
}
"""Where each type says which key encrypts it."""


@rule(
    KEY,
    severity=MEDIUM,
    frameworks=("CIS 3.6", "CKV_AWS_7", "WA SEC08-BP01"),
    mend="set enableKeyRotation to true",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    remediate=lambda key: {"enableKeyRotation": True},
)
def a_key_is_renewed_every_year(key: Resource) -> Complaints:
    """The less one key has encrypted, the less is lost with it. Only symmetric keys of KMS's own can be."""
    symmetric = (key["customerMasterKeySpec"] or "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if symmetric and not key["customKeyStoreId"] and not key["enableKeyRotation"]:
        yield "is never renewed"


@rule(
    KEYS,
    severity=MEDIUM,
    frameworks=("CKV_AWS_149", "CKV_AWS_166", "CKV_AWS_136", "CKV_AWS_158", "WA SEC08-BP01"),
    mend="name a key of your own, whose policy says who may read",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#customer-cmk",
    parameters={
        "types": {
            "type": "array",
            "items": {"type": "string", "enum": sorted(KEYS)},
            "default": [
                "aws:backup/vault:Vault",
                "aws:ecr/repository:Repository",
                "aws:secretsmanager/secret:Secret",
            ],
        }
    },
)
def what_asks_for_a_key_of_your_own_has_one(thing: Resource, types: Sequence[str]) -> Complaints:
    """AWS's own key opens for whoever may read the thing: no second lock, and none that can be taken away."""
    if thing.type in types and not thing[KEYS[thing.type]]:
        yield "is encrypted with AWS's own key"


def _sealed(project: Resource) -> dict[str, Any]:
    sealed = {"encryptionDisabled": False}
    logs = project["logsConfig"]
    made: dict[str, Any] = {
        key: {**project[key], **sealed} for key in ("artifacts",) if at(project[key], "encryptionDisabled")
    }
    if at(logs, "s3Logs.encryptionDisabled"):
        made["logsConfig"] = {**logs, "s3Logs": {**logs["s3Logs"], **sealed}}
    if second := project.many("secondaryArtifacts"):
        made["secondaryArtifacts"] = [{**one, **sealed} for one in second]
    return made


@rule(
    PROJECT,
    severity=MEDIUM,
    frameworks=("FSBP CodeBuild.3", "CKV_AWS_78", "CKV_AWS_311"),
    mend="set encryptionDisabled to false in artifacts, secondaryArtifacts and logsConfig.s3Logs",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/codebuild-controls.html#codebuild-3",
    remediate=_sealed,
)
def a_build_encrypts_what_it_keeps(project: Resource) -> Complaints:
    """What is built is what runs, and logs of builds tell more than they should."""
    kept = [project["artifacts"], *project.many("secondaryArtifacts"), project["logsConfig.s3Logs"]]
    if any(at(one, "encryptionDisabled") for one in kept):
        yield "stores what it makes unencrypted"
