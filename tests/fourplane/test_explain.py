"""What makes each part of a case study true: found in the stack, or an error that says what and where."""

import base64
import gzip
import json
import os
import subprocess
import sys

import pytest

from fourplane import case_study, explain, project
from fourplane.errors import Mistake
from fourplane.graph import Resource
from fourplane.planes import title
from tests.fourplane.regions import PROGRAM as PROGRAM_IN_TWO

PROGRAM = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, parent=None):
        super().__init__("fourplane:index:Shop", name, {}, pulumi.ResourceOptions(parent=parent))
        for zone in "ab":
            aws.sqs.Queue(f"{name}-{zone}", opts=pulumi.ResourceOptions(parent=self))

Shop("till", Shop("till"))
"""
STUDY = """
title: A shop
diagrams:
  whole:
    nodes:
      TILL:
        label: The till
        made_true_by: [till]
        note: It counts.
        departure: {record: There is none., source: the shop}
      QUEUE:
        label: The queue
        made_true_by: [sqs Queue till-*]
      DOOR:
        label: The door
        not_yet: No door.
    arrows:
      - {from: TILL, to: QUEUE, made_true_by: [Shop till]}
      - {from: DOOR, to: TILL, not_yet: DOOR is not built.}
metrics:
  - {component: Sales, says: {Scale: 10 a day}, not_yet: Not measured.}
"""
FILE = "case_studies/shop.yaml"


@pytest.fixture
def told(run, write):
    """told(study): the study and the graph that it is about."""

    def told(study=STUDY):
        graph = run(PROGRAM, **{FILE: study})
        return case_study.read(project.find(write(PROGRAM, **{FILE: study})), "shop-dev"), graph

    return told


LISTED = (
    STUDY
    + """
lists:
  settings:
    queue: {says: one, made_true_by: [sqs Queue till-a], holds: "%s"}
