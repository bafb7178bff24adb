"""``shadow-ai explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, end, json_option, need_config, write_bytes

if TYPE_CHECKING:
    from scanner.assess.policies import Situation
    from scanner.model.base import NodeId
    from scanner.reconcile.explaining import Explanation


_MOST_ACCOUNTS = 8


@click.command("explain")
@click.argument("asset")
@config_option
@json_option
def command(asset: str, config_path: Path | None, as_json: bool) -> None:
    """Why ASSET stands as it does towards the registry: the proof, and what was not chosen.

    ASSET is a uid of the document, the end of one, or a name, while that is unique.
    """
    from scanner.app.graphing import limits, scanned
    from scanner.model.base import encode
    from scanner.model.errors import ConfigError
    from scanner.reconcile.explaining import explain

    situation = scanned(need_config(config_path))
    found = explain(situation.graph, situation.reconciliation, _meant(situation, asset))
    if found is None:
        raise ConfigError(f"`{asset}`: nothing is said about it; it is neither AI nor a credential")
    if as_json:
        write_bytes(encode(found) + b"\n")
    else:
        _show(found)
    end(limits(situation))


def _meant(situation: Situation, text: str) -> NodeId:
    from scanner.model.base import NodeId
    from scanner.model.errors import ConfigError

    standings = situation.reconciliation.standings
    if text in standings:
        return NodeId(text)
    found = [
        ident
        for ident in standings
        if ident.endswith(text)
        or ((node := situation.graph.node(ident)) is not None and node.name == text)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(f"no asset is `{text}`; `shadow-ai registry status` lists them")
    raise ConfigError(f"{len(found)} assets end so, such as {found[0]} and {found[1]}")


def _show(found: Explanation) -> None:
    standing = found.standing
    click.echo(f"{found.name}\n{found.asset}")
    click.echo(f"{standing.status}" + (f": {standing.entry}" if standing.entry else ""))
    if found.tenancy:
        click.echo("used by accounts: " + ", ".join(f"{n} {t}" for t, n in found.tenancy.items()))
    for who in found.personal[:_MOST_ACCOUNTS]:
        click.echo(f"  a person's own: {who}")
    for drift in standing.drift:
        click.echo(f"  outside what is approved: {drift}")
    click.echo("proof" if found.matches else f"proof: {standing.reason}")
    for match in found.matches:
        click.echo(f"  {match.match_class:10} {match.score:3}  {match.entry}: {match.reason}")
    if found.declared:
        click.echo("declares itself: " + ", ".join(found.declared))
    if found.rejected:
        click.echo("not chosen")
    for one in found.rejected:
        click.echo(f"  {'':10} {one.score:3}  {one.entry} ({one.name}): {one.why}")
    click.echo("can be bound by")
    for key in found.keys[:8]:
        click.echo(f"  {key}")
