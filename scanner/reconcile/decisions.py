"""What people have decided about links between assets and entries, kept in a file beside the
registry, so that a decision is reviewed like any other change.

Owns when a decision holds: until it expires, and as long as what it was made on is what is there.
A decision that holds no more is told, and the question is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from scanner.model.base import Model, NodeId, digest
from scanner.model.errors import RegistryError
from scanner.model.facts import Asset, Credential
from scanner.model.registry import RegistryEntry
from scanner.reconcile.keys import key_form, keys_of
from scanner.rulebook.documents import read_yaml


class Verdict(StrEnum):
    SAME = "same"
    """The asset belongs to the entry."""
    DIFFERENT = "different"
    """It does not, whatever they look like."""


class Decision(Model, frozen=True, kw_only=True):
    asset: NodeId
    entry: str
    verdict: Verdict
    author: Annotated[str, msgspec.Meta(min_length=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    at: str
    expires_at: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}")]
    seen: str = ""
    """A mark of what it was made on; empty: it holds whatever the two become."""


class _File(Model, frozen=True, kw_only=True):
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class Remembered:
    """The decisions that hold, and what became of the others."""

    same: Mapping[NodeId, tuple[Decision, ...]] = field(default_factory=dict)
    different: frozenset[tuple[NodeId, str]] = frozenset()
    lapsed: tuple[str, ...] = ()


def mark_of(node: Asset | Credential, entry: RegistryEntry) -> str:
    """Changes when a decision should be made again: another name, provider or kind, or an entry of
    another name. Versions, tags and owners come and go."""
    provider = node.provider if isinstance(node, Asset) else node.issuer
    return digest([node.kind, node.name, provider, entry.name], 8)


def read(path: Path) -> tuple[Decision, ...]:
    """None are decided where there is no file yet. Raises ``RegistryError``."""
    if not path.is_file():
        return ()
    return read_yaml(path, _File, RegistryError).decisions


def render(decisions: Sequence[Decision]) -> bytes:
    """The whole file; one decision a pair, in order, so that changes of it read well."""
    import yaml

    latest = _latest(decisions)
    rows: list[dict[str, Any]] = [
        {key: value for key, value in msgspec.to_builtins(latest[pair]).items() if value}
        for pair in sorted(latest)
    ]
    head = "# Decided by people with `shadow-ai registry review`; the latest of a pair holds.\n"
    text = yaml.safe_dump({"decisions": rows}, sort_keys=False, allow_unicode=True, width=100)
    return (head + str(text)).encode()


def _latest(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """The last of each pair holds; of two that were made at one time the one that rules out."""
    ordered = sorted(decisions, key=lambda d: (d.at, d.verdict is Verdict.DIFFERENT))
    return {(one.asset, one.entry): one for one in ordered}


def _is_as_it_was(
    one: Decision, node: Asset | Credential, entry: RegistryEntry, before: bool
) -> bool:
    if not one.seen or (before and one.verdict is Verdict.DIFFERENT):
        return True
    return one.seen == mark_of(node, entry)


def _about(
    decisions: Iterable[Decision], nodes: Mapping[NodeId, Asset | Credential]
) -> Iterator[Decision]:
    """Those about ``nodes``, under their ids. What is ruled out for a thing is so for its parts."""
    by_key: dict[str, dict[NodeId, None]] = {}
    for ident, node in nodes.items():
        for key in keys_of(node):
            if not key.startswith("tag:"):
                by_key.setdefault(key, {})[ident] = None
    for one in decisions:
        for ident in by_key.get(one.asset) or by_key.get(key_form(one.asset)) or ():
            if ident == one.asset or one.verdict is Verdict.DIFFERENT or "#" not in ident:
                yield msgspec.structs.replace(one, asset=ident)


def holding(
    decisions: Iterable[Decision],
    nodes: Mapping[NodeId, Asset | Credential],
    entries: Mapping[str, RegistryEntry],
    today: str,
    *,
    before: bool = False,
) -> Remembered:
    """``today``: ISO date or time; empty: nothing expires. ``before``: the nodes are judged before
    they are there and show a part of themselves, so that a decision is found by any of their keys,
    and what a person has ruled out stays so, whatever they are called yet."""
    same: dict[NodeId, list[Decision]] = {}
    different: set[tuple[NodeId, str]] = set()
    lapsed: list[str] = []
    made = _latest(decisions).values()
    for one in _about(made, nodes) if before else made:
        node, entry = nodes.get(one.asset), entries.get(one.entry)
        said = f"decision of {one.author} on {one.asset} and {one.entry}"
        if today and one.expires_at < today[: len(one.expires_at)]:
            lapsed.append(f"{said}: expired {one.expires_at}")
        elif entry is None:
            lapsed.append(f"{said}: the registry has no such entry")
        elif node is None:
            continue  # not seen in this scan; nothing is asked about it either
        elif not _is_as_it_was(one, node, entry, before):
            lapsed.append(f"{said}: what it was made on has changed")
        elif one.verdict is Verdict.SAME:
            same.setdefault(one.asset, []).append(one)
        else:
            different.add((one.asset, one.entry))
    return Remembered(
        same={ident: tuple(found) for ident, found in same.items()},
        different=frozenset(different),
        lapsed=tuple(lapsed),
    )
