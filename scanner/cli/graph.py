"""``shadow-ai graph``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli import same_as
from scanner.cli.options import ad_hoc, config_option, json_option, need_config, write_bytes


@click.group("graph")
def command() -> None:
    """Export the graph of assets, data flows and owners."""


command.add_command(same_as.command)


@command.command("export")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@config_option
@click.option("--format", "form", default="graphml", show_default=True,
              type=click.Choice(["graphml", "gexf", "json"]))  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there instead of to standard output.")  # fmt: skip
@json_option
def export_graph(
    paths: tuple[str, ...], config_path: Path | None, form: str, output: Path | None, as_json: bool
) -> None:
    """The graph of the last scan's state; with PATHs, of a scan of them now."""
    from scanner.app.pipeline import replay, scan
    from scanner.emit.files import write_file
    from scanner.graph.export import export

    if paths:
        graph = scan(ad_hoc(paths), url="sqlite://").situation.graph
    else:
        graph = replay(need_config(config_path)).graph
    data = export(graph, "json" if as_json else form)
    if output is None:
        write_bytes(data)
    else:
        write_file(output, data)
        click.echo(f"wrote {output}", err=True)
