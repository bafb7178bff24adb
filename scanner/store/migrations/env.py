"""Run by Alembic: the revisions, in the transaction of whoever opens the state."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
