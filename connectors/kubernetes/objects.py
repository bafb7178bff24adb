"""An object of Kubernetes as far as it is looked at, whoever wrote it.

Owns what of an object is kept and how much of it: a hostile one (annotations of megabytes, nesting
without end, names that are none) costs what its bounds allow. Data of Secrets is never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when

_NAME = expression(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/; those of RBAC, which
some service accounts are named after, hold colons and capitals."""
_KIND = expression(r"[A-Z][A-Za-z0-9]{0,62}")
_GROUP = expression(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_UID = expression(r"[A-Za-z0-9-]{1,64}")
_MOST_DEPTH, _MOST_VALUES, _MOST_TEXT = 40, 10_000, 16_384
_MOST_LABELS, _MOST_LABEL = 40, 200
_NEVER = frozenset({"Secret"})
"""Kinds that may stand in an export and are passed by."""


@dataclass(frozen=True, slots=True)
class Owner:
    kind: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Thing:
    """``body``: ``spec``, ``status`` and for some kinds more, within bounds."""

    kind: str
    group: str
    version: str
    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner: Owner | None
    created_at: str
    body: Mapping[str, Any]
    is_cut: bool = False
    """It has more than is kept."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return mapping(self.body.get("spec"))

    @property
    def status(self) -> Mapping[str, Any]:
        return mapping(self.body.get("status"))


def group_version(said: str) -> tuple[str, str]:
    """``apps/v1`` -> (apps, v1); the core's ``v1`` has no group."""
    group, slash, version = said.rpartition("/")
    return (group, version) if slash else ("", said)


def is_object(raw: Any) -> bool:
    found = mapping(raw)
    return {"apiVersion", "kind"} <= found.keys()


def is_passed_by(raw: Any) -> bool:
    """A Secret: nothing of it is looked at."""
    return text(mapping(raw).get("kind")) in _NEVER


def thing_of(raw: Any, kind: str = "", api: str = "") -> Thing | None:
    """``kind`` and ``api`` (``apps/v1``): of the list, whose items do not tell theirs. None: no
    object that could be."""
    given = mapping(raw)
    meta = mapping(given.get("metadata"))
    kind = kind or text(given.get("kind"))
    group, version = group_version(api or text(given.get("apiVersion")))
    name, namespace = text(meta.get("name")), text(meta.get("namespace"))
    if not (_KIND.fullmatch(kind) and _NAME.fullmatch(name)) or kind in _NEVER:
        return None
    if (namespace and not _NAME.fullmatch(namespace)) or (group and not _GROUP.fullmatch(group)):
        return None
    bounded = _Bounded()
    body = {
        key: bounded.of(given[key])
        for key in ("spec", "status")
        if isinstance(given.get(key), Mapping)
    }
    uid = text(meta.get("uid"))
    return Thing(
        kind=kind, group=group, version=version, namespace=namespace, name=name,
        uid=uid if _UID.fullmatch(uid) else "",
        labels=_texts(meta.get("labels")), annotations=_annotations(meta.get("annotations")),
        owner=_owner(meta.get("ownerReferences")), created_at=when(meta.get("creationTimestamp")),
        body=body, is_cut=bounded.is_cut,
    )  # fmt: skip


def _owner(references: Any) -> Owner | None:
    """The one that controls it (https://kubernetes.io/docs/concepts/overview/
    working-with-objects/owners-dependents/)."""
    for one in map(mapping, items(references)[:_MOST_LABELS]):
        kind, name = text(one.get("kind")), text(one.get("name"))
        if one.get("controller") is True and _KIND.fullmatch(kind) and _NAME.fullmatch(name):
            group = group_version(text(one.get("apiVersion")))[0]
            return Owner(kind, group if _GROUP.fullmatch(group) else "", name)
    return None


def _texts(found: Any) -> dict[str, str]:
    pairs = [(text(key), text(value)) for key, value in mapping(found).items()][:_MOST_LABELS]
    return {key: cut(value, _MOST_LABEL) for key, value in pairs if key and _is_shown(key + value)}


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The object once more, as it was sent."""


def _annotations(found: Any) -> dict[str, str]:
    return _texts({
        key: value
        for key, value in mapping(found).items()
        if key != _LAST_APPLIED and len(text(value)) <= _MOST_TEXT
    })  # fmt: skip


def _is_shown(value: str) -> bool:
    return value.isprintable() and len(value) <= _MOST_TEXT


def _first(pair: tuple[Any, Any]) -> str:
    return text(pair[0])


class _Bounded:
    """A copy of a value, as deep and as large as an honest object's, its keys in order: the same
    from the API and from each form of an export."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES
        self.is_cut = False

    def of(self, value: Any, depth: int = _MOST_DEPTH) -> Any:
        self._left -= 1
        if self._left < 0 or not depth:
            self.is_cut = True
            return None
        if isinstance(value, Mapping):
            return {
                text(key)[:_MOST_LABEL]: self.of(inner, depth - 1)
                for key, inner in self._some(sorted(value.items(), key=_first))
                if text(key)
            }
        if isinstance(value, list):
            return [self.of(inner, depth - 1) for inner in self._some(value)]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return value if text(value) else None
        plain = text(value) or (str(value) if value != "" else "")  # YAML's dates
        self.is_cut |= len(plain) > _MOST_TEXT
        return cut(plain, _MOST_TEXT)

    def _some(self, found: list[Any]) -> list[Any]:
        self.is_cut |= len(found) > max(self._left, 0)
        return found[: max(self._left, 0)]
