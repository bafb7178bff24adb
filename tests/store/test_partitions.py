"""On a real PostgreSQL what a scan said is a partition, of new states and of those that were there;
dropping it waits for nobody's lock but readers', and survives being killed anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, text

from scanner.kit.contract import Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError, StoreError
from scanner.model.facts import Asset, AssetClass
from scanner.store import migrating, partitions, schema
from scanner.store.past import facts_at
from scanner.store.retention import Pruned, prune
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.store.postgres import Server, programs, server

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")

_FIRST = Path(__file__).parent / "first" / "postgresql.sql"
_GROWING = ("coverage", "fact_change")
_LATE = "2027-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def url(running: Server) -> str:
    return running.database()


def _scan(state: State, day: int, shards: str = "ab", *, finished: bool = True) -> str:
    """Of some shards; what the fact of each is called changes by the day."""
    at = f"2026-01-{day:02}T00:00:00Z"
    scan = state.open_scan("d", at, {}, resume=False)
    sink = StateSink(state, scan.id, at)
    for shard in shards:
        writer = sink.writer(Shard(id=ShardId(shard)))
        writer.add(Asset(id=NodeId(f"n:{shard}"), kind="t.t", name=f"{shard} on {day}",
                         asset_class=AssetClass.MODEL))  # fmt: skip
        writer.close(Coverage(shard=ShardId(shard), source="t", status=Outcome.COMPLETE))
    if finished:
        state.finish_scan(scan.id, at, 0)
    return scan.id


def _rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(url)
    with engine.connect() as db:
        found = {
            table: [tuple(row) for row in db.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]
            for table in _GROWING
        }
    engine.dispose()
    return found


def _names(url: str) -> set[str]:
    """Of all tables that are or were partitions."""
    engine = create_engine(url)
    with engine.connect() as db:
        rows = db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        found = {
            name for name in rows.scalars() if name.startswith(tuple(f"{t}_" for t in _GROWING))
        }
    engine.dispose()
    return found


def _previous(url: str, *rows: str) -> None:
    """A state as version 3 left it."""
    from alembic import command  # a second, which the other workers need not take
    from alembic.config import Config

    engine = create_engine(url)
    with engine.begin() as db:
        for statement in filter(str.strip, _FIRST.read_text().split(";\n")):
            db.execute(text(statement))
        config = Config()
        folder = Path(migrating.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = db
        command.stamp(config, "0001")
        command.upgrade(config, "0003")
        for statement in ("INSERT INTO meta VALUES ('schema_version', '3')", *rows):
            db.execute(text(statement.replace(":00", r"\:00")))
    engine.dispose()


_SCANS = (
    "INSERT INTO scan VALUES ('a''1', '2025-01-01T00:00:00Z', '2025-01-01T01:00:00Z', 0, 'd',"
    " '{}', 1)",
    "INSERT INTO scan VALUES ('b', '2025-01-02T00:00:00Z', '2025-01-02T01:00:00Z', 0, 'd', '{}',"
    " 2)",
    "INSERT INTO scan VALUES ('cut', '2025-01-03T00:00:00Z', NULL, NULL, 'd', '{}', 3)",
    r"""INSERT INTO coverage SELECT s, 's' || n, convert_to('{"shard":"s' || n ||
    '","source":"t","status":"complete"}', 'UTF8')
    FROM unnest(ARRAY['a''1', 'b', 'lost']) s, generate_series(1, 100) n""".replace('":', r'"\:'),
    r"INSERT INTO fact_change (scan_id, shard, key, before) SELECT s, 's' || n, 'k', '\x00ff'"
    " FROM unnest(ARRAY['a''1', 'b']) s, generate_series(1, 50) n",
)  # fmt: skip


def _divided(db: Connection) -> list[tuple[object, ...]]:
    """What a table and its partitions are, but for their names."""
    asked = (
        "SELECT c.relname, pg_get_partkeydef(c.oid), pg_get_userbyid(c.relowner),"
        " (SELECT string_agg(pg_get_constraintdef(k.oid), ';') FROM pg_constraint k"
        "  WHERE k.conrelid = c.oid AND k.contype <> 'n'),"
        " (SELECT string_agg(a.attname || format_type(a.atttypid, a.atttypmod) || a.attnotnull"
        "  || a.attcollation || coalesce(pg_get_expr(d.adbin, d.adrelid), ''), ';' ORDER BY"
        "  a.attnum) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND"
        "  d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0),"
        " pg_get_serial_sequence('fact_change', 'id')"
        " FROM pg_class c WHERE c.relname = ANY(ARRAY['coverage', 'fact_change']) ORDER BY 1"
    )
    return [tuple(row) for row in db.execute(text(asked))]


def test_a_new_state_and_an_old_one_are_divided_alike(running: Server, url: str) -> None:
    _previous(url, *_SCANS)
    found = []
    for one in (url, running.database()):
        State(one).close()
        engine = create_engine(one)
        with engine.connect() as db:
            found.append(_divided(db))
        engine.dispose()
    assert found[0] == found[1]
    assert [row[1] for row in found[0]] == ["LIST (scan_id)"] * 2


def test_what_was_there_is_one_partition_and_the_same_to_the_byte(url: str) -> None:
    _previous(url, *_SCANS)
    before = _rows(url)
    assert len(before["coverage"]) == 300
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("CREATE ROLE analyst"))
        db.execute(text("GRANT SELECT ON coverage, fact_change TO analyst"))
        db.execute(text("CREATE ROLE keeper"))
        for name in ("scan", *_GROWING):
            db.execute(text(f"ALTER TABLE {name} OWNER TO keeper"))
        where = db.execute(text("SELECT pg_relation_filenode('coverage')")).scalar()
    state = State(url)
    assert _rows(url) == before
    assert _names(url) == {"coverage_undivided", "fact_change_undivided"}
    with engine.begin() as db:
        asked = "SELECT pg_relation_filenode('coverage_undivided')"
        assert db.execute(text(asked)).scalar() == where, "its rows were not moved"
        asked = "SELECT tableowner FROM pg_tables WHERE tablename = ANY(ARRAY['coverage', 'scan'])"
        assert set(db.execute(text(asked)).scalars()) == {"keeper"}
        db.execute(text("SET LOCAL ROLE analyst"))
        assert db.execute(text("SELECT count(*) FROM coverage")).scalar() == 300
    engine.dispose()
    again = state.open_scan("d", "2025-01-03T02:00:00Z", {})
    assert (again.id, again.is_resumed) == ("cut", True)
    StateSink(state, "cut", "2025-01-03T02:00:00Z").record(
        Coverage(shard=ShardId("s"), source="t", status=Outcome.COMPLETE)
    )
    assert len(state.coverage("cut")) == 1
    _scan(state, 5)  # the numbers of changes go on
    _scan(state, 6)
    ids = [row[0] for row in _rows(url)["fact_change"]]
    assert len(set(ids)) == len(ids) > 100
    # All of its scans but one that is not known go, so that it goes row by row.
    assert prune(state, _LATE).coverage == 201
    assert _names(url) >= {"coverage_undivided"}
    assert {row[0] for row in _rows(url)["coverage"]} > {"lost"}
    assert "fact_change_undivided" not in _names(url)
    _scan(state, 7)
    state.close()


def test_a_state_without_scans_keeps_nothing_of_the_old_tables(url: str) -> None:
    _previous(url)
    state = State(url)
    assert _names(url) == set()
    scan = _scan(state, 1)
    assert _names(url) == {f"coverage_{scan}", f"fact_change_{scan}"}
    state.close()


def test_old_scans_lose_their_partitions_and_others_keep_every_row(url: str) -> None:
    state = State(url)
    scans = [_scan(state, day) for day in range(1, 6)]
    cut = _scan(state, 6, finished=False)
    scans += [_scan(state, 7), _scan(state, 8)]
    before = _rows(url)
    told = prune(state, "2026-01-03T12:00:00Z", dry_run=True)
    assert (told, _rows(url)) == (Pruned(3, 6, 6), before)
    assert prune(state, "2026-01-03T12:00:00Z") == told
    stay = {*scans[3:], cut}
    assert _names(url) == {f"{table}_{scan}" for table in _GROWING for scan in stay}
    assert _rows(url)["coverage"] == [row for row in before["coverage"] if row[0] in stay]
    assert _rows(url)["fact_change"] == [row for row in before["fact_change"] if row[1] in stay]
    names = {fact.name for _, fact, _ in facts_at(state, scans[3])}  # type: ignore[union-attr]
    assert names == {"a on 4", "b on 4"}
    with pytest.raises(ConfigError, match="no longer kept"):
        list(facts_at(state, scans[1]))
    prune(state, _LATE)
    assert _names(url) == {f"{table}_{scan}" for table in _GROWING for scan in scans[-2:]}
    state.close()


def test_the_last_row_of_a_shard_that_nobody_names_stays(url: str) -> None:
    state = State(url)
    first, second = _scan(state, 1, "abc"), _scan(state, 2, "abc")
    late = [_scan(state, 3), _scan(state, 4)]
    assert prune(state, _LATE).coverage == 5
    assert [row.shard for row in state.coverage(second)] == ["c"]
    assert _names(url) == {
        f"coverage_{second}",
        *(f"{table}_{scan}" for table in _GROWING for scan in late),
    }
    state.forget_shards([ShardId("c")], late[1])
    assert prune(state, _LATE).coverage == 1
    assert first not in str(_names(url))
    assert second not in str(_names(url))
    state.close()


def test_who_reads_for_long_keeps_no_scan_from_beginning(url: str) -> None:
    """The reader holds its locks to the end of the test: a scan that waited would never end."""
    state = State(url)
    _scan(state, 1)
    reader = create_engine(url)
    with reader.connect() as db:
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        asked = text("SELECT (SELECT count(*) FROM coverage) + (SELECT count(*) FROM fact_change)")
        count = db.execute(asked).scalar()
        with state.engine.connect() as other:
            other.execute(text("SET lock_timeout = '20s'"))
            other.commit()
        scan = _scan(state, 2)
        assert len(state.coverage(scan)) == 2
        assert db.execute(asked).scalar() == count, "and sees what it saw"
        db.rollback()
    reader.dispose()
    state.close()


def test_pruning_waits_for_readers_no_longer_than_it_may(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(url)
    scans = [_scan(state, day) for day in range(1, 5)]
    reader = create_engine(url)
    monkeypatch.setattr(partitions, "_PATIENCE", "100ms")
    with reader.connect() as db:
        db.execute(text("SELECT count(*) FROM coverage")).scalar()
        with pytest.raises(StoreError, match="reading in one transaction for long"):
            prune(state, _LATE)
        _scan(state, 5)  # and others go on meanwhile
    assert {row[0] for row in _rows(url)["coverage"]} >= set(scans[2:])
    prune(state, _LATE)
    assert _names(url) == {
        f"{table}_{scan.id}" for table in _GROWING for scan in state.scans()[-2:]
    }
    reader.dispose()
    state.close()


def test_a_table_that_was_made_and_not_attached_is_taken(url: str) -> None:
    state = State(url)
    with state.engine.begin() as db:
        db.execute(text('CREATE TABLE "coverage_later" (LIKE coverage INCLUDING DEFAULTS)'))
    for _ in range(2):
        with state.engine.begin() as db:
            partitions.make_room(db, "later")
    assert _names(url) == {"coverage_later", "fact_change_later"}
    with state.engine.connect() as db:
        assert [one.scans for one in partitions.partitions_of(db, schema.coverage)] == [{"later"}]
    state.close()


_OPENS = """
import sys
from scanner.store.state import State
state = State(sys.argv[1])
print(state.open_scan("d", "2026-02-01T00:00:00Z", {}).id, flush=True)
"""


def test_two_that_go_on_at_one_scan_make_room_once(url: str) -> None:
    state = State(url)
    scan = _scan(state, 1, finished=False)
    with state.engine.begin() as db:  # as a copy would have it that left partitions out
        for table in _GROWING:
            db.execute(text(f'DROP TABLE "{table}_{scan}"'))
    both = [
        subprocess.Popen([sys.executable, "-c", _OPENS, url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [process.communicate()[0].strip() for process in both]
    assert told == [scan] * 3
    assert [process.returncode for process in both] == [0, 0, 0]
    assert _names(url) == {f"{table}_{scan}" for table in _GROWING}
    state.close()


def _pruned_until(url: str, statement: int) -> int:
    """The exit status of a process that prunes, and is killed before that statement. It is forked:
    there are thirty, and each start costs more than all that it does."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        state, left = State(url), count(statement - 1, -1)

        def one_more(*_: object) -> None:
            if not next(left):
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(state.engine, "before_cursor_execute", one_more)
        prune(state, _LATE)
        code = 0
    except BaseException:  # of a child nothing may go on into the tests of its parent
        traceback.print_exc()
    finally:
        os._exit(code)


