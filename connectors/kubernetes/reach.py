"""How a service is reached: from the internet, within the network, by which names.

https://kubernetes.io/docs/concepts/services-networking/service/, ingress/ and
https://gateway-api.sigs.k8s.io/reference/spec/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kubernetes.objects import Thing
from scanner.kit.expressions import expression
from scanner.kit.values import items, mapping, text

PUBLIC, PRIVATE = "public", "private"
_INTERNAL = (
    ("service.beta.kubernetes.io/aws-load-balancer-internal", ("true", "0.0.0.0/0")),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", ("internal",)),
    ("networking.gke.io/load-balancer-type", ("internal",)),
    ("cloud.google.com/load-balancer-type", ("internal",)),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", ("true",)),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", ("true",)),
    ("alb.ingress.kubernetes.io/scheme", ("internal",)),
    ("kubernetes.io/ingress.class", ("gce-internal",)),
)
"""Annotations that the clouds read (each one's page on load balancers of Kubernetes)."""
_HOST = expression(r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,62}\.?){0,10}")
_MOST_HOSTS = 50
_OWN = ("localhost", "cluster.local", "svc")


@dataclass
class Reached:
    words: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)

    def join(self, other: Reached) -> None:
        self.words |= other.words
        self.urls |= other.urls


def of_service(service: Thing) -> Reached:
    kind = text(service.spec.get("type")) or "ClusterIP"
    if kind == "LoadBalancer":
        return Reached(_placed(service, "load balancer"))
    if kind == "NodePort":
        return Reached({"node port"})
    external = items(service.spec.get("externalIPs"))
    return Reached({_of_address(text(one)) or "external address" for one in external[:_MOST_HOSTS]})


def of_route(route: Thing) -> Iterator[tuple[tuple[str, str], Reached]]:
    """(namespace, service) and how an Ingress or an HTTPRoute leads there."""
    spec, rules = route.spec, [mapping(one) for one in items(route.spec.get("rules"))]
    if route.kind == "Ingress":
        words = _placed(route, "ingress")
        secured = {
            text(h) for one in items(spec.get("tls")) for h in items(mapping(one).get("hosts"))
        }
        default = _service(spec.get("defaultBackend"))
        if default:
            yield (route.namespace, default), Reached(set(words))
        for rule in rules:
            host = text(rule.get("host")).lower()
            urls = _urls([host], "https" if host in secured else "http")
            for path in map(mapping, items(mapping(rule.get("http")).get("paths"))):
                name = _service(path.get("backend"))
                if name:
                    yield (route.namespace, name), Reached(set(words), set(urls))
        return
    urls = _urls([text(one).lower() for one in items(spec.get("hostnames"))], "https")
    for rule in rules:
        for backend in map(mapping, items(rule.get("backendRefs"))):
            if text(backend.get("kind")) in ("", "Service") and text(backend.get("name")):
                place = text(backend.get("namespace")) or route.namespace
                yield (place, text(backend.get("name"))), Reached({"gateway"}, set(urls))


def _service(backend: Any) -> str:
    return text(mapping(mapping(backend).get("service")).get("name"))


def _placed(thing: Thing, otherwise: str) -> set[str]:
    """By the addresses that it was given; ``otherwise``: it has none that says."""
    if _is_internal(thing.annotations):
        return {PRIVATE}
    balancer = mapping(thing.status.get("loadBalancer"))
    found = set()
    for one in map(mapping, items(balancer.get("ingress"))[:_MOST_HOSTS]):
        host = text(one.get("hostname")).lower()
        if host:
            found.add(PRIVATE if host.startswith("internal-") else PUBLIC)
        found.add(_of_address(text(one.get("ip"))))
    return (found - {""}) or {otherwise}


def _is_internal(annotations: Mapping[str, str]) -> bool:
    return any(annotations.get(name, "").lower() in values for name, values in _INTERNAL)


def _of_address(address: str) -> str:
    try:
        return PUBLIC if ipaddress.ip_address(address).is_global else PRIVATE
    except ValueError:
        return ""


def _urls(hosts: list[str], scheme: str) -> set[str]:
    return {
        f"{scheme}://{host}"
        for host in hosts[:_MOST_HOSTS]
        if _HOST.fullmatch(host) and "." in host and "*" not in host and not host.endswith(_OWN)
    }
