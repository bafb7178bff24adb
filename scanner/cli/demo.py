"""``shadow-ai demo``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.options import json_option


@click.command("demo")
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path("demo-output"),
              show_default=True, metavar="FOLDER")  # fmt: skip
@json_option
def command(output: Path, as_json: bool) -> None:
    """Scan a made-up company on this machine, through the real connectors.

    Starts a fake AWS organization, a git repository with a key in its history, an identity
    provider's log and an AI registry, all on loopback; needs no network and no account.
    """
    from scanner.demo.run import run_demo

    run_demo(output, as_json=as_json)
