"""Every company keeps every rule of the policy pack, in dev and in prod."""

import pytest

from fourplane import check, policy_pack, project
from tests.stacks.conftest import previewed

FOUND = project.find()
STACKS = [stack for stack in FOUND.stacks() if stack.endswith(("-dev", "-prod"))]


@pytest.fixture(scope="module")
def pack():
    with policy_pack.running(FOUND.root / "policy") as running:
        yield running


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_breaks_no_mandatory_rule(pack, stack):
    verdict = check.check(previewed(stack), pack, FOUND.name)
    assert verdict.holds, "\n".join(verdict.as_text())
