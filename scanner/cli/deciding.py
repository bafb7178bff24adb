"""``shadow-ai findings accept | suppress | reopen | end | decisions``."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scanner.cli.options import config_option, json_option, write_bytes
from scanner.cli.states import is_one, open_state, state_option

if TYPE_CHECKING:
    from scanner.model.decision import Decision, Selector
    from scanner.store.state import State

_Command = TypeVar("_Command", bound=Callable[..., Any])
_GROUNDS = ("accepted_risk", "false_positive", "exempt_by_policy", "duplicate",
            "compensating_control")  # fmt: skip


def _user() -> str:
    """Of the machine, by its own list of accounts where the environment names none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such account, or no such list (Windows)
        return ""


def _common(function: _Command) -> _Command:
    for option in reversed((
        config_option,
        json_option,
        state_option,
        click.option("--reason", required=True, metavar="WORDS",
                     help="Why, for those who ask later."),
        click.option("--by", metavar="WHO", default=_user,
                     help="Who decides (default: the user of this machine)."),
    )):  # fmt: skip
        function = option(function)
    return function


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@click.command("accept")
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@click.option("--until", required=True, metavar="DAY", help="The last day it stands (YYYY-MM-DD).")
@click.option("--ground", type=click.Choice(_GROUNDS), default="accepted_risk", show_default=True,
              help="What kind of reason it is.")  # fmt: skip
@_common
def accept(
    fingerprints: tuple[str, ...],
    until: str,
    ground: str,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    reason: str,
    by: str,
) -> None:
    """Bear the risk of findings until a day. FINGERPRINTs may be shortened while they stay unique.

    They are shown as accepted, count for no exit code, and are open again when the day is past or
    `findings reopen` withdraws it. What is fixed meanwhile is resolved.
    """
    from scanner.model.decision import Selector, Verb

    with open_state(config_path, state_path) as state:
        marks = tuple(is_one(state, one).fingerprint for one in fingerprints)
        _decide(
            state, Verb.ACCEPT, Selector(fingerprints=marks), ground, reason, by, until, as_json
        )


@click.command("suppress")
@click.option(
    "--policy", default="", metavar="ID", help="Findings of this policy; * and ? as in file names."
)
@click.option("--asset", default="", metavar="ID", help="Of assets with this id.")
@click.option("--path", default="", metavar="PATH", help="Whose every place is at such a path.")
@click.option("--owner", default="", metavar="WHO", help="Of this owner.")
@click.option("--until", required=True, metavar="DAY", help="The last day it stands (YYYY-MM-DD).")
@click.option(
    "--ground", type=click.Choice(_GROUNDS), required=True, help="What kind of reason it is."
)
@_common
def suppress(
    policy: str,
    asset: str,
    path: str,
    owner: str,
    until: str,
    ground: str,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    reason: str,
    by: str,
) -> None:
    """Say of all findings of a kind, present and to come, that they are of no interest until a day.

    All that is given must hold. Each scan says which rules speak of nothing.
    """
    from scanner.model.decision import Selector, Verb

    selector = Selector(policy=policy, asset=asset, path=path, owner=owner)
    with open_state(config_path, state_path) as state:
        _decide(state, Verb.SUPPRESS, selector, ground, reason, by, until, as_json)


def _decide(
    state: State,
    verb: Any,
    selector: Selector,
    ground: str,
    reason: str,
    by: str,
    until: str,
    as_json: bool,
) -> None:
    from scanner.app.deciding import decide
    from scanner.graph.build import AssetGraph
    from scanner.model.base import encode
    from scanner.model.decision import Ground

    graph = AssetGraph(state.facts()) if selector.path else None
    made, met = decide(
        state, graph, verb, selector, ground=Ground(ground), reason=reason, by=by, until=until,
        now=_now(),
    )  # fmt: skip
    if as_json:
        write_bytes(encode({"decision": made, "findings": met}) + b"\n")
        return
    click.echo(f"{made.id}: {made}")
    for finding in met:
        click.echo(f"  {finding.fingerprint[:15]} {finding.status} {finding.title}")
    if not met:
        click.echo("  no finding of the state is meant; those to come may be")


