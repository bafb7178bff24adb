"""``shadow-ai run``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from scanner.cli.ending import end_when_told, end_with_parent
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
@click.option(
    "--findings-ok",
    is_flag=True,
    help="End with 0, not 1, where findings are at or above `fail_on`: whatever else keeps a "
    "process from its work may end it with 1, too.",
)
def command(config_path: Path | None, sources: tuple[str, ...], findings_ok: bool) -> None:
    """The scheduled job, once: scan, write the files of [run], bring findings to the trackers.

    For cron, systemd timers and Kubernetes CronJobs (deploy/). Tells what it does as lines of JSON
    on standard error, each with the id of the run; the last is `run finished`. Exit codes are those
    of a scan: 0 complete; 1 findings at or above `fail_on` (unless --findings-ok); 2 configuration;
    3 not everything was read, a part failed, or it was told to end (SIGTERM, SIGINT); 4 internal
    error, or what it cannot do without is away: it may be tried again.
    """
    from scanner.app.running import job

    end_when_told()
    end_with_parent()
    sys.exit(
        job(lambda: need_config(config_path), os.environ, only=sources, findings_ok=findings_ok)
    )
