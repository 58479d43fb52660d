"""What a diagram says, and what it says when it cannot be drawn. test_diagrams.py has those of our stacks."""

import base64
import gzip

import pytest

from fourplane import case_study, diagram, project
from fourplane.cli.app import run as command
from fourplane.diagram import colours
from fourplane.diagram.labels import label
from fourplane.diagram.software import of_image, on_machine
from fourplane.diagram.text import width, wrapped
from fourplane.errors import Mistake
from fourplane.graph import Graph
from fourplane.reach import Way

SHOP = """
    class Shop(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("fourplane:index:Shop", name)
            tags = {"plane": "state", "component": name}
            aws.s3.Bucket(name, tags=tags, opts=pulumi.ResourceOptions(parent=self))

    topic = aws.sns.Topic("told", tags={"plane": "control"})
    aws.cloudwatch.MetricAlarm("full", comparison_operator="GreaterThanThreshold", evaluation_periods=1,
        alarm_actions=[topic.arn], tags={"plane": "control"})
    Shop("first")
    Shop("first <&> second")
"""


def ways(*told):
    return [Way("a", "b", by, at) for by, at in told]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([("security groups", "tcp 9042")], "9042"),
        ([("IAM", "secretsmanager:GetSecretValue"), ("security groups", "tcp 3306")], "3306"),
        ([("network policies", f"tcp {port}") for port in (8302, 8300, 8301)], "8300, 8301 +1"),
        ([("network policies", "udp 53")], "udp 53"),
        ([("IAM", "s3:GetObject")], "s3:GetObject"),
        ([("IAM", "s3:GetObject"), ("IAM", "s3:ListBucket")], "s3 ×2"),
        ([("IAM", "s3:GetObject"), ("IAM", "sns:Publish")], "s3, sns"),
        ([("event source mapping", "lambda")], "event source mapping"),
        ([("bucket origin", "s3:GetObject")], "s3:GetObject"),
    ],
)
def test_an_arrow_is_labelled_with_its_port_or_api(told, said):
    assert label(ways(*told)) == said


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("public.ecr.aws/docker/library/kong:3.9", "Kong 3.9"),
        ("docker.io/library/eclipse-temurin:21-jdk", "Java 21"),
        ("spark:4.0.1-scala2.13-java21-ubuntu", "Scala 2.13"),
        ("quay.io/prometheus/prometheus:v3.13.2", "Prometheus 3.13.2"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/order:e5691497c1a8328dafc14e8b9c2b6b47", "order"),
    ],
)
def test_an_image_says_what_runs(image, said):
    assert of_image(Graph("shop-dev"), image) == said


IMAGE = """
    class ServiceImage(pulumi.ComponentResource):
        def __init__(self, name, args):
            super().__init__("fourplane:index:ServiceImage", name, args)
            aws.ecr.Repository(name, name=f"shop-{name}", opts=pulumi.ResourceOptions(parent=self))

    ServiceImage("order", {"files": {"main.go": "", "Dockerfile": ""}})
"""


def test_an_image_of_ours_says_its_language_previewed_and_deployed(run):
    graph = run(IMAGE)
    assert of_image(graph, "a.example/order") == of_image(graph, "a.example/shop-order") == "Go"


def test_a_machine_says_what_it_installs():
    config = b"#cloud-config\nwrite_files: [{content: ejabberd}]\nruncmd: [[/bin/install, nginx, py-boto3]]\n"
    for raw in (config, gzip.compress(config)):
        assert on_machine(base64.b64encode(raw).decode()) == "nginx"
    assert (
        on_machine("") == on_machine("no base64") == on_machine(base64.b64encode(b"#!/bin/sh").decode()) == ""
    )


def test_text_stands_out_on_every_plane():
    grounds = [*colours.COLOURS.values(), colours.GREY, *map(colours.ground, colours.COLOURS)]
    assert min(colours.contrast(colours.readable(one), one) for one in grounds) >= 4.5
    assert colours.COLOURS == {
        "edge": "#0066CC", "service": "#00AA00", "state": "#FF8800", "control": "#CC0000"
    }  # fmt: skip


def test_a_text_is_broken_where_it_does_not_fit():
    lines = wrapped("one two a-word-that-is-longer-than-the-line", 11, 60)
    assert lines[0] == "one two" and lines[1].endswith("…")
    assert all(width(line, 11) <= 60 for line in lines)


