"""``shadow-ai notify``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from scanner.cli.options import config_option, json_option, need_config, write_bytes
from scanner.cli.states import open_state


@click.command("notify")
@config_option
@json_option
@click.option("--name", "names", multiple=True, metavar="NAME", help="Only this [notify.NAME].")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
def command(config_path: Path | None, as_json: bool, names: tuple[str, ...], dry_run: bool) -> None:
    """Tell people what changed since the last message: one digest, and nothing when nothing did.

    Exit code 3 when a service did not take its message; the next run tells it.
    """
    from scanner.app.clock import now
    from scanner.app.notifying import messengers, notify
    from scanner.app.suppressing import as_shown
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError

    loaded = need_config(config_path)
    chosen = loaded.config.notify
    unknown = sorted(set(names) - chosen.keys())
    if unknown or not chosen:
        there = ", ".join(chosen) or "none"
        raise ConfigError(
            f"{loaded.name}: there is no [notify.{unknown[0] if unknown else 'NAME'}]; there is "
            f"{there}"
        )
    services = messengers(loaded, os.environ)
    with open_state(config_path, None) as state:
        results = [
            notify(
                state,
                name,
                chosen[name],
                service,
                now=now,
                dry_run=dry_run,
                findings=lambda: as_shown(state, loaded, now()),
            )
            for name, service in services.items()
            if not names or name in names
        ]
    if as_json:
        write_bytes(encode(results) + b"\n")
    else:
        for one in results:
            click.echo(f"{one.name}: {_WORDS[one.state]}{': ' if one.title else ''}{one.title}")
            if dry_run and one.text:
                click.echo(one.text)
            if one.trouble:
                click.echo(f"error: {one.trouble}", err=True)
    if any(one.state == "failed" for one in results):
        sys.exit(3)


_WORDS = {"sent": "sent", "nothing": "nothing changed", "taken": "another run is at it",
          "failed": "not sent", "would": "would be sent"}  # fmt: skip