@click.command("reopen")
@click.argument("which", metavar="DECISION|FINGERPRINT")
@_common
def reopen(
    which: str,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    reason: str,
    by: str,
) -> None:
    """Withdraw a decision, by its id or by a finding that it stands over. All that it stood
    over are open again; the decision is kept, with who withdrew it and why. What stands over one of
    them still is told."""
    from scanner.app.deciding import undo, undo_all
    from scanner.model.base import encode

    with open_state(config_path, state_path) as state:
        if which.startswith("d-"):
            one, met = undo(state, which, by=by, reason=reason, now=_now())
            gone: tuple[Decision, ...] = (one,)
        else:
            gone, met = undo_all(state, is_one(state, which), by=by, reason=reason, now=_now())
    if as_json:
        write_bytes(encode({"decision": gone[0], "decisions": gone, "findings": met}) + b"\n")
        return
    for one in gone:
        click.echo(f"{one.id}: withdrawn")
    for finding in met:
        click.echo(f"  {finding.fingerprint[:15]} {finding.status} {finding.title}")
    for left in sorted({(one.decision, one.decided) for one in met if one.decision}):
        click.echo(f"note: {left[0]} still stands: {left[1]}", err=True)


@click.command("end")
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT]...")
@click.option("--shard", default="", metavar="ID",
              help="Whose every place is such a shard, as coverage calls it; * and ?.")  # fmt: skip
@click.option("--policy", default="", metavar="ID", help="Of this policy.")
@click.option("--asset", default="", metavar="ID", help="Of assets with this id.")
@click.option("--owner", default="", metavar="WHO", help="Of this owner.")
@_common
def end(
    fingerprints: tuple[str, ...],
    shard: str,
    policy: str,
    asset: str,
    owner: str,
    config_path: Path | None,
    as_json: bool,
    state_path: Path | None,
    reason: str,
    by: str,
) -> None:
    """End findings that are held because what they stand on is not scanned any more: a repository
    that was taken out of the configuration, a source that is gone.

    They are resolved, with who and why in the history; one that a scan ever sees again is reopened.
    """
    from scanner.app.ending import end as ending
    from scanner.model.base import encode
    from scanner.model.decision import Selector

    with open_state(config_path, state_path) as state:
        marks = tuple(is_one(state, one).fingerprint for one in fingerprints)
        selector = Selector(fingerprints=marks, policy=policy, asset=asset, owner=owner)
        met = ending(state, selector, shard, by=by, reason=reason, now=_now())
    if as_json:
        write_bytes(encode(met) + b"\n")
        return
    for finding in met:
        click.echo(f"{finding.fingerprint[:15]} {finding.status} {finding.title}")


@click.command("decisions")
@config_option
@json_option
@state_option
@click.option("--all", "is_all", is_flag=True, help="Those that ended or were withdrawn, too.")
def decisions(
    config_path: Path | None, as_json: bool, state_path: Path | None, is_all: bool
) -> None:
    """What people have decided, the latest first, and over how many findings it stands."""
    from collections import Counter

    from scanner.emit.table import print_rows
    from scanner.model.base import encode
    from scanner.store.decisions import decisions as stored
    from scanner.store.decisions import unreadable

    now = _now()
    with open_state(config_path, state_path) as state:
        rows = [one for one in stored(state) if is_all or one.stands(now)]
        counts = Counter(finding.decision for finding in state.findings().values())
        for lost in unreadable(state):
            click.echo(lost, err=True)
    if as_json:
        write_bytes(encode([{"decision": one, "findings": counts[one.id]} for one in rows]) + b"\n")
        return
    print_rows(
        ("id", "what", "ground", "by", "until", "stands", "findings", "reason"),
        [
            (
                one.id,
                str(one.verb),
                str(one.ground),
                one.by,
                one.until,
                "yes" if one.stands(now) else ("withdrawn" if one.withdrawn_at else "ended"),
                str(counts[one.id]),
                one.reason,
            )
            for one in rows
        ],
        title=f"Decisions: {len(rows)}",
    )
