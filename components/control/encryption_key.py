"""The key that a stack's data and logs are encrypted with."""

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs

ADMINISTRATION = (
    "CancelKeyDeletion",
    "CreateAlias",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "EnableKey",
    "EnableKeyRotation",
    "DisableKeyRotation",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
    "RevokeGrant",
)
USE = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)


class EncryptionKeyArgs(ComponentArgs):
    """Nothing to choose."""


class EncryptionKey(Component):
    """A customer managed key that rotates every year and that only this account, and its services' logs,
    can use.

    Each region has a key of its own: S3, Secrets Manager and Aurora encrypt anew what they copy to another
    region, so no key has to be in two, and the loss of one opens nothing in the other.
    """

    key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        invoke = pulumi.InvokeOutputOptions(parent=self)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        region = aws.get_region_output(region=self._region, opts=invoke).region
        partition = aws.get_partition_output(opts=invoke).partition
        key = aws.kms.Key(
            name,
            description=f"Data and logs of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            # Without it nobody could ever change the key again: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
                            "Sid": "Account",
                            "Effect": "Allow",
                            "Principal": {
                                "AWS": pulumi.Output.format("arn:{}:iam::{}:root", partition, account)
                            },
                            "Action": [f"kms:{action}" for action in ADMINISTRATION + USE],
                            "Resource": "*",
                        },
                        {
                            "Sid": "Logs",
                            "Effect": "Allow",
                            "Principal": {"Service": pulumi.Output.format("logs.{}.amazonaws.com", region)},
                            "Action": [f"kms:{action}" for action in USE],
                            "Resource": "*",
                            "Condition": {
                                "ArnLike": {
                                    "kms:EncryptionContext:aws:logs:arn": pulumi.Output.format(
                                        "arn:{}:logs:{}:{}:log-group:*", partition, region, account
                                    )
                                }
                            },
                        },
                        {
                            # A bucket behind a distribution: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
                            "Sid": "Distributions",
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudfront.amazonaws.com"},
                            "Action": "kms:Decrypt",
                            "Resource": "*",
                            "Condition": {
                                "ArnLike": {
                                    "aws:SourceArn": pulumi.Output.format(
                                        "arn:{}:cloudfront::{}:distribution/*", partition, account
                                    )
                                }
                            },
                        },
                        {
                            "Sid": "Alarms",
                            "Effect": "Allow",
                            "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
                            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                            "Resource": "*",
                            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                        },
                    ],
                }
            ),
            opts=self.child,
        )
        aws.kms.Alias(
            name, name=f"alias/{pulumi.get_stack()}/{name}", target_key_id=key.key_id, opts=self.child
        )

        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
