"""``shadow-ai diff``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, json_option, write_bytes
from scanner.cli.states import open_state, state_option, stored_place

if TYPE_CHECKING:
    from scanner.app.comparing import Difference


@click.command("diff")
@click.argument("before", required=False, metavar="[SCAN1]")
@click.argument("now", required=False, metavar="[SCAN2]")
@config_option
@json_option
@state_option
@click.option("--exit-code", is_flag=True, help="Exit code 1 when anything changed.")
def command(
    before: str | None,
    now: str | None,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    exit_code: bool,
) -> None:
    """What changed between two scans (default: the last two): findings that were opened, resolved,
    came back, changed or were decided about, and shards that are read now or no longer."""
    from scanner.app.clock import now as today
    from scanner.app.comparing import difference
    from scanner.app.suppressing import as_shown
    from scanner.model.base import encode

    with open_state(config_path, state_path) as state:
        loaded, _ = stored_place(config_path, state_path)
        known = as_shown(state, loaded, today())
        found = difference(state, before or "", now or "", known=known)
    if as_json:
        write_bytes(encode(found) + b"\n")
    else:
        _print(found)
    if exit_code and not found.is_empty:
        sys.exit(1)


def _print(found: Difference) -> None:
    from scanner.emit.table import print_rows

    print_rows(
        ("change", "severity", "risk", "finding", "owner", "status now", "fingerprint", "detail"),
        [
            (
                ", ".join(dict.fromkeys(event.change for event in row.events)),
                row.finding.severity,
                str(row.finding.risk),
                row.finding.title,
                row.finding.owner or "-",
                str(row.finding.status),
                row.finding.fingerprint[:15],
                row.events[-1].detail,
            )
            for row in found.findings
        ],
        title=f"Findings that changed from {found.before} to {found.now}: {len(found.findings)}",
    )
    if found.coverage:
        print_rows(
            ("shard", "before", "now", "reason"),
            [(row.shard, row.before or "-", row.now or "-", row.reason) for row in found.coverage],
            title=f"Coverage that changed: {len(found.coverage)}",
        )
