"""Scans are numbered as they began: a clock that is set back would put the last one first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("scan", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    scan = sa.table("scan", sa.column("id"), sa.column("number"), sa.column("started_at"))
    db = op.get_bind()
    ids = db.execute(sa.select(scan.c.id).order_by(scan.c.started_at, scan.c.id)).scalars().all()
    for number, ident in enumerate(ids, start=1):
        db.execute(sa.update(scan).where(scan.c.id == ident).values(number=number))
