"""IAM documents that more than one component writes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi


def trust(service: str) -> str:
    """Lets an AWS service, such as "ec2.amazonaws.com", assume a role."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust_for(service: str, near: pulumi.Input[str]) -> pulumi.Output[str]:
    """Lets an AWS service assume a role in the name of one account alone: that of what has an ARN.

    Only for a service that says for whom it asks:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html.
    """
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": {"StringEquals": {"aws:SourceAccount": account_of(near)}},
    }
    return policy([statement])


def policy(statements: Sequence[Mapping[str, Any]]) -> pulumi.Output[str]:
    """A policy document of statements that may hold outputs."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def only_over_tls(action: str, arn: pulumi.Input[str]) -> dict[str, Any]:
    """The statement of a resource's own policy that refuses whoever does not speak TLS."""
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def beside(arn: pulumi.Input[str], service: str, path: str) -> pulumi.Output[str]:
    """An ARN in the partition, region and account of another: beside(group.arn, "ssm", "parameter/a")."""

    def same_place(arn: str) -> str:
        _, partition, _, region, account = arn.split(":")[:5]
        return f"arn:{partition}:{service}:{region}:{account}:{path}"

    return pulumi.Output.from_input(arn).apply(same_place)


def account_of(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """The account that an ARN is in."""
    return pulumi.Output.from_input(arn).apply(lambda arn: arn.split(":")[4])


def region_of(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """The region that an ARN is in."""
    return pulumi.Output.from_input(arn).apply(lambda arn: arn.split(":")[3])


def read_secret(
    secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str] | None = None
) -> list[dict[str, Any]]:
    """The statements that let a role read a secret, and the key that it is encrypted with where that is not
    Secrets Manager's own."""
    secret = {
        "Sid": "Secret",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": secret_arn,
    }
    if key_arn is None:
        return [secret]
    region = pulumi.Output.from_input(secret_arn).apply(lambda arn: arn.split(":")[3])
    through = {
        "kms:ViaService": pulumi.Output.format("secretsmanager.{}.amazonaws.com", region),
        "kms:EncryptionContext:SecretARN": secret_arn,
    }
    key = {
        "Sid": "Key",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key_arn,
        "Condition": {"StringEquals": through},
    }
    return [secret, key]


def use_key(
    key_arn: pulumi.Input[str], service: str, arn: pulumi.Input[str], *actions: str
) -> dict[str, Any]:
    """The statement that lets a role use a key through one service alone, in the region of what has an ARN:
    use_key(key, "sqs", queue.arn, "Decrypt")."""
    region = pulumi.Output.from_input(arn).apply(lambda arn: arn.split(":")[3])
    through = pulumi.Output.format("{}.{}.amazonaws.com", service, region)
    return {
        "Sid": "Key",
        "Effect": "Allow",
        "Action": [f"kms:{action}" for action in actions],
        "Resource": key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": through}},
    }
