"""Exemptions: a written reason, until a day, as long as they are needed; a broken file is one line."""

import datetime

import pytest

from policy.exemptions import Exemption, Exemptions, read
from policy.rules import RULES
from tests.policy.world import Judge, Made, world

QUEUE = "aws:sqs/queue:Queue"
NAME = "a_queue_is_encrypted"
RULE = [rule for rule in RULES if rule.name == NAME]
OPEN = world([Made(QUEUE, "open")])
TODAY = datetime.date(2026, 11, 25)


def broken(world, resource="urn:pulumi:shop-prod::*::open", day=datetime.date(2027, 1, 1)):
    exempt = Exemptions([Exemption(NAME, resource, "only test data", day)], TODAY)
    return sorted((rule, message) for rule, _, message in Judge([*RULE, *exempt.rules()], exempt)(world)[0])


def test_what_is_exempt_is_no_violation():
    assert broken(OPEN) == []


def test_an_expired_exemption_exempts_nothing_and_is_a_violation_itself():
    first, second = broken(OPEN, day=datetime.date(2026, 11, 24))
    assert first[0] == NAME
    assert second[0] == "an_exemption_has_not_expired" and "2026-11-24" in second[1] and NAME in second[1]


def test_an_exemption_that_nothing_needs_is_a_violation():
    closed = world([Made(QUEUE, "open", {"sqsManagedSseEnabled": True})])
    ((rule, message),) = broken(closed)
    assert rule == "an_exemption_is_needed" and "only test data" in message


def test_an_exemption_of_another_stack_is_not_asked_for():
    closed = world([Made(QUEUE, "open", {"sqsManagedSseEnabled": True})])
    assert broken(closed, "urn:pulumi:shop-dev::*::open") == []


ENTRY = {"rule": NAME, "resource": "urn:pulumi:*::open", "reason": "test data", "expires": "2027-01-31"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- rule: [", "exemptions.yaml:2: not YAML"),
        ("rule: x", "must hold a list"),
        ("- just words", "entry 1 must have rule, resource, reason, expires"),
        ({**ENTRY, "reason": ""}, "entry 1 has no reason"),
        ({**ENTRY, "rule": "a_queue_is_pink"}, "no rule 'a_queue_is_pink' in the pack"),
        ({**ENTRY, "resource": "open"}, "resource must be a URN or a glob of URNs"),
        ({**ENTRY, "expires": "soon"}, "expires must be a day such as 2027-01-31, got 'soon'"),
        ({**ENTRY, "until": "2027-01-31"}, "no key 'until'"),
    ],
)
def test_rejects_a_broken_file_in_one_line(tmp_path, text, said):
    path = tmp_path / "exemptions.yaml"
    lines = text if isinstance(text, str) else "- " + "\n  ".join(f"{k}: {v}" for k, v in text.items())
    path.write_text(lines + "\n")
    with pytest.raises(SystemExit) as caught:
        read(path, {NAME})
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_is_no_exemption(tmp_path):
    assert read(tmp_path / "exemptions.yaml", set()).entries == []
