"""``shadow-ai registry``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import ad_hoc, config_option, end, find_config, json_option, need_config

if TYPE_CHECKING:
    from scanner.model.registry import RegistryEntry
    from scanner.reconcile.checking import Oddity
    from scanner.reconcile.inventory import Reading


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
    from scanner.app.drafting import draft_entries
    from scanner.app.graphing import limits, scanned
    from scanner.app.pipeline import scan_situation
    from scanner.emit.files import write_file
    from scanner.model.errors import ConfigError

    loaded = None if paths else find_config(config_path)
    situation = scan_situation(ad_hoc(paths)) if loaded is None else scanned(loaded)
    drafts = draft_entries(situation)
    text = json.dumps({"entries": drafts}, indent=2) + "\n" if as_json else _yaml(drafts)
    if output is None:
        click.echo(text, nl=False)
        end(limits(situation))
        return
    if output.exists():
        raise ConfigError(f"{output}: exists already; name another file")
    write_file(output, text.encode())
    click.echo(f"wrote {len(drafts)} drafted entries to {output}", err=True)
    end(limits(situation))


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
@click.option(
    "--as",
    "kind",
    metavar="KIND",
    default="",
    help="FILES are in the words of this kind of registry, or of a mapping file.",
)
@click.option("--sheet", metavar="NAME", default="", help="Sheet of a workbook.")
@click.option(
    "--rows",
    "show_rows",
    is_flag=True,
    help="Say of every row what became of it, and every oddity.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the entries there as YAML or JSON, in our words.",
)
@config_option
@json_option
def validate(
    files: tuple[Path, ...],
    kind: str,
    sheet: str,
    show_rows: bool,
    output: Path | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Check registry FILES (default: all of the configuration), row by row.

    Exit code 2 when a row had to be refused. Oddities (a mailbox for an owner, a pattern that fits
    anything, an entry that nothing can be matched with) are told and refuse nothing.
    """
    from scanner.app.registering import Asking, registry_of
    from scanner.cli.options import write_bytes
    from scanner.emit.files import write_file
    from scanner.model.base import encode
    from scanner.reconcile import inventory
    from scanner.reconcile.checking import oddities
    from scanner.rulebook.mapping import registry_map

    if kind:
        reading = inventory.Reading()
        for file in files:
            reading.add(
                inventory.read_mapped(file, registry_map(kind), Path(kind).stem, sheet=sheet)
            )
    elif files:
        reading = inventory.read(files)
    else:
        asking = Asking(now=datetime.now(UTC))
        reading = registry_of(need_config(config_path), asking)
    odd = list(oddities(reading.entries))
    if output is not None:
        write_file(output, _document(reading.entries, output))
    if as_json:
        body = {
            "entries": len(reading.entries),
            "problems": reading.problems,
            "contradictions": reading.contradictions,
            "rows": reading.rows,
            "filled": reading.filled,
            "oddities": odd,
        }
        write_bytes(encode(body) + b"\n")
    else:
        _print_reading(reading, odd, show_rows)
    sys.exit(2 if reading.problems else 0)


def _print_reading(reading: Reading, odd: list[Oddity], show_rows: bool) -> None:
    for problem in reading.problems:
        click.echo(problem, err=True)
    for told in reading.contradictions:
        click.echo(f"registries differ: {told}", err=True)
    if show_rows:
        for row in reading.rows:
            for note in row.notes if row.verdict != "refused" else ():
                click.echo(f"{row.place}: {row.entry}: {note}")
        for one in odd:
            click.echo(f"{one.place}: {one.entry}: {one.field}: {one.says}")
    verdicts = Counter(row.verdict for row in reading.rows)
    click.echo(f"{len(reading.entries)} entries are valid, {len(reading.problems)} refused")
    click.echo(", ".join(f"{count} {verdict.replace('_', ' ')}"
                         for verdict, count in sorted(verdicts.items()))
               + f" of {len(reading.rows)} rows")  # fmt: skip
    for field, says in _summed(odd):
        click.echo(f"  {field}: {says}")
    stated = ", ".join(f"{name} {count}" for name, count in reading.filled.items() if count)
    click.echo(f"stated: {stated}")
    if odd and not show_rows:
        click.echo("--rows tells each by its row")


def _summed(odd: list[Oddity]) -> list[tuple[str, str]]:
    kinds: Counter[tuple[str, str]] = Counter(
        (one.field, one.says.partition("`")[0].strip() or one.says.rpartition("` ")[2])
        for one in odd
    )
    return [(field, f"{says} ({count})") for (field, says), count in kinds.most_common(12)]


def _document(entries: list[RegistryEntry], path: Path) -> bytes:
    from scanner.reconcile.writing import as_json, as_yaml

    return as_json(entries) if path.suffix.lower() == ".json" else as_yaml(entries)


@command.command("kinds")
@json_option
def kinds(as_json: bool) -> None:
    """The registries whose words are known, and what each needs."""
    from scanner.cli.options import write_bytes
    from scanner.model.base import encode
    from scanner.rulebook.mapping import bundled_maps

    found = list(bundled_maps())
    if as_json:
        write_bytes(encode(found) + b"\n")
        return
    for how in found:
        needs = "server" if how.server else "folder" if how.files else "file"
        click.echo(f"{how.id:24} {needs:7} {how.name}")


@command.command("status")
@config_option
@json_option
def status(config_path: Path | None, as_json: bool) -> None:
    """What the last scan says of every entry, and what no entry covers."""
    from scanner.app.graphing import limits, scanned
    from scanner.cli.options import write_bytes
    from scanner.emit.table import print_registry
    from scanner.model.base import encode

    situation = scanned(need_config(config_path))
    result = situation.reconciliation
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
    end(limits(situation))


@command.command("review")
@config_option
@click.option("--author", metavar="WHO", help="Who decides (default: git's user.email).")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=365,
    show_default=True,
    help="After so many days it is asked again.",
)
@click.option("--reason", metavar="TEXT", help="One reason for all answers, instead of asking.")
@json_option
def review(
    config_path: Path | None, author: str | None, days: int, reason: str | None, as_json: bool
) -> None:
    """Ask, key by key, what only a person can say: is this asset that entry?

    1 to 9 choose an entry, n says none of them, s leaves it for later, u takes the last answer
    back, q ends. Answers stand in the file of [registry] decisions, with author, reason and
    expiry, and are used from the next scan on. --json lists the questions and asks nothing.
    """
    from scanner.app.graphing import limits, scanned
    from scanner.app.registering import decisions_file
    from scanner.app.reviewing import questions
    from scanner.cli.options import write_bytes
    from scanner.cli.review import Session, as_rows
    from scanner.model.base import encode

    loaded = need_config(config_path)
    situation = scanned(loaded)
    asked = questions(situation)
    if as_json:
        write_bytes(encode(as_rows(asked)) + b"\n")
    else:
        Session(decisions_file(loaded), author, reason, days).run(asked)
    end(limits(situation))
