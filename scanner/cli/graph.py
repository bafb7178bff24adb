"""``shadow-ai graph``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scanner.cli import same_as
from scanner.cli.options import ad_hoc, config_option, json_option, need_config, write_bytes

if TYPE_CHECKING:
    from scanner.graph.answers import Answer
    from scanner.graph.build import AssetGraph

F = TypeVar("F", bound=Callable[..., Any])
_FORMATS = ["table", "json", "mermaid", "dot", "graphml", "gexf", "cypher", "csv"]


@click.group("graph")
def command() -> None:
    """Ask and export the graph of assets, data flows and owners.

    NODE is an id, a name, or a type and a name: datastore:crm, credential:*, identity:lena@*,
    provider:openai, sensitive:* (all stores of sensitive data).
    """


command.add_command(same_as.command)


def _answering(function: F) -> F:
    """Options of every question."""
    for option in (
        click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
                     help="Write there instead of to standard output; a folder for csv."),
        click.option("--format", "form", type=click.Choice(_FORMATS), default="table",
                     show_default=True, help="All but table and json give the part of the graph "
                     "that the answer stands on."),
        json_option,
        config_option,
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("paths")
@click.option("--from", "start", required=True, metavar="NODE")
@click.option("--to", "goal", required=True, metavar="NODE")
@click.option("--by", type=click.Choice(["flow", "control", "any"]), default="flow",
              show_default=True,
              help="Where data moves; what control of a thing gives; anything.")  # fmt: skip
@click.option("--most", type=click.IntRange(1, 100), default=5, show_default=True)
@_answering
def paths(start: str, goal: str, by: str, most: int, **given: Any) -> None:
    """The shortest ways from one to another, with the evidence of every hop."""
    from scanner.graph.answers import answer_paths

    _tell(lambda graph: answer_paths(graph, start, goal, by, most), **given)


@command.command("blast-radius")
@click.argument("node")
@_answering
def blast_radius(node: str, **given: Any) -> None:
    """What whoever holds NODE (a key, a role, a function) reaches with it."""
    from scanner.graph.answers import answer_reach

    _tell(lambda graph: answer_reach(graph, node), **given)


@command.command("neighbours")
@click.argument("node")
@click.option("--hops", type=click.IntRange(1, 10), default=1, show_default=True)
@_answering
def neighbours(node: str, hops: int, **given: Any) -> None:
    """Whatever is related to NODE, in any direction."""
    from scanner.graph.answers import answer_reach

    _tell(lambda graph: answer_reach(graph, node, hops), **given)


@command.command("exposure")
@_answering
def exposure(**given: Any) -> None:
    """Sensitive data behind what anybody can reach."""
    from scanner.graph.answers import answer_exposure

    _tell(answer_exposure, **given)


@command.command("why")
@click.argument("one")
@click.argument("other")
@click.option("--most", type=click.IntRange(1, 20), default=3, show_default=True)
@_answering
def why(one: str, other: str, most: int, **given: Any) -> None:
    """What joins two nodes: one thing, data, control, or mere relation; with the evidence."""
    from scanner.graph.answers import answer_why

    _tell(lambda graph: answer_why(graph, one, other, most), **given)


@command.command("flows")
@click.option("--to", "provider", default="", metavar="PROVIDER", help="Only to this vendor.")
@click.option("--sensitive", is_flag=True, help="Only classes of data that are sensitive.")
@click.option("--openlineage", is_flag=True, help="OpenLineage job events, one a line.")
@_answering
def flows(provider: str, sensitive: bool, openlineage: bool, **given: Any) -> None:
    """Which data goes to which vendor, through which asset, by whose key, across what."""
    from scanner.graph.answers import answer_flows

    if openlineage:
        from scanner.app.graphing import lineage

        data, notes = lineage(need_config(given["config_path"]), provider, sensitive)
        _write(data, given["output"])
        _end(notes, is_incomplete=bool(notes))
        return
    _tell(lambda graph: answer_flows(graph, provider=provider, sensitive=sensitive), **given)


@command.command("owners")
@click.argument("node", required=False)
@_answering
def owners(node: str | None, **given: Any) -> None:
    """Who answers for every AI asset and key (or NODE), by what; and how many have somebody."""
    from scanner.app.graphing import owners_of

    graph, answer = owners_of(need_config(given.pop("config_path")), node or "")
    _show(graph, answer, **given)


@command.command("risk")
@click.argument("node", required=False)
@_answering
def risk(node: str | None, **given: Any) -> None:
    """The risk of every AI asset and key, with every factor; of NODE, what would lower it."""
    from scanner.app.graphing import risks_of

    graph, answer = risks_of(need_config(given.pop("config_path")), node or "")
    _show(graph, answer, **given)


@command.command("diff")
@click.argument("before", required=False, default="previous")
@click.argument("after", required=False, default="last")
@_answering
def diff(before: str, after: str, **given: Any) -> None:
    """What changed between two scans: ids (or their beginnings), `previous`, `last`."""
    from scanner.app.graphing import diff_of

    graph, answer = diff_of(need_config(given.pop("config_path")), before, after)
    _show(graph, answer, **given)


@command.command("scans")
@config_option
@json_option
def scans(config_path: Path | None, as_json: bool) -> None:
    """The scans that the state knows, for `graph diff`."""
    from scanner.app.graphing import opened
    from scanner.emit.table import print_rows
    from scanner.model.base import encode

    with opened(need_config(config_path)) as state:
        rows = state.scans()
    if as_json:
        click.echo(encode([{"id": r.id, "started": r.started_at, "finished": r.finished_at,
                            "exit_code": r.exit_code} for r in rows]))  # fmt: skip
    else:
        print_rows(
            ("id", "started", "finished"), [(r.id, r.started_at, r.finished_at) for r in rows]
        )


@command.command("export")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@config_option
@click.option("--format", "form", default="graphml", show_default=True,
              type=click.Choice([form for form in _FORMATS if form != "table"]))  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there instead of to standard output; a folder for csv.")  # fmt: skip
@json_option
def export_graph(
    paths: tuple[str, ...], config_path: Path | None, form: str, output: Path | None, as_json: bool
) -> None:
    """The whole graph of the last scan's state; with PATHs, of a scan of them now."""
    from scanner.app.graphing import exported, scanned
    from scanner.app.pipeline import scan_situation

    situation = scan_situation(ad_hoc(paths)) if paths else scanned(need_config(config_path))
    part = exported(situation)
    _export(situation.graph, "json" if as_json else form, output, part)
    _end(part.notes, is_incomplete=bool(part.notes))


