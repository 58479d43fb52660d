import json

import pytest

from components.access import connect
from components.control.feature_flags import FeatureFlags
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
FLAGS = {
    "reviews": {"description": "Reviews below a product", "enabled": True},
    "ranking": {
        "description": "The new order of recommendations",
        "attributes": {
            "percent": {"number": 10, "least": 0, "most": 100},
            "model": {"text": "b", "one_of": ["a", "b"]},
            "cached": {"switch": True},
        },
    },
}


def flags(**args):
    return lambda: FeatureFlags("flags", {"flags": FLAGS, **args})


def test_every_value_comes_with_what_it_may_be_changed_to(preview):
    version = preview(flags()).one("aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion")
    said = json.loads(version.inputs["content"].value)
    assert said["version"] == "1" and said["values"]["reviews"] == {"enabled": True}
    assert said["values"]["ranking"] == {"enabled": False, "percent": 10, "model": "b", "cached": True}
    limits = {key: one["constraints"] for key, one in said["flags"]["ranking"]["attributes"].items()}
    assert limits == {
        "percent": {"type": "number", "required": True, "minimum": 0, "maximum": 100},
        "model": {"type": "string", "required": True, "enum": ["a", "b"]},
        "cached": {"type": "boolean", "required": True},
    }


def test_a_change_spreads_bit_by_bit_and_goes_back_when_an_alarm_goes_off(preview):
    graph = preview(flags(alarm_arns={"errors": ALARM}, minutes=20))
    strategy = graph.one("aws:appconfig/deploymentStrategy:DeploymentStrategy", "flags").inputs
    assert (strategy["deploymentDurationInMinutes"], strategy["growthFactor"]) == (20, 20)
    assert strategy["finalBakeTimeInMinutes"] == 10
    monitors = graph.one("aws:appconfig/environment:Environment").inputs["monitors"]
    assert [one["alarmArn"] for one in monitors] == [ALARM]
    asked = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert [(one["Action"], one["Resource"]) for one in asked] == [("cloudwatch:DescribeAlarms", [ALARM])]


def test_who_has_an_arrow_reads_these_flags_alone(preview):
    def program():
        made = FeatureFlags("flags", {"flags": FLAGS, "key_arn": KEY})
        connect(AutoScalingService("carts", {**PLACE, "image": "a:1", "port": 80}), made)

    graph = preview(program)
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "carts-to-flags").inputs["policy"])
    read, key = policy["Statement"]
    environment = graph.one("aws:appconfig/environment:Environment").outputs["arn"]
    assert read["Action"] == ["appconfig:GetLatestConfiguration", "appconfig:StartConfigurationSession"]
    assert read["Resource"].startswith(f"{environment}/configuration/")
    context = "kms:EncryptionContext:aws:appconfig:deployment:arn"
    assert key["Condition"]["StringLike"] == {context: f"{environment}/deployment/*"}
    address = graph.one("aws:ssm/parameter:Parameter").inputs["insecureValue"]
    assert address.count("/") == 2 and address.split("/")[2] == read["Resource"].rsplit("/", 1)[1]


def test_what_is_said_and_what_is_deployed_is_encrypted_with_the_stack_s_key(preview):
    graph = preview(flags(key_arn=KEY))
    profile = graph.one("aws:appconfig/configurationProfile:ConfigurationProfile").inputs
    deployment = graph.one("aws:appconfig/deployment:Deployment").inputs
    assert profile["kmsKeyIdentifier"] == deployment["kmsKeyIdentifier"] == KEY


def test_who_may_turn_them_may_do_it_here_alone(preview):
    found = []

    def program():
        made = FeatureFlags("flags", {"flags": FLAGS, "key_arn": KEY})
        made.address.apply(lambda _: found.extend(made.changes()))

    preview(program)
    assert [one["Sid"] for one in found] == ["FlagVersions", "FlagDeployments", "FlagKey", "FlagKeyVersions"]
    assert all(one["Resource"] != "*" for one in found)


def attribute(**said):
    return {"flags": {"a": {"description": "A", "attributes": {"b": said}}}}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"flags": {}}, "flags must be one flag or more"),
        ({"flags": {"A": {"description": "A"}}}, "flags must be named by a small letter .*, got 'A'"),
        (
            attribute(),
            "flags must be flags whose attributes are each one of number, text and switch, got {'a'",
        ),
        (attribute(number=1, text="a"), "each one of number, text and switch"),
        (attribute(number=1, least=2), "each a number from least to most"),
        (attribute(text="c", one_of=["a"]), "each a text of one_of"),
        ({"alarm_arns": dict.fromkeys("abcdef", ALARM)}, "alarm_arns must be 5 at most"),
        ({"minutes": -1}, "minutes must be 0 to 1440"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(flags(**args))
