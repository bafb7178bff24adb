"""Edges of a record by its table's rules, and the words of targets and tags that no vendor owns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from scanner.kit.expressions import expression
from scanner.kit.tabled.reading import Node, Reading, Target
from scanner.kit.tables import EdgeRule, ResourceType, fill, provider_of, values
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge, Relation
from scanner.model.items import Item
from scanner.model.keys import canonical_remote

CLASSIFICATION_TAGS = (
    "data-classification", "dataclassification", "data_classification", "classification",
    "sensitivity",
)  # fmt: skip
REPOSITORY_TAGS = (
    "repository", "repo", "git-repo", "git_repo", "gitrepo", "git-repository", "git_repository",
    "repository-url", "repository_url", "repo-url", "repo_url", "source-repo", "source_repo",
    "git_remote", "git-remote", "vcs", "vcs-url", "vcs_url",
)  # fmt: skip
_WITHIN = expression(r"/-/|/(?:tree|blob|src|commit|commits|raw|edit)/")
"""Where the address of something inside a repository leaves that of the repository."""


def edges(
    kind: ResourceType,
    rules: tuple[EdgeRule, ...],
    record: Mapping[str, Any],
    ident: str,
    evidence: Evidence,
    reading: Reading,
) -> Iterator[Item]:
    for rule in rules:
        if rule.target == "provider":
            provider = NodeId(f"provider:{provider_of(kind, record)}")
            yield edge_of(NodeId(ident), provider, rule.relation, evidence)
            continue
        # Without a path the whole record is the one value: it says that there is an edge, no more.
        told = _told(rule, record) if rule.path else ("",)
        for value in told:
            target, node = _target(rule, value, reading)
            if node is not None:
                yield node
            if target:
                reading.used |= {target, value}
                ends = (target, ident) if rule.is_inverse else (ident, target)
                said = address(value) if rule.target == "site" else value
                yield edge_of(NodeId(ends[0]), NodeId(ends[1]), rule.relation, evidence, said)


def leads_to_listed(
    rules: tuple[EdgeRule, ...], record: Mapping[str, Any], reading: Reading
) -> bool:
    """Whether an edge of the record ends in what its shard has listed."""
    return any(
        _target(rule, value, reading)[0] in reading.listed
        for rule in rules
        for value in _told(rule, record)
    )


def _told(rule: EdgeRule, record: Mapping[str, Any]) -> Iterator[str]:
    for value in values(record, rule.path):
        yield from str(value).split(rule.split) if rule.split else (str(value),)


def _target(rule: EdgeRule, value: str, reading: Reading) -> tuple[str, Node | None]:
    """The id that a value stands for, and the node where it is told nowhere else."""
    made = reading.targets.get(rule.target) or WORDS.get(rule.target)
    if made is not None:
        return made(value, reading)
    if rule.target.startswith("kind:"):
        other = rule.target.removeprefix("kind:")
        known = reading.names.get(other, {}).get(value)
        return known or reading.unlisted(other, value), None
    if rule.path and not value:
        return "", None
    if reading.is_id(value):
        # A text that makes an id is for what is none yet.
        return reading.whole(value) if reading.is_id(rule.target) else value, None
    return reading.spelled(fill(rule.target, {}, {**reading.scope, "value": value})), None


def remote(value: str) -> str:
    """The node of the repository at an address; what is no address of one is empty."""
    found = canonical_remote(value if "://" in value or "@" in value else f"https://{value}")
    found = _WITHIN.split(found, maxsplit=1)[0].removesuffix(".git")
    host, _, path = found.partition("/")
    return f"git:{found}" if "." in host and "/" in path else ""


def repository_edges(tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
    """People note in tags which repository a thing comes from."""
    for key, value in tags.items():
        if key.casefold() in REPOSITORY_TAGS and (found := remote(value)):
            yield edge_of(NodeId(ident), NodeId(found), Relation.DERIVED_FROM, evidence, key)


def _site(value: str, reading: Reading) -> tuple[str, Node | None]:
    try:
        host = urlsplit(value if "://" in value else f"https://{value}").hostname or value
    except ValueError:
        return "", None  # no address at all
    site = f"https://{host}"
    return site, DataStore(id=NodeId(site), kind=SITE, name=host, store_class="web")


_MOST_WORD = 20
"""Characters of a path's part that is shown: longer ones are keys of hooks and sessions."""


def address(value: str) -> str:
    """What may be shown of an address: no user, no query, no part of its path that may be a key."""
    try:
        split = urlsplit(value if "://" in value else f"//{value}")
        host = split.hostname or ""
        port = f":{split.port}" if split.port else ""
    except ValueError:
        return ""
    parts = split.path.split("/")
    is_hook = any("hook" in part.lower() for part in (host, *parts))
    shown = [
        part
        if len(part) <= _MOST_WORD and not (is_hook and any(c.isdigit() for c in part))
        else "..."
        for part in parts
    ]
    scheme = f"{split.scheme}://" if split.scheme else ""
    return f"{scheme}{host}{port}{'/'.join(shown)}".rstrip("/")


SITE = "web.site"
WORDS: Mapping[str, Target] = {
    "site": _site,
    "repository": lambda value, reading: (remote(value), None),
}
"""Targets that every table may use, besides ``provider``, ``kind:`` and texts."""


def edge_of(
    source: NodeId, target: NodeId, relation: Relation, evidence: Evidence, detail: str = ""
) -> Edge:
    shown = detail if detail != target else ""
    return Edge(source=source, target=target, relation=relation, evidence=(evidence,), detail=shown)
