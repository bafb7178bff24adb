"""What is known between scans, in a database behind SQLAlchemy Core (SQLite by default).

One shard is one transaction: its facts, its checkpoint and its coverage are stored together or not
at all, so a scan killed at any moment loses nothing stored and resumes at its shard.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from scanner.model.base import ShardId, encode
from scanner.model.coverage import Coverage, Outcome
from scanner.model.decisions import SameAsDecision
from scanner.model.errors import ConfigError, StateTaken
from scanner.model.facts import Fact
from scanner.model.finding import Finding, FindingEvent
from scanner.store import migrating, partitions, past, schema
from scanner.store.connecting import engine_of, store_error
from scanner.store.migrating import put_meta
from scanner.store.pooled import Pool

SETTINGS = "settings of "
"""Before the name of a source, among the versions of a scan."""
READ = "read"
"""The sources that a scan has read, where others stand as of an earlier one."""
_BATCH = 500
_HOLDER = "holder"
_WHO_HOLDS = (
    select(schema.meta.c.value).where(schema.meta.c.key == _HOLDER).with_for_update(read=True)
)
_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_COVERAGE = msgspec.json.Decoder(Coverage)
_DECISIONS = msgspec.json.Decoder(SameAsDecision)
_FINDINGS = msgspec.json.Decoder(Finding)
_VERSIONS = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True)
class OpenScan:
    id: str
    started_at: str
    done: Mapping[ShardId, str]
    """Shards that this scan had already stored before it was interrupted -> of which source."""
    is_resumed: bool = False


@dataclass(frozen=True)
class ScanRow:
    id: str
    started_at: str
    finished_at: str
    exit_code: int | None
    versions: dict[str, str]
    settings: dict[str, str]
    """Source -> digest of what the configuration said of it."""
    read: frozenset[str] | None = None
    """The sources that it has read itself; None: all."""

    def has_read(self, source: str) -> bool:
        return self.read is None or source in self.read


class State:
    """All access to the database; safe to share between threads of one process."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url)
        self.is_passing = False
        """It stands in for a state that could not be opened: nothing in it outlives the scan."""
        self._write = threading.RLock()
        self._holder = ""
        """Of the scan that this process has opened."""
        with self.guarded("open"), self._engine.begin() as db:
            migrating.settle(db)

    def close(self) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Database errors as ours, without the statement's parameters."""
        with self._write:
            try:
                yield
            except SQLAlchemyError as error:
                raise store_error(what, error, self._engine) from error

    def fence(self, db: Connection) -> None:
        """In a transaction that writes what this process's scan has found. A lock of the database
        ends when its server does: another scan may have begun, and both would count a log's events.
        Raises ``StateTaken`` then."""
        if self._holder and db.execute(_WHO_HOLDS).scalar() != self._holder:
            raise StateTaken(
                f"state {self._engine.url.database}: another scan has begun on it since; this one "
                "ends, and what it read from then on is not stored"
            )

    def check_key(self, mark: str) -> None:
        """``mark``: what tells one fingerprint key from another. The first one is remembered: under
        another key every known secret would look gone, and a new one in its place."""
        with self.guarded("check the fingerprint key"), self._engine.begin() as db:
            found = db.execute(
                select(schema.meta.c.value).where(schema.meta.c.key == "fingerprint_key")
            ).scalar()
            if found is None:
                db.execute(insert(schema.meta).values(key="fingerprint_key", value=mark))
            elif found != mark:
                raise ConfigError(
                    f"state {self._engine.url.database}: its credentials were fingerprinted under "
                    "another key; give the key of the first scan in SHADOW_AI_FINGERPRINT_KEY (or "
                    "the same fingerprint.key file), or start a new state"
                )

    def check_room(self) -> None:
        """Raises ``StoreError`` when nothing more can be written."""
        with self.guarded("write"), self._engine.begin() as db:
            db.execute(delete(schema.meta).where(schema.meta.c.key == "room"))
            db.execute(insert(schema.meta).values(key="room", value="x" * 4096))
            db.execute(delete(schema.meta).where(schema.meta.c.key == "room"))

    # --- scans -----------------------------------------------------------------------------------

    def open_scan(
        self,
        config_digest: str,
        now: str,
        versions: Mapping[str, str],
        *,
        resume: bool = True,
        not_before: str = "",
    ) -> OpenScan:
        """A new scan, or the last one if it was interrupted: of the same configuration, rules and
        version, and started between ``not_before`` and now: an old reading is no present state, and
        how old one is whose clock was ahead of ours is not known."""
        with self.guarded("open a scan"), self._engine.begin() as db:
            self._holder = secrets.token_hex(8)
            put_meta(db, _HOLDER, self._holder)
            last = db.execute(
                select(schema.scan).order_by(schema.scan.c.number.desc()).limit(1)
            ).first()
            if (
                resume
                and last is not None
                and last.finished_at is None
                and last.config_digest == config_digest
                and last.versions == encode(dict(versions)).decode()
                and not_before <= last.started_at <= now
            ):
                rows = db.execute(
                    select(schema.coverage.c.body).where(schema.coverage.c.scan_id == last.id)
                ).scalars()
                done = {
                    row.shard: row.source
                    for row in map(_COVERAGE.decode, rows)
                    if row.status in (Outcome.COMPLETE, Outcome.NOT_ENABLED)
                }
                partitions.make_room(db, last.id)
                return OpenScan(last.id, last.started_at, done, is_resumed=True)
            ident = f"{now.replace(':', '').replace('-', '')[:15]}Z-{secrets.token_hex(4)}"
            db.execute(
                insert(schema.scan).values(
                    id=ident,
                    number=1 if last is None else last.number + 1,
                    started_at=now,
                    config_digest=config_digest,
                    versions=encode(dict(versions)).decode(),
                )
            )
            partitions.make_room(db, ident)
            if not db.execute(
                select(schema.meta.c.key).where(schema.meta.c.key == past.SINCE)
            ).first():
                put_meta(db, past.SINCE, ident)
            return OpenScan(ident, now, {})

    def finish_scan(self, scan_id: str, now: str, exit_code: int) -> None:
        with self.guarded("finish the scan"), self._engine.begin() as db:
            self.fence(db)
            db.execute(
                update(schema.scan)
                .where(schema.scan.c.id == scan_id)
                .values(finished_at=now, exit_code=exit_code)
            )
            past.forget_old(db)

    def history_since(self) -> str:
        """The first scan whose changes of facts are logged; empty: none yet."""
        with self.guarded("read the history"), self._engine.connect() as db:
            here = schema.meta.c.key == past.SINCE
            return str(db.execute(select(schema.meta.c.value).where(here)).scalar() or "")

    def scans(self) -> list[ScanRow]:
        """All scans, oldest first."""
        with self.guarded("read scans"), self._engine.connect() as db:
            rows = db.execute(select(schema.scan).order_by(schema.scan.c.number)).all()
        found = []
        for r in rows:
            told = _VERSIONS.decode(r.versions)
            settings = {
                name.removeprefix(SETTINGS): told.pop(name)
                for name in list(told)
                if name.startswith(SETTINGS)
            }
            end = r.finished_at or ""
            read = frozenset(told.pop(READ).split()) if READ in told else None
            found.append(ScanRow(r.id, r.started_at, end, r.exit_code, told, settings, read))
        return found

    # --- coverage --------------------------------------------------------------------------------

    def coverage(self, scan_id: str) -> list[Coverage]:
        with self.guarded("read coverage"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.coverage.c.body)
                .where(schema.coverage.c.scan_id == scan_id)
                .order_by(schema.coverage.c.shard)
            ).scalars()
            return [_COVERAGE.decode(row) for row in rows]

    # --- facts -----------------------------------------------------------------------------------

    def facts(
        self,
        only: Set[ShardId] | None = None,
        having: Callable[[bytes], object] = lambda body: True,
    ) -> Iterator[tuple[ShardId, Fact, bool]]:
        """Every stored fact with the shard that shows it, in a fixed order, and whether the last
        reading of that shard saw it (an incomplete one may have missed it). ``only``: of these
        shards, ``having``: whose JSON it is true of; others are not even decoded."""
        pool = Pool()
        with self.guarded("read facts"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.fact.c.shard, schema.fact.c.body, schema.fact.c.stale).order_by(
                    schema.fact.c.shard, schema.fact.c.key
                )
            )
            for chunk in rows.partitions(_BATCH):
                for shard, body, stale in chunk:
                    if (only is None or shard in only) and having(body):
                        yield *pool.shared(shard, _FACTS.decode(body)), not stale

    def shards(self) -> frozenset[ShardId]:
        """Every shard that facts are stored of."""
        with self.guarded("read shards"), self._engine.connect() as db:
            return frozenset(
                ShardId(s) for s in db.execute(select(schema.fact.c.shard).distinct()).scalars()
            )

    def memory(self, shard: ShardId) -> bytes:
        """What the shard's last reading asked to be remembered; empty: nothing."""
        with self.guarded("read what is remembered"), self._engine.connect() as db:
            here = schema.memory.c.shard == shard
            return bytes(db.execute(select(schema.memory.c.body).where(here)).scalar() or b"")

    def former(
        self, begins: str, head: bytes, source: str, others: Container[str]
    ) -> tuple[ShardId, ...]:
        """Shards whose id begins so and that have remembered something which begins with ``head``,
        the last one read first: of ``source``, or of one that is not among ``others`` (a table that
        was renamed, or is gone)."""
        memory, covered = schema.memory.c, schema.coverage
        asked = (
            select(covered.c.body)
            .join(schema.memory, memory.shard == covered.c.shard)
            .outerjoin(schema.scan, schema.scan.c.id == covered.c.scan_id)
            .where(
                memory.shard.startswith(begins, autoescape=True),
                func.substr(memory.body, 1, len(head)) == head,
            )
            .order_by(func.coalesce(schema.scan.c.number, 0).desc(), covered.c.shard)
        )
        found: dict[ShardId, bool] = {}
        with self.guarded("read what is remembered"), self._engine.connect() as db:
            for body in db.execute(asked).scalars():
                row = _COVERAGE.decode(body)
                found.setdefault(row.shard, row.source == source or row.source not in others)
        return tuple(shard for shard, is_ours in found.items() if is_ours)

    def remember(self, shard: ShardId, data: bytes) -> None:
        """The same for what no shard's reading writes: a registry's answers."""
        with self.guarded("remember"), self._engine.begin() as db:
            db.execute(delete(schema.memory).where(schema.memory.c.shard == shard))
            db.execute(insert(schema.memory).values(shard=shard, body=data))

    def checkpoints(self, begins: str) -> dict[ShardId, str]:
        """Cursors of all shards whose id begins so, also of those that are read no more."""
        asked = select(schema.checkpoint).where(
            schema.checkpoint.c.shard.startswith(begins, autoescape=True)
        )
        with self.guarded("read checkpoints"), self._engine.connect() as db:
            return {ShardId(row.shard): row.cursor for row in db.execute(asked)}

    def forget_shards(self, shards: Iterable[ShardId], scan_id: str) -> None:
        """Drop the facts of shards whose complete listing no longer names them."""
        with self.guarded("forget shards"), self._engine.begin() as db:
            self.fence(db)
            for shard in shards:
                past.forgotten(db, scan_id, shard)
                db.execute(delete(schema.fact).where(schema.fact.c.shard == shard))
                db.execute(delete(schema.memory).where(schema.memory.c.shard == shard))
                db.execute(delete(schema.shard_mark).where(schema.shard_mark.c.shard == shard))

    # --- decisions -------------------------------------------------------------------------------

    def decisions(self) -> list[SameAsDecision]:
        """What people have said of pairs of nodes, in the order of the pairs."""
        with self.guarded("read decisions"), self._engine.connect() as db:
            rows = db.execute(
                select(schema.decision.c.body).order_by(
                    schema.decision.c.one, schema.decision.c.other
                )
            ).scalars()
            return [_DECISIONS.decode(row) for row in rows]

    def decide(self, decision: SameAsDecision | None, one: str, other: str) -> None:
        """The decision on a pair in the place of an older one; None: none any more."""
        here = (schema.decision.c.one == one) & (schema.decision.c.other == other)
        with self.guarded("store a decision"), self._engine.begin() as db:
            db.execute(delete(schema.decision).where(here))
            if decision is not None:
                db.execute(
                    insert(schema.decision).values(one=one, other=other, body=encode(decision))
                )

    # --- findings --------------------------------------------------------------------------------

    def findings(self) -> dict[str, Finding]:
        with self.guarded("read findings"), self._engine.connect() as db:
            rows = db.execute(select(schema.finding.c.body)).scalars()
            return {finding.fingerprint: finding for finding in map(_FINDINGS.decode, rows)}

    def events(self, fingerprint: str) -> list[FindingEvent]:
        """The history of one finding, oldest first, and of what it was known as before."""
        with self.guarded("read events"), self._engine.connect() as db:
            body = db.execute(
                select(schema.finding.c.body).where(schema.finding.c.fingerprint == fingerprint)
            ).scalar()
            former = _FINDINGS.decode(body).formerly if body else ()
            rows = db.execute(
                select(schema.finding_event)
                .where(schema.finding_event.c.fingerprint.in_([fingerprint, *former]))
                .order_by(schema.finding_event.c.id)
            ).all()
        return [
            FindingEvent(
                fingerprint=r.fingerprint, scan=r.scan_id, at=r.at, change=r.change, detail=r.detail
            )
            for r in rows
        ]

    def save_findings(self, findings: Iterable[Finding], events: Iterable[FindingEvent]) -> None:
        """Findings and their events in one transaction; unchanged rows are not touched. What has
        another fingerprint since takes the place of what it was."""
        old = self.findings()
        changed = [f for f in findings if old.get(f.fingerprint) != f]
        with self.guarded("save findings"), self._engine.begin() as db:
            self.fence(db)
            for finding in changed:
                for former in set(finding.formerly) & old.keys():
                    db.execute(delete(schema.finding).where(schema.finding.c.fingerprint == former))
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
