"""WhatsApp: what is drawn is open, a lost region leaves the others chatting, and it is the smallest."""

from pathlib import Path

import pytest

from fourplane import case_study, explain, project
from fourplane.chaos import Wish
from fourplane.drawn import Drawing, closed, undrawn, unneeded
from fourplane.errors import Mistake
from tests.stacks.conftest import on, previewed
from tests.stacks.look import component, struck

AREAS = ("na", "eu", "asia")
SPECIFICATION = Path("../shared/spec/case-studies.md")


def study(stack):
    return case_study.read(project.find(), stack)


@on("whatsapp-prod")
def test_what_is_drawn_is_open_and_what_is_open_is_drawn(deployed):
    prod, told = deployed.graph, study("whatsapp-prod")
    assert closed(told, prod) == undrawn(told, prod) == unneeded(told, prod) == set()


@on("whatsapp-prod")
def test_settings_and_technology_are_on_the_machines(deployed):
    assert all(explain.prove(study("whatsapp-prod"), deployed.graph).values())


@on("whatsapp-prod")
def test_regions_speak_on_the_port_of_servers_and_on_no_other(deployed):
    prod = deployed.graph
    ways = [
        way for way in Drawing(study("whatsapp-prod"), prod).ways if {way.source, way.target} <= prod.keys()
    ]
    between = [way for way in ways if prod[way.source].region != prod[way.target].region]
    ends = {(prod[way.source].name, prod[way.target].name, way.at) for way in between if way.by != "IAM"}
    assert ends == {("chat-servers", "chat-servers", "tcp 5269")}
    assert len({(way.source, way.target) for way in between if way.by != "IAM"}) == 6


@pytest.mark.apart
@on("whatsapp-dev")
def test_a_lost_region_leaves_the_two_others_chatting(deployed):
    report = struck(deployed, Wish("kong", region="eu-west-1"))
    left = {"na/chat-servers", "asia/chat-servers"}
    told = [one for one in report.as_json()["arrows"] if {one["from"], one["to"]} == left]
    assert report.survives and component(report, "eu/chat-servers", "ChatServers")["state"] == "lost"
    assert [(one["state"], "lost" in one["why"]) for one in told] == [("works", False)] * 2


@pytest.mark.apart
@on("whatsapp-dev")
@pytest.mark.parametrize(
    "wish", [Wish("monkey"), Wish("gorilla", zone="us-east-1b")], ids=["monkey", "gorilla"]
)
def test_a_lost_machine_or_zone_takes_no_arrow_away(deployed, wish):
    report = struck(deployed, wish)
    assert report.survives and report.failed == []


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the specification is not beside this repository")
def test_the_lists_say_what_the_case_study_says():
    text = (
        SPECIFICATION.read_text()
        .split("## WhatsApp: Global")[1]
        .split("## Common Patterns")[0]
        .replace("**", "")
    )
    said = [line.says for lines in study("whatsapp-dev").lists.values() for line in lines.values()]
    assert [one for one in said if one not in text] == []


@pytest.mark.parametrize(
    ("region", "area"),
    [("eu-central-1", "eu"), ("ap-northeast-1", "asia"), ("ca-central-1", "na"), ("il-central-1", "eu")],
)
def test_the_stack_s_own_region_is_that_of_its_area(region, area):
    networks = previewed("whatsapp-dev", f"region={region}").all("aws:ec2/vpc:Vpc")
    own = {"na": "us-east-1", "eu": "eu-west-1", "asia": "ap-southeast-1"} | {area: region}
    assert {one.region for one in networks} == set(own.values())


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_rejects_a_region_that_others_cannot_be_linked_with(region):
    with pytest.raises(Mistake, match=f"config 'region' must be a region .* got '{region}'"):
        previewed("whatsapp-dev", f"region={region}")


def test_rejects_more_phones_than_a_server_holds():
    with pytest.raises(Mistake, match=r"connections_per_server must be at most [\d,]+, .* got 1000000"):
        previewed("whatsapp-dev", "connections_per_server=1000000")


def test_it_runs_on_linux_too():
    graph = previewed("whatsapp-dev", "system=linux")
    assert len(graph.all("aws:ecr/repository:Repository")) == 2 * len(AREAS)  # ejabberd's and nginx's
    assert not [one for one in graph.values() if one.type.endswith(":FreeBsdPackages")]


def test_its_page_is_the_shortest_of_the_four():
    lines = {
        company: sum(len(file.read_text().splitlines()) for file in Path("stacks").glob(f"{company}*.py"))
        for company in ("netflix", "uber", "amazon", "whatsapp")
    }
    assert min(lines, key=lambda company: lines[company]) == "whatsapp" and lines["whatsapp"] < 200
