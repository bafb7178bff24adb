"""What addresses and ports say by themselves: inside or outside, many sites' or one's, a model
server's. Owns ``shared.yaml`` and ``model_ports.yaml``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from scanner.model.base import Model

EPHEMERAL = 32_768
"""From here on systems give ports to clients (https://docs.kernel.org/networking/ip-sysctl.html,
``ip_local_port_range``; RFC 6335 begins at 49152)."""
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:.])")
NAMES = frozenset({
    "url", "uri", "host", "hostname", "http_host", "server_name", "sni", "domain", "fqdn", "query",
    "qname", "remoteurl", "url/filename", "cs-host", "destination domain", "destination host",
})  # fmt: skip
"""Columns of logs that name hosts: what has one is read for names."""
_MOST_ANSWERS = 32
_INSIDE = tuple(
    map(ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)  # fmt: skip
"""RFC 1918, RFC 6598, RFC 4193."""
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Network(Model, frozen=True, kw_only=True):
    name: str
    ranges: tuple[str, ...]
    reference: str


class ModelPort(Model, frozen=True, kw_only=True):
    port: int
    product: str
    reference: str
    is_own: bool = False


def _read(name: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((Path(__file__).parent / name).read_bytes(), loader)  # noqa: S506


@cache
def model_ports() -> dict[int, ModelPort]:
    found = msgspec.convert(_read("model_ports.yaml")["ports"], tuple[ModelPort, ...])
    return {one.port: one for one in found}


@cache
def _shared() -> tuple[tuple[_Network, str], ...]:
    found = msgspec.convert(_read("shared.yaml")["networks"], tuple[Network, ...])
    return tuple((ipaddress.ip_network(text), one.name) for one in found for text in one.ranges)


@lru_cache(maxsize=20_000)
def shared_by(address: str) -> str:
    """Whose network serves many companies' sites at it; empty: not known."""
    try:
        told = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return next(
        (name for net, name in _shared() if net.version == told.version and told in net), ""
    )


@lru_cache(maxsize=50_000)
def is_inside(address: str) -> bool:
    """Whether it is one of a private network."""
    try:
        told = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(net.version == told.version and told in net for net in _INSIDE)


@lru_cache(maxsize=8192)
def plain_address(text: str) -> str:
    """Of version 6, as RFC 5952 writes it; what is none is left as it is."""
    if ":" not in text:
        return text
    try:
        told = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return text
    return str(told.ipv4_mapped or told)


def is_version_6(text: str) -> bool:
    """Whether it is an address of version 6, in whose place a port needs brackets."""
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def spellings(address: str) -> tuple[str, ...]:
    """An address as logs may write it: one of version 6 also with all its zeros."""
    if ":" not in address:
        return (address,)
    try:
        told = ipaddress.IPv6Address(address)
    except ValueError:
        return (address,)
    groups = ":".join(group.lstrip("0") or "0" for group in told.exploded.split(":"))
    found = dict.fromkeys((address, told.exploded, groups))
    return (*found, *(one.upper() for one in found))


def addresses(values: Sequence[Any]) -> tuple[str, ...]:
    """Those in what a name server has answered, however it is written; none that leads nowhere."""
    found: dict[str, None] = {}
    for value in values:
        for part in value[:_MOST_ANSWERS] if isinstance(value, list) else (value,):
            told = part.get("Rdata") or part.get("rdata") if isinstance(part, dict) else part
            found.update(dict.fromkeys(_addresses(str(told or "")[:4096])))
    return tuple(found)[:_MOST_ANSWERS]


@lru_cache(maxsize=8192)
def _addresses(text: str) -> tuple[str, ...]:
    found = []
    for hit in (*_IPV4.findall(text), *(_IPV6.findall(text) if ":" in text else ())):
        try:
            address = ipaddress.ip_address(hit)
        except ValueError:
            continue
        if not (address.is_unspecified or address.is_loopback or address.is_multicast):
            found.append(plain_address(str(address)))
    return tuple(found)
