"""``shadow-ai metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, end, json_option, need_config, write_bytes
from scanner.cli.states import file_url, state_option

if TYPE_CHECKING:
    from scanner.assess.metrics import Metric


@click.command("metrics")
@config_option
@state_option
@click.option("--weeks", type=click.IntRange(1, 520), default=52, show_default=True,
              help="How far back the trend goes.")  # fmt: skip
@click.option("--prometheus", "as_prometheus", is_flag=True,
              help="As text for a Prometheus file collector.")  # fmt: skip
@json_option
def command(
    config_path: Path | None,
    state_path: Path | None,
    weeks: int,
    as_prometheus: bool,
    as_json: bool,
) -> None:
    """What the history of scans says of the programme: each metric with trend and definition.

    A metric without anything to count has no value, which is not zero.
    """
    from scanner.app.graphing import unread_of
    from scanner.app.metering import stored_metrics
    from scanner.emit.metrics_text import prometheus
    from scanner.model.base import encode

    url = file_url(state_path) if state_path else None
    loaded = need_config(config_path)
    limits = unread_of(loaded, url)
    found = stored_metrics(loaded, url=url, weeks=weeks)
    if as_prometheus:
        write_bytes(prometheus(found))
    elif as_json:
        write_bytes(encode(found) + b"\n")
    else:
        _print(found)
    end(limits)


def _print(found: list[Metric]) -> None:
    from scanner.emit.metrics_text import shown

    if not found:
        click.echo("no scan has left numbers yet; run `shadow-ai scan`")
    for metric in found:
        said = f"  {metric.yes} of {metric.of}" if metric.of is not None else ""
        said += f", {metric.unknown} not known" if metric.unknown else ""
        earlier = next((p.value for p in metric.trend[:-1] if p.value is not None), None)
        if earlier is not None and metric.value is not None:
            said += f"  (was {shown(metric, earlier)})"
        click.echo(f"{metric.name:50} {shown(metric, metric.value)}{said}")
        for dimension, rows in metric.by.items():
            each = ", ".join(f"{key} {shown(metric, value)}" for key, value in rows.items())
            click.echo(f"  by {dimension.replace('_', ' ')}: {each}")
        click.echo(f"  {metric.definition}")
