"""``shadow-ai report``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.options import config_option
from scanner.cli.states import state_option, stored_place


@click.command("report")
@config_option
@state_option
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path("report.html"),
              show_default=True, metavar="FILE")  # fmt: skip
@click.option("--charts", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write charts as SVG there instead: trend, coverage, flows.")  # fmt: skip
@click.option("--png", is_flag=True, help="Write the charts as PNG, too.")
def command(
    config_path: Path | None,
    state_path: Path | None,
    output: Path,
    charts: Path | None,
    *,
    png: bool,
) -> None:
    """One self-contained page of the stored state: numbers, findings, inventory, graph.

    Nothing is scanned and no credential is needed; the page asks no network.
    """
    from scanner.app.reporting import render_charts, stored_page
    from scanner.emit.files import made_folder, write_file
    from scanner.emit.html import render_html

    if png and charts is None:
        raise click.UsageError("--png is for charts: name their folder with --charts")
    loaded, url = stored_place(config_path, state_path)
    document, picture, points = stored_page(loaded, url)
    if charts is None:
        made_folder(output.parent)
        write_file(output, render_html(document, picture, points).encode())
        click.echo(f"wrote {output}", err=True)
        return
    made_folder(charts)
    for name, data in render_charts(document, picture, points, png=png).items():
        click.echo(f"wrote {write_file(charts / name, data)}", err=True)
