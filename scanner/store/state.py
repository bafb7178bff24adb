"""What is known between scans, in a database behind SQLAlchemy Core (SQLite by default).

One shard is one transaction: its facts, its checkpoint and its coverage are stored together or not
at all, so a scan killed at any moment loses nothing stored and resumes at its shard.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from scanner.kit.contract import Mode, Shard
from scanner.model.base import ShardId, digest, encode
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import StoreError
from scanner.model.facts import Fact, fact_key, merge_fact
from scanner.model.finding import Finding, FindingEvent
from scanner.model.items import Checkpoint
from scanner.store import schema

_BATCH = 500
_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_COVERAGE = msgspec.json.Decoder(Coverage)
_FINDINGS = msgspec.json.Decoder(Finding)


@dataclass(frozen=True)
class OpenScan:
    id: str
    started_at: str
    done: frozenset[ShardId]
    """Shards that this scan had already stored before it was interrupted."""


@dataclass(frozen=True)
class ScanRow:
    id: str
    started_at: str
    finished_at: str
    exit_code: int | None


class State:
    """All access to the database; safe to share between threads of one process."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._write = threading.RLock()
        with self._guarded("open"), self._engine.begin() as db:
            schema.metadata.create_all(db)
            self._check_version(db)

    def close(self) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Database errors as ours, without the statement's parameters."""
        with self._write:
            try:
                yield
            except SQLAlchemyError as error:
                cause = getattr(error, "orig", None) or error
                raise StoreError(_explain(what, str(cause), self._engine)) from error

    def _check_version(self, db: Connection) -> None:
        found = db.execute(
            select(schema.meta.c.value).where(schema.meta.c.key == "schema_version")
        ).scalar()
        if found is None:
            db.execute(
                insert(schema.meta).values(key="schema_version", value=str(schema.SCHEMA_VERSION))
            )
        elif int(found) > schema.SCHEMA_VERSION:
            raise StoreError(
                f"the state was written by a newer version (schema {found}, this one knows "
                f"{schema.SCHEMA_VERSION}); upgrade shadow-ai"
            )

    # --- scans -----------------------------------------------------------------------------------

    def open_scan(
        self, config_digest: str, now: str, versions: Mapping[str, str], *, resume: bool = True
    ) -> OpenScan:
        """A new scan, or the last one of the same configuration if it was interrupted."""
        with self._guarded("open a scan"), self._engine.begin() as db:
            last = db.execute(
                select(schema.scan).order_by(schema.scan.c.started_at.desc()).limit(1)
            ).first()
            if (
                resume
                and last is not None
                and last.finished_at is None
                and last.config_digest == config_digest
            ):
                rows = db.execute(
                    select(schema.coverage.c.body).where(schema.coverage.c.scan_id == last.id)
                ).scalars()
                done = {
                    row.shard
                    for row in map(_COVERAGE.decode, rows)
                    if row.status in (Outcome.COMPLETE, Outcome.NOT_ENABLED)
                }
                return OpenScan(last.id, last.started_at, frozenset(done))
            ident = f"{now.replace(':', '').replace('-', '')[:15]}Z-{secrets.token_hex(4)}"
            db.execute(
                insert(schema.scan).values(
                    id=ident,
                    started_at=now,
                    config_digest=config_digest,
                    versions=encode(dict(versions)).decode(),
                )
            )
            return OpenScan(ident, now, frozenset())

    def finish_scan(self, scan_id: str, now: str, exit_code: int) -> None:
        with self._guarded("finish the scan"), self._engine.begin() as db:
            db.execute(
                update(schema.scan)
                .where(schema.scan.c.id == scan_id)
                .values(finished_at=now, exit_code=exit_code)
            )

    def scans(self) -> list[ScanRow]:
        """All scans, oldest first."""
        with self._guarded("read scans"), self._engine.connect() as db:
            rows = db.execute(select(schema.scan).order_by(schema.scan.c.started_at)).all()
        return [ScanRow(r.id, r.started_at, r.finished_at or "", r.exit_code) for r in rows]

    # --- coverage --------------------------------------------------------------------------------

    def coverage(self, scan_id: str) -> list[Coverage]:
        with self._guarded("read coverage"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.coverage.c.body)
                .where(schema.coverage.c.scan_id == scan_id)
                .order_by(schema.coverage.c.shard)
            ).scalars()
            return [_COVERAGE.decode(row) for row in rows]

    def sink(self, scan_id: str, now: str) -> StateSink:
        return StateSink(self, scan_id, now)

    # --- facts -----------------------------------------------------------------------------------

    def facts(self) -> Iterator[tuple[ShardId, Fact, bool]]:
        """Every stored fact with the shard that shows it, in a fixed order, and whether the last
        reading of that shard saw it (an incomplete one may have missed it)."""
        with self._guarded("read facts"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.fact.c.shard, schema.fact.c.body, schema.fact.c.stale).order_by(
                    schema.fact.c.shard, schema.fact.c.key
                )
            )
            for chunk in rows.partitions(_BATCH):
                for shard, body, stale in chunk:
                    yield ShardId(shard), _FACTS.decode(body), not stale

    def shards(self) -> frozenset[ShardId]:
        """Every shard that facts are stored of."""
        with self._guarded("read shards"), self._engine.connect() as db:
            return frozenset(
                ShardId(s) for s in db.execute(select(schema.fact.c.shard).distinct()).scalars()
            )

    def forget_shards(self, shards: Iterable[ShardId]) -> None:
        """Drop the facts of shards whose complete listing no longer names them."""
        with self._guarded("forget shards"), self._engine.begin() as db:
            for shard in shards:
                db.execute(delete(schema.fact).where(schema.fact.c.shard == shard))

    # --- findings --------------------------------------------------------------------------------

    def findings(self) -> dict[str, Finding]:
        with self._guarded("read findings"), self._engine.connect() as db:
            rows = db.execute(select(schema.finding.c.body)).scalars()
            return {finding.fingerprint: finding for finding in map(_FINDINGS.decode, rows)}

    def events(self, fingerprint: str) -> list[FindingEvent]:
        """The history of one finding, oldest first."""
        with self._guarded("read events"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.finding_event)
                .where(schema.finding_event.c.fingerprint == fingerprint)
                .order_by(schema.finding_event.c.id)
            ).all()
        return [
            FindingEvent(
                fingerprint=r.fingerprint, scan=r.scan_id, at=r.at, change=r.change, detail=r.detail
            )
            for r in rows
        ]

    def save_findings(self, findings: Iterable[Finding], events: Iterable[FindingEvent]) -> None:
        """Findings and their events in one transaction; unchanged rows are not touched."""
        old = self.findings()
        changed = [f for f in findings if old.get(f.fingerprint) != f]
        with self._guarded("save findings"), self._engine.begin() as db:
            for finding in changed:
                values = {"status": finding.status, "body": encode(finding)}
                if finding.fingerprint in old:
                    db.execute(
                        update(schema.finding)
                        .where(schema.finding.c.fingerprint == finding.fingerprint)
                        .values(**values)
                    )
                else:
                    db.execute(
                        insert(schema.finding).values(fingerprint=finding.fingerprint, **values)
                    )
            rows = [
                {
                    "fingerprint": e.fingerprint,
                    "scan_id": e.scan,
                    "at": e.at,
                    "change": e.change,
                    "detail": e.detail,
                }
                for e in events
            ]
            if rows:
                db.execute(insert(schema.finding_event), rows)


