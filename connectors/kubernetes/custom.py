"""Which custom resources of a cluster are AI: the API says what there is, the detector what it is.

The same catalogue that reads manifests decides, by an object of each kind that says nothing but its
kind; there is no list here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.kubernetes.facts import MANIFEST, manifest
from connectors.kubernetes.operations import BY_KIND, GROUPS
from scanner.kit.contract import Examine
from scanner.kit.expressions import expression
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.told import gap
from scanner.kit.values import items, mapping, text
from scanner.model.errors import SourceError, Unavailable
from scanner.model.items import Gap, HitKind

_WORD = expression(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_KIND = expression(r"[A-Z][A-Za-z0-9]{0,62}")
_PLACE = "probe"
_MOST_GROUPS, _MOST_KINDS = 1000, 500


@dataclass(frozen=True)
class Custom:
    group: str
    version: str
    plural: str
    kind: str

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}/{self.plural}"

    @property
    def api(self) -> str:
        return f"{self.group}/{self.version}"


def is_ai(examine: Examine, kind: str, api: str) -> bool:
    data = manifest({"apiVersion": api, "kind": kind, "metadata": {"name": _PLACE}})
    return any(hit.kind is HitKind.RESOURCE for hit in examine(data, MANIFEST, ("usage",)))


def found(
    session: ReadOnlySession, groups: Mapping[str, str], examine: Examine
) -> Iterator[Custom | Gap]:
    """Those that are AI, and a gap for a group that cannot be asked for."""
    for group, version in groups.items():
        path = f"/apis/{group}/{version}"
        try:
            body = mapping(json_body(session.get(path)))
        except Missing:
            continue  # it went away meanwhile
        except SourceError as error:
            yield gap(path, error)
            continue
        listed = body.get("resources")
        odd = sum(not text(mapping(one).get("name")) for one in items(listed))
        if odd or not isinstance(listed, list):
            yield Gap(what=path, reason=f"{odd} odd records" if odd else "no list `resources`")
        for one in map(mapping, items(listed)[:_MOST_KINDS]):
            plural, kind = text(one.get("name")), text(one.get("kind"))
            can = [text(verb) for verb in items(one.get("verbs"))]
            is_one = _WORD.fullmatch(plural) and "." not in plural and _KIND.fullmatch(kind)
            is_new = is_one and "list" in can and (group, kind) not in BY_KIND
            if is_new and is_ai(examine, kind, f"{group}/{version}"):
                yield Custom(group, version, plural, kind)


def groups(session: ReadOnlySession) -> tuple[dict[str, str], int]:
    """Each with the version that the cluster prefers, and how many records name no group
    (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api). Raises the source
    errors."""
    told: dict[str, str] = {}
    odd = 0
    listed = mapping(json_body(session.get(GROUPS.path))).get("groups")
    if not isinstance(listed, list):
        raise Unavailable(f"{GROUPS.id}: the answer has no list `groups`")
    for one in map(mapping, listed[:_MOST_GROUPS]):
        preferred = mapping(one.get("preferredVersion"))
        group, version = text(one.get("name")), text(preferred.get("version"))
        odd += not group or not version
        if _WORD.fullmatch(group) and _WORD.fullmatch(version) and "." in group:
            told[group] = version
    return told, odd
