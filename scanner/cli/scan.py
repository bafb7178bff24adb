"""``shadow-ai scan``."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from scanner.app.config import LoadedConfig
from scanner.cli.baseline import with_baselines
from scanner.cli.ending import end_when_told
from scanner.cli.export import parsed, set_option
from scanner.cli.options import (
    ad_hoc,
    config_option,
    find_config,
    json_option,
    with_pseudonyms,
    write_bytes,
)
from scanner.emit.formats import FORMATS
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    from scanner.app.pipeline import Result


@click.command("scan")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True))
@config_option
@json_option
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Also write findings.json, graph.graphml and report.html there, or the files "
                   "of --format.")  # fmt: skip
@click.option("--format", "formats", multiple=True, type=click.Choice(list(FORMATS)),
              help="Which file to write to --output; without it, to standard output. May be given "
                   "again.")  # fmt: skip
@set_option
@click.option("--state", "state_url", metavar="FILE",
              help="Keep state in this SQLite file (PATH scans keep none by default).")  # fmt: skip
@click.option("--fail-on", metavar="SEVERITY",
              help="Exit with 1 when an open finding is at least this severe.")  # fmt: skip
@click.option("--registry", "registries", multiple=True, metavar="FILE",
              help="Registry file for a PATH scan.")  # fmt: skip
@click.option("--min-confidence", type=click.Choice(["low", "medium", "high", "certain"]),
              default="low", show_default=True,
              help="Leave out what is less sure. `low` shows mentions in tests and manuals, too; "
                   "the table on a terminal starts at medium.")  # fmt: skip
@click.option("--baseline", "baselines", multiple=True, metavar="FILE",
              type=click.Path(exists=True, dir_okay=False),
              help="Hide the findings that this file of `shadow-ai baseline` names.")  # fmt: skip
@click.option(
    "--verify",
    is_flag=True,
    help="Ask each provider whether the keys found live (one read-only request a key).",
)
@click.option("--logs", "logs", multiple=True, metavar="FILE",
              help="Read this traffic log (proxy, DNS, firewall, AI gateway; a folder, `-`, gz, "
                   "zst and bz2 too), with PATHs or alone. May be given again.")  # fmt: skip
@click.option("--pseudonymize", is_flag=True,
              help="Traffic logs: put keyed pseudonyms in place of people, devices, addresses and "
                   "files before anything is stored. The key is in $SHADOW_AI_PSEUDONYM_KEY, or "
                   "made for a scan that keeps no state.")  # fmt: skip
@click.option("--no-history", is_flag=True, help="Read the work tree only (PATH scans).")
@click.option("--no-tree", is_flag=True, help="Read the history only (PATH scans).")
@click.option("--fresh", is_flag=True, help="Do not resume an interrupted scan.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no tables.")
def command(
    paths: tuple[str, ...],
    config_path: Path | None,
    as_json: bool,
    output: Path | None,
    formats: tuple[str, ...],
    settings: tuple[str, ...],
    state_url: str | None,
    fail_on: str | None,
    registries: tuple[str, ...],
    min_confidence: str,
    baselines: tuple[str, ...],
    verify: bool,
    logs: tuple[str, ...],
    pseudonymize: bool,
    no_history: bool,
    no_tree: bool,
    fresh: bool,
    quiet: bool,
) -> None:
    """Look for AI in PATHs, or in the sources of the configuration.

    With neither a PATH nor a configuration the current directory is scanned. A PATH scan keeps no
    state unless --state is given.
    """
    from scanner.app.pipeline import Settings, scan, severity
    from scanner.cli.progress import progress
    from scanner.emit.formats import check, render
    from scanner.model.evidence import Confidence

    # Rules and facts are many small objects that live to the end: looking through them for cycles
    # as often as Python does by default costs a twentieth of a scan.
    gc.set_threshold(100_000, 50, 100)
    end_when_told()
    loaded = None if paths or logs else find_config(config_path)
    url: str | None = None
    if loaded is None:
        loaded = ad_hoc(paths, logs)
        url = "sqlite://"
    skipped = [part for part, is_set in (("history", no_history), ("tree", no_tree)) if is_set]
    loaded = _adjusted(loaded, fail_on, registries, skipped)
    loaded = with_baselines(loaded, baselines)
    environ: Mapping[str, str] = os.environ
    notes: list[str] = []
    if pseudonymize:
        is_passing = url is not None and not state_url
        loaded, environ, notes = with_pseudonyms(loaded, environ, is_passing=is_passing)
    if state_url:
        url = state_url if "://" in state_url else f"sqlite:///{Path(state_url).resolve()}"
    if loaded.config.scan.fail_on:
        severity(loaded.config.scan.fail_on)
    given = parsed(settings)
    to_stdout = formats[0] if formats and output is None else "json" if as_json else ""
    if formats and output is None and (len(formats) > 1 or as_json):
        raise ConfigError("several formats need a folder: give --output FOLDER, too")
    check(formats, given)
    show = not quiet and not to_stdout
    with progress(enabled=show and sys.stderr.isatty()) as on_progress:
        chosen = Settings(
            environ=environ,
            resume=not fresh,
            on_progress=on_progress,
            least=Confidence(min_confidence),
            verify=verify,
        )
        result = scan(loaded, url=url, settings=chosen)
    for warning in (*notes, *result.document.warnings):
        click.echo(f"warning: {warning}", err=True)
    if to_stdout:
        write_bytes(render(to_stdout, result.document, given))
    elif show:
        from scanner.emit.table import print_document

        if result.resumed:
            click.echo("resumed an interrupted scan", err=True)
        print_document(result.document, result.events)
    sys.exit(_written(output, formats, given, result) or result.exit_code)


def _written(
    output: Path | None, formats: Sequence[str], given: Mapping[str, str], result: Result
) -> int:
    """After the result has been printed: files that cannot be written do not take it away."""
    if output is None:
        return 0
    from scanner.app.pipeline import EXIT_INCOMPLETE
    from scanner.emit.files import write_all, write_formats
    from scanner.model.errors import StoreError

    try:
        if formats:
            write_formats(output, result.document, formats, given)
        else:
            write_all(output, result.document, result.situation.graph)
    except StoreError as error:
        click.echo(f"error: {error}; make room or choose another --output", err=True)
        return EXIT_INCOMPLETE
    return 0


def _adjusted(
    loaded: LoadedConfig, fail_on: str | None, registries: tuple[str, ...], skipped: Sequence[str]
) -> LoadedConfig:
    """The configuration with what the command line says on top."""
    config = loaded.config
    if fail_on:
        config = msgspec.structs.replace(
            config, scan=msgspec.structs.replace(config.scan, fail_on=fail_on)
        )
    if registries:
        files = (*config.registry.files, *(str(Path(name).resolve()) for name in registries))
        config = msgspec.structs.replace(
            config, registry=msgspec.structs.replace(config.registry, files=files)
        )
    if skipped and "code" in config.sources:
        parts = dict.fromkeys(skipped, False)
        sources = {**config.sources, "code": {**config.sources["code"], **parts}}
        config = msgspec.structs.replace(config, sources=sources)
    return LoadedConfig(config=config, path=loaded.path, text=loaded.text)
