"""``shadow-ai permissions``."""

from __future__ import annotations

import click

from scanner.cli.options import json_option, write_bytes


@click.command("permissions")
@click.argument("connector")
@json_option
def command(connector: str, as_json: bool) -> None:
    """The least privilege that CONNECTOR needs, ready to paste.

    It is printed from the same declaration that refuses every other call inside the process.
    """
    from scanner.collect.loader import load
    from scanner.kit.permissions import permissions, render
    from scanner.model.base import encode

    spec = load(connector).spec
    if as_json:
        body = {"connector": spec.name, "permissions": permissions(spec)}
        write_bytes(encode(body) + b"\n")
    else:
        click.echo(render(spec))
