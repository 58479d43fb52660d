import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.service.push_notifications import PushNotifications

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
APPLE = {"signing_key": "a", "signing_key_id": "b", "team_id": "T1", "bundle_id": "com.example.rider"}
TOPIC = "aws:sns/topic:Topic"
APPLICATION = "aws:sns/platformApplication:PlatformApplication"


def grants(preview, **args):
    """What a service may do that has an arrow to them."""

    def program():
        pushes = PushNotifications("pushes", args)
        connect(AutoScalingService("trips", {**PLACE, "image": "a:1", "port": 80}), pushes)

    graph = preview(program)
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "trips-to-pushes").inputs["policy"]
    return graph, {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_messages_are_encrypted_with_sns_s_key_or_the_stack_s(preview):
    for args, key in (({}, "alias/aws/sns"), ({"key_arn": KEY}, KEY)):
        graph = preview(lambda args=args: PushNotifications("pushes", args))
        assert graph.one(TOPIC).inputs["kmsMasterKeyId"] == key


def test_who_has_an_arrow_publishes_to_the_topic_and_nothing_else(preview):
    graph, allowed = grants(preview)
    topic = graph.one(TOPIC).outputs["arn"]
    assert allowed == {
        "Publish": {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    }
    assert graph.one("aws:ssm/parameter:Parameter").inputs["insecureValue"] == topic


def test_the_key_is_used_through_sns_alone(preview):
    statement = grants(preview, key_arn=KEY)[1]["Key"]
    assert statement["Resource"] == KEY
    assert statement["Condition"]["StringEquals"]["kms:ViaService"].startswith("sns.")


def test_phones_are_registered_with_the_apps_of_this_topic_alone(preview):
    graph, allowed = grants(preview, apns={"rider-ios": APPLE}, fcm={"rider-android": "{}"})
    arns = {one.name: one.outputs["arn"] for one in graph.all(APPLICATION)}
    assert sorted(allowed["Register"]["Resource"]) == sorted(arns.values())
    kinds = [one.split(":")[5].split("/")[:2] for one in allowed["Phones"]["Resource"]]
    assert kinds == [["endpoint", "APNS"], ["endpoint", "GCM"]]
    assert not any(one.endswith("/*/*") or one.endswith(":*") for one in allowed["Phones"]["Resource"])


def test_what_apple_and_google_know_us_by_is_hidden(preview):
    apple = {**APPLE, "signing_key": "the key of Apple"}
    graph = preview(lambda: PushNotifications("pushes", {"apns": {"i": apple}, "fcm": {"a": "the key of G"}}))
    assert {"the key of Apple", "the key of G"} <= graph.secrets


def test_rejects_two_apps_of_one_name(preview):
    with pytest.raises(Exception, match="fcm must be apps of other names than those of apns, got 'rider'"):
        preview(lambda: PushNotifications("pushes", {"apns": {"rider": APPLE}, "fcm": {"rider": "{}"}}))
