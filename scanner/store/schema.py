"""The tables. Each says what one row is."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

SCHEMA_VERSION = 1

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    comment="One row a property of this state (schema version).",
)

scan = Table(
    "scan",
    metadata,
    Column("id", String, primary_key=True),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),
    Column("exit_code", Integer),
    Column("config_digest", String, nullable=False),
    Column("versions", Text, nullable=False),
    comment="One row a scan; no finish: it was interrupted and may be resumed.",
)

coverage = Table(
    "coverage",
    metadata,
    Column("scan_id", String, primary_key=True),
    Column("shard", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a shard and scan: how completely it was read.",
)

fact = Table(
    "fact",
    metadata,
    Column("shard", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("first_at", String, nullable=False),
    Column("changed_at", String, nullable=False),
    Column("stale", Integer, nullable=False, server_default="0"),
    Column("body", LargeBinary, nullable=False),
    Index("fact_key", "key"),
    comment="One row a fact and shard that shows it, as of the shard's last reading; unchanged "
    "facts are not written again. Stale: an incomplete reading did not show it again.",
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("shard", String, primary_key=True),
    Column("cursor", Text, nullable=False),
    comment="One row an incremental shard: where its next reading goes on.",
)

memory = Table(
    "memory",
    metadata,
    Column("shard", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a shard whose connector remembers what it has judged: of a repository, the "
    "objects.",
)

finding = Table(
    "finding",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="One row a finding, for ever.",
)

finding_event = Table(
    "finding_event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", String, nullable=False),
    Column("scan_id", String, nullable=False),
    Column("at", String, nullable=False),
    Column("change", String, nullable=False),
    Column("detail", Text, nullable=False),
    Index("finding_event_fingerprint", "fingerprint"),
    comment="One row a change of a finding; only ever added to.",
)

decision = Table(
    "decision",
    metadata,
    Column("one", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row a pair of nodes of which a person has said whether they are one thing.",
)

finding_decision = Table(
    "finding_decision",
    metadata,
    Column("id", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="One row what a person has decided about findings; withdrawn, never deleted.",
)

fact_change = Table(
    "fact_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("scan_id", String, nullable=False),
    Column("shard", String, nullable=False),
    Column("key", String, nullable=False),
    Column("before", LargeBinary),
    Index("fact_change_scan", "scan_id"),
    comment="One row a change of a fact: what it was before, or nothing. An empty key: the shard "
    "had no facts before. Changes of evidence alone are none.",
)

ticket = Table(
    "ticket",
    metadata,
    Column("sink", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("token", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="One row a tracker and finding (or group): reserved before a ticket is made.",
)
