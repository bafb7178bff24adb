"""Where a call may go: the adapter that every session of ours is made with.

A configured address may lead elsewhere than it says: a name that is given another address between
the check and the call (DNS rebinding), a redirect, a link in an answer. So the *peer* of each
connection is looked at, after it is made and before a byte is sent. Refused, whatever the
configuration says, are the addresses where clouds hand out credentials to whoever asks on the
machine. Private networks are not: trackers and registries stand there.

Credentials leave by https alone, except to this machine. Behind a proxy the proxy looks names up;
there only the address as it is written is judged.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from scanner.model.errors import UnsafeCall

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
_HARMLESS = frozenset({
    "accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type",
    "host", "if-modified-since", "if-none-match", "prefer", "transfer-encoding", "user-agent",
    "x-github-api-version",
})  # fmt: skip
"""What no credential stands in; any other header may hold one."""


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
    """Why nothing is sent to this IP address; empty: it may be."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    for one in (found, *_within(found)):
        if any(one in network for network in _REFUSED if network.version == one.version):
            return f"{address} is where machines of clouds get credentials, or no host's address"
    return ""


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 address that an IPv6 one is another way of writing."""
    if not isinstance(address, IPv6Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def check_call(request: requests.PreparedRequest) -> None:
    """Raises ``UnsafeCall`` for a call that must not leave, as far as its text tells."""
    split = urlsplit(request.url or "")
    host = (split.hostname or "").rstrip(".").casefold()
    why = f"{host} is a cloud's metadata service" if host in _REFUSED_NAMES else refusal(host)
    if why:
        raise UnsafeCall(f"refused a call to {split.scheme}://{split.netloc}: {why}")
    if split.scheme == "https" or is_loopback(host):
        return
    told = sorted(name for name in map(str.casefold, request.headers) if name not in _HARMLESS)
    if told:
        raise UnsafeCall(
            f"refused a call to {split.scheme}://{split.netloc}: credentials ({', '.join(told)}) "
            "are sent by https alone; give the address as https://"
        )


class _Peer(Exception):
    """Leaves urllib3 as it is: no kind of error that is tried again."""


class _Checked:
    """Of a connection: who it leads to."""

    def _new_conn(self) -> Any:
        made = super()._new_conn()  # type: ignore[misc]
        why = refusal(str(made.getpeername()[0]))
        if why:
            made.close()
            raise _Peer(f"{getattr(self, 'host', '')} leads to {why}")
        return made


class _Connection(_Checked, HTTPConnection):
    pass


class _SecureConnection(_Checked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class SafeAdapter(HTTPAdapter):
    """For a session of ours; mounted for both schemes by :func:`session`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        check_call(request)
        try:
            return super().send(request, *args, **kwargs)
        except _Peer as error:
            split = urlsplit(request.url or "")
            raise UnsafeCall(
                f"refused a call to {split.scheme}://{split.netloc}: {error}"
            ) from None


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None  # a redirect is an answer like others: who has moved is configured anew

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What is configured for this session goes before ``REQUESTS_CA_BUNDLE``, which requests
        would prefer."""
        chosen = self.verify if verify is None and isinstance(self.verify, str) else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


def session() -> requests.Session:
    """One that follows no redirect and takes no credentials from ``~/.netrc``."""
    made = _Session()
    # Without an auth of its own requests looks into ~/.netrc and puts what it finds there in the
    # place of our header.
    made.auth = lambda request: request
    for scheme in ("https://", "http://"):
        made.mount(scheme, SafeAdapter(max_retries=0))
    return made
