"""``shadow-ai baseline``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import msgspec

from scanner.app.config import KEY_VARIABLE, LoadedConfig
from scanner.cli.options import ad_hoc, config_option, find_config, json_option, write_bytes


@click.command("baseline")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True))
@config_option
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              default=".shadow-ai-baseline.json", show_default=True,
              help="Written anew; reasons and ends that stand in it stay.")  # fmt: skip
@click.option("--merge", is_flag=True, help="Keep what the file names and this scan does not find.")
@click.option("--no-history", is_flag=True, help="Read the work tree only (PATH scans).")
@json_option
def command(
    paths: tuple[str, ...],
    config_path: Path | None,
    output: Path,
    merge: bool,
    no_history: bool,
    as_json: bool,
) -> None:
    """Scan PATHs, or the sources of the configuration, and write the fingerprints of what is found.

    `shadow-ai scan --baseline FILE` then shows what is new. Give each entry a reason, and a last
    day in `expires` (YYYY-MM-DD) if it is accepted for a time only.
    """
    from scanner.app.pipeline import scan
    from scanner.assess import baseline
    from scanner.emit.files import write_file

    loaded = _plain((None if paths else find_config(config_path)) or ad_hoc(paths), no_history)
    old = baseline.read(output) if output.exists() else None
    result = scan(loaded, url="sqlite://")
    made = baseline.of(result.document.findings, old, merge=merge)
    write_file(output, baseline.render(made))
    if as_json:
        write_bytes(baseline.render(made))
    click.echo(f"{output}: {len(made.findings)} findings accepted", err=True)
    is_own = loaded.config.scan.fingerprint_key_env == KEY_VARIABLE
    if is_own and not os.environ.get(KEY_VARIABLE):
        click.echo(
            f"note: fingerprints of credentials depend on this machine's key; set {KEY_VARIABLE} "
            "wherever the file is to hold",
            err=True,
        )
    for warning in result.document.warnings:
        click.echo(f"warning: {warning}", err=True)
    sys.exit(result.exit_code)


def _plain(loaded: LoadedConfig, no_history: bool) -> LoadedConfig:
    """Without the baselines that are in force: what they accept is accepted again."""
    config = loaded.config
    config = msgspec.structs.replace(
        config, scan=msgspec.structs.replace(config.scan, baselines=())
    )
    if no_history and "code" in config.sources:
        sources = {**config.sources, "code": {**config.sources["code"], "history": False}}
        config = msgspec.structs.replace(config, sources=sources)
    return LoadedConfig(config=config, path=loaded.path, text=loaded.text)


def with_baselines(loaded: LoadedConfig, names: tuple[str, ...]) -> LoadedConfig:
    """The configuration with files of the command line on top."""
    if not names:
        return loaded
    found = (*loaded.config.scan.baselines, *(str(Path(name).resolve()) for name in names))
    scan = msgspec.structs.replace(loaded.config.scan, baselines=found)
    config = msgspec.structs.replace(loaded.config, scan=scan)
    return LoadedConfig(config=config, path=loaded.path, text=loaded.text)
