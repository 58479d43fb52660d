"""Disks for the pods of a cluster: EBS."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.component import Component
from components.policies import policy
from components.service.kubernetes_pods import POD_TRUST, STORAGE_CLASS

ADD_ON = "aws-ebs-csi-driver"
MANAGED = "service-role/AmazonEBSCSIDriverPolicy"
ACCOUNT = "ebs-csi-controller-sa"
KEY_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
GRANTS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")
"""What a key of one's own takes: https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html"""


def disks_add_on(
    owner: Component,
    cluster: aws.eks.Cluster,
    key_arn: pulumi.Input[str] | None,
    after: Sequence[pulumi.Resource],
) -> aws.eks.Addon:
    """The driver that makes and attaches disks, with a role of its own."""
    name = f"{owner.name}-disks"
    role = aws.iam.Role(name, assume_role_policy=POD_TRUST, opts=owner.child)
    partition = role.arn.apply(lambda arn: arn.split(":")[1])
    ready: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=pulumi.Output.format("arn:{}:iam::aws:policy/{}", partition, MANAGED),
            opts=owner.child,
        )
    ]
    if key_arn is not None:
        statements = policy(_key_statements(key_arn))
        ready.append(aws.iam.RolePolicy(name, role=role.name, policy=statements, opts=owner.child))
    return aws.eks.Addon(
        name,
        cluster_name=cluster.name,
        addon_name=ADD_ON,
        # No class of its own: nobody gets a disk that is not encrypted.
        configuration_values=json.dumps({"defaultStorageClass": {"enabled": False}}),
        pod_identity_associations=[{"service_account": ACCOUNT, "role_arn": role.arn}],
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[*after, *ready]),
    )


def encrypted_disks(
    owner: Component,
    provider: kubernetes.Provider,
    key_arn: pulumi.Input[str] | None,
    disposable: bool,
) -> None:
    """The class of disks that pods ask for: made where the pod is put, and kept when its claim goes."""
    parameters: dict[str, pulumi.Input[str]] = {
        "type": "gp3",
        "encrypted": "true",
        "tagSpecification_1": f"stack={pulumi.get_stack()}",
    }
    if key_arn is not None:
        parameters["kmsKeyId"] = key_arn
    kubernetes.storage.v1.StorageClass(
        f"{owner.name}-disks",
        metadata={"name": STORAGE_CLASS},
        provisioner="ebs.csi.aws.com",
        parameters=parameters,
        reclaim_policy="Delete" if disposable else "Retain",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=pulumi.ResourceOptions(parent=owner, provider=provider),
    )


def _key_statements(key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    allow: dict[str, Any] = {"Effect": "Allow", "Resource": key_arn}
    for_disks = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        {**allow, "Sid": "Disks", "Action": list(KEY_USE)},
        {**allow, "Sid": "Grants", "Action": list(GRANTS), "Condition": for_disks},
    ]