class StateSink:
    """What the runner writes to."""

    def __init__(self, state: State, scan_id: str, now: str) -> None:
        self._state = state
        self.scan_id = scan_id
        self.now = now

    def checkpoint(self, shard: ShardId) -> Checkpoint | None:
        with self._state._guarded("read a checkpoint"), self._state.engine.connect() as db:
            cursor = db.execute(
                select(schema.checkpoint.c.cursor).where(schema.checkpoint.c.shard == shard)
            ).scalar()
        return Checkpoint(cursor=cursor) if cursor is not None else None

    def writer(self, shard: Shard) -> StateWriter:
        return StateWriter(self._state, shard, self.scan_id, self.now)

    def record(self, coverage: Coverage) -> None:
        with self._state._guarded("store coverage"), self._state.engine.begin() as db:
            _put_coverage(db, self.scan_id, coverage)


class StateWriter:
    """Collects one shard's facts, merged as they come, and stores them in one transaction."""

    def __init__(self, state: State, shard: Shard, scan_id: str, now: str) -> None:
        self._state = state
        self._shard = shard
        self._scan_id = scan_id
        self._now = now
        self._facts: dict[str, Fact] = {}

    def add(self, fact: Fact) -> None:
        key = fact_key(fact)
        old = self._facts.get(key)
        self._facts[key] = fact if old is None else _merged(old, fact, self._adds)

    @property
    def _adds(self) -> bool:
        return self._shard.mode is Mode.INCREMENTAL

    def commit(self, cursor: str) -> None:
        with self._state._guarded(f"store {self._shard.id}"), self._state.engine.begin() as db:
            self._store(db, keep_missing=True)
            db.execute(delete(schema.checkpoint).where(schema.checkpoint.c.shard == self._shard.id))
            db.execute(insert(schema.checkpoint).values(shard=self._shard.id, cursor=cursor))
        self._facts.clear()

    def discard(self) -> None:
        self._facts.clear()

    def close(self, coverage: Coverage) -> None:
        """An incremental shard that broke keeps only what a checkpoint has covered: the rest is
        read again, and would count twice."""
        whole = coverage.status.proves_absence and self._shard.mode is Mode.FULL
        if self._adds and not coverage.status.proves_absence:
            self._facts.clear()
        with self._state._guarded(f"store {self._shard.id}"), self._state.engine.begin() as db:
            self._store(db, keep_missing=not whole)
            _put_coverage(db, self._scan_id, coverage)
        self._facts.clear()

    def _store(self, db: Connection, *, keep_missing: bool) -> None:
        known: dict[str, tuple[str, bytes, int]] = {
            row.key: (row.digest, row.body, row.stale)
            for row in db.execute(
                select(
                    schema.fact.c.key, schema.fact.c.digest, schema.fact.c.body, schema.fact.c.stale
                ).where(schema.fact.c.shard == self._shard.id)
            )
        }
        new: list[dict[str, Any]] = []
        for key, fresh in self._facts.items():
            fact = fresh
            if keep_missing and key in known:
                fact = _merged(_FACTS.decode(known[key][1]), fresh, self._adds)
            mark = digest(fact)
            row = {"digest": mark, "changed_at": self._now, "body": encode(fact), "stale": 0}
            if key not in known:
                new.append({"shard": self._shard.id, "key": key, "first_at": self._now, **row})
            elif known[key][0] != mark or known[key][2]:
                db.execute(
                    update(schema.fact)
                    .where(schema.fact.c.shard == self._shard.id, schema.fact.c.key == key)
                    .values(**row)
                )
        if new:
            db.execute(insert(schema.fact), new)
        self._settle_missing(db, known, keep=keep_missing)

    def _settle_missing(
        self, db: Connection, known: Mapping[str, tuple[str, bytes, int]], *, keep: bool
    ) -> None:
        """What a whole reading did not show is gone; what an incomplete one did not show is stale.
        A log's window says nothing about what is outside it."""
        if self._adds:
            return
        for key in sorted(known.keys() - self._facts.keys()):
            here = (schema.fact.c.shard == self._shard.id) & (schema.fact.c.key == key)
            if not keep:
                db.execute(delete(schema.fact).where(here))
            elif not known[key][2]:
                db.execute(update(schema.fact).where(here).values(stale=1))


