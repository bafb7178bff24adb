"""``shadow-ai findings``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.export import export_findings
from scanner.cli.options import config_option, json_option, need_config, write_bytes


@click.group("findings")
def command() -> None:
    """List, show, follow and export findings."""


command.add_command(export_findings)


@command.command("list")
@config_option
@json_option
@click.option("--state", "state_path", type=click.Path(path_type=Path), metavar="FILE",
              help="SQLite state to read instead of the configured one.")  # fmt: skip
@click.option("--status", multiple=True,
              type=click.Choice(["open", "held", "reopened", "resolved", "all"]),
              help="Only these (default: all that are not resolved).")  # fmt: skip
@click.option("--policy", metavar="ID", help="Only this policy.")
@click.option("--severity", metavar="WORD", help="At least this severe.")
def list_findings(
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    status: tuple[str, ...],
    policy: str | None,
    severity: str | None,
) -> None:
    """Findings of the state, the riskiest first."""
    from scanner.app.pipeline import severity as severity_of
    from scanner.emit.table import print_findings
    from scanner.model.base import encode
    from scanner.rulebook.policy import Severity

    floor = severity_of(severity).rank if severity else 0
    rows = [
        finding
        for finding in _read(config_path, state_path)
        if (status and ("all" in status or finding.status in status))
        or (not status and finding.status.is_open)
    ]
    rows = [
        finding
        for finding in rows
        if (policy is None or finding.policy == policy) and Severity(finding.severity).rank >= floor
    ]
    rows.sort(key=lambda f: (-f.risk, f.policy, f.asset, f.fingerprint))
    if as_json:
        write_bytes(encode(rows) + b"\n")
    else:
        print_findings(rows)


@command.command("show")
@click.argument("fingerprint")
@config_option
@json_option
@click.option("--state", "state_path", type=click.Path(path_type=Path), metavar="FILE",
              help="SQLite state to read instead of the configured one.")  # fmt: skip
def show_finding(
    fingerprint: str, config_path: Path | None, as_json: bool, state_path: Path | None
) -> None:
    """One finding with its history. FINGERPRINT may be shortened while it stays unique."""
    from scanner.emit.table import print_finding
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError

    state = _state(config_path, state_path)
    try:
        found = [
            finding
            for mark, finding in state.findings().items()
            if mark.startswith(fingerprint) or mark.removeprefix("v1:").startswith(fingerprint)
        ]
        if len(found) != 1:
            many = "several findings begin" if found else "no finding begins"
            raise ConfigError(f"{many} with `{fingerprint}`; see `shadow-ai findings list`")
        events = state.events(found[0].fingerprint)
    finally:
        state.close()
    if as_json:
        write_bytes(encode({"finding": found[0], "events": events}) + b"\n")
    else:
        print_finding(found[0], events)


def _read(config_path: Path | None, state_path: Path | None):  # type: ignore[no-untyped-def]
    state = _state(config_path, state_path)
    try:
        return list(state.findings().values())
    finally:
        state.close()


def _state(config_path: Path | None, state_path: Path | None):  # type: ignore[no-untyped-def]
    from scanner.app.config import store_url
    from scanner.model.errors import ConfigError
    from scanner.store.state import State

    if state_path is not None:
        if not state_path.is_file():
            raise ConfigError(f"{state_path}: no such state; a scan with --state makes it")
        return State(f"sqlite:///{state_path.resolve()}")
    url = store_url(need_config(config_path))
    if url.startswith("sqlite:///") and not Path(url[len("sqlite:///") :]).is_file():
        raise ConfigError(f"{url[len('sqlite:///') :]}: no state yet; run `shadow-ai scan` first")
    return State(url)
