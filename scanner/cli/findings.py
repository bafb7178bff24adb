"""``shadow-ai findings``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from scanner.cli.deciding import accept, decisions, end, reopen, suppress
from scanner.cli.export import export_findings
from scanner.cli.filters import WORDS, filter_of, filter_options
from scanner.cli.options import config_option, json_option, write_bytes
from scanner.cli.states import is_one, open_state, state_option, stored_place

_GROUPS = ("owner", "business_unit", "policy", "asset", "provider", "account", "environment",
           "severity")  # fmt: skip


@click.group("findings")
def command() -> None:
    """List, show, follow, export and decide about findings."""


for _verb in (accept, suppress, reopen, end, decisions, export_findings):
    command.add_command(_verb)


@command.command("list")
@config_option
@json_option
@state_option
@filter_options
@click.option("--group-by", "groups", multiple=True, type=click.Choice(_GROUPS),
              help="One row for all that are alike in this; can be repeated.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(WORDS),
              help="Exit code 1 when an open one that is shown is so severe.")  # fmt: skip
def list_findings(
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    view: str | None,
    groups: tuple[Any, ...],
    fail_on: str | None,
    **options: Any,
) -> None:
    """Findings of the state, the riskiest first."""
    from scanner.app.clock import now
    from scanner.app.suppressing import as_shown
    from scanner.assess.selection import grouped, ordered
    from scanner.emit.table import print_findings, print_problems
    from scanner.model.base import encode
    from scanner.rulebook.policy import Severity
    from scanner.store.history import changed_at

    chosen = filter_of(config_path, view, options)
    with open_state(config_path, state_path) as state:
        changed = changed_at(state) if chosen.since else {}
        loaded, _ = stored_place(config_path, state_path)
        rows = ordered(
            finding
            for mark, finding in as_shown(state, loaded, now()).items()
            if chosen.holds(finding, changed.get(mark, ""))
        )
    problems = grouped(rows, groups) if groups else []
    if as_json:
        write_bytes(encode(problems if groups else rows) + b"\n")
    elif groups:
        print_problems(problems, groups)
    else:
        print_findings(rows)
    floor = Severity(fail_on).rank if fail_on else 100
    if any(row.status.is_open and Severity(row.severity).rank >= floor for row in rows):
        sys.exit(1)


@command.command("show")
@click.argument("fingerprint")
@config_option
@json_option
@state_option
def show_finding(
    fingerprint: str, config_path: Path | None, as_json: bool, state_path: Path | None
) -> None:
    """One finding with its history. FINGERPRINT may be shortened while it stays unique."""
    from scanner.app.clock import now
    from scanner.app.suppressing import as_shown
    from scanner.emit.table import print_finding
    from scanner.model.base import encode

    with open_state(config_path, state_path) as state:
        loaded, _ = stored_place(config_path, state_path)
        found = as_shown(state, loaded, now())[is_one(state, fingerprint).fingerprint]
        events = state.events(found.fingerprint)
    if as_json:
        write_bytes(encode({"finding": found, "events": events}) + b"\n")
    else:
        print_finding(found, events)


@command.command("history")
@click.argument("fingerprint", required=False)
@config_option
@json_option
@state_option
@click.option("--since", metavar="DAY", default="", help="Only on this day (ISO 8601) or later.")
def history(
    fingerprint: str | None,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    since: str,
) -> None:
    """What happened to findings, or to the one with FINGERPRINT, oldest first."""
    from scanner.assess.moments import moment
    from scanner.emit.table import print_events
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError
    from scanner.store.history import changes

    try:
        since = moment(since) if since else ""
    except ValueError as error:
        raise ConfigError(f"--since: {error}") from error
    with open_state(config_path, state_path) as state:
        if fingerprint:
            marks = is_one(state, fingerprint).fingerprint
            events = [one for one in state.events(marks) if one.at >= since]
        else:
            events = changes(state, since=since)
        titles = {mark: finding.title for mark, finding in state.findings().items()}
    if as_json:
        write_bytes(encode(events) + b"\n")
    else:
        print_events(events, titles)