def _merged(old: Fact, new: Fact, add_counts: bool) -> Fact:
    if type(old) is not type(new):
        return new
    return merge_fact(old, new, add_counts=add_counts)  # type: ignore[type-var]


def _put_coverage(db: Connection, scan_id: str, row: Coverage) -> None:
    here = (schema.coverage.c.scan_id == scan_id) & (schema.coverage.c.shard == row.shard)
    db.execute(delete(schema.coverage).where(here))
    db.execute(insert(schema.coverage).values(scan_id=scan_id, shard=row.shard, body=encode(row)))


def _engine(url: str) -> Engine:
    memory = url == "sqlite://"
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False, "timeout": 30}
    try:
        engine = create_engine(url, **options)
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(
            f"store url `{url.rsplit('@', maxsplit=1)[-1]}`: {error}; use sqlite:///path or postgresql://..."
        ) from error
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _sqlite_pragmas)
    return engine


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    """WAL: readers do not wait for the writer. NORMAL: durable at checkpoints, consistent always
    (https://sqlite.org/pragma.html#pragma_synchronous)."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _explain(what: str, cause: str, engine: Engine) -> str:
    where = engine.url.database or "memory"
    remedy = "what was stored before is intact"
    if "full" in cause:
        remedy = "free some disk space and run again; what was stored before is intact"
    elif "locked" in cause:
        remedy = "another process holds the state; wait for it and run again"
    elif "unable to open" in cause or "readonly" in cause:
        remedy = "check that the folder exists and may be written"
    elif "not a database" in cause or "malformed" in cause:
        remedy = "the file is damaged or no shadow-ai state; move it away or restore a backup"
    return f"state {where}: cannot {what}: {cause}; {remedy}"
