"""Exact keys: one form for every way in which people and sources write the same thing.

Owns what each provider's identifiers mean: which part is case-insensitive, which part is a version
or a qualifier of the same thing. Two keys that could be two things stay two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

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
_NO_IDENTITY = re.compile(
    r"(?:x[-_])?(?:api[-_]?)?(?:key|version|token)|access[-_]?token|sig|signature|utm_\w+|se|sp|sv|sr",
    re.IGNORECASE,
)
"""Parameters that say how a thing is asked, or who asks: never which thing it is."""
_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}
_REMOTE = re.compile(r"^(?:git|dir):")
_CLIENT_TAGS = ("client_id", "app_id", "appid", "clientid", "oauth_client_id")


_CLIENTS = (
    # Application ids of Microsoft: https://learn.microsoft.com/en-us/entra/identity-platform/app-objects-and-service-principals
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), True),
    # https://developers.google.com/identity/protocols/oauth2
    (re.compile(r"[\w-]+\.apps\.googleusercontent\.com", re.IGNORECASE), True),
    # https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Application/
    (re.compile(r"0oa[0-9A-Za-z]{17}"), False),
    # https://docs.github.com/en/apps/creating-github-apps/about-creating-github-apps
    (re.compile(r"Iv1\.[0-9a-f]{16}|(?:Iv|Ov)23[0-9A-Za-z]{16}"), False),
)
"""Client ids that no other vendor gives out -> whether letter case says nothing. Any other id says
something within its vendor alone."""
_CASE_MATTERS = frozenset({"okta", "salesforce", "slack", "auth0"})
"""Vendors of which two ids may differ by case alone."""
UNSURE = "client:"
"""How the key of a client id begins of which nothing says whose it is."""


def canonical(kind: BindingType, value: str) -> str:
    """A binding's value in the form in which assets show their keys."""
    text = value.strip()
    if kind is BindingType.REPO:
        return repository(text)
    if kind is BindingType.KEY_FINGERPRINT:
        return f"fingerprint:{text}"
    if kind is BindingType.OAUTH_APP:
        vendor, colon, client = text.partition(":")
        if not colon:
            return _client(text) or f"{UNSURE}{text.casefold()}"
        return key_form(text) if "/" in client else _client_of(vendor.casefold(), client)
    if kind is BindingType.URI:
        return page(text)
    return key_form(text)


def _client(ident: str) -> str:
    """The key of a client id that names its vendor by its form; empty: it does not."""
    for form, is_folded in _CLIENTS:
        if form.fullmatch(ident):
            return f"oauth:{ident.casefold() if is_folded else ident}"
    return ""


def _client_of(vendor: str, ident: str) -> str:
    plain = ident if vendor in _CASE_MATTERS else ident.casefold()
    return _client(ident) or f"oauth:{vendor}:{plain}"


def _clients(node: Asset) -> Iterator[str]:
    lead, _, client = node.id.rpartition("/app/")
    if lead and client:
        yield client
    for tag, value in node.tags.items():
        if tag.casefold() in _CLIENT_TAGS and value:
            yield value


def unsure_keys_of(node: Asset | Credential) -> Iterator[str]:
    """Keys under which it may be meant, and something of another vendor as well."""
    if isinstance(node, Asset):
        for client in _clients(node):
            yield f"{UNSURE}{client.casefold()}"


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


def page(text: str) -> str:
    """As :func:`address`, with what of its query and fragment may lead to another thing: many
    systems can stand behind one path. A fragment that is no route only scrolls."""
    split = urlsplit(text.strip())
    resource = key_form(text)
    if not split.netloc or resource.startswith(("arn:", "/subscriptions/", "//")):
        return address(text)
    asked = sorted(
        pair for pair in parse_qsl(split.query, keep_blank_values=True)
        if not _NO_IDENTITY.fullmatch(pair[0])
    )  # fmt: skip
    query = f"?{urlencode(asked)}" if asked else ""
    route = f"#{split.fragment}" if split.fragment.startswith(("/", "!")) else ""
    return f"{address(text)}{query}{route}"


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
        yield page(alias)
    if node.id.startswith("git:"):
        yield node.id.casefold()
    for client in _clients(node):
        yield _client_of(node.id.partition(":")[0], client)
    for tag, value in node.tags.items():
        yield f"tag:{tag.casefold()}={value.casefold()}"
