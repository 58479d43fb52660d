"""A report's page as it is written. test_report_browser.py has what it does."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from fourplane import diagram, report
from fourplane.cli.app import run as command
from fourplane.errors import Failure, Mistake
from fourplane.report import Seen, faults, strikes
from fourplane.report.sheets import _sentence
from fourplane.sandbox import Sandbox
from tests.fourplane.report_shop import PASSWORD, seen

IMAGE = "public.ecr.aws/docker/library/nginx:1"
LOADS = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Parsed(HTMLParser):
    """What a page has in it."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.data = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"] and self.elements[-1][1].get("id") == "data":
            self.data += data


@pytest.fixture(scope="module")
def shop(run_in, tmp_path_factory):
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed; apt-get install graphviz")
    return seen(run_in, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def text(shop):
    return report.page(shop)


@pytest.fixture(scope="module")
def page(text):
    return Parsed(text)


@pytest.fixture(scope="module")
def boxes(page):
    return json.loads(page.data)["boxes"]


def test_the_page_is_one_piece_of_well_formed_html(page):
    assert page.open == []
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids))
    known = set(ids)
    for _, given in page.elements:
        for key in ("aria-controls", "aria-labelledby", "for"):
            assert set(given.get(key, "").split()) - {"panel-title"} <= known


def test_nothing_is_loaded_from_anywhere(text, page):
    assert not [(tag, given) for tag, given in page.elements if LOADS & given.keys()]
    assert {given["href"] for tag, given in page.elements if tag == "link"} == {"data:,"}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    policy = next(given["content"] for _, given in page.elements if "http-equiv" in given)
    assert policy.startswith("default-src 'none'")


def test_secrets_are_hidden_packed_or_cut_through_or_not(text):
    assert PASSWORD not in text and PASSWORD[:8] not in text and PASSWORD[-8:] not in text
    assert "[secret]" in text


def test_text_is_no_markup(text, page):
    assert "The &lt;Shop&gt;" in text and "Web &amp; co" in text
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert "\\u003c/script\\u003e" in page.data


def test_a_page_is_the_same_each_time(shop, text):
    assert report.page(shop) == text
    assert str(shop.graph.stack) in text and "/tmp/" not in text


def test_each_component_has_its_box_with_what_is_known_of_it(boxes):
    orders = boxes["orders"]
    assert set(boxes) == {"web", "orders", "told", "full", "deaf"}
    assert (orders["plane"], orders["drawn"], orders["nodes"]) == ("state", True, ["Orders"])
    assert [(one["box"], one["label"]) for one in orders["in"]] == [("web", "s3:GetObject")]
    assert boxes["web"]["out"][0]["ways"] == ["IAM: s3:GetObject"]
    assert [one["name"] for one in orders["resources"]] == ["orders", "orders", "orders"]
    assert orders["usd"] > 0 and orders["loss"] == {"direct": ["web"], "beyond": []}
    assert orders["faults"]["us-east-1a"]["state"] == "broken"
    assert orders["rules"][0]["mend"] == {"text": "keep it", "url": "https://example.com/keep"}


def test_an_alarm_stands_with_what_it_looks_at(boxes):
    alarm = boxes["orders"]["alarms"][0]
    assert (alarm["name"], alarm["of"], alarm["tells"]) == ("full", "full", ["told"])
    assert alarm["says"] == "AWS/S3 4xxErrors Sum > 5 for 2 × 60 s"
    assert not boxes["web"]["alarms"]


def test_settings_are_read_by_people(boxes):
    template = next(one for one in boxes["web"]["resources"] if "LaunchTemplate" in one["kind"])
    settings = dict(map(tuple, template["settings"]))
    assert settings["userData"] == "#cloud-config\n# [secret] </script>"
    policy = next(one for one in boxes["web"]["resources"] if "RolePolicy" in one["kind"])
    assert "Action: s3:GetObject" in dict(map(tuple, policy["settings"]))["policy"]
    long = dict(map(tuple, boxes["orders"]["resources"][2]["settings"]))["content"]
    assert long.endswith("more letters") and len(long) < 1600


def test_the_case_study_says_what_makes_each_part_true(text):
    assert text.count('class="tick" data-built="no"') == 2  # Mail, and the bucket's rule
    assert "Not built here: nobody writes" in text and "4 of 5 claims true" in text
    assert "<code>IAM: s3:GetObject</code>" in text and 'href="https://example.com/record"' in text


def test_what_was_not_asked_has_no_part_in_the_page(shop):
    alone = Parsed(report.page(Seen(shop.graph, diagram.draw(shop.graph))))
    assert [given["id"] for tag, given in alone.elements if given.get("role") == "tab"] == ["tab-diagram"]
    assert {box["usd"] for box in json.loads(alone.data)["boxes"].values()} == {None}


@pytest.mark.parametrize(
    ("name", "said"),
    [("a_shop_speaks_tls_1_2", "A shop speaks TLS 1.2"), ("an_ip_is_kept", "An IP is kept")],
)
def test_a_rule_is_a_sentence(name, said):
    assert _sentence(name) == said


def test_each_fault_is_done_to_a_copy_of_the_cloud(run_in, tmp_path):
    def program():
        network = Network("network", {"zones": 2})
        AutoScalingService("web", {**network.private, "image": IMAGE, "port": 80})

    with Sandbox() as cloud:
        graph = run_in(tmp_path, program, cloud)
        ec2 = cloud.client("ec2", "us-east-1")
        before = ec2.describe_instances()["Reservations"], ec2.describe_network_acls()["NetworkAcls"]
        told = []
        found = strikes(graph, cloud.client, None, told.append)
        assert (
            ec2.describe_instances()["Reservations"],
            ec2.describe_network_acls()["NetworkAcls"],
        ) == before
    assert [one.key for one in found] == ["monkey", "us-east-1a", "us-east-1b", "us-east-1"]
    assert told == [one.title for one in found]
    web = next(one.urn for one in graph.values() if one.name == "web" and not one.custom)
    assert [one.findings[web].state for one in found][1:] == ["works", "works", "lost"]
    assert found[3].told == "not every component has what it needs" and not found[3].survives


def test_a_fault_that_means_nothing_is_left_out_and_a_bug_is_told(monkeypatch):
    def work():
        raise Mistake("no such zone")

    with pytest.raises(Mistake, match="no such zone"):
        faults._Copy(work).answer()
    with pytest.raises(Failure, match="ZeroDivisionError: division by zero"):
        faults._Copy(lambda: 1 / 0).answer()


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("pyproject.toml", "-o pyproject.toml is a file; it must be a folder"),
        ("pyproject.toml/in", "-o pyproject.toml/in cannot be written: not a directory"),
    ],
)
def test_rejects_a_folder_that_cannot_be_written(folder, said, capsys):
    assert command(["report", "netflix-dev", "-o", folder]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_rejects_a_stack_that_is_not_there(capsys, tmp_path):
    assert command(["report", "netflex-dev", "-o", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no stack 'netflex-dev'; did you mean 'netflix-dev'?")
    assert said.count("\n") == 1 and not (tmp_path / "new").exists()
