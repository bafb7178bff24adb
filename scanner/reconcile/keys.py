"""Exact keys: one form for every way in which people and sources write the same thing.

Owns what each provider's identifiers mean: which part is case-insensitive, which part is a version
or a qualifier of the same thing. Two keys that could be two things stay two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from scanner.model.facts import Asset, Credential
from scanner.model.keys import canonical_remote, canonical_uri
from scanner.model.registry import BindingType

_AZURE_HOSTS = re.compile(
    r"^https://(?:management\.(?:azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|portal\.azure\.com/(?:[^/]*/)*?resource)(?=/subscriptions/)",
    re.IGNORECASE,
)
_GOOGLE = re.compile(
    r"^(?:https:)?//(?:[a-z0-9-]+-)?([a-z]+)\.googleapis\.com/(?:v\d+[a-z0-9]*/)?(projects/.+)$",
    re.IGNORECASE,
)
_LAMBDA = re.compile(r"^(arn:[^:]+:lambda:[^:]*:[^:]*:function:[^:/]+)(?::[\w$-]+)?$")
_FOLDED_SERVICES = frozenset({"sagemaker"})
"""Services that write a resource's name in lower case into its ARN, whatever it was called."""
_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}
_REMOTE = re.compile(r"^(?:git|dir):")
_CLIENT_TAGS = ("client_id", "app_id", "appid", "clientid", "oauth_client_id")


def canonical(kind: BindingType, value: str) -> str:
    """A binding's value in the form in which assets show their keys."""
    text = value.strip()
    if kind is BindingType.REPO:
        return repository(text)
    if kind is BindingType.KEY_FINGERPRINT:
        return f"fingerprint:{text}"
    if kind is BindingType.OAUTH_APP:
        return key_form(text) if ":" in text else f"oauth:{text.casefold()}"
    if kind is BindingType.URI:
        return address(text)
    return key_form(text)


def repository(text: str) -> str:
    """``git:host/path`` in lower case: no forge tells repositories apart by case alone."""
    if _REMOTE.match(text):
        return f"git:{text[4:].casefold()}" if text.startswith("git:") else text
    return f"git:{(canonical_remote(text) or text).casefold()}"


def address(text: str) -> str:
    """A URL without what does not change where it leads: user, default port, query, last slash."""
    resource = key_form(text)
    if resource.startswith(("arn:", "/subscriptions/", "//")):
        return resource
    plain = canonical_uri(text)
    split = urlsplit(plain)
    host = split.netloc.rpartition("@")[2].removesuffix(_PORTS.get(split.scheme, "\0"))
    return f"{split.scheme}://{host.removesuffix('.')}{split.path}" if split.netloc else plain


def key_form(text: str) -> str:
    """The form of a resource's id by its provider; what is of none stays as it is written."""
    if text.startswith("arn:"):
        return _arn(text)
    azure = _AZURE_HOSTS.sub("", text)
    if azure.casefold().startswith("/subscriptions/"):
        return re.split(r"[?#]", azure, maxsplit=1)[0].rstrip("/").casefold()
    google = _GOOGLE.match(text)
    if google:
        path = google[2].partition("?")[0].rstrip("/")
        return f"//{google[1].lower()}.googleapis.com/{path}"
    if text.startswith("git:"):
        return repository(text) if "#" not in text else text
    return text


def _arn(text: str) -> str:
    function = _LAMBDA.match(text)
    if function:  # an alias or a version of a function is the function
        return function[1]
    parts = text.split(":", 5)
    if len(parts) == 6 and parts[2] in _FOLDED_SERVICES:
        return ":".join([*parts[:5], parts[5].casefold()])
    return text


def keys_of(node: Asset | Credential) -> Iterator[str]:
    """Every exact key under which an asset may be registered."""
    yield node.id
    yield key_form(node.id)
    if isinstance(node, Credential):
        yield f"fingerprint:{node.fingerprint}"
        return
    for alias in node.aliases:
        yield alias
        yield key_form(alias)
        yield address(alias)
    if node.id.startswith("git:"):
        yield node.id.casefold()
    lead, _, client = node.id.rpartition("/app/")
    if lead:
        yield f"oauth:{client.casefold()}"
    for tag, value in node.tags.items():
        yield f"tag:{tag.casefold()}={value.casefold()}"
        if tag.casefold() in _CLIENT_TAGS and value:
            yield f"oauth:{value.casefold()}"
