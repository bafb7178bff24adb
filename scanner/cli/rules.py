"""``shadow-ai rules``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scanner.cli.options import json_option, write_bytes


@click.group("rules")
def command() -> None:
    """Test, count and question the rules."""


@command.command("test")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--engine", default="auto", show_default=True,
              type=click.Choice(["auto", "hyperscan", "re2", "re"]))  # fmt: skip
@json_option
def test(folders: tuple[Path, ...], engine: str, as_json: bool) -> None:
    """Run every rule's own examples through the real engine; FOLDERS are your rules on top."""
    from scanner.detect.selftest import check_rules
    from scanner.graph import same_as_examples
    from scanner.model.base import encode
    from scanner.rulebook.load import load

    rulebook = load(extra=folders)
    problems = [*check_rules(rulebook, engine), *same_as_examples.problems(rulebook.same_as)]
    if as_json:
        write_bytes(encode({"problems": problems}) + b"\n")
        sys.exit(2 if problems else 0)
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} problems")
    sys.exit(2 if problems else 0)


command.add_command(test, "check")  # its first name


@command.command("explain")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--as", "shown_path", metavar="PATH",
    help="Judge it as if it stood there: a path decides language and setting.",
)  # fmt: skip
@click.option("--rules", "folders", multiple=True, type=click.Path(path_type=Path),
              help="A folder of your own rules.")  # fmt: skip
@json_option
def explain(file: Path, shown_path: str | None, folders: tuple[Path, ...], as_json: bool) -> None:
    """Say why each thing in FILE is reported or not."""
    from scanner.detect.engine import Detector
    from scanner.detect.explain import explain as explained
    from scanner.emit.table import print_rows
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError
    from scanner.rulebook.load import load

    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    path = shown_path or (file.name if file.is_absolute() else file.as_posix())
    rows = explained(Detector(load(extra=folders), b"explaining-keeps-nothing"), data, path)
    if as_json:
        write_bytes(encode(rows) + b"\n")
        return
    print_rows(
        ("line", "verdict", "what", "confidence", "rule", "why"),
        [(str(r.line), r.verdict, r.what, r.confidence, r.rule, r.why) for r in rows],
        title=f"{path}: {len(rows)}",
    )
    if not rows:
        click.echo("nothing in it looks like AI or a key to any rule")


@command.command("stats")
@click.option("--markdown", is_flag=True, help="The catalog as a page of documentation.")
@json_option
def stats(markdown: bool, as_json: bool) -> None:
    """How much the rules know."""
    from scanner.emit.table import print_rows
    from scanner.model.base import encode
    from scanner.rulebook.load import load
    from scanner.rulebook.stats import count, page

    rulebook = load()
    numbers = count(rulebook)
    if markdown:
        write_bytes(page(rulebook).encode())
    elif as_json:
        write_bytes(encode(numbers) + b"\n")
    else:
        print_rows(("what", "count"), [(name, str(n)) for name, n in numbers.items()])
