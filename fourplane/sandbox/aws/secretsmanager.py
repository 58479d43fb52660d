"""Secrets Manager."""

import base64

from fourplane import wire
from fourplane.errors import Mistake
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given


@creates("aws:secretsmanager/secret:Secret")
def secret(new: New) -> Made:
    client = new.client("secretsmanager")
    name = new.name
    request = given(
        Name=name,
        Description=new.get("description"),
        KmsKeyId=new.get("kmsKeyId"),
        Tags=new.tag_list,
        AddReplicaRegions=[
            given(Region=replica["region"], KmsKeyId=replica.get("kmsKeyId"))
            for replica in new.get("replicas", [])
        ],
        ForceOverwriteReplicaSecret=new.get("forceOverwriteReplicaSecret"),
    )
    arn = client.create_secret(**request)["ARN"]
    if new.get("policy"):
        client.put_resource_policy(SecretId=arn, ResourcePolicy=document(new["policy"]))
    return arn, {"arn": arn, "name": name}


@creates("aws:secretsmanager/secretVersion:SecretVersion")
def secret_version(new: New) -> Made:
    text = new.get("secretString", new.get("secretStringWo"))
    request = given(
        SecretId=new["secretId"],
        SecretString=text,
        SecretBinary=base64.b64decode(new["secretBinary"]) if new.get("secretBinary") else None,
        VersionStages=new.get("versionStages"),
        ClientRequestToken=new.uuid,
    )
    made = new.client("secretsmanager").put_secret_value(**request)
    kept = {"secretString": wire.Secret(text)} if "secretString" in new.inputs else {}
    return f"{made['ARN']}|{made['VersionId']}", {
        "arn": made["ARN"],
        "secretArn": made["ARN"],
        "versionId": made["VersionId"],
        "versionStages": made["VersionStages"],
        "hasSecretStringWo": "secretStringWo" in new.inputs,
        **kept,
    }


@creates("aws:secretsmanager/secretRotation:SecretRotation")
def secret_rotation(new: New) -> Made:
    rename = {"secretId": "SecretId", "rotationEnabled": None}
    request = new.fit("secretsmanager", "rotate_secret", rename)
    client = new.client("secretsmanager")
    service = client.describe_secret(SecretId=new["secretId"]).get("OwningService")
    if not service and not new.get("rotationLambdaArn"):
        raise Mistake("'rotationLambdaArn' is required for a secret that no AWS service manages")
    # No function runs here: after its first turn the secret would be without a value.
    at_once = new.get("rotateImmediately", True) and not new.get("rotationLambdaArn")
    client.rotate_secret(**{**request, "RotateImmediately": at_once})
    return new["secretId"], {"rotationEnabled": True}
