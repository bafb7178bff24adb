"""One thing that several sources show: which nodes are it, why, and what people decided.

Rules are data (``rules/same-as``). A merge is an edge with its reason, so that it can be undone; a
doubtful one is a candidate that nothing walks. What a person told apart stays apart, also where a
third node would join the two.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from urllib.parse import urlsplit

from scanner.graph.same_keys import same_keys
from scanner.kit.expressions import expression
from scanner.model.base import NodeId
from scanner.model.decisions import SameAsDecision, Verdict, pair
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    Account,
    Asset,
    Credential,
    DataStore,
    Edge,
    Identity,
    NodeFact,
    Relation,
)
from scanner.model.keys import canonical_uri
from scanner.rulebook.same_as import Compare, Form, NodeType, Outcome, Part, SameAs, Side

CONFIRMED = "confirmed"
_TYPES = {
    NodeType.ACCOUNT: Account,
    NodeType.ASSET: Asset,
    NodeType.CREDENTIAL: Credential,
    NodeType.DATA_STORE: DataStore,
    NodeType.IDENTITY: Identity,
}
_ADDRESS = expression(r"[^@\s]{1,64}@[^@\s]{1,63}\.[^@\s.]{1,63}")
_NOREPLY = expression(r"(?:\d{1,12}\+)?([a-z0-9-]{1,39})@users\.noreply\.github\.com")
_LOGIN = expression(r"forge:@([^/@\s]{1,100})")
FUNCTIONS = frozenset({
    "admin", "administrator", "billing", "contact", "data", "devops", "engineering", "finance",
    "hello", "help", "helpdesk", "info", "legal", "mail", "marketing", "noreply", "no-reply", "ops",
    "platform", "research", "root", "sales", "security", "service", "support", "team", "test",
})  # fmt: skip
_LEAST_LOCAL = 4
_MOST_PAIRS = 200
"""Of one key; what more nodes than that share tells nobody apart."""


def _local_part(text: str) -> str:
    local = _address(text).partition("@")[0]
    return local if len(local) >= _LEAST_LOCAL and local not in FUNCTIONS else ""


def _address(text: str) -> str:
    plain = text.strip().casefold()
    return plain if _ADDRESS.fullmatch(plain) and not _NOREPLY.fullmatch(plain) else ""


def _noreply(text: str) -> str:
    match = _NOREPLY.fullmatch(text.strip().casefold())
    return match[1] if match else ""


def _login(text: str) -> str:
    match = _LOGIN.fullmatch(text.casefold())
    return match[1] if match else ""


def _host(text: str) -> str:
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".") if "." in host else ""


_COMMON = frozenset({
    "debian", "desktop", "device", "fedora", "host", "iphone", "kali", "laptop", "localhost",
    "macbook", "macbook-air", "macbook-pro", "mac-mini", "raspberrypi", "server", "ubuntu",
    "unknown", "windows",
})  # fmt: skip
_INSTANCE = expression(r"arn:aws[a-z-]{0,12}:ec2:[a-z0-9-]+:\d{12}:instance/(i-[0-9a-f]{1,32})")
_ROLE = expression(
    r"arn:aws[a-z-]{0,12}:(?:iam|sts)::(\d{12}):(?:role/(?:[^/\s]{1,64}/){0,8}([^/\s]{1,64})|"
    r"assumed-role/([^/\s]{1,64})/([^/\s]{2,64}))"
)
_FUNCTION = expression(
    r"aws lambda vpc eni-([a-z0-9_-]{1,140})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_MACHINE = expression(r"[a-z0-9][a-z0-9_-]{2,62}")


def _instance(text: str) -> str:
    match = _INSTANCE.fullmatch(text.strip().casefold())
    return match[1] if match else ""


def _role(text: str) -> str:
    match = _ROLE.fullmatch(text.strip().casefold())
    return f"{match[1]}/{match[2] or match[3]}" if match else ""


def _session(text: str) -> str:
    match = _ROLE.fullmatch(text.strip().casefold())
    return match[4] or "" if match else ""


def _function(text: str) -> str:
    match = _FUNCTION.fullmatch(text.strip().casefold())
    return match[1] if match else ""


def _machine(text: str) -> str:
    label = text.strip().casefold().partition(".")[0]
    return label if _MACHINE.fullmatch(label) and label not in _COMMON else ""


_POD_SET = expression(r"([^,]{1,500})-(?:[bcdfghjklmnpqrstvwxz2456789]{5}|\d{1,5})")
"""https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go, or an ordinal."""


def _pod_set(text: str) -> str:
    match = _POD_SET.fullmatch(text.strip().casefold())
    return match[1] if match else ""


def _account_name(text: str) -> str:
    name = text.strip().casefold().rpartition("\\")[2]
    is_name = len(name) >= _LEAST_LOCAL and "@" not in name and name not in FUNCTIONS
    return name if is_name else ""


_FORMS = {
    Form.PLAIN: lambda text: text.strip().casefold(),
    Form.ADDRESS: _address,
    Form.LOCAL_PART: _local_part,
    Form.NOREPLY_LOGIN: _noreply,
    Form.LOGIN: _login,
    Form.URI: canonical_uri,
    Form.HOST: _host,
    Form.INSTANCE: _instance,
    Form.ROLE: _role,
    Form.SESSION: _session,
    Form.FUNCTION: _function,
    Form.MACHINE: _machine,
    Form.ACCOUNT_NAME: _account_name,
    Form.POD_SET: _pod_set,
}


def found(nodes: Mapping[NodeId, NodeFact], rules: Iterable[SameAs]) -> Iterator[Edge]:
    """Same-as edges by the rules, merges before candidates."""
    families: defaultdict[type, list[NodeFact]] = defaultdict(list)
    for ident in sorted(nodes):
        families[type(nodes[ident])].append(nodes[ident])
    sure: set[NodeId] = set()
    for rule in sorted(rules, key=lambda rule: (rule.verdict is not Outcome.MERGE, rule.id)):
        if rule.compare is Compare.SHOWN_ENDS:
            yield from same_keys(families[_TYPES[rule.node]], rule.id)
            continue
        for edge in _by_key(rule, families, sure if rule.unless_sure else frozenset()):
            is_other = type(nodes[edge.source]) is not type(nodes[edge.target])
            if is_other and edge.confidence is Confidence.HIGH:
                sure.update((edge.source, edge.target))
            yield edge


def _by_key(
    rule: SameAs, families: Mapping[type, list[NodeFact]], sure: Set[NodeId]
) -> Iterator[Edge]:
    """``sure``: nodes of the first side that are left out."""
    table: defaultdict[str, list[dict[NodeId, NodeFact]]] = defaultdict(
        lambda: [{} for _ in rule.sides]
    )
    sides = [
        _on_side(side, families.get(_TYPES[side.node or rule.node], [])) for side in rule.sides
    ]
    if sure:
        sides[0] = [node for node in sides[0] if node.id not in sure]
    if len(sides) > 1 and sum(1 for side in sides if side) < 2:
        return  # nobody to be the same as
    for place, side in enumerate(rule.sides):
        for node in sides[place]:
            for key in _keys(side.key, node):
                table[key][place][node.id] = node
        if not table and place == len(rule.sides) - 2:
            return  # the last side alone has nobody to be the same as
    for key in sorted(table):
        found = table[key]
        is_sure = rule.verdict is Outcome.MERGE and not (
            rule.one_each
            and any(
                len(nodes) > 1 and not side.many
                for side, nodes in zip(rule.sides, found, strict=True)
            )
        )
        ambiguous = (
            "" if is_sure or rule.verdict is not Outcome.MERGE else "one of several that fit"
        )
        evidence = Evidence(rule=rule.id, source="graph", preview=rule.reason.replace("{key}", key))
        for one, other in _pairs(found, is_sure):
            yield Edge(
                source=one, target=other, relation=Relation.SAME_AS, evidence=(evidence,),
                confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM, detail=ambiguous,
            )  # fmt: skip


def _pairs(sides: list[dict[NodeId, NodeFact]], is_sure: bool) -> list[tuple[NodeId, NodeId]]:
    """Of one side the first with each other; of several each with each across them. Of what is
    surely one thing none is left out, however many they are."""
    if len(sides) == 1:
        first, *rest = sorted(sides[0])
        return [(first, other) for other in rest]
    filled = [side for side in sides if side]
    if is_sure and len(filled) > 1 and math.prod(map(len, filled)) > _MOST_PAIRS:
        _, hub = min((len(side), min(side)) for side in filled)
        return [pair(hub, one) for one in sorted({*chain(*filled)}) if one != hub]
    crossed = {
        pair(one, other)
        for place, side in enumerate(sides)
        for other_side in sides[place + 1 :]
        for one in side
        for other in other_side
        if one != other
    }
    return sorted(crossed)[:_MOST_PAIRS]


def _on_side(side: Side, nodes: list[NodeFact]) -> list[NodeFact]:
    kinds: dict[str, bool] = {}
    found = []
    for node in nodes:
        is_kind = kinds.get(node.kind)
        if is_kind is None:
            is_kind = any(fnmatchcase(node.kind, glob) for glob in side.kind)
            kinds[node.kind] = is_kind
        if is_kind and (
            not side.principal
            or (isinstance(node, Identity) and node.principal_type in side.principal)
        ):
            found.append(node)
    return found


def _keys(parts: tuple[Part, ...], node: NodeFact) -> Iterator[str]:
    keys = [""]
    for part in parts:
        texts = {_FORMS[part.form](text) for text in _values(part.field, node)}
        keys = [f"{key} {text}".strip() for key in keys for text in sorted(texts - {""})]
    yield from keys


def _values(name: str, node: NodeFact) -> tuple[str, ...]:
    if name.startswith("tag:"):
        wanted = name[4:].casefold()
        return tuple(v for k, v in node.tags.items() if k.rpartition(":")[2].casefold() == wanted)
    if name.startswith("tags:"):
        return tuple(filter(None, node.tags.get(name[5:], "").split(", ")))
    value = getattr(node, name, "") or ""
    return value if isinstance(value, tuple) else (str(value),)


# --- what is one thing -------------------------------------------------------------------------


@dataclass
class Entities:
    """Nodes grouped by accepted edges; a node that nothing joins is a thing by itself."""

    canonical: dict[NodeId, NodeId] = field(default_factory=dict)
    """Member -> the one that stands for all; only of groups of two and more."""
    members: dict[NodeId, tuple[NodeId, ...]] = field(default_factory=dict)
    accepted: list[Edge] = field(default_factory=list)
    candidates: list[Edge] = field(default_factory=list)
    """For people: neither accepted nor refused yet."""
    refused: list[Edge] = field(default_factory=list)
    """What a person told apart."""

    def of(self, ident: NodeId) -> NodeId:
        return self.canonical.get(ident, ident)

    def all_of(self, ident: NodeId) -> tuple[NodeId, ...]:
        return self.members.get(self.of(ident), (ident,))


def entities(
    nodes: Mapping[NodeId, NodeFact],
    edges: Iterable[Edge],
    decisions: Iterable[SameAsDecision] = (),
) -> Entities:
    """``edges``: same-as, in the order in which they are believed."""
    result = Entities()
    decided = {one.pair: one for one in decisions}
    apart = {ends for ends, one in decided.items() if one.verdict is Verdict.DIFFERENT}
    parent: dict[NodeId, NodeId] = {}
    group: dict[NodeId, set[NodeId]] = {}

    def root(ident: NodeId) -> NodeId:
        while (above := parent.get(ident, ident)) != ident:
            ident = above
        return ident

    def join(edge: Edge) -> tuple[NodeId, NodeId] | None:
        """The pair that forbids it, if any."""
        one, other = root(edge.source), root(edge.target)
        if one == other:
            return None
        mine, theirs = group.get(one, {one}), group.get(other, {other})
        for left in mine:
            for right in theirs if apart else ():
                if pair(left, right) in apart:
                    return pair(left, right)
        keep, drop = (one, other) if len(mine) >= len(theirs) else (other, one)
        parent[drop] = keep
        group[keep] = mine | theirs
        group.pop(drop, None)
        return None

    known: dict[tuple[NodeId, NodeId], Edge] = {}
    for edge in edges:
        known.setdefault(pair(edge.source, edge.target), edge)
    for ends, one in sorted(decided.items()):
        if one.verdict is Verdict.SAME and ends[0] in nodes and ends[1] in nodes:
            known[ends] = _confirmed(known.get(ends), one)
    ranked = sorted(known.items(), key=lambda item: (-item[1].confidence.rank, item[0]))
    waiting: list[Edge] = []
    for ends, edge in ranked:
        if ends in apart:
            result.refused.append(_said(edge, f"told apart{_by(decided[ends])}"))
        elif edge.confidence.rank < Confidence.HIGH.rank:
            waiting.append(edge)
        elif (against := join(edge)) is not None:
            said = f"would join {against[0]} and {against[1]}, which were told apart"
            waiting.append(_said(edge, said, Confidence.MEDIUM))
        else:
            result.accepted.append(edge)
    result.candidates = [edge for edge in waiting if root(edge.source) != root(edge.target)]
    for members in group.values():
        if len(members) > 1:
            ordered = tuple(sorted(members, key=lambda ident: _rank(ident, nodes.get(ident))))
            result.members[ordered[0]] = ordered
            result.canonical.update(dict.fromkeys(ordered, ordered[0]))
    return result


def _rank(ident: NodeId, node: NodeFact | None) -> tuple[bool, bool, bool, str]:
    """Who stands for a group: what has a key of its own before a part, what its source describes
    before what another only mentions, AI before what carries it."""
    is_ai = isinstance(node, Asset) and node.is_ai
    return ("#" in ident, node is None or not node.evidence, not is_ai, ident)


def _confirmed(edge: Edge | None, decision: SameAsDecision) -> Edge:
    said = Evidence(
        rule=CONFIRMED, source="graph", author=decision.by, first_at=decision.at,
        preview=decision.note,
    )  # fmt: skip
    return Edge(
        source=edge.source if edge else decision.one,
        target=edge.target if edge else decision.other,
        relation=Relation.SAME_AS,
        confidence=Confidence.CERTAIN,
        evidence=(*(edge.evidence if edge else ()), said),
        detail=f"confirmed{_by(decision)}",
    )


def _said(edge: Edge, detail: str, confidence: Confidence = Confidence.LOW) -> Edge:
    return Edge(
        source=edge.source, target=edge.target, relation=edge.relation, evidence=edge.evidence,
        confidence=confidence, detail=detail,
    )  # fmt: skip


def _by(decision: SameAsDecision) -> str:
    return "".join(
        f" {word} {value}" for word, value in (("by", decision.by), ("on", decision.at)) if value
    )
