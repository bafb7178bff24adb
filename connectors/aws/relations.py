"""Edges of a record: by its table's rules, and by what its tags say of where it comes from.

Buckets that AI reads and writes are looked at once, for their classification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.aws import arns
from connectors.aws.reading import Reading, first_tag
from scanner.kit.expressions import expression
from scanner.kit.tables import EdgeRule, ResourceType, fill, tags_of, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation
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
    "git_remote", "git-remote", "vcs", "vcs-url", "vcs_url",
)  # fmt: skip
_WITHIN = expression(r"/-/|/(?:tree|blob|src|commit|commits|raw|edit)/")
"""Where the address of something inside a repository leaves that of the repository."""
STORES = {
    "aoss": ("aws.aoss", "vector_store"),
    "es": ("aws.es", "vector_store"),
    "rds": ("aws.rds", "vector_store"),
    "s3vectors": ("aws.s3vectors", "vector_store"),
    "neptune-graph": ("aws.neptune-graph", "vector_store"),
    "kendra": ("aws.kendra", "vector_store"),
    "redshift": ("aws.redshift", "warehouse"),
    "redshift-serverless": ("aws.redshift", "warehouse"),
    "kinesis": ("aws.kinesis_stream", "stream"),
}
"""Service of an ARN -> kind and class of the store that AI reads or fills."""
LOG_GROUP = "aws.log_group"
SESSION = "aws.role_session"
KINDS = frozenset(
    {"aws.s3_bucket", "web.site", LOG_GROUP, SESSION, *(k for k, _ in STORES.values())}
)
"""Of the nodes that edges lead to and no list tells."""
Node = DataStore | Identity


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
        # Without a path the whole record is the one value: it says that there is an edge, no more.
        told = (str(value) for value in values(record, rule.path)) if rule.path else ("",)
        for value in told:
            target, node = _target(rule, value, reading)
            if node is not None:
                yield node
            if target:
                reading.used |= {target, value}
                ends = (target, ident) if rule.is_inverse else (ident, target)
                yield edge_of(NodeId(ends[0]), NodeId(ends[1]), rule.relation, evidence, value)


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
    found = _WITHIN.split(found, maxsplit=1)[0].removesuffix(".git")
    host, _, path = found.partition("/")
    return NodeId(f"git:{found}") if "." in host and "/" in path else None


def _target(rule: EdgeRule, value: str, reading: Reading) -> tuple[str, Node | None]:
    """The id that a value stands for, and the node where it is told nowhere else."""
    made = _WORDS.get(rule.target)
    if made is not None:
        return made(value, reading)
    if rule.target.startswith("kind:"):
        other = rule.target.removeprefix("kind:")
        known = reading.names.get(other, {}).get(value)
        # What was not listed (denied, deleted) keeps its name, so that the hop is not lost.
        return known or f"aws:{reading.account}/{reading.region}/{other}/{value}", None
    if rule.path and not value:
        return "", None
    if value.startswith("arn:"):
        # A text that makes an ARN is for what is none yet.
        return arns.whole(value) if rule.target.startswith("arn:") else value, None
    return arns.spelled(fill(rule.target, {}, {**reading.scope, "value": value})), None


def _site(value: str, reading: Reading) -> tuple[str, Node | None]:
    host = urlsplit(value if "://" in value else f"https://{value}").hostname or value
    site = f"https://{host}"
    return site, DataStore(id=NodeId(site), kind="web.site", name=host, store_class="web")


def _store(value: str, reading: Reading) -> tuple[str, Node | None]:
    if not value.startswith("arn:"):
        return "", None
    kind, store_class = STORES.get(value.split(":")[2], ("", ""))
    if not kind:
        return value, None  # whatever it is, some list may tell
    name = value.rpartition(":")[2]
    return value, DataStore(id=NodeId(value), kind=kind, name=name, store_class=store_class)


def _log_group(value: str, reading: Reading) -> tuple[str, Node | None]:
    arn = arns.log_group(value, reading.scope)
    name = arn.rpartition(":")[2]
    return arn, DataStore(id=NodeId(arn), kind=LOG_GROUP, name=name, store_class="log")


def _principal(value: str, reading: Reading) -> tuple[str, Node | None]:
    """A session acts as its role, and has the name of a person where people sign in."""
    ident, mail = arns.principal(value)
    if not mail:
        return ident, None
    return ident, Identity(
        id=NodeId(ident), kind=SESSION, name=mail, email=mail.lower(),
        principal_type=PrincipalType.HUMAN,
    )  # fmt: skip


def _bucket(value: str, reading: Reading) -> tuple[str, Node | None]:
    name = arns.bucket(value)
    if not name:
        return "", None
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


_WORDS: dict[str, Callable[[str, Reading], tuple[str, Node | None]]] = {
    "bucket": _bucket,
    "store": _store,
    "site": _site,
    "log_group": _log_group,
    "principal": _principal,
    "repository": lambda value, reading: (_remote(value) or "", None),
    "key": lambda value, reading: (arns.key(value, reading.scope), None),
    "model": lambda value, reading: (arns.model(value, reading.scope), None),
    "secret": lambda value, reading: (arns.secret(value, reading.scope), None),
    "role": lambda value, reading: (arns.role(value, reading.scope), None),
    "whole": lambda value, reading: (arns.whole(value), None),
    "unversioned": lambda value, reading: (arns.unversioned(value), None),
}
TARGETS = frozenset({"provider", *_WORDS})
"""Words that a table may use as a target, besides ``kind:`` and texts."""


def edge_of(
    source: NodeId, target: NodeId, relation: Relation, evidence: Evidence, detail: str = ""
) -> Edge:
    shown = detail if detail != target else ""
    return Edge(source=source, target=target, relation=relation, evidence=(evidence,), detail=shown)
