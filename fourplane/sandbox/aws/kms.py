"""KMS: keys, their copies in other regions, and their names."""

from typing import Any

from fourplane.sandbox import moto_keys
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given

moto_keys.mend()


@creates("aws:kms/key:Key")
def key(new: New) -> Made:
    kms = new.client("kms")
    request = given(
        Policy=document(new["policy"]) if new.get("policy") else None,
        Description=new.get("description"),
        KeyUsage=new.get("keyUsage", "ENCRYPT_DECRYPT"),
        KeySpec=new.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        MultiRegion=new.get("multiRegion"),
        BypassPolicyLockoutSafetyCheck=new.get("bypassPolicyLockoutSafetyCheck"),
        Tags=_tags(new),
    )
    made = kms.create_key(**request)["KeyMetadata"]
    id = made["KeyId"]
    if new.get("enableKeyRotation"):
        kms.enable_key_rotation(KeyId=id, **given(RotationPeriodInDays=new.get("rotationPeriodInDays")))
    if new.get("isEnabled") is False:
        kms.disable_key(KeyId=id)
    return id, {
        "arn": made["Arn"],
        "keyId": id,
        "description": made["Description"],
        "keyUsage": made["KeyUsage"],
        "customerMasterKeySpec": made["KeySpec"],
        "multiRegion": made.get("MultiRegion", False),
        "enableKeyRotation": new.get("enableKeyRotation", False),
        "isEnabled": new.get("isEnabled", True),
        "policy": request.get("Policy") or kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"],
    }


def _tags(new: New) -> list[dict[str, str]]:
    return [{"TagKey": k, "TagValue": v} for k, v in new.tags.items()]


@creates("aws:kms/replicaKey:ReplicaKey")
def replica_key(new: New) -> Made:
    """A multi-region key's copy: made from the primary's region, found under the same id in this one."""
    primary = new["primaryKeyArn"]
    request = given(
        KeyId=primary.split("/")[-1],
        ReplicaRegion=new.region,
        Policy=document(new["policy"]) if new.get("policy") else None,
        Description=new.get("description"),
        Tags=_tags(new),
    )
    answer = new.client("kms", primary.split(":")[3]).replicate_key(**request)
    made: dict[str, Any] = answer["ReplicaKeyMetadata"]
    if new.get("enabled") is False:
        new.client("kms").disable_key(KeyId=made["KeyId"])
    return made["KeyId"], {
        "arn": made["Arn"],
        "keyId": made["KeyId"],
        "keySpec": made["KeySpec"],
        "keyUsage": made["KeyUsage"],
        "keyRotationEnabled": False,
        "enabled": new.get("enabled", True),
    }


@creates("aws:kms/alias:Alias")
def alias(new: New) -> Made:
    given_name = new.get("name") or f"alias/{new.get('namePrefix', '').removeprefix('alias/')}{new.auto_name}"
    kms = new.client("kms")
    kms.create_alias(AliasName=given_name, TargetKeyId=new["targetKeyId"])
    target = kms.describe_key(KeyId=new["targetKeyId"])["KeyMetadata"]
    return given_name, {
        "arn": new.arn("kms", given_name),
        "name": given_name,
        "targetKeyArn": target["Arn"],
        "targetKeyId": target["KeyId"],
    }
