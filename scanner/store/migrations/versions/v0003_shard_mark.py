"""A shard whose source has not changed since its last complete reading is not read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from scanner.store.schema import Word

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "shard_mark",
        sa.Column("shard", Word, primary_key=True),
        sa.Column("mark", Word, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
    )
