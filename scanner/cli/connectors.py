"""``shadow-ai connectors``."""

from __future__ import annotations

import click
import msgspec

from scanner.cli.options import json_option, write_bytes


@click.group("connectors")
def command() -> None:
    """List and describe the connectors."""


@command.command("list")
@json_option
def list_connectors(as_json: bool) -> None:
    """Every connector that is installed. Those of other packages are named and not run: only a
    configuration, or `show NAME`, does that."""
    from scanner.collect.loader import guests, load, names
    from scanner.emit.table import print_rows
    from scanner.model.base import encode

    others = guests()
    specs = [load(name).spec for name in names() if name not in others]
    if as_json:
        rows: list[dict[str, object]] = [
            {"name": s.name, "title": s.title, "operations": len(s.operations)} for s in specs
        ]
        rows += [{"name": name, "package": package} for name, package in others.items()]
        write_bytes(encode(rows) + b"\n")
    else:
        print_rows(
            ("connector", "reads", "operations"),
            [
                *((s.name, s.title, str(len(s.operations))) for s in specs),
                *((name, f"of {package}, not run", "") for name, package in others.items()),
            ],
        )


@command.command("show")
@click.argument("name")
@json_option
def show_connector(name: str, as_json: bool) -> None:
    """Settings, operations, exports that are read, and facts of one connector."""
    from scanner.collect.loader import load
    from scanner.emit.table import print_rows
    from scanner.model.base import encode

    spec = load(name).spec
    schema = msgspec.json.schema(spec.config)
    if as_json:
        body = {
            "name": spec.name,
            "title": spec.title,
            "docs_url": spec.docs_url,
            "config": schema,
            "operations": spec.operations,
            "yields": sorted(spec.yields),
            "exports": spec.exports,
            "no_export": spec.no_export,
        }
        write_bytes(encode(body) + b"\n")
        return
    click.echo(f"{spec.name}: {spec.title}\n{spec.docs_url}\n")
    fields = msgspec.structs.fields(spec.config)
    print_rows(("setting", "default"), [(f.encode_name, _default(f.default)) for f in fields])
    print_rows(
        ("operation", "permission", "why"),
        [(o.id, o.permission, o.reason) for o in spec.operations],
    )
    for said in spec.exports:
        click.echo(f"reads, as the console exports it: {said}")
    if spec.no_export:
        click.echo(f"reads nothing of a console: {spec.no_export}")
    click.echo("yields: " + ", ".join(sorted(spec.yields)))


def _default(value: object) -> str:
    return "required" if value is msgspec.NODEFAULT else repr(value)
