"""``shadow-ai registry``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from scanner.cli.options import ad_hoc, config_option, find_config, json_option, need_config


@click.group("registry")
def command() -> None:
    """Draft, check and compare the AI registry."""


@command.command("init")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@config_option
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there (never over a file) instead of to standard output.")  # fmt: skip
@json_option
def init(
    paths: tuple[str, ...], config_path: Path | None, output: Path | None, as_json: bool
) -> None:
    """Draft entries for everything that is not registered, ready to review.

    Reads the last scan's state; with PATHs (or without a configuration) scans them now.
    """
    from scanner.app.pipeline import draft_entries, replay, scan_situation
    from scanner.emit.files import write_file
    from scanner.model.errors import ConfigError

    loaded = None if paths else find_config(config_path)
    situation = scan_situation(ad_hoc(paths)) if loaded is None else replay(loaded)
    drafts = draft_entries(situation)
    text = json.dumps({"entries": drafts}, indent=2) + "\n" if as_json else _yaml(drafts)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise ConfigError(f"{output}: exists already; name another file")
    write_file(output, text.encode())
    click.echo(f"wrote {len(drafts)} drafted entries to {output}", err=True)


def _yaml(drafts: list[dict[str, object]]) -> str:
    import yaml

    head = (
        "# Drafted from what a scan found: review every line, then list this file under\n"
        "# [registry] files in shadow-ai.toml. What is left out is not stated, never approved.\n"
    )
    body = yaml.safe_dump({"entries": drafts}, sort_keys=False, allow_unicode=True, width=100)
    return head + str(body)


@command.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@config_option
@json_option
def validate(files: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """Check registry FILES (default: those of the configuration), row by row."""
    from scanner.cli.options import write_bytes
    from scanner.model.base import encode
    from scanner.reconcile import inventory

    if not files:
        loaded = need_config(config_path)
        files = tuple(loaded.folder / name for name in loaded.config.registry.files)
    reading = inventory.read(files)
    if as_json:
        body = {"entries": len(reading.entries), "problems": reading.problems}
        write_bytes(encode(body) + b"\n")
    else:
        for problem in reading.problems:
            click.echo(problem, err=True)
        click.echo(f"{len(reading.entries)} entries are valid, {len(reading.problems)} refused")
    sys.exit(2 if reading.problems else 0)


@command.command("status")
@config_option
@json_option
def status(config_path: Path | None, as_json: bool) -> None:
    """What the last scan says of every entry, and what no entry covers."""
    from scanner.app.pipeline import replay
    from scanner.cli.options import write_bytes
    from scanner.emit.table import print_registry
    from scanner.model.base import encode

    result = replay(need_config(config_path)).reconciliation
    if as_json:
        body = {
            "entries": [
                {
                    "id": row.entry.id,
                    "name": row.entry.name,
                    "outcomes": row.outcomes,
                    "assets": row.assets,
                    "duplicates": row.duplicates,
                    "detail": row.detail,
                }
                for row in result.entries
            ],
            "assets": dict(sorted(result.standings.items())),
        }
        write_bytes(encode(body) + b"\n")
    else:
        print_registry(result)
