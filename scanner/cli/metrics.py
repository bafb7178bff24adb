"""``shadow-ai metrics``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.options import config_option, json_option, need_config, write_bytes
from scanner.cli.states import file_url, state_option


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
    from scanner.app.metering import stored_metrics
    from scanner.emit.metrics_text import prometheus, shown
    from scanner.model.base import encode

    url = file_url(state_path) if state_path else None
    found = stored_metrics(need_config(config_path), url=url, weeks=weeks)
    if as_prometheus:
        write_bytes(prometheus(found))
        return
    if as_json:
        write_bytes(encode(found) + b"\n")
        return
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