def _tell(ask: Callable[[AssetGraph], Answer], config_path: Path | None, **given: Any) -> None:
    from scanner.app.graphing import answered

    _show(*answered(need_config(config_path), ask), **given)


def _show(graph: AssetGraph, answer: Answer, form: str, output: Path | None, as_json: bool) -> None:
    from scanner.emit.answers import as_json_text, print_answer

    if as_json or form == "json":
        _write(as_json_text(answer), output)
    elif form == "table":
        print_answer(answer)
        if answer.unread and not sys.stdout.isatty():  # what is kept of a table has it, too
            click.echo("\n".join(answer.part.notes))
    else:
        _export(graph, form, output, answer.part)
    # In JSON they stand in the answer.
    shown = answer.notes if output or not (as_json or form == "json") else ()
    _end(shown, is_incomplete=bool(answer.unread))


def _end(notes: Sequence[str], *, is_incomplete: bool) -> None:
    """As a scan ends: with 3 where not everything was read, so that nothing is taken for clear."""
    for note in notes:
        click.echo(note, err=True)
    if is_incomplete:
        sys.exit(3)


def _export(graph: AssetGraph, form: str, output: Path | None, part: Any) -> None:
    from scanner.emit.files import made_folder, write_file
    from scanner.graph.export import export, files

    if form == "csv" and output is not None and output.suffix != ".zip":
        for name, data in files(graph, part).items():
            made_folder(output)
            write_file(output / name, data)
            click.echo(f"wrote {output / name}", err=True)
        return
    _write(export(graph, form, part), output)


def _write(data: bytes, output: Path | None) -> None:
    from scanner.emit.files import write_file

    if output is None:
        write_bytes(data)
    else:
        write_file(output, data)
        click.echo(f"wrote {output}", err=True)
