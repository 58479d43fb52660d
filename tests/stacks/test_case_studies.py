"""The case studies' files say all that the specification draws, and what they say is in the stacks."""

import json
from pathlib import Path

import pytest

from fourplane import case_study, explain, project
from tests.stacks.conftest import previewed

SPECIFICATION = Path("../shared/spec/case-studies.json")
STUDIED = sorted(path.stem for path in Path("stacks/case_studies").glob("*.yaml"))


@pytest.fixture(params=STUDIED)
def study(request):
    return case_study.read(project.find(), f"{request.param}-dev")


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the specification is not beside this repository")
def test_a_file_covers_its_case_study_exactly(study):
    wanted = json.loads(SPECIFICATION.read_text())[study.path.stem]
    diagrams = {
        slug: {
            "nodes": {id: node["label"] for id, node in diagram["nodes"].items()},
            "arrows": [
                (arrow["from"], arrow["to"], arrow.get("both_ways", False)) for arrow in diagram["arrows"]
            ],
        }
        for slug, diagram in wanted["diagrams"].items()
    }
    assert study.title == wanted["title"]
    assert diagrams == {
        slug: {
            "nodes": {id: node.label for id, node in diagram.nodes.items()},
            "arrows": [(arrow.source, arrow.target, arrow.both_ways) for arrow in diagram.arrows],
        }
        for slug, diagram in study.diagrams.items()
    }
    assert wanted.get("metrics", []) == [{"Component": row.component, **row.says} for row in study.metrics]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_name_in_a_file_is_registered(study, environment):
    graph = previewed(f"{study.path.stem}-{environment}")
    assert all(bool(resources) is claim.built for claim, resources in explain.prove(study, graph).items())
    assert {claim.not_yet for claim in study.claims()} == {""}