def test_a_stack_without_a_case_study_is_drawn_whole(run):
    found = diagram.model(run(SHOP))
    assert {box.title: box.plane for box in found.boxes()} == {
        "told": "control", "full": "control", "first": "state", "first <&> second": "state"
    }  # fmt: skip
    assert [(one.source, one.target, one.label) for one in found.arrows()] == [("full", "told", "alarm")]


def test_each_level_has_its_boxes(run):
    graph = run(SHOP)
    planes = {box.id: (box.kind, box.technology) for box in diagram.model(graph, level="planes").boxes()}
    assert planes == {"state": ("2 components", "2 resources"), "control": ("2 components", "2 resources")}
    rows = {
        box.title: [row.text for row in box.rows] for box in diagram.model(graph, level="resources").boxes()
    }
    assert rows["first"] == ["s3 Bucket first"]


TWINS = """
    class Region(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__(f"fourplane:index/{name}:Region", name)

    class Store(pulumi.ComponentResource):
        def __init__(self, name, opts):
            super().__init__("fourplane:index:Store", name, opts=opts)
            tags = {"plane": "state", "component": name}
            aws.s3.Bucket(name, tags=tags, opts=pulumi.ResourceOptions(parent=self))

    for area in ("na", "eu"):
        Store("chats", pulumi.ResourceOptions(parent=Region(area)))
"""
STUDY = "title: Shop\nmetrics: []\ndiagrams:\n  whole:\n    arrows: []\n    nodes:\n"


@pytest.mark.parametrize(
    ("nodes", "shown"),
    [
        ("      ALL: {label: Chats, made_true_by: [Store chats]}\n", {"na/chats": 2}),
        (
            "      NA: {label: Here, made_true_by: [na/chats]}\n"
            "      EU: {label: There, made_true_by: [eu/chats]}\n",
            {"na/chats": 1, "eu/chats": 1},
        ),
    ],
)
def test_twins_are_one_box_unless_the_case_study_tells_them_apart(run, tmp_path, nodes, shown):
    graph = run(TWINS, **{"case_studies/shop.yaml": STUDY + nodes})
    study = case_study.read(project.find(tmp_path / "project"), "shop-dev")
    boxes = list(diagram.model(graph, study).boxes())
    assert {box.id: len(box.urns) for box in boxes} == shown
    assert {box.scale.endswith("2 regions") for box in boxes} == {len(boxes) == 1}


def test_names_are_no_markup(run, program):
    program("dot", "graphviz")
    graph = run(SHOP)
    assert "first &lt;&amp;&gt; second" in diagram.draw(graph).svg
    assert "<b>first #lt;#amp;#gt; second</b>" in diagram.mermaid(diagram.model(graph))


def test_a_picture_is_the_same_each_time(run, program):
    program("dot", "graphviz")
    graph = run(SHOP)
    assert diagram.draw(graph).svg == diagram.draw(graph).svg


def test_a_png_is_1600_wide_and_a_page_stands_alone(run, program):
    program("dot", "graphviz"), program("rsvg-convert", "librsvg2-bin")
    drawn = diagram.draw(run(SHOP))
    picture = diagram.png(drawn.svg)
    assert picture.startswith(b"\x89PNG") and int.from_bytes(picture[16:20]) == 1600
    page = diagram.page(drawn)
    assert drawn.svg in page and "src=" not in page and "href=" not in page


def test_says_how_to_get_graphviz(run, monkeypatch):
    graph = run(SHOP)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Mistake, match="no program 'dot'; apt-get install graphviz"):
        diagram.draw(graph)
    with pytest.raises(Mistake, match="no program 'rsvg-convert'; apt-get install graphviz librsvg2-bin"):
        diagram.png("<svg/>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "gif"], "no format 'gif'; known: mermaid, svg, png, html"),
        (["--level", "plane"], "no level 'plane'; did you mean 'planes'? known: planes, components,"
         " resources"),
        (["--format", "svg", "-o", "all.png"], "-o all.png must end in .svg for --format svg"),
        (["-o", "all.gif"], "-o all.gif: no format is called '.gif'; known: .mmd, .mermaid, .svg, .png,"
         " .html, .htm; or say --format"),
        (["--format", "png"], "a PNG needs a file: say -o FILE.png"),
        (["-o", "no/folder/all.svg"], "-o no/folder/all.svg cannot be written: there is no folder no/folder"),
        (["--format", "svg", "-o", "tests"], "-o tests is a folder; it must be a file"),
    ],
)  # fmt: skip
def test_rejects_what_cannot_be_drawn_in_one_line(arguments, said, capsys):
    assert command(["diagram", "netflix-dev", *arguments]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"
