"""What a program may ask while it runs."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.errors import Mistake
from tests.sandbox.machines import IMAGE


@pytest.fixture
def ask(deploy):
    """ask(question): the answer that a program gets, through an export."""
    return lambda question: deploy(lambda: pulumi.export("answer", question())).outputs["answer"]


def test_zones_can_be_excluded_and_filtered(ask):
    def question():
        ordinary = [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
        return aws.get_availability_zones(
            state="available", exclude_names=["us-east-1a"], filters=ordinary
        ).names

    assert ask(question)[:2] == ["us-east-1b", "us-east-1c"]


def test_no_zone_is_a_local_one(ask):
    local = [{"name": "zone-type", "values": ["local-zone"]}]
    assert ask(lambda: aws.get_availability_zones(filters=local).names) == []


def test_knows_where_and_who_it_is(ask):
    def question():
        region, partition = aws.get_region(region="eu-west-1").region, aws.get_partition().partition
        return [region, partition, aws.get_caller_identity().account_id]

    assert ask(question) == ["eu-west-1", "aws", "123456789012"]


def test_the_newest_image_is_the_one_that_the_public_parameter_names(ask):
    def question():
        name = [{"name": "name", "values": ["al2023-ami-2023.*-arm64"]}]
        found = aws.ec2.get_ami(most_recent=True, owners=["amazon"], filters=name)
        return [found.architecture, found.root_device_name, found.id.startswith("ami-")]

    assert ask(question) == ["arm64", "/dev/xvda", True]


@pytest.mark.parametrize("kind", ["arm64", "x86_64"])
def test_the_public_parameters_name_an_image(ask, kind):
    assert ask(lambda: aws.ssm.get_parameter(name=IMAGE.replace("arm64", kind)).value).startswith("ami-")


def test_policy_documents_are_merged_and_overridden(ask):
    def question():
        base = aws.iam.get_policy_document(
            statements=[
                {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["*"]},
                {"sid": "Write", "actions": ["s3:PutObject"], "resources": ["*"]},
            ]
        ).json
        test = {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}
        service = {"type": "Service", "identifiers": ["ec2.amazonaws.com"]}
        denied = {"sid": "Write", "effect": "Deny", "actions": ["s3:PutObject"], "resources": ["*"]}
        deny = aws.iam.get_policy_document(
            statements=[{**denied, "principals": [service], "conditions": [test]}]
        ).json
        return aws.iam.get_policy_document(
            source_policy_documents=[base], override_policy_documents=[deny]
        ).json

    read, write = json.loads(ask(question))["Statement"]
    assert read == {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert write["Effect"] == "Deny" and write["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert write["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}


def test_finds_what_the_program_made(ask):
    def question():
        zone = aws.route53.Zone("it", name="example.com")
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("it", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
        here = subnet.vpc_id.apply(lambda id: [{"name": "vpc-id", "values": [id]}])
        found = zone.id.apply(lambda _: aws.route53.get_zone(name="example.com").zone_id)
        ids = aws.ec2.get_subnets_output(
            filters=here, opts=pulumi.InvokeOutputOptions(depends_on=[subnet])
        ).ids
        return pulumi.Output.all(found, zone.id, ids[0], subnet.id)

    zone, same_zone, subnet, same_subnet = ask(question)
    assert zone == same_zone and subnet == same_subnet


def test_managed_policies_have_the_ids_that_aws_publishes(ask):
    def question():
        name = "Managed-AllViewerExceptHostHeader"
        cache = aws.cloudfront.get_cache_policy(name="Managed-CachingDisabled").id
        return [cache, aws.cloudfront.get_origin_request_policy(name=name).id]

    disabled, viewer = ask(question)
    assert disabled == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert viewer == "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def test_rejects_a_managed_policy_that_does_not_exist(ask):
    with pytest.raises(Mistake, match="no managed cache-policy 'Managed-Nope'"):
        ask(lambda: aws.cloudfront.get_cache_policy(name="Managed-Nope").id)


def test_rejects_a_zone_that_the_program_did_not_make(ask):
    with pytest.raises(Mistake, match=r"expected one hosted zone example\.org, but there is none"):
        ask(lambda: aws.route53.get_zone(name="example.org").id)
