"""An arrow joins what stands in one region; between regions only what has no twin there."""

from textwrap import dedent

import pytest

from fourplane import case_study, project
from fourplane.drawn import closed, undrawn, unneeded
from fourplane.errors import Mistake
from tests.fourplane.regions import ALL, PROGRAM

STUDY = """
title: Two regions
diagrams:
  whole:
    nodes:
      EDGE: {label: Edge, made_true_by: [edge]}
      GATEWAY: {label: Gateway, made_true_by: [gateway]}
      USER: {label: User, made_true_by: [Box user]}
    arrows:
      - {from: EDGE, to: GATEWAY, made_true_by: [edge]}
      - {from: GATEWAY, to: USER, made_true_by: [gateway]}
metrics: []
"""
FILE = "case_studies/shop.yaml"


@pytest.fixture
def told(run, write):
    """told(ways, more): a case study, with more at its end, and the graph that has these ways."""

    def told(ways, more="", whole=STUDY):
        files = {FILE: whole + dedent(more)}
        graph = run(PROGRAM + ways, preview=True, **files)
        return case_study.read(project.find(write(PROGRAM, **files)), "shop-dev"), graph

    return told


def test_what_is_open_in_both_regions_is_drawn_in_both(told):
    study, graph = told(ALL)
    assert closed(study, graph) == undrawn(study, graph) == unneeded(study, graph) == set()


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ("way(eu_gateway, eu_user)", "arrow GATEWAY -> USER in eu"),
        ("way(gateway, user)", "arrow GATEWAY -> USER"),
        ("way(edge, eu_gateway)", "arrow EDGE -> GATEWAY in eu"),
    ],
)
def test_an_arrow_that_is_closed_in_one_region_is_closed(told, way, what):
    study, graph = told(ALL.replace(f"{way}\n", ""))
    assert closed(study, graph) == {what}


def test_a_way_between_regions_is_not_that_of_an_arrow(told):
    study, graph = told(f"{ALL}\nway(eu_gateway, user)\nway(gateway, eu_user)")
    assert {ends[:2] for ends in undrawn(study, graph)} == {("eu/gateway", "user"), ("gateway", "eu/user")}


@pytest.mark.parametrize(
    ("source", "target", "left"),
    [("eu/gateway", "home/user", set()), ("gateway", "user", {("eu/gateway", "user")})],
)
def test_the_platform_list_may_say_a_way_between_regions(told, source, target, left):
    platform = f"platform: [{{from: [{source}], to: [{target}], why: It must.}}]"
    study, graph = told(f"{ALL}\nway(eu_gateway, user)", platform)
    assert {ends[:2] for ends in undrawn(study, graph)} == left


def test_a_line_of_the_platform_list_is_needed_in_every_region(told):
    platform = "platform: [{from: [user], to: [gateway], why: It must.}]"
    study, graph = told(f"{ALL}\nway(user, gateway)", platform)
    assert undrawn(study, graph) == set()
    assert unneeded(study, graph) == {("eu/user", "eu/gateway")}


def test_what_the_platform_list_doubts_may_be_closed_or_missing(told):
    platform = "platform: [{from: ['gateway?', 'asia/user?'], to: [key], why: It may.}]"
    study, graph = told(f"{ALL}\nway(gateway, key)", platform)
    assert undrawn(study, graph) == unneeded(study, graph) == set()


def test_rejects_a_name_of_the_platform_list_that_nothing_has(told):
    study, graph = told(ALL, "platform: [{from: [asia/user], to: [key], why: It may.}]")
    with pytest.raises(Mistake, match=r"yaml:13: platform: no component of shop-dev is named 'asia/user'"):
        undrawn(study, graph)


EDGE_TO_GATEWAY = "{from: EDGE, to: GATEWAY, made_true_by: [edge]"


def test_an_arrow_of_what_is_fetched_is_open_where_its_head_calls_its_tail(told):
    fetched = STUDY.replace(EDGE_TO_GATEWAY, f"{EDGE_TO_GATEWAY}, fetched: true")
    assert closed(*told(ALL, whole=fetched)) == {"arrow EDGE -> GATEWAY", "arrow EDGE -> GATEWAY in eu"}
    around = f"{ALL}\nway(gateway, edge)\nway(eu_gateway, edge)"
    assert closed(*told(around, whole=fetched)) == set()


def test_rejects_an_arrow_that_is_fetched_by_halves(told):
    with pytest.raises(Mistake, match="fetched must be true or false, got 'half'"):
        told(ALL, whole=STUDY.replace(EDGE_TO_GATEWAY, f"{EDGE_TO_GATEWAY}, fetched: half"))


def test_two_steps_of_one_program_need_no_way(told):
    one = STUDY.replace("[gateway]}\n      USER", "[Box user]}\n      USER")
    steps = one.replace(
        "to: USER, made_true_by: [gateway]", "to: USER, within: true, made_true_by: [gateway]"
    )
    assert "arrow GATEWAY -> USER" in closed(*told(ALL, whole=one))
    assert "arrow GATEWAY -> USER" not in closed(*told(ALL, whole=steps))


def test_what_became_of_something_is_no_way(told):
    became = STUDY.replace(EDGE_TO_GATEWAY, f"{EDGE_TO_GATEWAY}, becomes: true")
    study, graph = told(
        ALL.replace("way(edge, gateway)\n", "").replace("way(edge, eu_gateway)\n", ""), whole=became
    )
    assert closed(study, graph) == set()


def test_an_arrow_may_join_groups_of_nodes(told):
    grouped = STUDY.replace("    arrows:", "    groups: {Inside: [GATEWAY, USER]}\n    arrows:").replace(
        EDGE_TO_GATEWAY, EDGE_TO_GATEWAY.replace("GATEWAY", "Inside")
    )
    study, graph = told(ALL, whole=grouped)
    assert closed(study, graph) == undrawn(study, graph) == set()
    with pytest.raises(Mistake, match="group Inside: DOOR is no node of its diagram"):
        told(ALL, whole=grouped.replace("[GATEWAY, USER]", "[GATEWAY, DOOR]"))
