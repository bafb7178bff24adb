"""``shadow-ai findings``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scanner.cli.deciding import accept, decisions, reopen, suppress
from scanner.cli.export import export_findings
from scanner.cli.options import config_option, json_option, write_bytes
from scanner.cli.states import is_one, open_state, state_option

if TYPE_CHECKING:
    from scanner.assess.selection import Filter

_STATUS = ("new", "open", "held", "reopened", "resolved", "accepted", "suppressed", "all")
_WORDS = ("info", "low", "medium", "high", "critical")
_GROUPS = ("owner", "policy", "asset", "provider", "account", "environment", "severity")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("findings")
def command() -> None:
    """List, show, follow, export and decide about findings."""


for _verb in (accept, suppress, reopen, decisions, export_findings):
    command.add_command(_verb)


def filter_options(function: _Command) -> _Command:
    """The options of which :func:`filter_of` makes a filter."""
    for option in reversed((
        click.option("--status", multiple=True, type=click.Choice(_STATUS),
                     help="Only these (default: all that somebody has to do something about)."),
        click.option("--policy", metavar="ID", help="Only this policy; * and ? as in file names."),
        click.option("--severity", metavar="WORD", type=click.Choice(_WORDS),
                     help="At least this severe."),
        click.option("--risk", type=click.IntRange(0, 100), help="At least this risky."),
        click.option("--owner", metavar="WHO", help="Only this owner's; - means nobody's."),
        click.option("--provider", metavar="ID", help="Only of this provider."),
        click.option("--account", metavar="ID", help="Only in this account."),
        click.option("--environment", metavar="WORD", help="Only in this environment."),
        click.option("--asset", metavar="ID", help="Only this asset; * and ? as in file names."),
        click.option("--kind", metavar="KIND", help="Only assets of this kind."),
        click.option("--control", metavar="ID", help="Only under this control of a framework."),
        click.option("--since", metavar="DAY", help="First seen or changed on this day or later."),
        click.option("--text", metavar="WORDS", help="Only with these words in the title."),
        click.option("--view", metavar="NAME",
                     help="A filter that the configuration keeps under [views.NAME]; options above "
                     "take the place of its parts."),
    )):  # fmt: skip
        function = option(function)
    return function


def filter_of(config_path: Path | None, view: str | None, options: dict[str, Any]) -> Filter:
    """Raises ``ConfigError`` for a view that there is not, or a value that is none."""
    import msgspec

    from scanner.assess.selection import Filter
    from scanner.cli.options import find_config
    from scanner.model.errors import ConfigError

    kept = Filter()
    if view:
        loaded = find_config(config_path)
        views = loaded.config.views if loaded else {}
        if view not in views:
            there = ", ".join(sorted(views)) or "none"
            raise ConfigError(
                f"--view {view}: the configuration has no [views.{view}]; it has {there}"
            )
        kept = views[view]
    given = {name: value for name, value in options.items() if value not in (None, ())}
    try:
        return msgspec.convert({**msgspec.to_builtins(kept), **given}, Filter)
    except msgspec.ValidationError as error:
        raise ConfigError(f"filter of findings: {error}") from error


@command.command("list")
@config_option
@json_option
@state_option
@filter_options
@click.option("--group-by", "groups", multiple=True, type=click.Choice(_GROUPS),
              help="One row for all that are alike in this; can be repeated.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(_WORDS),
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
    from scanner.assess.selection import grouped, ordered
    from scanner.emit.table import print_findings, print_problems
    from scanner.model.base import encode
    from scanner.rulebook.policy import Severity
    from scanner.store.history import changed_at

    chosen = filter_of(config_path, view, options)
    with open_state(config_path, state_path) as state:
        changed = changed_at(state) if chosen.since else {}
        rows = ordered(
            finding
            for mark, finding in state.findings().items()
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
    from scanner.emit.table import print_finding
    from scanner.model.base import encode

    with open_state(config_path, state_path) as state:
        found = is_one(state, fingerprint)
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
    from scanner.emit.table import print_events
    from scanner.model.base import encode
    from scanner.store.history import changes

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
