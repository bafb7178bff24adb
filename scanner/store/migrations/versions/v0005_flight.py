"""A shard that a run began and did not end, as its process died, is known to the next one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from scanner.store.schema import Word

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "flight",
        sa.Column("shard", Word, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("place", Word, nullable=False),
    )
