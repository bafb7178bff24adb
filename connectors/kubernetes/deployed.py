"""From which repository Argo CD or Flux has deployed an object.

https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/ and
https://fluxcd.io/flux/components/kustomize/kustomizations/. Objects say who has made them, and that
one says where it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.kubernetes.objects import Thing
from scanner.kit.tabled.edges import REPOSITORY_TAGS, remote
from scanner.kit.values import items, mapping, text

_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCES = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
_FLUX = "kustomize.toolkit.fluxcd.io"
_MOST_SOURCES = 20
DEPLOYERS = ("Application", "GitRepository", "Kustomization")
"""Kinds that say it."""


class Deployers:
    """``repositories`` of an object, as ids of nodes."""

    def __init__(self, things: Iterable[Thing]) -> None:
        self._applications: dict[str, list[str]] = {}
        kustomizations: list[Thing] = []
        urls: dict[tuple[str, str], str] = {}
        for one in things:
            if one.kind == "Application":
                self._applications[one.name] = list(_sources(one))
            elif one.kind == "GitRepository":
                urls[one.namespace, one.name] = text(one.spec.get("url"))
            elif one.kind == "Kustomization":
                kustomizations.append(one)
        self._kustomizations: dict[tuple[str, str], str] = {}
        for one in kustomizations:
            source = mapping(one.spec.get("sourceRef"))
            place = text(source.get("namespace")) or one.namespace
            if text(source.get("kind")) == "GitRepository":
                found = urls.get((place, text(source.get("name"))), "")
                self._kustomizations[one.namespace, one.name] = found

    def repositories(self, thing: Thing) -> dict[str, str]:
        """Id of a repository -> what tells of it."""
        told = list(_noted(thing.annotations)) + list(_noted(thing.labels))
        labels = thing.labels
        named = thing.annotations.get(_TRACKING, "").partition(":")[0]
        for name in (named, *(labels.get(label, "") for label in _INSTANCES)):
            told += [(url, f"Argo CD's {name}") for url in self._applications.get(name, ())]
        place = labels.get(f"{_FLUX}/namespace", ""), labels.get(f"{_FLUX}/name", "")
        told.append((self._kustomizations.get(place, ""), f"Flux's {place[1]}"))
        return {found: said for url, said in told if url and (found := remote(url))}


def _noted(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in tags.items():
        if key.rpartition("/")[2].casefold() in REPOSITORY_TAGS:
            yield value, key


def _sources(application: Thing) -> Iterator[str]:
    spec = application.spec
    for one in (spec.get("source"), *items(spec.get("sources"))[:_MOST_SOURCES]):
        yield text(mapping(one).get("repoURL"))
