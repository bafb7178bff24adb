"""``shadow-ai rules``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scanner.cli.options import json_option, write_bytes


@click.group("rules")
def command() -> None:
    """Check and count the rules."""


@command.command("check")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--engine", default="auto", show_default=True,
              type=click.Choice(["auto", "hyperscan", "re2", "re"]))  # fmt: skip
@json_option
def check(folders: tuple[Path, ...], engine: str, as_json: bool) -> None:
    """Run every rule's own examples through the real engine."""
    from scanner.detect.selftest import check_rules
    from scanner.model.base import encode
    from scanner.rulebook.load import load

    problems = check_rules(load(extra=folders), engine)
    if as_json:
        write_bytes(encode({"problems": problems}) + b"\n")
        sys.exit(2 if problems else 0)
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} problems")
    sys.exit(2 if problems else 0)


@command.command("stats")
@json_option
def stats(as_json: bool) -> None:
    """How much the rules know."""
    from scanner.emit.table import print_rows
    from scanner.model.base import encode
    from scanner.rulebook.load import load
    from scanner.rulebook.stats import count

    numbers = count(load())
    if as_json:
        write_bytes(encode(numbers) + b"\n")
    else:
        print_rows(("what", "count"), [(name, str(n)) for name, n in numbers.items()])