@pytest.mark.slow
def test_killed_before_any_statement_it_goes_on_and_nothing_else_is_lost(
    running: Server, url: str
) -> None:
    state = State(url)
    scans = [_scan(state, day, "abc" if day == 1 else "ab") for day in range(1, 5)]
    kept = _rows(url)
    state.close()
    stay = {*scans[2:]}
    statement = 0
    while True:
        statement += 1
        copy = running.copy(url)
        code = _pruned_until(copy, statement)
        for table, column in (("coverage", 0), ("fact_change", 1)):
            rows = _rows(copy)[table]
            assert {row for row in kept[table] if row[column] in stay} <= set(rows)
        state = State(copy)
        _scan(state, 9)
        prune(state, "2026-01-03T00:00:00Z")
        assert {row.shard for row in state.coverage(scans[0])} == {"c"}
        last = [row.id for row in state.scans()][2:]
        assert _names(copy) == {
            f"coverage_{scans[0]}", *(f"{table}_{scan}" for table in _GROWING for scan in last),
        }  # fmt: skip
        state.close()
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert statement > 10


def test_members_of_one_role_drop_what_another_has_made(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("CREATE ROLE crew; CREATE ROLE ada LOGIN; CREATE ROLE bob LOGIN"))
        db.execute(text("GRANT crew TO ada, bob; GRANT ALL ON SCHEMA public TO crew"))
    State(url).close()
    with engine.begin() as db:
        for table in schema.metadata.tables:
            db.execute(text(f"ALTER TABLE {table} OWNER TO crew"))
    engine.dispose()
    ada, bob = (State(url.replace("scanner@", f"{name}@")) for name in ("ada", "bob"))
    scans = [_scan(ada, day) for day in range(1, 5)]
    assert prune(bob, _LATE).scans == 2
    assert _names(url) == {f"{table}_{scan}" for table in _GROWING for scan in scans[2:]}
    ada.close()
    bob.close()


def test_a_server_that_is_too_old_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "OLDEST", (99,))
    with pytest.raises(ConfigError, match="use 99 or later"):
        State(url)