"""
)


def test_what_is_held_is_looked_for_in_what_a_resource_was_given(told):
    study, graph = told(LISTED % "{}")
    assert "  queue: one" in list(explain.as_text(study, graph, explain.prove(study, graph)))
    study, graph = told(LISTED % "fifo")
    with pytest.raises(Mistake, match=r"shop\.yaml:\d+: queue: sqs Queue till-a must hold 'fifo'"):
        explain.prove(study, graph)


def test_a_machine_s_user_data_is_unpacked():
    text = base64.b64encode(gzip.compress(b"+hms 233")).decode()
    template = Resource(
        "urn", "aws:ec2/launchTemplate:LaunchTemplate", "x", "", True, "", "", False, {"userData": text}
    )
    assert explain._holds(template, "+hms 233") and not explain._holds(template, "+hms 234")


def test_a_part_is_made_true_by_what_its_names_mean(told):
    study, graph = told()
    shown = explain.as_json(study, graph, explain.prove(study, graph))
    urns = {key: node["made_true_by"] for key, node in shown["diagrams"]["whole"]["nodes"].items()}
    assert urns["TILL"] == ["urn:pulumi:shop-dev::shop::fourplane:index:Shop::till"]
    assert [urn.rsplit("::", 1)[1] for urn in urns["QUEUE"]] == ["till-a", "till-b"] * 2
    assert urns["DOOR"] == []


def test_the_json_has_these_keys_and_no_others(told):
    study, graph = told()
    shown = explain.as_json(study, graph, explain.prove(study, graph))
    outer = shown["diagrams"]["whole"]
    assert shown.keys() == {"stack", "diagrams", "metrics"}
    assert outer.keys() == {"nodes", "arrows"}
    assert outer["nodes"]["DOOR"] == {"made_true_by": [], "note": "not yet built: No door."}
    assert outer["arrows"][1] == {"from": "DOOR", "to": "TILL", "made_true_by": []}
    assert shown["metrics"] == [{"component": "Sales", "made_true_by": []}]


def test_the_text_ends_with_how_much_is_built(told):
    study, graph = told()
    lines = list(explain.as_text(study, graph, explain.prove(study, graph)))
    assert "    departs from the public record: There is none. (the shop)" in lines
    assert lines[-1] == (
        "built: 2 of 3 nodes, 1 of 2 arrows, 0 of 1 metrics rows; "
        "not yet built: 1 nodes, 1 arrows, 1 metrics rows"
    )


def test_rejects_a_name_that_nothing_has(told):
    study, graph = told(STUDY.replace("sqs Queue till-*", "sqs Queue tills-*"))
    with pytest.raises(Mistake, match=r"shop\.yaml:13: node QUEUE: nothing in shop-dev is named 'sqs Queue"):
        explain.prove(study, graph)


def test_an_entry_in_doubt_may_be_missing_and_is_told(told):
    study, graph = told(STUDY.replace("[till]", "[till, 'eu/till?']"))
    text = list(explain.as_text(study, graph, explain.prove(study, graph)))
    assert "    not in shop-dev: eu/till" in text


def test_rejects_a_claim_of_which_no_entry_is_there(told):
    study, graph = told(STUDY.replace("[till]", "['eu/till?', 'asia/till?']"))
    with pytest.raises(Mistake, match=r"yaml:8: node TILL: nothing .* 'eu/till', nor by any other of its"):
        explain.prove(study, graph)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("user", ["user", "eu/user"]),
        ("eu/user", ["eu/user"]),
        ("home/user", ["user"]),
        ("Box */user", ["user", "eu/user"]),
        ("sqs Queue eu/*", ["eu/gateway", "eu/user"]),
        ("Region eu", ["eu"]),
        ("asia/user", []),
    ],
)
def test_a_name_means_every_region_s_unless_it_says_which(run, pattern, found):
    graph = run(PROGRAM_IN_TWO, preview=True)
    assert [title(graph, one) for one in explain.named(graph, pattern)] == found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[till]\n", "[{till: 1}]\n", "yaml:8: node TILL: made_true_by must be a list of names, got"),
        ("made_true_by: [till]", "", "yaml:6: node TILL must say either made_true_by or not_yet"),
        ("note: It counts.", "not_yet: No.", "yaml:6: node TILL must say either"),
        ("note:", "notes:", "yaml:6: node TILL: 'notes' means nothing here; did you mean 'note'"),
        ("label: The door", "", "yaml:14: node DOOR: 'label' is required"),
        ("      DOOR:", "      TILL:", "yaml:14: 'TILL' stands twice"),
        ("to: TILL,", "to: TILLS,", "yaml:19: arrow DOOR -> TILLS: TILLS is no node of its diagram"),
        ("not_yet: DOOR is not built.", "made_true_by: [till]", "it cannot be built while DOOR is not"),
        ("[sqs Queue till-*]", "till", "yaml:13: node QUEUE: made_true_by must be a list, got 'till'"),
        ("source: the shop", "from: x", "yaml:10: node TILL: departure: 'from' means nothing here"),
        ("metrics:\n", "metrics: {\n", "not YAML"),
        ("title: A shop", "", "the file: 'title' is required"),
        (STUDY, "", "the file must be a mapping"),
    ],
)
def test_rejects_what_makes_no_sense_with_its_line(told, old, new, words):
    with pytest.raises(Mistake, match=words):
        told(STUDY.replace(old, new))


def test_rejects_a_company_without_a_case_study(write):
    with pytest.raises(Mistake, match=r"no case study of 'shop': .*shop\.yaml does not exist; known: none"):
        case_study.read(project.find(write(PROGRAM)), "shop-dev")


@pytest.fixture
def command(write):
    """command(arguments, study): exit code, stdout and stderr of `fourplane explain shop`."""

    def command(*arguments, study=STUDY):
        line = [sys.executable, "-m", "fourplane", "explain", "shop", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        root = write(PROGRAM, **{FILE: study})
        done = subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    return command


def test_the_command_explains_a_company(command):
    code, out, err = command()
    assert (code, err) == (0, "") and "  TILL -> QUEUE\n    Shop 'till'\n" in out
    assert "not yet built: 1 nodes" in out.splitlines()[-1]


def test_the_command_prints_one_object_and_the_count_beside_it(command):
    code, out, err = command("--json")
    assert code == 0 and json.loads(out)["stack"] == "shop-dev" and "not yet built: 1 nodes" in err


def test_the_command_exits_2_where_the_stack_lacks_a_part(command):
    code, out, err = command(study=STUDY.replace("[till]", "[tills]"))
    assert code == 2 and not out and err.count("\n") == 1
    assert "shop.yaml:8: node TILL: nothing in shop-dev is named 'tills'" in err


def test_what_holds_under_other_settings_only_is_not_built(told):
    study, _ = told(STUDY.replace("title: A shop", "title: A shop\nwhen: {size: large}"))
    whole = study.under({"size": "small"}).diagrams["whole"]
    assert whole.nodes["TILL"].claim.not_yet == "only with size=large"
    assert study.under({"size": "large"}) == study


def test_a_diagram_says_for_itself_when_it_holds(told):
    whole = STUDY.replace("title: A shop", "title: A shop\nwhen: {size: large}").replace(
        "  whole:\n", "  whole:\n    when: {size: [small, large]}\n"
    )
    study, _ = told(whole)
    small = study.under({"size": "small"})
    assert explain.count(small).startswith("built: 2 of 3 nodes") and small.metrics[0].claim.not_yet
    assert not any(one.claim.built for one in study.under({"size": "none"}).diagrams["whole"].nodes.values())
