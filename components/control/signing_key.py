"""A key by which the machines of a service know what one of them has said."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.component import ComponentArgs
from components.control.encryption_key import ADMINISTRATION

SEALS = ("kms:GenerateMac", "kms:VerifyMac")


class SigningKeyArgs(ComponentArgs):
    disposable: NotRequired[bool]
    """Whether it may be deleted with the stack. Default False: without it nobody believes any more what was
    sealed."""


class SigningKey(Store):
    """A key that seals texts (HMAC-SHA-256) and never leaves KMS: only what an arrow leads from can seal, and
    so what is sealed was said by one of them.

    A service that has it may leave what it knows with its clients, and believe it when it comes back. KMS
    rotates no such key; a text that must not be believed for ever says until when.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: SigningKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        disposable = args.get("disposable", False)
        invoke = pulumi.InvokeOutputOptions(parent=self)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        partition = aws.get_partition_output(opts=invoke).partition
        administration = [verb for verb in ADMINISTRATION if "Rotation" not in verb]
        key = aws.kms.Key(
            name,
            description=f"Seals what {name} is for",
            key_usage="GENERATE_VERIFY_MAC",
            customer_master_key_spec="HMAC_256",
            deletion_window_in_days=7 if disposable else 30,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            # It leaves it to the roles' own policies, which arrows write, who seals.
                            "Sid": "Account",
                            "Effect": "Allow",
                            "Principal": {
                                "AWS": pulumi.Output.format("arn:{}:iam::{}:root", partition, account)
                            },
                            "Action": [*(f"kms:{verb}" for verb in administration), *SEALS],
                            "Resource": "*",
                        }
                    ],
                }
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable),
        )
        aws.kms.Alias(
            name, name=f"alias/{pulumi.get_stack()}/{name}", target_key_id=key.key_id, opts=self.child
        )

        self.arn = key.arn
        self.address = key.arn
        self.register_outputs({"arn": self.arn, "address": self.address})

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """To seal, and to tell what is sealed."""
        return [{"Sid": "Seal", "Effect": "Allow", "Action": list(SEALS), "Resource": self.arn}]
