"""``shadow-ai run``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from scanner.cli.options import config_option, need_config


@click.command("run")
@config_option
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    help="Read this source alone (repeatable); the others stand as of their last reading, "
    "and those that never were read are read.",
)
def command(config_path: Path | None, sources: tuple[str, ...]) -> None:
    """The scheduled job, once: scan, write the files of [run], bring findings to the trackers.

    For cron, systemd timers and Kubernetes CronJobs (deploy/). Tells what it does as lines of JSON
    on standard error, each with the id of the run; the last is `run finished`. Exit codes are those
    of a scan.
    """
    from scanner.app.running import job

    sys.exit(job(lambda: need_config(config_path), os.environ, only=sources))
