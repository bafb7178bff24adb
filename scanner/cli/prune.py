"""``shadow-ai prune``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from scanner.cli.options import config_option, json_option, need_config, write_bytes


@click.command("prune")
@config_option
@json_option
@click.option("--keep-days", type=click.IntRange(min=1, max=36_500), default=90, show_default=True,
              help="Scans that ended longer ago lose their details.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would go, and drop nothing.")
def command(config_path: Path | None, as_json: bool, keep_days: int, dry_run: bool) -> None:
    """Drop what old scans say of each shard, and what facts were before they changed.

    Facts, findings with their history, decisions, tickets and the numbers of metrics stay. A scan
    that is running keeps it from beginning.
    """
    from scanner.app.config import store_url
    from scanner.app.lock import locked
    from scanner.model.base import encode
    from scanner.store.retention import prune
    from scanner.store.state import State

    url = store_url(need_config(config_path))
    before = datetime.now(UTC) - timedelta(days=keep_days)
    with locked(url):
        state = State(url)
        try:
            done = prune(state, before.isoformat(timespec="seconds"), dry_run=dry_run)
        finally:
            state.close()
    if as_json:
        write_bytes(encode(done) + b"\n")
        return
    word = "would go" if dry_run else "went"
    click.echo(
        f"{done.coverage:,} rows of coverage and {done.changes:,} former facts of {done.scans:,} "
        f"scans {word}"
    )
