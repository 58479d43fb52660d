"""Settings: what each stack may say, and what it is told when it says something else."""

import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fourplane import engine, project
from fourplane.errors import Mistake
from fourplane.preview import Preview
from stacks import STACKS
from tests.stacks.conftest import previewed

PROJECT = project.find()
FIELDS = {name: field for kind in STACKS.values() for name, field in kind.model_fields.items()}


def preview(stack, *overrides):
    return engine.run(
        PROJECT, stack, project.settings(PROJECT, stack, list(overrides)), Preview(), preview=True
    )


def test_pulumi_yaml_declares_what_the_environments_read():
    declared = yaml.safe_load((PROJECT.root / "Pulumi.yaml").read_text())["config"]
    assert {key: value["default"] for key, value in declared.items()} == {
        name: field.get_default(call_default_factory=True) for name, field in FIELDS.items()
    }


def test_every_setting_is_described_where_a_user_would_look():
    declared = yaml.safe_load((PROJECT.root / "Pulumi.yaml").read_text())["config"]
    assert all(value["description"] for value in declared.values())


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("zones=5", "config 'zones' must be less than or equal to 4, got '5'"),
        ("zones=many", "config 'zones' must be a valid integer.*got 'many'"),
        ("region=nowhere", "config 'region' must be an AWS region, such as 'eu-west-1', got 'nowhere'"),
        ("zonez=3", "config 'zonez' is no setting; did you mean 'zones'"),
        ("zones=2", "CassandraRing 'users': .* 3"),
        ("endpoint=localhost:4566", "config 'endpoint' must be a URL"),
        ("log_retention_days=8", "log_retention_days must be one of 1, 3, 5.*got 8"),
        ("cassandra_instance_type=huge", "instance_type must be an EC2 instance type.*got 'huge'"),
        ("price_class=PriceClass_1", "price_class must be one of PriceClass_100"),
    ],
)
def test_rejects_what_cannot_be_in_one_line(override, words):
    with pytest.raises(Mistake, match=words) as refused:
        preview("netflix-dev", override)
    assert "\n" not in str(refused.value)


VALUES = st.one_of(
    st.integers(-2, 12).map(str),
    st.sampled_from(
        ["", "true", "false", "us-east-1", "eu-west-1", "t4g.small", "m7g.large", "[]", "{}", "null"]
    ),
    st.text(max_size=12),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stack=st.sampled_from([f"{company}-dev" for company in STACKS]),
    overrides=st.dictionaries(st.sampled_from(sorted(FIELDS)), VALUES, min_size=1, max_size=3),
)
def test_any_settings_give_a_stack_or_one_clear_line(stack, overrides):
    texts = [f"{key}={value}" for key, value in overrides.items()]
    try:
        graph = preview(stack, *texts)
    except Mistake as refused:
        assert "\n" not in str(refused) and stack in str(refused)
    else:
        assert len(graph) > 100


ELSEWHERE = ("netflix-dev", "region=eu-west-1", "endpoint=http://localhost:4566")


def test_an_emulator_gets_every_service():
    inputs = previewed(*ELSEWHERE).one("pulumi:providers:aws").inputs
    endpoints = json.loads(inputs["endpoints"])[0]
    assert set(endpoints.values()) == {"http://localhost:4566"} and len(endpoints) > 200
    assert inputs["s3UsePathStyle"] == inputs["skipCredentialsValidation"] == "true"


def test_every_resource_goes_to_the_stack_s_own_provider():
    graph = previewed(*ELSEWHERE)
    home = graph.one("pulumi:providers:aws")
    custom = [r for r in graph.values() if r.package == "aws" and r.custom and r is not home]
    assert {r.provider for r in custom} == {f"{home.urn}::{home.id}"}
    assert {r.region for r in custom} == {"eu-west-1", "us-east-1"}  # CloudFront's


def test_another_region_has_a_network_of_its_own():
    zones = {r.inputs["availabilityZone"] for r in previewed(*ELSEWHERE).all("aws:ec2/subnet:Subnet")}
    assert zones == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
