"""What runs: the template of a workload's pods, and what it names of secrets.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.kubernetes.objects import Thing
from scanner.kit.expressions import expression
from scanner.kit.values import items, mapping, text

_KEPT = ("name", "image", "command", "args", "env", "envFrom", "ports", "resources")
_POD = ("serviceAccountName", "nodeSelector", "runtimeClassName", "hostNetwork")
_LISTS = ("initContainers", "containers", "ephemeralContainers")
_URL = expression(
    r"https?://(?P<service>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?:\.(?P<namespace>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?:\.svc(?:\.[a-z0-9.-]{1,100})?)?)?(?::\d{1,5})?(?:/|$)"
)
"""https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"""


def template(thing: Thing) -> Mapping[str, Any]:
    """The spec of its pods; empty: it has none."""
    return thing.spec if thing.kind == "Pod" else mapping(_made_from(thing).get("spec"))


def labels(thing: Thing) -> Mapping[str, str]:
    """Those of its pods, by which services find them."""
    if thing.kind == "Pod":
        return thing.labels
    meta = mapping(_made_from(thing).get("metadata"))
    return {text(k): text(v) for k, v in mapping(meta.get("labels")).items()}


def _made_from(thing: Thing) -> Mapping[str, Any]:
    """What a controller makes its pods from; those of a CronJob are its jobs'."""
    spec = thing.spec
    if thing.kind == "CronJob":
        spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return mapping(spec.get("template"))


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in _LISTS:
        yield from map(mapping, items(spec.get(name)))


def shown(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Of a pod's spec what tells what it runs: as a manifest says it, so that the detector reads
    both alike."""
    told: dict[str, Any] = {name: spec[name] for name in _POD if spec.get(name)}
    for name in _LISTS:
        found = [
            {key: one[key] for key in _KEPT if one.get(key)}
            for one in map(mapping, items(spec.get(name)))
        ]
        if found:
            told[name] = found
    return told


def secrets(spec: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Names of the secrets that it is given -> the keys of them that it names."""
    found: dict[str, set[str]] = {}

    def add(name: Any, key: Any = "") -> None:
        if text(name):
            found.setdefault(text(name), set()).add(text(key))

    for one in containers(spec):
        for variable in map(mapping, items(one.get("env"))):
            reference = mapping(mapping(variable.get("valueFrom")).get("secretKeyRef"))
            add(reference.get("name"), reference.get("key"))
        for source in map(mapping, items(one.get("envFrom"))):
            add(mapping(source.get("secretRef")).get("name"))
    for volume in map(mapping, items(spec.get("volumes"))):
        add(mapping(volume.get("secret")).get("secretName"))
        for part in map(mapping, items(mapping(volume.get("projected")).get("sources"))):
            add(mapping(part.get("secret")).get("name"))
    return {name: tuple(sorted(keys - {""})) for name, keys in sorted(found.items())}


def asked(spec: Mapping[str, Any], namespace: str) -> set[tuple[str, str]]:
    """(namespace, service) of the services whose address a variable or an argument holds."""
    found: set[tuple[str, str]] = set()
    for one in containers(spec):
        values = [text(mapping(v).get("value")) for v in items(one.get("env"))]
        values += [text(v) for v in (*items(one.get("args")), *items(one.get("command")))]
        for value in values:
            for match in _URL.finditer(value[:2048]):
                found.add((match["namespace"] or namespace, match["service"]))
    return found


def images(spec: Mapping[str, Any]) -> list[str]:
    return sorted({text(one.get("image")) for one in containers(spec)} - {""})
