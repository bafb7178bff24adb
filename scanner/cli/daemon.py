"""``shadow-ai daemon``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.options import config_option, need_config


@click.command("daemon")
@config_option
def command(config_path: Path | None) -> None:
    """Run the job at the times of [schedule], until SIGTERM.

    A source with a `cron` of its own is read at its own times. Missed runs are made up for, runs
    never overlap. With `listen` it serves /healthz, /readyz and /metrics (Prometheus).
    """
    from scanner.app import daemon
    from scanner.app.running import Log

    loaded = need_config(config_path)
    daemon.Daemon(loaded, daemon.command(loaded), Log(part="daemon")).serve()
