"""What a reader follows leads somewhere: links, files that are named, and command lines."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from fourplane import project
from fourplane.cli.app import app
from fourplane.cost.usage import Usage

PAGES = [Path("README.md"), *sorted(Path("docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(?!`)([^`\n]+)`")
LINE = re.compile(r"^ *(?:[$] )?(fourplane .+)$", re.MULTILINE)
FILE = re.compile(r"(?:bench|blueprints|components|docs|fourplane|policy|stacks|tests)/[\w./-]*")
PROJECT = project.find()


@pytest.fixture(params=PAGES, ids=str)
def page(request):
    return request.param


def spans(text):
    return SPAN.findall(FENCED.sub("", text))


def slugs(page):
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def missing(page, link):
    """Whether a link of a page leads nowhere; one to elsewhere is not followed."""
    place, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", link):
        return False
    target = page.parent / place if place else page
    return not target.exists() or (bool(anchor) and anchor not in slugs(target))


def shown(text):
    """Every command line of ours on a page, without its comment."""
    for line in [*LINE.findall(text), *(one for one in spans(text) if one.startswith("fourplane "))]:
        yield tuple(shlex.split(line, comments=True)[1:])


COMMANDS = sorted({line for page in PAGES for line in shown(page.read_text(encoding="utf-8"))})


def test_links_lead_to_what_is_there(page):
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if missing(page, link)] == []


def test_a_link_that_leads_nowhere_is_told():
    assert missing(PAGES[0], "docs/nowhere.md")
    assert missing(PAGES[0], "docs/messaging.md#no-such-heading")
    assert not missing(PAGES[0], "docs/messaging.md#nodes-that-come-and-go")


def test_files_that_are_named_exist(page):
    named = filter(FILE.fullmatch, spans(page.read_text(encoding="utf-8")))
    assert [one for one in named if not Path(one).exists()] == []


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_a_command_line_means_what_is_there(line):
    name, *arguments = line
    command = typer.main.get_command(app).commands[name]
    if not arguments:
        return  # the command itself is spoken of
    given = command.make_context(name, arguments).params
    for one in filter(None, map(given.get, ("stack", "other", "compare"))):
        assert one == "STACK" or PROJECT.stack(one)
    settings = [text.partition("=")[0] for key in ("overrides", "before") for text in given.get(key) or ()]
    assert [one for one in settings if one not in PROJECT.declarations] == []
    Usage(given=given.get("usage") or ())


@pytest.mark.parametrize("line", ["cost netflix-prod --comparison uber", "chaos uber-prod monkey gorilla"])
def test_a_command_line_that_is_wrong_is_told(line):
    with pytest.raises(Exception, match=r"(?i)no such option|unexpected"):
        test_a_command_line_means_what_is_there(tuple(line.split()))
