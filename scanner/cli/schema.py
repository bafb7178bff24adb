"""``shadow-ai schema``."""

from __future__ import annotations

import json

import click

from scanner.cli.options import json_option

_KINDS = ["document", "line", "registry", "config", "provider", "policy", "framework",
          "registry-map", "same-as", "flows", "risk", "norms"]  # fmt: skip


@click.command("schema")
@click.argument("what", default="document", type=click.Choice(_KINDS))
@json_option
def command(what: str, as_json: bool) -> None:
    """The JSON Schema of the document (default), or of a file that people write."""
    from scanner.emit.schemas import of_type, schema

    if what == "config":
        from scanner.app.config import Config

        found = of_type(Config, "shadow-ai.toml")
    else:
        found = schema(what)
    click.echo(json.dumps(found, indent=2, sort_keys=True))
