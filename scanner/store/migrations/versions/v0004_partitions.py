"""What grows by scan is partitioned by it on PostgreSQL. What is there becomes one partition, of
all scans until now, as it lies; who may read the table may go on."""

from __future__ import annotations

from alembic import op
from sqlalchemy import column, select, table, text

revision = "0004"
down_revision = "0003"

_KEYS = {"coverage": "scan_id, shard", "fact_change": "scan_id, shard, id"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name, key in _KEYS.items():
            _divide(name, key)


def _divide(name: str, key: str) -> None:
    old = f"{name}_undivided"
    op.execute(f"ALTER TABLE {name} RENAME TO {old}")
    if name == "fact_change":  # a partition has the key of the whole
        op.execute(f"ALTER TABLE {old} DROP CONSTRAINT {name}_pkey")
        op.execute(f"DROP INDEX {name}_scan")
    else:
        op.execute(f"ALTER TABLE {old} RENAME CONSTRAINT {name}_pkey TO {old}_pkey")
    op.execute(
        f"CREATE TABLE {name} (LIKE {old} INCLUDING DEFAULTS INCLUDING COMMENTS)"
        " PARTITION BY LIST (scan_id)"
    )
    op.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")
    _hand_over(old, name)
    if name == "fact_change":  # or it would go with the old one
        op.execute(f"ALTER SEQUENCE {name}_id_seq OWNED BY {name}.id")
    db = op.get_bind()
    known = select(table("scan", column("id")).c.id)
    named = select(table(old, column("scan_id")).c.scan_id)
    scans = sorted(db.execute(known.union(named)).scalars())
    if scans:
        values = ", ".join("'{}'".format(scan.replace("'", "''")) for scan in scans)
        values = values.replace(":", r"\:")
        db.execute(text(f"ALTER TABLE {name} ATTACH PARTITION {old} FOR VALUES IN ({values})"))
    else:
        op.execute(f"DROP TABLE {old}")


def _hand_over(old: str, new: str) -> None:
    """Its owner, and what others may do with it."""
    db = op.get_bind()
    owner = db.execute(
        text(
            "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class"
            " WHERE oid = CAST(:old AS regclass)"
        ),
        {"old": old},
    ).scalar_one()
    granted = db.execute(
        text(
            "SELECT a.privilege_type AS what, a.is_grantable AS onward,"
            " CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS who"
            " FROM pg_class c CROSS JOIN aclexplode(c.relacl) a"
            " LEFT JOIN pg_roles r ON r.oid = a.grantee"
            " WHERE c.oid = CAST(:old AS regclass) AND a.grantee <> c.relowner"
        ),
        {"old": old},
    ).all()
    for row in granted:
        onward = " WITH GRANT OPTION" if row.onward else ""
        db.execute(text(f"GRANT {row.what} ON {new} TO {row.who}{onward}".replace(":", r"\:")))
    db.execute(text(f"ALTER TABLE {new} OWNER TO {owner}".replace(":", r"\:")))
