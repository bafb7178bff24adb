"""The tables. Each says what one row is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    VARCHAR,
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA_VERSION = 5
"""Raised with a revision of the same number in ``migrations``."""
_MARK, _SELF, _NUL = "\ue000", "\ue000\ue001", "\ue000\ue002"


class Word(TypeDecorator[str]):
    """Text as it came, in the order of its characters. PostgreSQL takes no NUL, and sorts by a
    locale unless it is told not to."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_postgres = dialect.name == "postgresql"
        return dialect.type_descriptor(VARCHAR(collation="C") if is_postgres else String())

    def bind_processor(self, dialect: Dialect) -> Any:
        """None where nothing is to be done: a call for each value is a tenth of storing it."""
        return super().bind_processor(dialect) if dialect.name == "postgresql" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return super().result_processor(dialect, coltype) if dialect.name == "postgresql" else None

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace(_MARK, _SELF).replace("\x00", _NUL)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql" or _MARK not in value:
            return value
        return value.replace(_NUL, "\x00").replace(_SELF, _MARK)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", Word, primary_key=True),
    Column("value", Word, nullable=False),
    comment="One row a property of this state (schema version).",
)

scan = Table(
    "scan",
    metadata,
    Column("id", Word, primary_key=True),
    Column("number", Integer, nullable=False, server_default="0"),
    Column("started_at", Word, nullable=False),
    Column("finished_at", Word),
    Column("exit_code", Integer),
    Column("config_digest", Word, nullable=False),
    Column("versions", Word, nullable=False),
    comment="One row a scan, numbered in the order in which they began, which clocks do not tell. "
    "No finish: it was interrupted and may be resumed.",
)

coverage = Table(
    "coverage",
    metadata,
    Column("scan_id", Word, primary_key=True),
    Column("shard", Word, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a shard and scan: how completely it was read.",
)

fact = Table(
    "fact",
    metadata,
    Column("shard", Word, primary_key=True),
    Column("key", Word, primary_key=True),
    Column("digest", Word, nullable=False),
    Column("first_at", Word, nullable=False),
    Column("changed_at", Word, nullable=False),
    Column("stale", Integer, nullable=False, server_default="0"),
    Column("body", LargeBinary, nullable=False),
    Index("fact_key", "key"),
    comment="One row a fact and shard that shows it, as of the shard's last reading; unchanged "
    "facts are not written again. Stale: an incomplete reading did not show it again.",
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("shard", Word, primary_key=True),
    Column("cursor", Word, nullable=False),
    comment="One row an incremental shard: where its next reading goes on.",
)

memory = Table(
    "memory",
    metadata,
    Column("shard", Word, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a shard whose connector remembers what it has judged: of a repository, the "
    "objects.",
)

shard_mark = Table(
    "shard_mark",
    metadata,
    Column("shard", Word, primary_key=True),
    Column("mark", Word, nullable=False),
    Column("records", Integer, nullable=False),
    comment="One row a shard whose facts are those of a complete reading: of which state of its "
    "source, under which rules. An incomplete one takes it away.",
)

flight = Table(
    "flight",
    metadata,
    Column("shard", Word, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("place", Word, nullable=False),
    comment="One row a shard that is being read, or was when its run's process died: in how many "
    "runs, and on which start of which machine the last one was.",
)

finding = Table(
    "finding",
    metadata,
    Column("fingerprint", Word, primary_key=True),
    Column("status", Word, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="One row a finding, for ever.",
)

finding_event = Table(
    "finding_event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", Word, nullable=False),
    Column("scan_id", Word, nullable=False),
    Column("at", Word, nullable=False),
    Column("change", Word, nullable=False),
    Column("detail", Word, nullable=False),
    Index("finding_event_fingerprint", "fingerprint"),
    comment="One row a change of a finding; only ever added to.",
)

decision = Table(
    "decision",
    metadata,
    Column("one", Word, primary_key=True),
    Column("other", Word, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a pair of nodes of which a person has said whether they are one thing.",
)

finding_decision = Table(
    "finding_decision",
    metadata,
    Column("id", Word, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row what a person has decided about findings; withdrawn, never deleted.",
)

fact_change = Table(
    "fact_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("scan_id", Word, nullable=False),
    Column("shard", Word, nullable=False),
    Column("key", Word, nullable=False),
    Column("before", LargeBinary),
    Index("fact_change_scan", "scan_id").ddl_if(dialect="sqlite"),
    comment="One row a change of a fact: what it was before, or nothing. An empty key: the shard "
    "had no facts before. Changes of evidence alone are none.",
)
fact_change.primary_key.ddl_if(dialect="sqlite")


@event.listens_for(coverage, "before_create")
@event.listens_for(fact_change, "before_create")
def _divided(table: Table, db: Connection, **_: Any) -> None:
    """By scan. Said in the table's own words it would load PostgreSQL's dialect, 45 ms of a start,
    for every database."""
    if db.dialect.name == "postgresql":
        table.dialect_options["postgresql"]["partition_by"] = "LIST (scan_id)"


@event.listens_for(fact_change, "after_create")
def _divided_key(_table: Table, db: Connection, **_: Any) -> None:
    """Of a partitioned table it must name what the table is divided by."""
    if db.dialect.name == "postgresql":
        db.execute(text("ALTER TABLE fact_change ADD PRIMARY KEY (scan_id, shard, id)"))


ticket = Table(
    "ticket",
    metadata,
    Column("sink", Word, primary_key=True),
    Column("key", Word, primary_key=True),
    Column("token", Word, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="One row a tracker and finding (or group): reserved before a ticket is made.",
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("scan_id", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="One row a finished scan: what metrics need of it, in numbers.",
)
