"""IAM documents for the programs of tests."""

import pulumi
import pulumi_aws as aws


def document(*statements):
    return pulumi.Output.json_dumps({"Statement": [{"Effect": "Allow", **one} for one in statements]})


def role(name, *statements):
    made = aws.iam.Role(name, assume_role_policy="{}")
    aws.iam.RolePolicy(name, role=made.name, policy=document(*statements))
    return made
