"""The page as people use it: in Chromium, offline; every complaint of the browser is a failure."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.emit.document import (
    AssetRow,
    CoverageRow,
    Document,
    EvidenceRow,
    RegistryStatus,
    ScanInfo,
)
from scanner.emit.html import render_html
from scanner.emit.picture import draw
from scanner.emit.trend import Point
from scanner.graph.build import AssetGraph
from scanner.model.base import Fingerprint, NodeId
from scanner.model.facts import Account, Fact, Relation
from scanner.model.finding import Finding, FindingStatus
from tests.graph.worlds import HOSTILE, asset, company, edge, graph_of

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
EVIL = f"<img src=x onerror=\"document.title='taken'\">{HOSTILE}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        try:
            found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium here: {str(error)[:80]}")
        yield found
        found.close()


class Opened:
    """A page in a browser that has no network, and whatever it complained of or asked for."""

    def __init__(self, browser: Any, file: Path, html: str) -> None:
        file.write_text(html, encoding="utf-8")
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.set_offline(True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda asked: self.said.extend(
            [] if asked.url == file.as_uri() else [asked.url]))  # fmt: skip
        self.page.goto(file.as_uri())

    def end(self) -> None:
        self.context.close()
        assert self.said == []


def _document(graph: AssetGraph, findings: tuple[Finding, ...] = ()) -> Document:
    return Document(
        scan=ScanInfo(id="s", started="a", finished="2026-02-01", exit_code=3, versions={}),
        coverage=(
            CoverageRow(shard="t:x", source="t", status="denied", reason="grant it", records=0),
        ),
        assets=tuple(
            AssetRow(
                uid=node.id, type="asset", kind=node.kind, name=node.name,
                provider=node.provider, registry=RegistryStatus(status="unregistered"),
                evidence=(EvidenceRow(rule="listed", source="t", provider="", path=node.id),),
            )
            for node in graph.assets()
        ),
        edges=(),
        findings=findings,
    )  # fmt: skip


def _finding(ident: str, asset: str, **fields: Any) -> Finding:
    return Finding(**{
        "fingerprint": Fingerprint(f"v1:{ident}"), "policy": "SAI-001", "severity": "high",
        "risk": 70, "title": f"finding {ident}", "asset": NodeId(asset),
        "first_seen": "2026-01-01", "last_seen": "2026-02-01", **fields,
    })  # fmt: skip


@pytest.fixture
def small(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    graph = company(asset("evil", name=EVIL, provider=EVIL))
    findings = (
        _finding("path", "chat", path=tuple(map(NodeId, ("chat", "chat-role", "crm")))),
        _finding("evil", "evil", title=EVIL, owner=EVIL, severity="low", risk=10),
        _finding("old", "chat", status=FindingStatus.RESOLVED, severity="critical"),
    )
    points = [Point(scan=s, at=s, open=n, assets=n, read=50) for s, n in (("a", 1), ("b", 3))]
    page = render_html(_document(graph, findings), draw(graph, findings), points)
    opened = Opened(browser, tmp_path / "small.html", page)
    yield opened
    opened.end()


def test_the_map_comes_first_and_leads_to_assets(small: Opened) -> None:
    page = small.page

    assert page.evaluate("graphView.cy.nodes().map(n => n.id())") == page.evaluate(
        "[...new Set(DATA.graph.map.flatMap(c => ['u:' + c.unit, 'p:' + c.provider]))]"
    )
    listed = page.locator("#g-side button").all_inner_texts()
    kinds = [text.partition(":")[0] for text in listed]
    assert kinds == sorted(kinds) and set(kinds) == {"Business unit", "Vendor"}  # noqa: PT018
    assert "1 assets" not in " ".join(listed)
    page.locator("#g-side button", has_text="production").click()
    assert "chat" in page.evaluate("graphView.cy.nodes().map(n => n.data('label'))")


def test_search_filter_and_sort_choose_rows(small: Opened) -> None:
    page = small.page
    page.fill("#t-search", "sync")
    page.locator("#t-said", has_text=re.compile(r"^1 of \d+ assets")).wait_for()
    page.click("#t-clear")
    page.click("#t-findings")
    titles = page.locator("#t-space .row > :nth-child(3)")
    assert titles.all_inner_texts()[:2] == ["finding path", "finding old"]

    page.select_option("#t-filters [data-key=severity]", "critical")
    assert titles.all_inner_texts() == ["finding old"]
    page.click("#t-clear")
    page.click("#t-head [data-key=severity]")
    assert titles.all_inner_texts()[0] == "finding old"
    page.click("#t-head [data-key=severity]")
    assert "onerror" in titles.all_inner_texts()[0]


def test_a_finding_shows_its_path(small: Opened) -> None:
    page = small.page
    page.click("#t-findings")
    page.locator("#t-space .row", has_text="finding path").click()
    page.click("text=Show the path in the graph")

    drawn = "graphView.cy.nodes('.way').sort((a, b) => a.position('x') - b.position('x'))"
    assert page.evaluate(f"{drawn}.map(n => n.data('label'))") == ["chat", "chat-role", "crm"]
    assert page.evaluate("graphView.cy.edges('.way').length") == 2
    assert page.locator("#g-side button").all_inner_texts() == [
        "asset: chat", "→ runs as identity: chat-role", "→ reads from data store: crm",
    ]  # fmt: skip


def test_a_thing_is_found_expanded_and_joined_to_another(small: Opened) -> None:
    page = small.page
    page.fill("#g-find", "crm")
    page.press("#g-find", "Enter")
    before = page.evaluate("graphView.drawn()")
    relations = page.locator("#g-side button").all_inner_texts()
    assert any("reads from" in line and "chat-role" in line for line in relations)
    page.evaluate("graphView.expand(DATA.graph.things.findIndex(t => t[0] === 'chat-role'))")
    assert page.evaluate("graphView.drawn()") >= before

    page.evaluate("graphView.ego(DATA.graph.things.findIndex(t => t[0] === 'crm'))")
    page.click("#g-from")
    page.fill("#g-find", "provider:openai")
    page.press("#g-find", "Enter")
    page.click("#g-from")
    way = page.evaluate("graphView.way_nodes().map(n => DATA.graph.things[n][0])")
    assert way == ["crm", "sync", "sync#ai/openai", "provider:openai"]


def test_hostile_names_are_shown_as_they_are(small: Opened) -> None:
    page = small.page
    page.fill("#t-search", "onerror")
    page.locator("#t-said", has_text=re.compile(r"^1 of")).wait_for()
    page.locator("#t-space .row").first.click()
    page.evaluate("graphView.ego(DATA.graph.things.findIndex(t => t[0] === 'evil'))")

    assert page.title() == "Shadow AI report"
    assert page.locator("img").count() == 0
    assert page.locator("#t-detail h3").first.inner_text().startswith("<img src=x")
    assert page.locator("#g-side h3").filter(has_text="<img src=x").count() == 1


def test_the_table_is_worked_by_keys_and_told_to_screen_readers(small: Opened) -> None:
    page = small.page
    page.focus("#table")
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#table", "aria-activedescendant")
    assert page.get_attribute("#table", "role") == "grid"
    assert page.get_attribute(f"#{active}", "aria-rowindex") == "3"
    page.keyboard.press("Enter")
    assert page.locator("#t-detail dl").count() == 1
    rows = page.evaluate("DATA.assets.length")
    assert page.get_attribute("#table", "aria-rowcount") == str(rows + 1)
    page.click("#t-head [data-key=name]")
    assert page.locator("[role=columnheader][aria-sort=ascending]").count() == 1
    unnamed = "[...document.querySelectorAll('button,input,select')].filter(e => !e.labels?.length"
    assert page.evaluate(f"{unnamed} && !e.ariaLabel && !e.textContent.trim()).length") == 0


def test_dark_light_and_paper(small: Opened) -> None:
    page = small.page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != light
    before = page.locator("details[open]").count()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    rows = page.evaluate("DATA.assets.length + DATA.findings.length")
    assert page.locator("#t-print tr").count() == rows + 2
    assert not page.locator("#table").is_visible()
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == before


def test_the_list_beside_the_graph_is_worked_by_keys(small: Opened) -> None:
    page = small.page
    name = page.evaluate("DATA.assets[0].id")
    page.fill("#g-find", name)
    page.press("#g-find", "Enter")
    page.locator("#g-side button").first.wait_for()
    page.locator("#g-side button").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#g-side') !== null")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"


def test_no_name_turns_the_pages_words_around(browser: Any, tmp_path: Path) -> None:
    turned = "good\u202eelif dab\u2066"
    graph = graph_of(asset("a", name=turned), asset("b", name="\u05e9\u05dc\u05d5\u05dd"))
    text = render_html(_document(graph), draw(graph))
    assert "\u202e" not in text
    assert "\u2066" not in text
    page = Opened(browser, tmp_path / "turned.html", text).page
    names = page.locator("#t-space .row > :first-child").all_inner_texts()
    assert "\u05e9\u05dc\u05d5\u05dd" in names, "letters that run so are no trick"


def test_on_a_narrow_screen_a_row_is_a_card_with_every_cell_named(small: Opened) -> None:
    page = small.page
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    row = page.locator("table.stack tbody tr", has_text="finding path").first
    heads = row.locator("td").evaluate_all("all => all.map(one => one.dataset.head)")
    assert heads == ["Risk", "Severity", "Finding", "Path", "Owner", "Status"]
    shown = row.locator("td").evaluate_all(
        "all => all.map(one => getComputedStyle(one, '::before').content.slice(1, -1))"
    )
    assert shown == heads
    edges = row.locator("td").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(edges) <= 400
    assert page.get_by_role("columnheader", name="Owner").count() >= 1, "still a table when read"


def _large(assets: int) -> AssetGraph:
    facts: list[Fact] = [
        Account(id=NodeId(f"acc{unit}"), kind="t.a", name=f"unit {unit}", provider="")
        for unit in range(40)
    ]
    for at in range(assets):
        facts.append(asset(f"a{at}", name=f"asset {at}", provider=f"vendor{at % 12}"))
        facts.append(edge(f"acc{at % 40}", Relation.CONTAINS, f"a{at}"))
        facts.append(edge(f"a{at}", Relation.CALLS, f"provider:vendor{at % 12}"))
    return graph_of(*facts)


@pytest.mark.slow
def test_ten_thousand_are_there_and_few_are_drawn(browser: Any, tmp_path: Path) -> None:
    graph = _large(10_000)
    page_text = render_html(_document(graph), draw(graph))
    opened = Opened(browser, tmp_path / "large.html", page_text)
    page = opened.page

    assert page.locator("#t-said").inner_text() == "10000 of 10000 assets"
    assert page.locator("#t-space .row").count() < 60
    page.focus("#table")
    page.keyboard.press("End")
    page.locator("#row-9999").wait_for()
    page.evaluate("document.getElementById('t-body').scrollTop = 0")
    page.locator("#row-0").wait_for()
    assert page.get_attribute("#table", "aria-activedescendant") == "row-9999"
    assert page.locator("#row-9999").count() == 1, "what is told to a screen reader is there"
    page.fill("#t-search", "asset 9876")
    page.locator("#t-said", has_text="1 of 10000").wait_for()
    assert page.evaluate("graphView.cy.nodes().length") == 52
    page.locator("#g-side button", has_text="Vendor: vendor0: 834 assets").click()
    counts = "[graphView.cy.nodes('[at >= 0]').length, graphView.cy.edges().length]"
    assert page.evaluate(counts) == [834, 0]
    assert page.evaluate("graphView.cy.nodes('.kind').map(n => n.data('label'))") == ["t.t (834)"]
    assert page.locator("#g-side button").first.inner_text() == "t.t: asset 0"
    places = page.evaluate(
        "graphView.cy.nodes('[at >= 0]').map(n => `${n.position('x')} ${n.position('y')}`)"
    )
    assert len(set(places)) == 834
    assert "834 assets, by kind" in page.locator("#g-said").inner_text()
    page.locator("#g-side button").first.click()
    page.click("#g-expand")
    assert page.evaluate("graphView.cy.edges().length") < 60, "one's surroundings, not all lines"
    page.fill("#g-find", "a9876")
    page.press("#g-find", "Enter")
    assert "asset 9876" in page.locator("#g-said").inner_text()
    vendor = "DATA.graph.things.findIndex(t => t[0] === 'provider:vendor0')"
    page.evaluate(f"graphView.ego({vendor})")
    page.evaluate(f"graphView.expand({vendor})")
    assert 300 < page.evaluate("graphView.drawn()") <= 1500
    page.evaluate("graphView.expand(DATA.graph.things.findIndex(t => t[0] === 'acc0'))")
    page.evaluate("for (let u = 0; u < 40; u++) graphView.expand(DATA.graph.things.findIndex("
                  "t => t[0] === 'acc' + u))")  # fmt: skip
    assert page.evaluate("graphView.drawn()") == 1500
    assert "do not fit" in page.locator("#g-said").inner_text()
    opened.end()
