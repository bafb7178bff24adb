"""Terms -> what a person wants to see: which bucket, which table, which endpoint, or every one.

A pattern that stands for one thing becomes that thing's ARN; one that stands for many becomes one
node of its own, never thousands; what has no place of its own in a picture (foundation models) is
told of its provider.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.aws.iam.evaluate import Term
from connectors.aws.iam.globs import covers, is_wild, opened, overlap, shown
from connectors.aws.iam.table import NO_RESOURCE, Access, Table, Thing

_MOST_EXPANDED = 1_000
"""Patterns that one term is taken apart into."""

_LOWERED = ("sagemaker",)
"""Services that write names into their ARNs in lower case, whatever a policy writes."""


class Node(NamedTuple):
    """``is_one``: the thing itself; else all of its kind that a pattern stands for."""

    id: str
    name: str
    thing: Thing
    is_one: bool


@dataclass
class Reached:
    """How one principal reaches one node. Masks are the table's."""

    node: Node
    access: Access
    sure: int = 0
    conditional: int = 0
    within: set[str] = field(default_factory=set)
    """Of what is only reached in part: prefixes, models, tables' indexes."""
    is_whole: bool = False
    why: set[str] = field(default_factory=set)
    excluded: set[str] | None = None
    """What every term of it leaves out."""


def gathered(terms: Iterable[Term], account: str, table: Table) -> dict[tuple[str, str], Reached]:
    """By node and access, in a fixed order."""
    found: dict[tuple[str, str], Reached] = {}
    for term in terms:
        patterns = _narrowed(term)
        for access, mask in term.row.masks.items():
            bits = mask & term.mask
            if bits:
                for pattern in patterns:
                    _add(term, bits, pattern, access, found, account, table)
    return found


def _add(
    term: Term,
    bits: int,
    pattern: str,
    access: Access,
    found: dict[tuple[str, str], Reached],
    account: str,
    table: Table,
) -> None:
    thing = term.row.thing
    node, part = _node(thing, pattern, account, table.partition)
    if thing.only_named and pattern == term.row.arn:
        return
    key = (node.id, access)
    reached = found.get(key)
    if reached is None:
        reached = found[key] = Reached(node, access)
    why = {*term.why}
    left_out = {shown(one) for one in term.minus if overlap(one, pattern)}
    for unless in term.unless:
        if unless.are_not or any(covers(one, pattern) for one in unless.patterns):
            why.update(unless.why)
        else:
            by = ", ".join(unless.why)
            left_out.update(f"{shown(one)} (by {by})" for one in unless.patterns)
    if why:
        reached.conditional |= bits
        reached.why |= why
    else:
        reached.sure |= bits
    if part:
        reached.within.add(part)
    elif thing.is_model or not (thing.provider or thing.flat):
        reached.is_whole = True
    reached.excluded = left_out if reached.excluded is None else reached.excluded & left_out


def _narrowed(term: Term) -> list[str]:
    """The term's pattern, or the narrower ones that its clauses leave of it."""
    patterns = [term.pattern]
    for clause in term.within:
        made: dict[str, None] = {}
        for pattern in patterns:
            for one in clause:
                if covers(one, pattern):
                    made[pattern] = None
                elif covers(pattern, one):
                    made[one] = None
                elif overlap(one, pattern):
                    made[pattern] = None
        if len(made) > _MOST_EXPANDED:
            break
        patterns = list(made)
    return patterns


def _node(thing: Thing, pattern: str, account: str, partition: str) -> tuple[Node, str]:
    """The node of a pattern, and what part of it is meant (empty: all)."""
    pattern = opened(pattern)
    provider = Node(f"provider:{thing.provider}", "", thing, False)
    if thing.provider and not thing.exact:
        part = shown(pattern.split(":", 5)[-1].partition("/")[2]) if thing.is_model else ""
        return provider, "" if part == "*" else part
    region, owner, resource = _segments(pattern)
    form = thing.arns[0]
    parts = resource.split("/")
    named = "/".join(parts[: thing.depth]) if thing.depth else resource
    rest = "/".join(parts[thing.depth :]) if thing.depth else ""
    if thing.depth and len(parts) < thing.depth and not named.endswith("*"):
        named = resource
    first, slash, name = named.partition("/")
    named = thing.renamed.get(first, first) + slash + name
    is_bucket = ":s3:::" in form
    owner = "" if is_bucket else owner if owner.isdecimal() else account
    part = "" if rest in ("", "*") or thing.renamed else shown(rest)
    if not is_wild(named) and (is_bucket or not is_wild(region)):
        service = form.split(":")[2]
        if service in _LOWERED:
            named = named.lower()
        arn = f"arn:{partition}:{service}:{'' if is_bucket else region}:{owner}:{shown(named)}"
        return Node(arn, shown(_own_name(thing, named)), thing, True), part
    if thing.provider:
        return provider, ""
    return _many(thing, region, owner, _own_name(thing, named), account), part


def _segments(pattern: str) -> tuple[str, str, str]:
    """Region, account and resource of a pattern; stars where it leaves them open."""
    parts = pattern.split(":", 5)
    if pattern == NO_RESOURCE or len(parts) < 6:
        return "*", "*", "*"
    region, owner = (part if part.strip("?*") else "*" for part in parts[3:5])
    return region, owner, parts[5]


def _own_name(thing: Thing, named: str) -> str:
    """Without the word for its kind before it (``table/``, ``secret:``)."""
    prefix = thing.arns[0].split(":", 5)[-1].partition("*")[0]
    if not prefix:
        return named
    for first in (prefix, *(f"{word}/" for word in thing.renamed.values())):
        if named.startswith(first):
            return named.removeprefix(first)
    return "*" if named.endswith("*") and prefix.startswith(named.rstrip("*")) else named


def _many(thing: Thing, region: str, owner: str, name: str, account: str) -> Node:
    regions = "" if region == "*" else region
    owners = "" if owner in ("", account) else owner
    names = "" if not name.strip("*") else name
    marks = "/".join(shown(part) for part in (owners, regions, names) if part)
    said = f"every {thing.noun}"
    if names:
        said += f" named {shown(names)}"
    if regions:
        said += f" in {regions}"
    if owners:
        said += f" of account {owners}"
    ident = f"aws:{account}/any-{thing.id}"
    return Node(f"{ident}/{marks}" if marks else ident, f"{said} that allows it", thing, False)
