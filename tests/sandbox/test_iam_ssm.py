"""Roles, policies, parameters and documents."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.errors import Failure
from tests.sandbox.machines import REGION

READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def role(**more: object) -> aws.iam.Role:
    return aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []}, **more)


def test_a_role_has_its_policies_of_all_kinds(deploy, cloud):
    def program():
        made = role(inline_policies=[{"name": "inline", "policy": json.dumps(READ)}], tags={"Tier": "web"})
        aws.iam.RolePolicy("apart", role=made.name, policy=READ)
        aws.iam.RolePolicyAttachment("own", role=made.name, policy_arn=aws.iam.Policy("own", policy=READ).arn)
        name = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        aws.iam.RolePolicyAttachment("amazons", role=made.name, policy_arn=name)

    name = deploy(program).one("aws:iam/role:Role").id
    iam = cloud.client("iam", REGION)
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = [p["PolicyName"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
    assert sorted(i.split("-")[0] for i in inline) == ["apart", "inline"]
    assert sorted(a.split("-")[0] for a in attached) == ["AmazonSSMManagedInstanceCore", "own"]
    assert iam.get_role(RoleName=name)["Role"]["Tags"] == [{"Key": "Tier", "Value": "web"}]


def test_an_instance_profile_holds_its_role(deploy, cloud):
    graph = deploy(lambda: aws.iam.InstanceProfile("it", role=role().name))
    name = graph.one("aws:iam/instanceProfile:InstanceProfile").id
    found = cloud.client("iam", REGION).get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert found["Roles"][0]["RoleName"] == graph.one("aws:iam/role:Role").id


def test_rejects_a_policy_that_amazon_does_not_have(deploy):
    with pytest.raises(Failure, match="AttachRolePolicy refused: NoSuchEntity"):
        deploy(
            lambda: aws.iam.RolePolicyAttachment(
                "it", role=role().name, policy_arn="arn:aws:iam::aws:policy/Nope"
            )
        )


def test_rejects_a_policy_that_is_no_policy(deploy):
    with pytest.raises(Failure, match="CreatePolicy refused: MalformedPolicyDocument"):
        deploy(
            lambda: aws.iam.Policy("it", policy={"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]})
        )


def test_a_secure_parameter_stays_secret(deploy, cloud):
    secret = pulumi.Output.secret
    graph = deploy(
        lambda: aws.ssm.Parameter(
            "it", name="/it/password", type="SecureString", value=secret("correct horse")
        )
    )
    found = cloud.client("ssm", REGION).get_parameter(Name="/it/password", WithDecryption=True)["Parameter"]
    assert found["Value"] == "correct horse" and "correct horse" not in json.dumps(graph.as_json())


def test_a_plain_parameter_can_be_read_back(deploy, cloud):
    made = deploy(lambda: aws.ssm.Parameter("it", name="/it/address", type="String", value="10.0.0.1"))
    outputs = made.one("aws:ssm/parameter:Parameter").outputs
    found = cloud.client("ssm", REGION).get_parameter(Name="/it/address")["Parameter"]
    assert (outputs["arn"], outputs["version"], outputs["insecureValue"]) == (found["ARN"], 1, "10.0.0.1")


def test_a_document_is_kept(deploy, cloud):
    step = {"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": ["ls"]}}
    content = json.dumps({"schemaVersion": "2.2", "description": "it", "mainSteps": [step]})
    graph = deploy(lambda: aws.ssm.Document("it", document_type="Command", content=content))
    name = graph.one("aws:ssm/document:Document").id
    assert json.loads(cloud.client("ssm", REGION).get_document(Name=name)["Content"])["mainSteps"] == [step]
