"""One shard of the table: records -> assets, edges, bytes for the detector.

A type that may not be listed is a gap and the others go on; a record whose details are denied stays
with what its list has shown. Nothing is ever left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.aws.access import Access
from scanner.kit.expressions import expression
from scanner.kit.tables import (
    Call,
    EdgeRule,
    ResourceType,
    fill,
    first_text,
    tags_of,
    values,
)
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, DataStore, Edge, Relation
from scanner.model.items import Content, Gap, Item, Place

_CLASSIFICATION_TAGS = (
    "data-classification", "dataclassification", "data_classification", "classification",
    "sensitivity",
)  # fmt: skip
_GONE = ("ResourceNotFound", "NoSuchEntity", "Could not find")
_BUCKET = expression(r"(?:s3://|arn:[\w-]+:s3:::)([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])", re.I)


@dataclass
class Reading:
    """What the types of one shard share."""

    access: Access
    account: str
    region: str
    partition: str
    account_environment: str
    environment_keys: tuple[str, ...]
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """kind -> name -> id of what this shard has listed."""
    buckets: dict[str, DataStore] = field(default_factory=dict)

    gaps: list[Gap] = field(default_factory=list)

    @property
    def scope(self) -> dict[str, str]:
        return {"partition": self.partition, "region": self.region, "account": self.account}

    def miss(self, what: str, error: SourceError) -> None:
        """Something of a record could not be read. What was deleted since it was listed is no gap:
        the next scan will not list it."""
        if not any(word in str(error) for word in _GONE):
            self.gaps.append(Gap(what=what, reason=str(error), denied=isinstance(error, Denied)))

    def drain(self) -> Iterator[Gap]:
        yield from self.gaps
        self.gaps.clear()


def read_types(types: tuple[ResourceType, ...], reading: Reading) -> Iterator[Item]:
    """Every record of every type. Raises when not one type could be listed."""
    errors: list[tuple[ResourceType, SourceError]] = []
    for kind in types:
        try:
            yield from _read_type(kind, reading)
        except (Denied, NotEnabled, Throttled, Unavailable) as error:
            errors.append((kind, error))
    if len(errors) == len(types):
        raise _worst(errors)
    for kind, trouble in errors:
        if not isinstance(trouble, NotEnabled):
            yield Gap(what=kind.kind, reason=str(trouble), denied=isinstance(trouble, Denied))


def _worst(errors: list[tuple[ResourceType, SourceError]]) -> SourceError:
    """What a retry may help first, then what was refused; only all together are not enabled."""
    for family in (Throttled, Unavailable, Denied):
        for _, error in errors:
            if isinstance(error, family):
                return error
    return errors[0][1]


def _read_type(kind: ResourceType, reading: Reading) -> Iterator[Item]:
    names = reading.names.setdefault(kind.kind, {})
    for listed in reading.access.pages(reading.account, reading.region, kind.list, {}):
        record: dict[str, Any] = dict(listed)
        seen_by = kind.list.op
        ident = fill(kind.id, record, _named(kind, record, reading))
        if kind.detail:
            found = _detail(kind.detail, record, ident, reading)
            if found:
                record.update(found)
                seen_by = kind.detail.op
        tags = _tags(kind, record, ident, reading)
        names[first_text(record, kind.name)] = ident
        evidence = Evidence(rule=seen_by, source="aws", resource=ident)
        yield _asset(kind, record, ident, tags, evidence, reading)
        account = NodeId(f"aws:account/{reading.account}")
        yield _edge(account, NodeId(ident), Relation.CONTAINS, evidence)
        yield from _edges(kind, kind.edges, record, ident, evidence, reading)
        yield from _contents(kind, record, ident)
        yield from _children(kind, record, ident, reading)
        yield from reading.drain()


def _named(kind: ResourceType, record: Mapping[str, Any], reading: Reading) -> dict[str, str]:
    # An SSM name may begin with the slash that its ARN has anyway.
    return {**reading.scope, "name": first_text(record, kind.name).removeprefix("/")}


def _detail(call: Call, record: Mapping[str, Any], ident: str, reading: Reading) -> dict[str, Any]:
    try:
        answer = reading.access.call(
            reading.account, reading.region, call.op, _args(call, record, ident, reading)
        )
    except (Denied, Unavailable, Throttled) as error:
        reading.miss(ident, error)
        return {}
    found: dict[str, Any] = next(values(answer, call.items), {})
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def _tags(
    kind: ResourceType, record: Mapping[str, Any], ident: str, reading: Reading
) -> dict[str, str]:
    if not kind.tags:
        return tags_of(record.get("Tags") or record.get("tags"))
    args = _args(kind.tags, record, ident, reading)
    try:
        if kind.tags.op == "sagemaker:ListTags":
            paged = Call(op=kind.tags.op, items="Tags[]")
            return tags_of(list(reading.access.pages(reading.account, reading.region, paged, args)))
        answer = reading.access.call(reading.account, reading.region, kind.tags.op, args)
    except (Denied, Unavailable, Throttled) as error:
        reading.miss(f"tags of {ident}", error)
        return {}
    return tags_of(next(values(answer, kind.tags.items), None))


def _args(call: Call, record: Mapping[str, Any], ident: str, reading: Reading) -> dict[str, str]:
    scope = {**reading.scope, "id": ident}
    return {**call.params, **{name: fill(path, record, scope) for name, path in call.args.items()}}


def _asset(
    kind: ResourceType,
    record: Mapping[str, Any],
    ident: str,
    tags: dict[str, str],
    evidence: Evidence,
    reading: Reading,
) -> Asset:
    found = {str(model) for path in kind.models for model in values(record, path)}
    return Asset(
        id=NodeId(ident),
        kind=kind.kind,
        name=first_text(record, kind.name),
        asset_class=kind.asset_class,
        provider=kind.provider,
        account=NodeId(f"aws:account/{reading.account}"),
        region=reading.region,
        environment=first_tag(tags, reading.environment_keys) or reading.account_environment,
        models=tuple(sorted(found)),
        created_at=first_text(record, kind.created_at),
        status=first_text(record, kind.status),
        is_ai=kind.is_ai,
        tags=tags,
        evidence=(evidence,),
    )


def first_tag(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """The value of the first of ``keys``, whatever its case."""
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key.casefold()] for key in keys if folded.get(key.casefold())), "")


def _edges(
    kind: ResourceType,
    rules: tuple[EdgeRule, ...],
    record: Mapping[str, Any],
    ident: str,
    evidence: Evidence,
    reading: Reading,
) -> Iterator[Item]:
    for rule in rules:
        if rule.target == "provider":
            yield _edge(NodeId(ident), NodeId(f"provider:{kind.provider}"), rule.relation, evidence)
            continue
        for value in values(record, rule.path):
            target, store = _target(rule, str(value), reading)
            if store is not None:
                yield store
            if target:
                yield _edge(NodeId(ident), NodeId(target), rule.relation, evidence, str(value))


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


def _edge(
    source: NodeId, target: NodeId, relation: Relation, evidence: Evidence, detail: str = ""
) -> Edge:
    shown = detail if detail != target else ""
    return Edge(source=source, target=target, relation=relation, evidence=(evidence,), detail=shown)


def _contents(kind: ResourceType, record: Mapping[str, Any], ident: str) -> Iterator[Item]:
    """Variables as ``NAME=value`` lines, names as one line: the detector that reads code reads
    them, and what it does not know ends here."""
    if kind.is_name_examined:
        place = Place(subject=NodeId(ident), resource=ident)
        name = first_text(record, kind.name)
        yield Content(place=place, data=f"{name}\n".encode(), rule_sets=("names",))
    for path in kind.environment:
        for variables in values(record, path):
            if isinstance(variables, Mapping) and variables:
                lines = "".join(f"{key}={value}\n" for key, value in sorted(variables.items()))
                place = Place(subject=NodeId(ident), resource=ident, path="environment")
                yield Content(place=place, data=lines.encode())
    error = first_text(record, kind.environment_error)
    if error:
        yield Gap(what=f"variables of {ident}", reason=error, denied="AccessDenied" in error)


def _children(
    kind: ResourceType, record: Mapping[str, Any], ident: str, reading: Reading
) -> Iterator[Item]:
    for child in kind.children:
        args = _args(child.list, record, ident, reading)
        call = child.list
        try:
            for listed in reading.access.pages(reading.account, reading.region, call, args):
                found: dict[str, Any] = {**dict(listed)}
                if child.detail:
                    found.update(_detail(child.detail, found, ident, reading))
                op = (child.detail or child.list).op
                evidence = Evidence(rule=op, source="aws", resource=ident)
                yield from _edges(kind, child.edges, found, ident, evidence, reading)
        except (Denied, Unavailable, Throttled) as error:
            reading.miss(f"{call.op} of {ident}", error)
