"""What the values of AWS's records name, and what its tags say of where a thing comes from.

Buckets that AI reads and writes are looked at once, for their classification.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.aws import arns
from scanner.kit.tabled.edges import (
    CLASSIFICATION_TAGS,
    REPOSITORY_TAGS,
    SITE,
    edge_of,
    remote,
    repository_edges,
)
from scanner.kit.tabled.reading import Node, Target, first_tag
from scanner.kit.tables import Call, tags_of
from scanner.kit.values import loose_json
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation

if TYPE_CHECKING:
    from connectors.aws.reading import AwsReading

_HOLDER_TAGS = ("aws:cloudformation:stack-id", "awsapplication")
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html,
https://docs.aws.amazon.com/servicecatalog/latest/arguide/ar-user-tags.html"""
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
KINDS = frozenset({"aws.s3_bucket", SITE, LOG_GROUP, SESSION, *(k for k, _ in STORES.values())})
"""Of the nodes that edges lead to and no list tells."""


def tag_edges(tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
    """What tags say of where a thing comes from: AWS itself notes the stack and the application,
    people note the repository."""
    for key, value in tags.items():
        lowered = key.casefold()
        if lowered in _HOLDER_TAGS and value.startswith("arn:") and value != ident:
            yield edge_of(NodeId(value), NodeId(ident), Relation.CONTAINS, evidence)
    yield from repository_edges(tags, ident, evidence)


def _store(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    if not value.startswith("arn:"):
        return "", None
    kind, store_class = STORES.get([*value.split(":"), "", ""][2], ("", ""))
    if not kind:
        return value, None  # whatever it is, some list may tell
    name = value.rpartition(":")[2]
    return value, DataStore(id=NodeId(value), kind=kind, name=name, store_class=store_class)


_SOURCES = frozenset({*REPOSITORY_TAGS, "sourcecodeurl", "homepageurl"})
"""With what the Serverless Application Repository says of a template
(https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
serverless-sam-template-publishing-applications-metadata-properties.html)."""
_MOST_DEPTH = 8


def _template_repository(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    """The first address of a repository under a key that says so, at whatever depth of a
    template's ``Metadata`` (JSON as text: https://docs.aws.amazon.com/AWSCloudFormation/latest/
    APIReference/API_GetTemplateSummary.html)."""
    waiting: list[tuple[Any, int]] = [(loose_json(value.encode()), 0)]
    while waiting:
        found, depth = waiting.pop(0)
        if isinstance(found, Mapping):
            for key, inner in found.items():
                is_named = isinstance(inner, str) and str(key).casefold() in _SOURCES
                if is_named and (ident := remote(inner)):
                    return ident, None
        below = found.values() if isinstance(found, Mapping) else found
        if depth < _MOST_DEPTH and isinstance(found, (Mapping, list)):
            waiting += [(one, depth + 1) for one in below]
    return "", None


def _log_group(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    arn = arns.log_group(value, reading.scope)
    name = arn.rpartition(":")[2]
    return arn, DataStore(id=NodeId(arn), kind=LOG_GROUP, name=name, store_class="log")


def _principal(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    """A session acts as its role, and has the name of a person where people sign in."""
    ident, mail = arns.principal(value)
    if not mail:
        return ident, None
    return ident, Identity(
        id=NodeId(ident), kind=SESSION, name=mail, email=mail.lower(),
        principal_type=PrincipalType.HUMAN,
    )  # fmt: skip


def _bucket(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    name = arns.bucket(value)
    if not name:
        return "", None
    if name not in reading.buckets:
        reading.buckets[name] = _bucket_store(name, reading)
    return f"arn:{reading.partition}:s3:::{name}", reading.buckets[name]


def _bucket_store(name: str, reading: AwsReading) -> DataStore:
    """A bucket by its tags. Whoever may not read them still knows that the bucket is used: it may
    belong to another account, so this is no gap of the shard."""
    tags: dict[str, str] = {}
    said = ""
    op = "s3:GetBucketTagging"
    try:
        answer = reading.call(Call(op=op), {"Bucket": name})
        tags = tags_of(answer.get("TagSet"))
    except (Denied, Unavailable, Throttled, NotEnabled) as error:
        said = "" if "NoSuchTagSet" in str(error) else f"classification unknown: {error}"
    ident = NodeId(f"arn:{reading.partition}:s3:::{name}")
    return DataStore(
        id=ident,
        kind="aws.s3_bucket",
        name=name,
        store_class="object_store",
        classification=first_tag(tags, CLASSIFICATION_TAGS),
        tags=tags,
        evidence=(Evidence(rule=op, source="aws", resource=ident, preview=said),),
    )  # fmt: skip


def _bucket_path(value: str, reading: AwsReading) -> tuple[str, Node | None]:
    """``bucket/prefix``, as CodeBuild writes it."""
    return _bucket(value if ":" in value else f"s3://{value}", reading)


TARGETS: Mapping[str, Target] = {
    "bucket": _bucket,
    "bucket_path": _bucket_path,
    "store": _store,
    "log_group": _log_group,
    "principal": _principal,
    "key": lambda value, reading: (arns.key(value, reading.scope), None),
    "model": lambda value, reading: (arns.model(value, reading.scope), None),
    "secret": lambda value, reading: (arns.secret(value, reading.scope), None),
    "role": lambda value, reading: (arns.role(value, reading.scope), None),
    "whole": lambda value, reading: (arns.whole(value), None),
    "template_repository": _template_repository,
    "unversioned": lambda value, reading: (arns.unversioned(value), None),
}
"""Words that AWS's tables may use as a target, besides those of every table."""
