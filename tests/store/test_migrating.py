"""A state of the first version is brought up to this one: nothing of it is lost, in whichever
database, and not by halves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import StoreError
from scanner.model.facts import Asset, AssetClass
from scanner.store import migrating, schema
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.store.postgres import programs, server

_OLD = Path(__file__).parent / "first"
_ROWS = """
INSERT INTO meta VALUES ('schema_version', '1');
INSERT INTO scan VALUES ('b', '2026-01-02T00:00:00Z', '2026-01-02T01:00:00Z', 0, 'd', '{}');
INSERT INTO scan VALUES ('a', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', 3, 'd', '{}');
INSERT INTO checkpoint VALUES ('log', '17');
"""


@pytest.fixture(scope="module")
def database() -> Iterator[object]:
    if programs() is None:
        yield None
        return
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path, database: object) -> str:
    """The URL of a state as the first version left it."""
    url = f"sqlite:///{tmp_path}/state.sqlite"
    if request.param == "postgresql":
        if database is None:
            pytest.skip("PostgreSQL is not installed")
        url = database.database()  # type: ignore[attr-defined]
    engine = create_engine(url)
    with engine.begin() as db:
        for statement in ((_OLD / f"{request.param}.sql").read_text() + _ROWS).split(";\n"):
            if statement.strip():
                db.execute(text(statement.replace(":00", r"\:00")))
    engine.dispose()
    return url


def _version(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as db:
        found = db.execute(text("SELECT value FROM meta WHERE key = 'schema_version'")).scalar()
    engine.dispose()
    return str(found)


def test_an_old_state_is_brought_up_with_all_that_it_knows(old: str) -> None:
    state = State(old)
    assert [(row.id, row.exit_code) for row in state.scans()] == [("a", 3), ("b", 0)]
    again = state.open_scan("d", "2025-06-01T00:00:00Z", {})
    assert [row.id for row in state.scans()] == ["a", "b", again.id]
    sink = StateSink(state, again.id, "2025-06-01T00:00:00Z")
    kept = sink.checkpoint(ShardId("log"))
    assert kept is not None
    assert kept.cursor == "17"
    writer = sink.writer(Shard(id=ShardId("s")))
    asset = Asset(id=NodeId("n"), kind="t.t", name="n", asset_class=AssetClass.MODEL)
    writer.add(asset)
    writer.commit("1")
    assert [fact for _, fact, _ in state.facts()] == [asset]
    state.close()
    assert _version(old) == str(schema.SCHEMA_VERSION)
    State(old).close()  # and nothing is done twice


def test_what_revisions_lead_to_is_what_a_new_state_is_made_as(old: str) -> None:
    from alembic.autogenerate import compare_metadata  # a second, which others need not take
    from alembic.migration import MigrationContext

    State(old).close()
    engine = create_engine(old)
    with engine.connect() as db:
        found = compare_metadata(MigrationContext.configure(db), schema.metadata)
    engine.dispose()
    # Comments are for people; the version's own table is Alembic's, and partitions are many.
    words = ("comment", "alembic_version", "_undivided")
    if old.startswith("postgresql"):  # the key of the partitions does what this index did
        words = (*words, "fact_change_scan")
    assert [row for row in found if not any(word in str(row[:2]) for word in words)] == []


def test_a_migration_that_breaks_leaves_the_old_state(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrating, "put_meta", broken)
    with pytest.raises(KeyboardInterrupt):
        State(old)
    monkeypatch.undo()
    assert _version(old) == "1"
    state = State(old)
    assert [row.id for row in state.scans()] == ["a", "b"]
    state.close()


def test_two_that_open_an_old_state_at_once_change_it_once(old: str) -> None:
    code = "import sys; from scanner.store.state import State; State(sys.argv[1]).close()"
    both = [subprocess.Popen([sys.executable, "-c", code, old]) for _ in range(3)]
    assert [process.wait() for process in both] == [0, 0, 0]
    state = State(old)
    assert [row.id for row in state.scans()] == ["a", "b"]
    state.close()


def test_a_newer_state_is_refused(old: str) -> None:
    State(old).close()
    engine = create_engine(old)
    with engine.begin() as db:
        db.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema_version'"))
    engine.dispose()
    with pytest.raises(StoreError, match="upgrade shadow-ai"):
        State(old)
