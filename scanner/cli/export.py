"""``shadow-ai findings export``, and the options by which a scan and an export choose formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from scanner.cli.filters import filter_of, filter_options
from scanner.cli.options import config_option, write_bytes
from scanner.cli.states import state_option, stored_place
from scanner.emit.formats import FORMATS
from scanner.model.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def set_option(function: F) -> F:
    return click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE",
        help="An option of the format (docs/formats.md). May be given again.",
    )(function)  # fmt: skip


@click.command("export")
@config_option
@state_option
@click.option("--format", "name", default="json", show_default=True,
              type=click.Choice(list(FORMATS)))  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there instead of to standard output.")  # fmt: skip
@click.option("--system", metavar="ID",
              help="Only this system and what it depends on: a registry entry's id, or the uid of "
                   "an asset.")  # fmt: skip
@click.option("--per-system", is_flag=True,
              help="A file for every system, in the folder --output.")  # fmt: skip
@filter_options
@click.option("--min-confidence", type=click.Choice(["low", "medium", "high", "certain"]),
              default="low", show_default=True, help="Leave out what is less sure.")  # fmt: skip
@set_option
def export_findings(
    config_path: Path | None,
    state_path: Path | None,
    name: str,
    output: Path | None,
    system: str | None,
    per_system: bool,
    min_confidence: str,
    settings: Sequence[str],
    view: str | None,
    **options: Any,
) -> None:
    """The last scan's findings and inventory in another format, from the stored state.

    Nothing is scanned and no credential is needed. The options that choose findings leave the
    inventory whole; without --status all are there, resolved ones too. The registry and the
    baselines are those of the configuration, also with --state.
    """
    from scanner.app.exporting import stored_document
    from scanner.emit.files import write_pieces, write_systems
    from scanner.emit.formats import check, render
    from scanner.emit.formats.system import of_system
    from scanner.model.evidence import Confidence

    given = parsed(settings)
    check([name], given)
    if per_system and (output is None or system):
        raise ConfigError("--per-system needs --output FOLDER, and no --system beside it")
    loaded, url = stored_place(config_path, state_path)
    chosen = filter_of(config_path, view, options)
    if not chosen.status:
        chosen = msgspec.structs.replace(chosen, status=("all",))
    document = stored_document(loaded, url=url, least=Confidence(min_confidence), chosen=chosen)
    if per_system and output is not None:
        for path in write_systems(output, document, name, given):
            click.echo(f"wrote {path}", err=True)
        return
    if system:
        one, document = of_system(document, system)
        given["system"] = one.name
    pieces = render(name, document, given)
    if output is None:
        write_bytes(pieces)
    else:
        write_pieces(output, pieces)
        click.echo(f"wrote {output}", err=True)


def parsed(settings: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` as a table."""
    found = {}
    for text in settings:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise ConfigError(f"--set {text}: write it as NAME=VALUE")
        found[name] = value
    return found
