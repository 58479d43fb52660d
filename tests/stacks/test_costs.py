"""What every stack costs: nothing is left out, and no budget is less than what it is for."""

import functools
import re
from decimal import Decimal
from pathlib import Path

import pytest

from fourplane import case_study, project
from fourplane.cost import case
from fourplane.cost.bill import bill
from fourplane.cost.book import Book
from fourplane.cost.usage import Usage, costs
from tests.stacks.conftest import previewed

PROJECT = project.find()
NODES = "cassandra_nodes_per_zone"
FEW = {
    "netflix-planet": (f"{NODES}=1",),
    "uber-planet": (f"{NODES}=1",),
    "whatsapp-planet": ("chat_servers_per_zone=25", "stores_per_zone=8", "proxies=75"),  # a third
}
"""A thousand nodes are billed as one is, and take a minute to preview."""
SHARE = Decimal("0.95")


@functools.cache
def billed(stack):
    few = FEW.get(stack, ())
    settings = project.settings(PROJECT, stack, list(few))
    graph = previewed(stack, *few)
    return graph, bill(graph, Book(), Usage(costs(PROJECT.stack_folder, stack), (), settings.named))


@pytest.fixture(params=PROJECT.stacks())
def stack(request):
    return request.param


def test_nearly_all_that_is_billed_has_a_price_and_what_is_free_says_why(stack):
    _, found = billed(stack)
    kinds = {item.resource.type for item in found.items if not item.free}
    missing = {item.resource.type for item in found.unpriced}
    assert len(kinds - missing) >= SHARE * len(kinds), missing
    assert found.usd > 0
    assert found.guessed == []
    assert all(bool(item.free) != bool(item.lines or item.unpriced) for item in found.items)
    assert {item.title for item in found.items if item.free == "nothing of it is used"} == set()


def test_no_budget_is_less_than_what_it_is_for_costs(stack):
    graph, found = billed(stack)
    for one in case.budgets(graph, found):
        assert one.holds, f"{one.name}: {one.limit} for {one.costs}; {one.would_do} would do"


@pytest.mark.parametrize("stack", ["uber-prod"])
def test_a_phase_without_what_the_platform_has_is_billed_too(stack):
    phase = "phase=monolith"
    settings = project.settings(PROJECT, stack, [phase])
    own = costs(PROJECT.stack_folder, stack)
    graph = previewed(stack, phase)
    found = bill(graph, Book(), Usage(own, (), settings.named))
    study = case_study.read(PROJECT, stack).under(settings.named)
    assert found.usd > 0
    assert [one.row for one in case.table(study, own, graph, found)] == ["CDN"]


@pytest.mark.parametrize("stack", ["whatsapp-prod", "whatsapp-planet"])
def test_a_million_connected_phones_cost_what_the_page_says(stack):
    _, found = billed(stack)
    each = float(found.usd) / millions(stack, FEW.get(stack, ()))
    line = rf"\| `{stack}` \| {millions(stack, ()):.0f} \| ([\d,]+) \|"
    said = re.search(line, Path("docs/whatsapp.md").read_text(encoding="utf-8"))
    assert said and float(said[1].replace(",", "")) == pytest.approx(each, rel=0.05)


def millions(stack, overrides):
    """Of phones that are connected at once."""
    settings = project.settings(PROJECT, stack, list(overrides)).named
    servers = 3 * int(settings["zones"]) * int(settings["chat_servers_per_zone"])
    return servers * int(settings["connections_per_server"]) / 1_000_000


@pytest.mark.parametrize("stack", [stack for stack in PROJECT.stacks() if stack.endswith("-dev")])
def test_an_hour_costs_about_what_the_first_page_says(stack):
    _, found = billed(stack)
    said = re.search(rf"`{stack}` (?:costs about )?(\d\.\d)\b", Path("README.md").read_text(encoding="utf-8"))
    assert said and float(said[1]) == pytest.approx(float(found.usd) / 730, rel=0.1)


@pytest.mark.parametrize("stack", ["amazon-dev", "amazon-prod", "amazon-planet"])
def test_budgets_are_the_bill_and_some_headroom(stack):
    graph, found = billed(stack)
    assert {one.name: one.limit for one in case.budgets(graph, found)} == {
        one.name: one.would_do for one in case.budgets(graph, found)
    }


@pytest.mark.parametrize("stack", [stack for stack in PROJECT.stacks() if not stack.startswith("whatsapp")])
def test_every_row_of_the_case_study_that_names_a_cost_has_ours_beside_it(stack):
    graph, found = billed(stack)
    settings = project.settings(PROJECT, stack, [])
    study = case_study.read(PROJECT, stack).under(settings.named)
    own = costs(PROJECT.stack_folder, stack)
    table = case.table(study, own, graph, found)
    assert [one.row for one in table] == [row.component for row in study.metrics if case.COLUMN in row.says]
    assert all(one.costs and one.why for one in table)
