"""``shadow-ai doctor``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scanner.cli.options import ad_hoc, config_option, find_config, json_option, write_bytes


@click.command("doctor")
@config_option
@json_option
def command(config_path: Path | None, as_json: bool) -> None:
    """Try credentials and permissions of every configured source without scanning."""
    from scanner.app.pipeline import diagnose
    from scanner.emit.table import print_rows
    from scanner.model.base import encode

    rows = list(diagnose(find_config(config_path) or ad_hoc(())))
    if as_json:
        body = [
            {"source": name, "check": p.check, "ok": p.ok, "detail": p.detail, "remedy": p.remedy}
            for name, p in rows
        ]
        write_bytes(encode(body) + b"\n")
    else:
        print_rows(
            ("source", "check", "result", "what to do"),
            [
                (name, p.check, ("ok: " if p.ok else "FAILED: ") + p.detail, p.remedy)
                for name, p in rows
            ],
        )
    sys.exit(0 if all(probe.ok for _, probe in rows) else 3)
