"""Access that a log says has ended is in the graph no more, whichever way round it is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scanner.assess.policies import best_confidence
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.folding import failed
from scanner.kit.named import Names
from scanner.model.base import ShardId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass, DataStore, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook

NAMES = Names("x", "x", "workspace")
MAIL = DataStore(id=NAMES.node("acme", "data", "mail"), kind="x.data", name="mail")
ANN, BEN = (NAMES.person("acme", one) for one in ("ann", "ben"))
APP = NAMES.node("acme", "app", "c1")
OPENED = (Relation.GRANTS, Relation.READS_FROM, Relation.WRITES_TO)


def _told(day: int, rule: str, relation: str = "", who: Any = ANN, **more: Any) -> Activity:
    at = f"2026-11-{day:02}T09:00:00Z"
    opened = (MAIL,) if relation == "grants" else ()
    return NAMES.app("acme", rule, relation, "c1", "Otter.ai", actor=who, first_at=at, last_at=at,
                     reads=opened, writes=opened, **more)  # fmt: skip


def _graph(rulebook: Rulebook, *told: Activity, now: str = "") -> AssetGraph:
    catalogue = Catalogue(rulebook)
    facts = (
        (ShardId("x:log"), fact, True) for one in told for fact in facts_of(one, catalogue, "x")
    )
    return AssetGraph(facts, now=now)


def _open(graph: AssetGraph) -> set[str]:
    return {str(edge.relation) for edge in graph.edges.values() if edge.relation in OPENED}


GRANT = _told(10, "token.authorize", "grants")


@pytest.mark.parametrize(
    "ending",
    [
        _told(11, "token.revoke"),
        _told(11, "app_uninstalled", who=BEN),
        _told(11, "Remove service principal.", who=BEN),
        _told(11, "application.lifecycle.delete", who=BEN),
        _told(11, "APPLICATION.DELETED", who=BEN),
        _told(11, "integration_installation.destroy", who=BEN),
        _told(11, "integration_installation.suspend", who=BEN),
        _told(11, "application.lifecycle.deactivate", who=BEN),
        _told(11, "audit.Disable service principal", who=BEN),
        _told(11, "app_uninstalled", who=None),
    ],
    ids=lambda one: one.rule,
)
def test_what_has_ended_is_closed_in_either_order(rulebook: Rulebook, ending: Activity) -> None:
    assert _open(_graph(rulebook, GRANT)) == set(OPENED)
    for told in ((GRANT, ending), (ending, GRANT)):
        graph = _graph(rulebook, *told)
        assert not _open(graph)
        app = graph.node(APP)
        assert isinstance(app, Asset)
        assert (app.is_ai, app.tags) == (True, {"access": "ended 2026-11-11"})
        assert best_confidence(app.evidence) is Confidence.MEDIUM


@pytest.mark.parametrize(
    "other",
    [
        _told(9, "token.revoke"),
        _told(10, "token.revoke"),
        _told(11, "token.revoke", who=BEN),
        _told(11, "token.deny"),
        _told(11, "app_requested"),
        failed(_told(11, "token.revoke")),
        _told(11, "remove app role assignment from service principal", who=BEN),
        _told(11, "app_uninstalled", resource="x:acme/workspace/t2"),
        _told(11, "app_uninstalled", who=BEN, is_own=True),
        _told(11, "workspace.integration_uninstalled", who=BEN),
    ],
    ids=lambda one: f"{one.rule} {one.last_at}",
)
def test_what_ends_nothing_leaves_the_grant(rulebook: Rulebook, other: Activity) -> None:
    graph = _graph(rulebook, GRANT, other)
    assert _open(graph) == set(OPENED)
    app = graph.node(APP)
    assert isinstance(app, Asset)
    assert not app.tags


def test_a_later_grant_opens_again_and_others_keep_theirs(rulebook: Rulebook) -> None:
    revoked = _told(11, "token.revoke")
    again = _told(12, "token.authorize", "grants")
    theirs = _told(10, "token.authorize", "grants", BEN)
    assert _open(_graph(rulebook, again, revoked, GRANT)) == set(OPENED)
    left = _graph(rulebook, theirs, revoked, GRANT)
    assert BEN is not None
    assert [e.source for e in left.edges.values() if e.relation is Relation.GRANTS] == [BEN.id]
    assert _open(left) == set(OPENED)


def test_what_ends_in_one_place_stands_in_the_others(rulebook: Rulebook) -> None:
    """The places of an organization are those of Slack's workspaces, of Atlassian's sites."""
    here, there = ({"resource": f"x:acme/workspace/{one}"} for one in ("t1", "t2"))
    granted = [_told(10, "app_installed", "grants", ANN, **one) for one in (here, there)]
    removed = _told(11, "app_uninstalled", who=BEN, **here)
    graph = _graph(rulebook, removed, *granted)
    assert _open(graph) == set(OPENED)
    assert not _open(_graph(rulebook, removed, granted[0]))
    everywhere = _told(12, "app_uninstalled", who=BEN)
    assert not _open(_graph(rulebook, removed, *granted, everywhere))


@pytest.mark.parametrize("ending", [_told(11, "token.revoke"), _told(11, "app_uninstalled")])
def test_an_ending_of_a_time_to_come_ends_nothing_and_is_counted(
    rulebook: Rulebook, ending: Activity
) -> None:
    for now, opened, ahead in (
        ("2026-11-10T08:59:00Z", set(OPENED), 1),
        ("2026-11-10T09:00:00Z", set(), 0),  # a day ahead may be a zone
    ):
        graph = _graph(rulebook, GRANT, ending, now=now)
        assert _open(graph) == opened
        assert graph.endings_ahead == ahead


THING = NAMES.thing("acme", "app", "c1", "Meetwise", AssetClass.SAAS_APP)
"""AI by what its source says of it, whose name tells nothing."""


def _shown(day: int, rule: str, relation: str = "", who: Any = ANN, **more: Any) -> Activity:
    told = _told(day, rule, relation, who, **more)
    return msgspec.structs.replace(told, label="Meetwise", thing=THING)


@pytest.mark.parametrize("is_shown", [True, False], ids=["with its scopes", "by its id alone"])
@pytest.mark.parametrize(
    ("rule", "who", "left"),
    [
        ("app_uninstalled", BEN, []),
        ("token.revoke", ANN, [BEN]),
        ("token.revoke", BEN, [ANN]),
        ("app_requested", ANN, [ANN, BEN]),
    ],
)
def test_access_to_what_its_source_proves_to_be_ai_ends_too(
    rulebook: Rulebook, rule: str, who: Any, left: list[Any], is_shown: bool
) -> None:
    granted = [_shown(10, "app_installed", "grants", one) for one in (ANN, BEN)]
    ending = _shown(11, rule, who=who)
    if not is_shown:
        ending = msgspec.structs.replace(ending, thing=None)
    for told in ((*granted, ending), (ending, *granted)):
        graph = _graph(rulebook, *told)
        owners = {e.source for e in graph.edges.values() if e.relation is Relation.GRANTS}
        assert owners == {one.id for one in left}
        assert _open(graph) == (set(OPENED) if left else set())
        app = graph.node(APP)
        assert isinstance(app, Asset)
        assert app.is_ai
        assert bool(app.tags) is not bool(left)
    again = _shown(12, "app_installed", "grants", ANN)
    assert _open(_graph(rulebook, *granted, ending, again)) == set(OPENED)


def test_the_end_of_what_nobody_knows_is_nothing(rulebook: Rulebook) -> None:
    ending = msgspec.structs.replace(_told(11, "app_uninstalled"), label="Lunch menu")
    graph = _graph(rulebook, ending)
    assert (graph.nodes, graph.edges) == ({}, {})


@pytest.mark.parametrize(
    ("label", "hosts", "best"),
    [
        ("Meetwise AI", (), Confidence.LOW),
        ("Meetwise", ("app.meetwise.ai",), Confidence.LOW),
        ("Otter.ai", (), Confidence.HIGH),  # the catalogue's, by two kinds of events
    ],
)
def test_one_guess_that_several_events_and_sources_make_is_one(
    rulebook: Rulebook, label: str, hosts: tuple[str, ...], best: Confidence
) -> None:
    told = [
        msgspec.structs.replace(_told(10, rule, relation), label=label, hosts=hosts)
        for rule, relation in (("app_installed", "grants"), ("token.authorize", "used_by"))
    ]
    catalogue = Catalogue(rulebook)
    facts = [
        (ShardId(f"{source}:log"), fact, True)
        for source, one in zip("xy", told, strict=True)
        for fact in facts_of(one, catalogue, source)
    ]
    app = AssetGraph(facts).node(APP)
    assert isinstance(app, Asset)
    assert len(app.evidence) == 2
    assert best_confidence(app.evidence) is best


def test_what_was_tried_in_vain_makes_nothing_surer_and_says_who(rulebook: Rulebook) -> None:
    used = _told(10, "app_installed", "used_by")
    tried = failed(_told(11, "token.authorize", "used_by", who=BEN))
    app = _graph(rulebook, used).node(APP)
    both = _graph(rulebook, used, tried)
    again = both.node(APP)
    assert isinstance(app, Asset)
    assert isinstance(again, Asset)
    assert best_confidence(app.evidence) is best_confidence(again.evidence) is Confidence.MEDIUM
    other = failed(_told(11, "app_installed", "used_by", who=BEN))
    alone = _graph(rulebook, tried, other).node(APP)
    assert isinstance(alone, Asset)
    assert best_confidence(alone.evidence) is Confidence.MEDIUM
    (edge,) = both.out_edges(APP, Relation.TRIED_BY)
    assert (edge.target, edge.evidence[0].count) == (BEN.id if BEN else "", 1)
    assert edge.target in both.nodes
    assert not [one for one in both.out_edges(APP, Relation.USED_BY) if one.target == edge.target]


def test_who_tried_a_thing_that_its_source_proves_to_be_ai_is_told(rulebook: Rulebook) -> None:
    thing = NAMES.thing("acme", "agent", "a1", "Helper", AssetClass.AGENT, provider="openai")
    tried = failed(NAMES.used(thing, "agent.run", actor=ANN))
    graph = _graph(rulebook, tried)
    assert [edge.target for edge in graph.out_edges(thing.id, Relation.TRIED_BY)] == [
        ANN.id if ANN else ""
    ]
    assert not list(graph.assets())
