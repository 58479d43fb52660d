"""Every rule: broken in one way, a world that passes breaks exactly that one, and says where and the mend."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from policy.frameworks import compliance
from policy.rule import THEMES
from policy.rules import MODULES, RULES
from tests.policy.world import Judge, world

FOLDER = Path(__file__).parent / "mutations"
PARTS = [
    importlib.import_module(f"tests.policy.mutations.{one.name}") for one in pkgutil.iter_modules([FOLDER])
]
MUTATIONS = {name: mutation for part in PARTS for name, mutation in part.MUTATIONS.items()}
WORLD = world(*(part.WORLD for part in PARTS))
NAMED = {rule.name: rule for rule in RULES}


@pytest.fixture(scope="module")
def judge():
    return Judge()


@pytest.fixture(scope="module")
def before(judge):
    """What is said of the world, and what cannot be judged of it."""
    return judge(WORLD)


def test_the_world_passes_every_rule(before):
    said, unknown = before
    assert (sorted(said), unknown) == ([], [])


def test_each_rule_has_one_mutation_and_each_mutation_a_rule():
    assert sorted(MUTATIONS) == sorted(NAMED)
    assert sum(len(part.MUTATIONS) for part in PARTS) == len(MUTATIONS)


@pytest.mark.parametrize("name", MUTATIONS)
def test_breaking_the_world_breaks_exactly_that_rule(judge, before, name):
    rule, mutated = NAMED[name], dict(WORLD)
    urn = WORLD.get(blame := MUTATIONS[name](mutated), mutated.get(blame)).urn
    found = judge(mutated)[0] - before[0]
    assert {(one, about) for one, about, _ in found} == {(name, urn)}
    for _, about, message in found:
        assert about.rsplit("::", 1)[-1] in message and rule.remediation_steps in message


def test_no_rule_is_broken_by_what_a_preview_cannot_know(judge):
    assert judge(WORLD, preview=True)[0] == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_says_what_it_is(rule):
    assert rule.description and rule.description.endswith(".") and rule.severity
    assert rule.url.startswith("https://") and rule.remediation_steps
    theme, *frameworks = [tag for tag in rule.tags if not tag.startswith("theme:") or tag == rule.tags[0]]
    assert theme.removeprefix("theme:") in THEMES
    assert frameworks and all(compliance(one).name for one in frameworks)
    if rule.config_schema:
        assert all("default" in one for one in rule.config_schema.properties.values())


def test_no_two_rules_have_one_name_and_each_reads_as_a_sentence():
    assert len(NAMED) == len(RULES)
    assert [name for name in NAMED if name.count("_") < 2] == []


def test_a_rule_is_short():
    long = {
        r.name: n for r in RULES if (n := len(inspect.getsource(r.check).split('"""')[2].splitlines())) > 9
    }
    assert long == {} and MODULES
