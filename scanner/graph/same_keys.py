"""A key that was found somewhere and its vendor's own record of it: the same, by what both show.

Nobody but the detector ever has a whole key, and vendors show the first and last characters of
theirs; so a match of both is likely and never certain. Of the characters behind the public prefix a
key that was found has keyed marks alone, which tell records apart. How likely a match is follows
from how much both show and from how many records there are that could fit by chance. Where several
records fit a key, or several keys a record, each is a candidate, and a person decides.

A record is not that of a key which stood in a commit before the vendor made it, nor of one that its
provider calls live where the record has ended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Credential, Edge, NodeFact, Relation

_HIDDEN = "\u2026"
_PADDING = "A="
"""How base64 writes zeros and the end: the same in many keys (all of Anthropic's end with it)."""
_LEAST_TAIL = 3
"""Characters of the end that both must show."""
_HEX = expression(r"[0-9a-f]*")
_BITS, _HEX_BITS = 6, 4
"""Of a character: of some 64, or of 16 where all that are shown may be hex digits."""
_MARK_BITS = 3
"""Of a character of which both have a mark: of 16 classes, hex digits fill about eight."""
_SURE, _LIKELY = 1e-4, 1e-3
"""Chance of a key that no record is of to fit one all the same, below which a match is high, and
below which it is medium."""
_SURE_OF_ALL = 1e-2
"""Below it, the number of such matches that are to be expected among all keys that were found."""
_CLOCK = timedelta(days=1)
"""Of whoever made the commit."""
_LIVE = "live"
_ENDED = frozenset({"deleted", "disabled", "inactive", "archived", "expired", "revoked"})


@dataclass
class _Fit:
    """``near``: how many records could fit by their first characters; ``out``: those that fit and
    cannot be the key's."""

    key: Credential
    near: int = 0
    same: list[Credential] = field(default_factory=list)
    out: int = 0


def same_keys(nodes: Iterable[NodeFact], rule: str = "same-key") -> Iterator[Edge]:
    """Same-as edges from keys that were found to their vendors' records."""
    found: list[Credential] = []
    records: defaultdict[str, list[Credential]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, Credential) and len(_tail(node)) >= _LEAST_TAIL:
            if node.fingerprint:
                found.append(node)
            else:
                records[node.issuer].append(node)
    tails = {
        issuer: _by_tail(known) for issuer, known in records.items()
    }  # fmt: skip
    keys: Counter[str] = Counter()
    keys_of: Counter[str] = Counter()
    fits: list[_Fit] = []
    for key in sorted(found, key=lambda one: one.id):
        fit = _Fit(key, near=len(records[key.issuer]))
        for record in tails.get(key.issuer, {}).get(_tail(key)[-_LEAST_TAIL:], ()):
            if not _agree(key.hint, record.hint) or _differ(key.head, record.head):
                continue
            if _cannot_be(key, record):
                fit.out += 1
            else:
                fit.same.append(record)
        keys[key.issuer] += 1
        keys_of.update(one.id for one in fit.same)
        fits.append(fit)
    for fit in fits:
        for record in fit.same:
            many = max(len(fit.same), keys_of[record.id])
            yield _edge(fit, record, many, keys[fit.key.issuer], rule)


def _edge(fit: _Fit, record: Credential, many: int, keys: int, rule: str) -> Edge:
    key = fit.key
    bits = shared_bits(key.hint, record.hint) + _MARK_BITS * len(_both(key.head, record.head))
    sure = confidence_of(bits, fit.near, keys)
    if many > 1 and sure.rank > Confidence.MEDIUM.rank:
        sure = Confidence.MEDIUM
    if fit.out:
        sure = sure.lowered()  # a day of a commit is what its author says
    shown = f"{key.hint} is shown as {record.hint}; {said(bits, fit.near)}"
    told = (
        f"one of {many} that fit" * (many > 1),
        f"{fit.out} more would fit, and are of another time" * bool(fit.out),
    )
    return Edge(
        source=key.id,
        target=record.id,
        relation=Relation.SAME_AS,
        confidence=sure,
        evidence=(Evidence(rule=rule, source="graph", preview=shown, confidence=sure),),
        detail="; ".join(filter(None, told)),
    )


def shared_bits(one: str, other: str) -> int:
    """How much of two hints that agree tells their key from others of its kind: the characters of
    the end that both show, without padding. What keys of a kind begin with tells none apart."""
    tails = (hint.partition(_HIDDEN)[2] for hint in (one, other))
    plain = min(tails, key=len).rstrip(_PADDING)
    return len(plain) * (_HEX_BITS if _HEX.fullmatch(plain) else _BITS)


def confidence_of(bits: int, records: int, keys: int) -> Confidence:
    """Of one record that alone fits one key, where the vendor has so many records, and so many keys
    of it were found: by how many would fit by chance."""
    chance = records / 2**bits
    if chance <= _SURE and chance * keys <= _SURE_OF_ALL:
        return Confidence.HIGH
    return Confidence.MEDIUM if chance <= _LIKELY else Confidence.LOW


def said(bits: int, records: int) -> str:
    """For people."""
    of = "the only record" if records == 1 else f"one of {records:,} records"
    return f"by chance one key in {2**bits // max(1, records):,} fits {of}"


def _both(one: str, other: str) -> list[tuple[str, str]]:
    """Marks of the same places."""
    (place, mine), (begin, theirs) = (_placed(head) for head in (one, other))
    first = max(place, begin)
    return list(zip(mine[first - place :], theirs[first - begin :], strict=False))


def _placed(head: str) -> tuple[int, str]:
    place, _, marks = head.partition(":")
    return (int(place), marks) if place.isdecimal() else (0, "")


def _differ(one: str, other: str) -> bool:
    return any(mine != theirs for mine, theirs in _both(one, other))


def _by_tail(known: list[Credential]) -> dict[str, list[Credential]]:
    found: defaultdict[str, list[Credential]] = defaultdict(list)
    for one in known:
        found[_tail(one)[-_LEAST_TAIL:]].append(one)
    return found


def _tail(key: Credential) -> str:
    return key.hint.partition(_HIDDEN)[2]


def _cannot_be(key: Credential, record: Credential) -> bool:
    if key.tags.get("verify") == _LIVE and record.tags.get("status", "").casefold() in _ENDED:
        return True
    committed = min(
        (row.first_at for row in key.evidence if row.commit and row.first_at), default=""
    )
    if not committed or not record.created_at:
        return False
    try:
        seen, made = (datetime.fromisoformat(at) for at in (committed, record.created_at))
        return seen + _CLOCK < made
    except (ValueError, TypeError, OverflowError):
        return False  # a time that is none, or of no zone, tells nothing


def _agree(one: str, other: str) -> bool:
    """Whether the ends that are shown may be those of one key: one begins (ends) the other."""
    head, _, tail = one.partition(_HIDDEN)
    begin, _, end = other.partition(_HIDDEN)
    return (head.startswith(begin) or begin.startswith(head)) and (
        tail.endswith(end) or end.endswith(tail)
    )
