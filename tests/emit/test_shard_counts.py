"""One state of a scan has one count of what was read: what the user left out is in none of them."""

from __future__ import annotations

import pytest

from scanner.app.graphing import limits
from scanner.assess.governance import assess
from scanner.assess.measuring import Count, measure
from scanner.assess.policies import Situation
from scanner.emit.document import CoverageRow, Document
from scanner.emit.files import write_all
from scanner.emit.formats.markdown import render
from scanner.emit.html import render_html
from scanner.emit.table import print_document
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook.load import load
from tests.emit.estates import SCAN
from tests.graph.worlds import graph_of

ROWS = (
    ("one", Outcome.COMPLETE),
    ("two", Outcome.DENIED),
    ("three", Outcome.LEFT_OUT),
    ("off", Outcome.NOT_ENABLED),
)
GRAPH = graph_of()
DOCUMENT = Document(
    scan=SCAN, assets=(), edges=(), findings=(),
    coverage=tuple(
        CoverageRow(shard=shard, source="t", status=str(outcome), reason="", records=0)
        for shard, outcome in ROWS
    ),
)  # fmt: skip
SITUATION = Situation(
    graph=GRAPH, reconciliation=reconcile(GRAPH, [], {}, []), owners={}, now="2026-11-28",
    coverage=tuple(
        Coverage(shard=ShardId(shard), source="t", status=outcome) for shard, outcome in ROWS
    ),
)  # fmt: skip


def test_answers_of_the_graph_and_its_files(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (note,) = limits(SITUATION)
    assert note.startswith("1 of 3 shards were not read to their end")
    write_all(tmp_path, DOCUMENT, GRAPH)
    assert "1 of 3 shards were not read" in (tmp_path / "graph.graphml").read_text()


def test_the_page_the_summary_and_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "<b>2/3</b><span>shards read completely" in render_html(DOCUMENT)
    assert "- Coverage: 2 of 3 shards\n" in b"".join(render(DOCUMENT)).decode()
    print_document(DOCUMENT, ())
    told = capsys.readouterr().out
    assert "Coverage: 2 of 3 shards read completely; 1 left out" in told


def test_the_metric_and_the_packs() -> None:
    rules = load()
    found = measure(SITUATION, (), rules.frameworks, rules.policies, "s")
    assert found.shards == Count(yes=2, of=3)
    pack = assess(rules.frameworks[0], rules.policies, SITUATION, ())
    assert (pack.shards, len(pack.unread)) == (3, 1)
