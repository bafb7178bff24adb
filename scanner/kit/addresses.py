"""What an address says of itself: this machine, encrypted, or where clouds hand out credentials.

Nothing is looked up and nothing is called here; who calls is judged by what it reached as well
(:mod:`scanner.kit.outgoing`).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import inet_aton
from urllib.parse import urlsplit

_REFUSED = tuple(
    ip_network(text)
    for text in (
        # Link-local: 169.254.169.254 of all clouds, 169.254.170.2 and .23 of ECS and EKS.
        "169.254.0.0/16",
        "fe80::/10",
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
        "fd00:ec2::/32",
        # https://cloud.google.com/compute/docs/metadata/querying-metadata
        "fd20:ce::254/128",
        # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        "168.63.129.16/32",
        # https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
        "100.100.100.200/32",
        # https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm
        "192.0.0.192/32",
        # "This host": systems take it for loopback.
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
    )
)
_REFUSED_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
"""https://www.rfc-editor.org/rfc/rfc8215"""
_NUMBERS = re.compile(
    r"(?:0[xX][0-9a-fA-F]{1,8}|\d{1,11})(?:\.(?:0[xX][0-9a-fA-F]{1,8}|\d{1,11})){0,3}\.?"
)


def is_loopback(host: str) -> bool:
    """Of a host as it stands in a URL; no name is looked up."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").casefold() == "localhost"


def is_encrypted(url: str) -> bool:
    """https, or http to this machine. Raises ``ValueError`` for what is no URL."""
    split = urlsplit(url)
    if not split.hostname or "@" in split.netloc:
        return False
    return split.scheme == "https" or (split.scheme == "http" and is_loopback(split.hostname))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454): whom a credential was meant for."""
    split = urlsplit(url)
    port = split.port or {"https": 443, "http": 80}.get(split.scheme, 0)
    return split.scheme, (split.hostname or "").rstrip(".").casefold(), port


def refusal(address: str) -> str:
    """Why nothing is sent to this IP address, or host by name; empty: it may be."""
    if address in _REFUSED_NAMES:
        return f"{address} is a cloud's metadata service"
    found = _address(address.partition("%")[0])
    if found is None:
        return ""
    for one in (found, *_within(found)):
        if any(one in network for network in _REFUSED if network.version == one.version):
            return f"{address} is where machines of clouds get credentials, or no host's address"
    return ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also of numbers that systems take for one (``2852039166``, ``0xa9.254.43518``); None: it is a
    name."""
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(text):
        return None
    try:
        return IPv4Address(inet_aton(text))
    except OSError:
        return None


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 address that an IPv6 one is another way of writing."""
    if not isinstance(address, IPv6Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour]
    number = int(address)
    if address in _NAT64 or address in _LOCAL_NAT64 or (number >> 32 == 0 and number > 1):
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address in _LOCAL_NAT64:
        # https://www.rfc-editor.org/rfc/rfc6052#section-2.2, of a prefix of 48 bits
        found.append(IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF))
    return [one for one in found if one is not None]
