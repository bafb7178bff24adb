"""What is text in a finding is text in every tracker's own markup."""

from __future__ import annotations

import re

import pytest

from scanner.app.ticketing import Target, sync
from scanner.emit.tickets.content import Routing
from scanner.store.state import State
from tests.emit.tickets import (
    azure_tracker,
    gitlab_tracker,
    jira_tracker,
    linear_tracker,
    servicenow_tracker,
)
from tests.emit.tickets.findings import NOW, finding, put, resolved

WIKI = ["{panel}", "[~admin]", "!http://x/y.png!", "h1.", "|a|", "{color:red}", "-gone-", "(!)"]


@pytest.mark.parametrize("text", WIKI)
@pytest.mark.parametrize("before", ["", "\\"])
def test_nothing_is_wiki_markup_on_data_center(text: str, before: str) -> None:
    """Each character that begins markup stands behind one backslash, and never behind two."""
    with jira_tracker.data_center() as tracker:
        state = State("sqlite://")
        put(state, finding("a", remedy=f"x {before}{text} y"))
        sink = jira_tracker.data_center_sink(tracker)
        assert sync(state, Target("made", sink, Routing()), now=lambda: NOW).troubles == []
        body = tracker.issues[1].body
    assert "\\\\" not in body
    for position, mark in enumerate(body):
        if mark in "{}[]|!(":
            assert body[position - 1] == "\\"
    assert " -gone" not in body
    assert not [line for line in body.splitlines() if line.startswith(("h1.", "*", "#", "-"))]


@pytest.mark.parametrize("text", ["@all", "#1", "!1", "~label", "$1", "%1", "&1", "^alert#1"])
def test_nothing_is_a_reference_on_gitlab(text: str) -> None:
    with gitlab_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a", remedy=f"x {text} y"))
        sink = gitlab_tracker.sink(tracker)
        assert sync(state, Target("made", sink, Routing()), now=lambda: NOW).troubles == []
        assert text not in tracker.issues[1].body
        assert f"{text[0]}\u200b{text[1:]}".split("#")[0] in tracker.issues[1].body


def test_nothing_is_a_quick_action_on_gitlab() -> None:
    nasty = "x\n/close\n/assign @admin\r/label ~p"
    with gitlab_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a", title=nasty, remedy=nasty, detail=nasty))
        sink = gitlab_tracker.sink(tracker)
        sync(state, Target("made", sink, Routing()), now=lambda: NOW)
        put(state, *resolved([finding("a", title=nasty)]))
        sync(state, Target("made", sink, Routing()), now=lambda: NOW)
        issue = tracker.issues[1]
        said = [issue.title, issue.body, *issue.comments]
    assert issue.state == "closed"
    for text in said:
        assert not [line for line in text.splitlines() if line.strip().startswith("/")]


def test_nothing_is_html_on_azure_boards() -> None:
    nasty = """x</div><img src=x onerror="alert(1)"> <a href='#' data-vss-mention="v:2,1">@a</a>"""
    with azure_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a", title=nasty, remedy=nasty))
        for severity in ("high", "critical"):
            put(state, finding("a", title=nasty, remedy=nasty, severity=severity))
            sink = azure_tracker.sink(tracker)
            assert sync(state, Target("made", sink, Routing()), now=lambda: NOW).troubles == []
    assert len(tracker.raw) == 2
    for text in tracker.raw:
        assert "&lt;img" in text
        assert set(re.findall(r"<[^>]*>", text)) == {"<div>", "</div>"}


@pytest.mark.parametrize("word", ["[code]", "[CODE]", "[/code]"])
def test_nothing_is_html_on_servicenow(word: str) -> None:
    nasty = f"x {word}<script>alert(1)</script>"
    with servicenow_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a", title=nasty, remedy=nasty))
        target = Target("made", servicenow_tracker.sink(tracker), Routing())
        sync(state, target, now=lambda: NOW)
        put(state, finding("a", title=nasty, remedy=nasty, severity="critical"))
        sync(state, target, now=lambda: NOW)
        put(state, *resolved([finding("a", title=nasty)]))
        sync(state, target, now=lambda: NOW)
        issue = tracker.issues[1]
    assert len(issue.comments) == 2
    for text in (issue.title, issue.body, *issue.comments):
        assert word not in text


def test_nothing_is_a_mention_on_linear() -> None:
    nasty = "x https://linear.app/acme/profiles/admin @admin [a](http://x) *b*"
    with linear_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a", title=nasty, remedy=nasty))
        for severity in ("high", "critical"):
            put(state, finding("a", title=nasty, remedy=nasty, severity=severity))
            sink = linear_tracker.sink(tracker)
            assert sync(state, Target("made", sink, Routing()), now=lambda: NOW).troubles == []
        issue = tracker.issues[1]
    for text in (issue.body, *issue.comments):
        assert not re.search(r"linear\.app|@admin|(?<!\\)\]\(|(?<!\\)\*b", text)
