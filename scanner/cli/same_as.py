"""``shadow-ai graph same-as``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, json_option, need_config

if TYPE_CHECKING:
    from scanner.model.facts import Edge


@click.group("same-as")
def command() -> None:
    """What several sources show and is one thing: see, confirm and undo.

    Rules (rules/same-as) merge what is sure and name candidates for the rest. What you confirm or
    undo is remembered in the state and holds for every scan.
    """


@command.command("list")
@config_option
@click.option("--merged", is_flag=True, help="Also what is merged, and why.")
@json_option
def list_pairs(config_path: Path | None, merged: bool, as_json: bool) -> None:
    """Candidates that wait for a decision; pairs that were told apart."""
    from scanner.app.graphing import limits, scanned
    from scanner.model.base import encode

    situation = scanned(need_config(config_path))
    found, notes = situation.graph.entities, limits(situation)
    parts = {"candidate": found.candidates, "apart": found.refused}
    if merged or as_json:
        parts = {"merged": found.accepted, **parts}
    if as_json:
        click.echo(encode([_row(state, e) for state, edges in parts.items() for e in edges]))
        _end(notes)
        return
    for state, edges in parts.items():
        for edge in edges:
            click.echo(f"{state}: {edge.source}\n    and {edge.target}\n    {_why(edge)}")
    click.echo(
        f"{len(found.accepted)} merged, {len(found.candidates)} candidates, "
        f"{len(found.refused)} told apart",
        err=True,
    )
    _end(notes)


def _end(notes: tuple[str, ...]) -> None:
    for note in notes:
        click.echo(note, err=True)
    if notes:
        sys.exit(3)


@command.command("confirm")
@click.argument("one")
@click.argument("other")
@click.option("--note", default="", help="Why, for whoever reads it later.")
@config_option
def confirm(one: str, other: str, note: str, config_path: Path | None) -> None:
    """ONE and OTHER are the same thing."""
    _decide(config_path, (one, other), "same", note)


@command.command("undo")
@click.argument("one")
@click.argument("other")
@click.option("--note", default="", help="Why, for whoever reads it later.")
@config_option
def undo(one: str, other: str, note: str, config_path: Path | None) -> None:
    """ONE and OTHER are two things, whatever the rules say."""
    _decide(config_path, (one, other), "different", note)


@command.command("forget")
@click.argument("one")
@click.argument("other")
@config_option
def forget(one: str, other: str, config_path: Path | None) -> None:
    """Drop what was decided of ONE and OTHER; the rules judge again."""
    _decide(config_path, (one, other), "", "")


def _decide(config_path: Path | None, ends: tuple[str, str], word: str, note: str) -> None:
    from scanner.app.graphing import decide, scanned
    from scanner.model.decisions import Verdict

    loaded = need_config(config_path)
    verdict = Verdict(word) if word else None
    left, right = decide(loaded, scanned(loaded).graph, ends, verdict, note)
    said = {"same": "one thing", "different": "two things", "": "judged by the rules again"}[word]
    click.echo(f"{left} and {right}: {said}")


def _why(edge: Edge) -> str:
    said = "; ".join(f"{item.rule}: {item.preview}" for item in edge.evidence)
    return said + (f" ({edge.detail})" if edge.detail else "")


def _row(state: str, edge: Edge) -> dict[str, object]:
    return {
        "state": state,
        "one": edge.source,
        "other": edge.target,
        "confidence": str(edge.confidence),
        "detail": edge.detail,
        "reasons": [{"rule": item.rule, "reason": item.preview} for item in edge.evidence],
    }
