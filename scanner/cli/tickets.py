"""``shadow-ai tickets``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, json_option, need_config, write_bytes
from scanner.cli.states import open_state

if TYPE_CHECKING:
    from scanner.app.ticketing import Report


@click.group("tickets")
def command() -> None:
    """Bring findings to the trackers of the configuration."""


@command.command("sync")
@config_option
@json_option
@click.option("--sink", "names", multiple=True, metavar="NAME", help="Only this tracker.")
@click.option("--dry-run", is_flag=True,
              help="Show exactly what would be done, and do nothing.")  # fmt: skip
def sync_tickets(
    config_path: Path | None, as_json: bool, names: tuple[str, ...], dry_run: bool
) -> None:
    """Make, update, close and reopen tickets, until the trackers say what the state says.

    One ticket a finding (or group), however often it is run. Exit code 3 when a tracker did not
    take something; the next run tries again.
    """
    from scanner.app.clock import now
    from scanner.app.suppressing import as_shown
    from scanner.app.ticketing import sync
    from scanner.app.trackers import targets
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError

    loaded = need_config(config_path)
    found = targets(loaded, os.environ)
    unknown = sorted(set(names) - {target.name for target in found})
    if unknown or not found:
        there = ", ".join(target.name for target in found) or "none"
        raise ConfigError(
            f"{loaded.name}: there is no [tickets.{unknown[0] if unknown else 'NAME'}]; there is "
            f"{there}"
        )
    with open_state(config_path, None) as state:
        findings = as_shown(state, loaded, now())
        reports = [
            sync(state, target, now=now, dry_run=dry_run, findings=findings)
            for target in found
            if not names or target.name in names
        ]
    if as_json:
        write_bytes(encode([_plain(report) for report in reports]) + b"\n")
    else:
        for report in reports:
            _print(report, dry_run=dry_run)
    if any(report.troubles for report in reports):
        sys.exit(3)


@command.command("forget")
@config_option
@click.option("--sink", "name", metavar="NAME", help="Only of this tracker.")
@click.argument("tickets", nargs=-1, required=True, metavar="TICKET...")
def forget_tickets(config_path: Path | None, name: str | None, tickets: tuple[str, ...]) -> None:
    """Say that tickets are gone for good, which a tracker does not tell: TICKET is its id, its
    address or the fingerprint of its finding.

    The next sync looks for a ticket of the finding again, and makes a new one where it finds none.
    To have none at all, accept or suppress the finding.
    """
    from scanner.model.errors import ConfigError
    from scanner.store.tickets import drop, named

    with open_state(config_path, None) as state:
        for ticket in tickets:
            found = named(state, ticket, name)
            sinks = sorted({row.sink for row in found})
            if len(sinks) > 1:
                there = " and ".join(sinks)
                raise ConfigError(f"`{ticket}` is a ticket of {there}; say which with --sink")
            if not found:
                raise ConfigError(
                    f"there is no ticket `{ticket}`{f' of {name}' if name else ''} in this state; "
                    "`shadow-ai tickets sync` names those that cannot be seen"
                )
            for row in found:
                drop(state, row)
                click.echo(f"{row.sink}: {row.url or row.external_id} is forgotten")


def _plain(report: Report) -> dict[str, object]:
    from scanner.app.ticketing import lines

    return {
        "sink": report.sink,
        "actions": [
            {"do": do, "ticket": ticket, "title": title, "reason": reason}
            for do, ticket, title, reason in lines(report)
        ],
        "troubles": [{"key": key, "reason": reason} for key, reason in report.troubles],
    }


def _print(report: Report, *, dry_run: bool) -> None:
    from scanner.app.ticketing import lines
    from scanner.emit.table import print_rows

    rows = list(lines(report))
    word = "would be done" if dry_run else "done"
    print_rows(("do", "ticket", "title", "why"), rows,
               title=f"{report.sink}: {len(rows)} {word}")  # fmt: skip
    for key, reason in report.troubles:
        click.echo(f"error: {report.sink}: {key[:15]} {reason}".replace("  ", " "), err=True)
