"""What a report's page does, in a real browser: Chromium, driven by Playwright."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fourplane import case_study, diagram, project, report
from fourplane.cost.bill import bill
from fourplane.cost.book import Book
from fourplane.cost.usage import Usage
from fourplane.report import Seen
from tests.fourplane.report_shop import seen
from tests.stacks.conftest import previewed

playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright; pip install playwright")
CONTRAST = Path(__file__).with_name("contrast.js").read_text()
REAL = "netflix-dev"
OVERFLOW = """() => [document.documentElement, document.querySelector("#panel")]
  .map((each) => each.scrollWidth - each.clientWidth)"""
FOCUSED = "document.activeElement.dataset.box ?? document.activeElement.id"
STATES = "all => Object.fromEntries(all.map((box) => [box.dataset.box, box.dataset.state]))"
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
VIEWS = ("diagram", "study", "bill", "rules", "faults")


@dataclass
class Pages:
    shop: str
    real: str
    boxes: dict[str, Any]
    """Of the real stack."""


@pytest.fixture(scope="module")
def chromium():
    """Before anything is made for it."""
    path = shutil.which("chromium")
    if path is None or shutil.which("dot") is None:
        pytest.skip("Chromium or Graphviz is not installed; apt-get install chromium graphviz")
    return path


@pytest.fixture(scope="module")
def pages(chromium, run_in, tmp_path_factory):
    """Made before Playwright starts, whose event loop would be in the way of Pulumi's."""
    folder = tmp_path_factory.mktemp("pages")
    found = project.find()
    study = case_study.read(found, REAL).under(project.settings(found, REAL, []).named)
    graph = previewed(REAL)
    whole = Seen(graph, diagram.draw(graph, study), study, bill(graph, Book(), Usage()))
    made = {"shop": seen(run_in, tmp_path_factory.mktemp("shop")), "real": whole}
    for name, one in made.items():
        (folder / f"{name}.html").write_text(report.page(one))
    urls = {name: (folder / f"{name}.html").as_uri() for name in made}
    return Pages(**urls, boxes={box.id: box for box in whole.drawn.model.boxes()})


@pytest.fixture(scope="module")
def browser(pages, chromium):
    with playwright.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def visit(browser):
    """visit(url, width, scheme): a page, which must not complain, nor ask for anything but itself."""
    wrong, contexts = [], []

    def visit(url, width=1600, scheme="light", **given):
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 700 else 740},
            color_scheme=scheme,
            reduced_motion="reduce",
            **given,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda asked: wrong.append(asked.url) if asked.url.partition("#")[0] != url else None
        )
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not [one for one in wrong if one != "data:,"]


def test_every_box_opens_the_panel_with_what_is_known_of_it(visit, pages):
    page = visit(pages.real)
    told = page.evaluate("""() => {
      document.querySelector('[data-panel-of=""]').click();
      return [...document.querySelectorAll(".picture .box")].map((box) => {
        box.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        const panel = document.querySelector("#panel");
        return [box.dataset.box, box.getAttribute("aria-expanded"), panel.hidden,
          panel.querySelector("h2").textContent, panel.innerText];
      });
    }""")
    assert {one[0] for one in told} == set(pages.boxes)
    for id, expanded, hidden, title, text in told:
        box = pages.boxes[id]
        assert (title, expanded, hidden) == (box.title, "true", False)
        assert box.technology in text and "What its loss would do" in text and "Resources" in text, id


def test_the_page_of_a_whole_company_can_be_sent_by_mail(pages):
    assert Path(pages.real.removeprefix("file://")).stat().st_size < 3_000_000


def test_a_real_click_shows_arrows_settings_cost_rules_and_loss(visit, pages):
    page = visit(pages.shop)
    page.locator('.picture .box[data-box="orders"]').click()
    panel = page.locator("#panel")
    page.evaluate(OPEN_ALL)
    panel.locator(".settings").last.wait_for(state="attached")
    text = panel.inner_text()
    known = [
        "Without zone us-east-1a", "✕ broken", "no copy is left", "would call in vain", "IAM: s3:GetObject",
        "AWS/S3 4xxErrors Sum > 5", "mandatory: s3 Bucket orders", "Mend: keep it", "plane: state",
        "In the case study: Orders",
    ]  # fmt: skip
    assert not [one for one in known if one not in text]
    panel.get_by_role("button", name="Show in the diagram").click()
    assert page.locator(".picture.hit .box.direct").get_attribute("data-box") == "web"
    panel.locator('.chip[data-open="web"]').click()
    assert page.locator("#panel-title").inner_text() == "web" and page.url.endswith("#box=web")


