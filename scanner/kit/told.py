"""What a vendor's administration tells, as edges, evidence and gaps that name its path."""

from __future__ import annotations

from scanner.kit.expressions import expression
from scanner.kit.text import cut
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Relation
from scanner.model.items import Gap

_HIDDEN = expression(r"[.*\u2022\u2026]{2,}|\u2026")
_MOST_HINT = 64
_LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")


def evidence(source: str, path: str, ident: NodeId) -> Evidence:
    return Evidence(rule=f"GET {path}", source=source, resource=ident)


def edge(source: NodeId, target: NodeId, relation: Relation, path: str, detail: str = "") -> Edge:
    """The vendor is the first word of the ids that it has given."""
    vendor = source.partition(":")[0]
    told = evidence(vendor, path, source)
    return Edge(source=source, target=target, relation=relation, detail=detail, evidence=(told,))


def gap(what: str, error: SourceError) -> Gap:
    return Gap(what=what, reason=str(error), denied=isinstance(error, Denied))


def hint(shown: str) -> str:
    """What a vendor shows of a key, with one mark in place of what it hides."""
    return cut(_HIDDEN.sub("\u2026", shown, count=1), _MOST_HINT)


def check_address(url: str, organization: str) -> None:
    """Raises ``ValueError`` where an administrator's key would be sent in the open or be shown, and
    for a name that nodes cannot be named by."""
    if not url.startswith(("https://", *_LOOPBACK)) or "@" in url:
        raise ValueError("`url` must be https:// and hold no user: an admin key is sent to it")
    if not organization or not organization.isprintable():
        raise ValueError("`organization` must be a name")
