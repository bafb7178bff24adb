"""A Terraform or OpenTofu plan -> what it wants to deploy, as texts that detection reads.

Owns what of a plan is about to be, the documents that a resource carries within it (a chart's
values, a manifest, a stack's template), and what of it cannot be judged: that is told and never
passed over.
Format: https://developer.hashicorp.com/terraform/internals/json-format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from scanner.app.deploying import Wanted
from scanner.rulebook.norms import Embedded

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_TAGS = (
    "tags",
    "tags_all",
    "labels",
    "effective_labels",
    "metadata.labels",
    "metadata.annotations",
    "manifest.metadata.labels",
    "manifest.metadata.annotations",
)
_NAMES = ("name", "agent_name", "function_name", "display_name")


@dataclass
class Plan:
    wanted: list[Wanted] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """What cannot be judged."""
    told: list[str] = field(default_factory=list)
    """What is known only once the plan is applied."""


def planned(plan: Mapping[str, Any], embedded: Sequence[Embedded]) -> Plan:
    """What it creates or changes. What it only deletes, reads or leaves as it is deploys nothing.
    Raises ``ValueError`` for what is no plan."""
    changes = plan.get("resource_changes")
    if not isinstance(changes, list) or "format_version" not in plan:
        raise ValueError("not a plan: make it with `terraform show -json PLAN`")
    found = Plan()
    if plan.get("errored"):
        found.unread.append("the plan ended in an error, and is not whole")
    if plan.get("complete") is False:
        found.unread.append("the plan is not complete: what it defers is planned after it")
    deferred = plan.get("deferred_changes") or []
    if not isinstance(deferred, list):
        raise ValueError("`deferred_changes` is no list")  # noqa: TRY004 - what others wrote, no caller's mistake
    for number, row in enumerate(changes):
        _add(row, f"resource_changes[{number}]", embedded, found)
    for number, held in enumerate(deferred):
        where = f"deferred_changes[{number}]"
        _add(_object(held, where).get("resource_change"), where, embedded, found)
    return found


def _add(row: object, where: str, embedded: Sequence[Embedded], found: Plan) -> None:
    row = _object(row, where)
    change = _object(row.get("change"), f"{where}.change")
    actions = change.get("actions")
    if not isinstance(actions, list) or not all(isinstance(one, str) for one in actions):
        raise ValueError(f"`{where}.change.actions` is no list of words")
    after = change.get("after")
    if row.get("mode") == "data" or not {"create", "update"} & set(actions):
        return
    address = str(row.get("address") or where)
    if after is None:
        found.unread.append(f"{address}: nothing of it is known before it is applied")
        after = {}
    one = _wanted(row, address, _object(after, f"{where}.change.after"))
    texts = [*one.texts]
    for rule in embedded:
        if not any(fnmatchcase(str(row.get("type", "")), glob) for glob in rule.types):
            continue
        if rule.path and _is_unknown(change.get("after_unknown"), rule.path):
            found.told.append(f"{address}: `{rule.path}` is known only once it is applied")
        texts += [(rule.as_, text.encode("utf-8", "replace"))
                  for text in _documents(rule, after, address, found)]  # fmt: skip
    found.wanted.append(Wanted(**{**vars(one), "texts": tuple(texts)}))


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"`{where}` is no object")  # noqa: TRY004 - what others wrote, no caller's mistake
    return value


def _wanted(row: Mapping[str, Any], address: str, after: dict[str, Any]) -> Wanted:
    kind, name = str(row.get("type", "")), str(row.get("name", ""))
    document = {"resource": {kind: {name: after}}}
    tags: dict[str, str] = {}
    for path in _TAGS:
        said = _at(after, path)
        for key, value in said.items() if isinstance(said, dict) else ():
            tags[str(key)] = str(value)
    named = (after.get(key) for key in _NAMES)
    keys = [str(after[key]) for key in ("arn", "id", "self_link") if after.get(key)]
    return Wanted(
        ident=keys[0] if keys else f"terraform:{address}",
        address=address,
        name=next((value for value in named if isinstance(value, str) and value), name),
        kind=f"terraform.{kind}",
        texts=(("plan.tf.json", _json(document).encode()),),
        region=str(after.get("location") or after.get("region") or ""),
        tags=tags,
        aliases=tuple(keys),
    )


def _json(value: object) -> str:
    try:
        return json.dumps(value, indent=1)
    except RecursionError:
        raise ValueError("a plan that is nested too deeply") from None


def _is_unknown(unknown: object, path: str) -> bool:
    for step in path.split("."):
        if unknown is True:
            return True
        if isinstance(unknown, list):
            unknown = next((one for one in unknown if one), None)
        unknown = unknown.get(step) if isinstance(unknown, dict) else None
    return unknown is True


def _at(value: object, path: str) -> object:
    """A block is a list of one."""
    for step in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _documents(rule: Embedded, after: dict[str, Any], address: str, found: Plan) -> Iterator[str]:
    value = _at(after, rule.path) if rule.path else after
    if value in (None, "", [], {}):
        return
    if rule.form == "elsewhere":
        found.unread.append(f"{address}: `{rule.path}` lies elsewhere ({str(value)[:200]})")
    elif rule.form == "chart":
        name = str(after.get("chart") or "").rstrip("/").rpartition("/")[2]
        yield _yaml({"dependencies": [{"name": name, "repository": after.get("repository")}]})
    elif rule.form == "pairs":
        yield _yaml(_nested(value))
    elif rule.form == "arm":
        body = _parsed(value)
        kind = str(after.get("type") or "").partition("@")[0]
        own = body if isinstance(body, dict) else {}
        resource = {**own, "type": kind, "name": after.get("name")}
        yield _json({"$schema": _SCHEMA, "resources": [resource]})
    else:
        for part in value if isinstance(value, list) and all(
            isinstance(one, str) for one in value
        ) else [value]:  # fmt: skip
            document = _parsed(part)
            yield document if isinstance(document, str) else _yaml(document)


def _parsed(value: object) -> object:
    """JSON within a text is what it says; other texts stay."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _nested(pairs: object) -> dict[str, Any]:
    """``image.repository`` -> a value of a chart."""
    made: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if not isinstance(pair, dict):
            continue
        *steps, last = str(pair.get("name") or "").split(".")
        inner = made
        for step in steps:
            below = inner.setdefault(step, {})
            inner = below if isinstance(below, dict) else {}
        inner[last] = pair.get("value")
    return made


def _yaml(value: object) -> str:
    import yaml

    try:
        return str(yaml.safe_dump(value, sort_keys=False))
    except RecursionError:
        raise ValueError("a document that is nested too deeply") from None