def test_all_of_it_can_be_done_with_keys(visit, pages):
    page = visit(pages.shop)
    press = page.keyboard.press

    def focused():
        return page.evaluate(FOCUSED)

    for wanted in (None, "find", "theme", "tab-diagram"):
        press("Tab")
        assert wanted in (None, focused())
    press("ArrowRight")
    assert focused() == "tab-study" and page.locator("#study").is_visible()
    press("Home")
    tabs = 0
    while focused() not in ("web", "orders") and (tabs := tabs + 1) < 20:
        press("Tab")
    press("Home")
    first = focused()
    press("ArrowRight")
    assert first == "web" and focused() == "orders"
    width = "getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth"
    assert page.evaluate(width) == "5px"
    press("Enter")
    assert focused() == "panel-title" and page.locator("#panel").is_visible()
    press("Tab")
    press("Escape")
    assert focused() == "orders" and page.locator("#panel").is_hidden()
    before = page.locator("#picture").get_attribute("viewBox")
    press("+")
    assert page.locator("#picture").get_attribute("viewBox") != before
    press("0")
    press("/")
    assert focused() == "find"
    page.keyboard.type("orders document")
    press("Enter")
    assert "Document orders" in page.evaluate("document.activeElement.innerText")


def test_search_finds_components_resources_claims_and_rules(visit, pages):
    page = visit(pages.real)
    find, hits = page.locator("#find"), page.locator("#found [role=option]")
    find.fill("cassandra")
    assert "users" in hits.first.inner_text() and find.get_attribute("aria-expanded") == "true"
    find.press("ArrowDown")
    assert find.get_attribute("aria-activedescendant") == "hit-1"
    find.fill("kong gateway claim-less nonsense")
    assert page.locator("#found").inner_text() == "Nothing is called so."
    find.fill("API Gateway - Kong")
    hits.filter(has_text="Complete architecture: nodes").click()
    assert page.locator("#study tr.shown").inner_text().startswith("✓")
    shop = visit(pages.shop)
    shop.locator("#find").fill("tls 1.2")
    shop.locator("#found [role=option]").first.click()
    assert shop.locator("#rules tr.shown").is_visible()


def test_a_fault_is_shown_on_the_boxes(visit, pages):
    page = visit(pages.shop)
    page.locator("#strike").select_option("us-east-1a")
    assert (
        page.locator("#verdict").inner_text() == "Without zone us-east-1a: 1 of 1 arrows fail or are impaired"
    )
    states = page.locator(".picture .box[data-state]").evaluate_all(STATES)
    assert states == {"orders": "broken", "web": "works"}
    page.locator("#strike").select_option("")
    assert not page.locator(".badge").count()


@pytest.mark.parametrize(
    ("which", "width", "scheme"),
    [("shop", 360, "dark"), ("shop", 1600, "light"), ("real", 360, "light"), ("real", 1600, "dark")],
)
def test_all_text_stands_out_and_nothing_is_wider_than_the_page(visit, pages, which, width, scheme):
    page = visit(getattr(pages, which), width, scheme)
    for view in VIEWS:
        if page.locator(f"#tab-{view}").count():
            page.locator(f"#tab-{view}").click()
            assert page.evaluate(CONTRAST) == [], view
            assert page.evaluate(OVERFLOW) == [0, 0], view
    page.locator(".card").first.evaluate("card => card.click()")
    page.evaluate(OPEN_ALL)
    page.locator("#panel .settings").first.wait_for(state="attached")
    assert page.evaluate(CONTRAST) == [] and page.evaluate(OVERFLOW) == [0, 0]


def test_dark_and_light_follow_the_system_until_the_button_says_otherwise(visit, pages):
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit(pages.shop, scheme="dark")
    dark, button = page.evaluate(ground), page.locator("#theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    light = page.evaluate(ground)
    assert light != dark and button.get_attribute("aria-pressed") == "false"
    page.reload()
    assert page.evaluate(ground) == light
    other = visit(pages.shop)
    assert other.evaluate(ground) == light
    other.emulate_media(color_scheme="dark")
    assert other.evaluate(ground) == dark


def test_the_picture_is_moved_by_hand_and_by_wheel(visit, pages):
    page = visit(pages.shop)

    def view():
        return json.loads(f"[{page.locator('#picture').get_attribute('viewBox').replace(' ', ',')}]")

    frame, first = page.locator("#picture").bounding_box(), view()
    x, y = frame["x"] + 20, frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 10, steps=3)
    page.mouse.up()
    moved = view()
    assert moved[0] < first[0] and moved[2] == first[2] and page.locator("#panel").is_hidden()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.wait_for_function(
        "(wide) => document.querySelector('#picture').viewBox.baseVal.width < wide", arg=moved[2]
    )
    page.keyboard.up("Control")
    page.locator("[data-zoom=fit]").click()
    assert view() == pytest.approx(first)
