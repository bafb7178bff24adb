"""Edges of a record: by its table's rules, and by what its tags say of where it comes from.

Buckets that AI reads and writes are looked at once, for their classification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.aws.reading import Reading, first_tag
from scanner.kit.expressions import expression
from scanner.kit.tables import EdgeRule, ResourceType, fill, tags_of, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge, Relation
from scanner.model.items import Item
from scanner.model.keys import canonical_remote

_CLASSIFICATION_TAGS = (
    "data-classification", "dataclassification", "data_classification", "classification",
    "sensitivity",
)  # fmt: skip
_HOLDER_TAGS = ("aws:cloudformation:stack-id", "awsapplication")
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html,
https://docs.aws.amazon.com/servicecatalog/latest/arguide/ar-user-tags.html"""
_REPOSITORY_TAGS = (
    "repository", "repo", "git-repo", "git_repo", "gitrepo", "git-repository", "git_repository",
    "repository-url", "repository_url", "repo-url", "repo_url", "source-repo", "source_repo",
    "git_remote", "git-remote", "vcs", "vcs-url", "vcs_url", "source",
)  # fmt: skip
_BUCKET = expression(r"(?:s3://|arn:[\w-]+:s3:::)([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])", re.I)


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
            yield edge_of(
                NodeId(ident), NodeId(f"provider:{kind.provider}"), rule.relation, evidence
            )
            continue
        for value in values(record, rule.path):
            target, store = _target(rule, str(value), reading)
            if store is not None:
                yield store
            if target:
                yield edge_of(NodeId(ident), NodeId(target), rule.relation, evidence, str(value))


def tag_edges(tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
    """What tags say of where a thing comes from: AWS itself notes the stack and the application,
    people note the repository."""
    for key, value in tags.items():
        lowered = key.casefold()
        if lowered in _HOLDER_TAGS and value.startswith("arn:") and value != ident:
            yield edge_of(NodeId(value), NodeId(ident), Relation.CONTAINS, evidence)
        elif lowered in _REPOSITORY_TAGS and (remote := _remote(value)):
            yield edge_of(NodeId(ident), remote, Relation.DERIVED_FROM, evidence, key)


def _remote(value: str) -> NodeId | None:
    """The node of the repository at an address; what is no address of one is none."""
    found = canonical_remote(value if "://" in value or "@" in value else f"https://{value}")
    host, _, path = found.partition("/")
    return NodeId(f"git:{found}") if "." in host and "/" in path else None


def _target(rule: EdgeRule, value: str, reading: Reading) -> tuple[str, DataStore | None]:
    if rule.target == "bucket":
        return _bucket(value, reading)
    if rule.target == "store" and value.startswith("arn:"):
        service = value.split(":")[2]
        store = DataStore(
            id=NodeId(value), kind=f"aws.{service}", name=value.rpartition(":")[2],
            store_class="vector_store",
        )  # fmt: skip
        return value, store
    if rule.target == "repository":
        return _remote(value) or "", None
    if rule.target == "site":
        host = urlsplit(value if "://" in value else f"https://{value}").hostname or value
        site = f"https://{host}"
        return site, DataStore(id=NodeId(site), kind="web.site", name=host, store_class="web")
    if rule.target.startswith("kind:"):
        other = rule.target.removeprefix("kind:")
        known = reading.names.get(other, {}).get(value)
        # What was not listed (denied, deleted) keeps its name, so that the hop is not lost.
        return known or f"aws:{reading.account}/{reading.region}/{other}/{value}", None
    return fill(rule.target, {}, {**reading.scope, "value": value}), None


def _bucket(value: str, reading: Reading) -> tuple[str, DataStore | None]:
    found = _BUCKET.match(value)
    if not found:
        return "", None
    name = found[1].lower()
    if name not in reading.buckets:
        reading.buckets[name] = _bucket_store(name, reading)
    return f"arn:{reading.partition}:s3:::{name}", reading.buckets[name]


def _bucket_store(name: str, reading: Reading) -> DataStore:
    """A bucket by its tags. Whoever may not read them still knows that the bucket is used: it may
    belong to another account, so this is no gap of the shard."""
    tags: dict[str, str] = {}
    said = ""
    op = "s3:GetBucketTagging"
    try:
        answer = reading.access.call(reading.account, reading.region, op, {"Bucket": name})
        tags = tags_of(answer.get("TagSet"))
    except (Denied, Unavailable, Throttled, NotEnabled) as error:
        said = "" if "NoSuchTagSet" in str(error) else f"classification unknown: {error}"
    ident = NodeId(f"arn:{reading.partition}:s3:::{name}")
    return DataStore(
        id=ident,
        kind="aws.s3_bucket",
        name=name,
        store_class="object_store",
        classification=first_tag(tags, _CLASSIFICATION_TAGS),
        tags=tags,
        evidence=(Evidence(rule=op, source="aws", resource=ident, preview=said),),
    )  # fmt: skip


def edge_of(
    source: NodeId, target: NodeId, relation: Relation, evidence: Evidence, detail: str = ""
) -> Edge:
    shown = detail if detail != target else ""
    return Edge(source=source, target=target, relation=relation, evidence=(evidence,), detail=shown)
