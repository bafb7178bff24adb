"""A key that was found somewhere and its vendor's own record of it: the same, by what both show.

Nobody but the detector ever has a whole key, and vendors show the first and last characters of
theirs; so a match of both is likely and never certain. Where several records fit a key, or several
keys a record, each is a candidate of medium confidence, and a person decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Credential, Edge, NodeFact, Relation

_HIDDEN = "\u2026"
_PADDING = "A="
"""How base64 writes zeros and the end: the same in many keys (all of Anthropic's end with it)."""
_LEAST_TAIL = 3
"""Characters of the end that both must show: three of 62 are one in 238,328."""


def same_keys(nodes: Iterable[NodeFact], rule: str = "same-key") -> Iterator[Edge]:
    """Same-as edges from keys that were found to their vendors' records."""
    found: list[Credential] = []
    records: defaultdict[tuple[str, str], list[Credential]] = defaultdict(list)
    for node in nodes:
        if not isinstance(node, Credential):
            continue
        _, _, tail = node.hint.partition(_HIDDEN)
        if len(tail) < _LEAST_TAIL:
            continue
        if node.fingerprint:
            found.append(node)
        else:
            records[node.issuer, tail[-_LEAST_TAIL:]].append(node)
    fits: list[tuple[Credential, list[Credential]]] = []
    keys_of: Counter[str] = Counter()
    for key in sorted(found, key=lambda one: one.id):
        near = records.get((key.issuer, key.hint[-_LEAST_TAIL:]), [])
        same = [one for one in near if _agree(key.hint, one.hint)]
        fits.append((key, same))
        keys_of.update(one.id for one in same)
    for key, same in fits:
        for record in same:
            many = max(len(same), keys_of[record.id])
            is_sure = many == 1 and _tells_enough(key.hint, record.hint)
            sure = Confidence.HIGH if is_sure else Confidence.MEDIUM
            shown = f"{key.hint} is shown as {record.hint}"
            yield Edge(
                source=key.id,
                target=record.id,
                relation=Relation.SAME_AS,
                confidence=sure,
                evidence=(Evidence(rule=rule, source="graph", preview=shown),),
                detail="" if many == 1 else f"one of {many} that fit",
            )


def _tells_enough(one: str, other: str) -> bool:
    """Whether what both show of the end is more than padding."""
    tails = (hint.partition(_HIDDEN)[2] for hint in (one, other))
    return len(min(tails, key=len).rstrip(_PADDING)) >= _LEAST_TAIL


def _agree(one: str, other: str) -> bool:
    """Whether the ends that are shown may be those of one key: one begins (ends) the other."""
    head, _, tail = one.partition(_HIDDEN)
    begin, _, end = other.partition(_HIDDEN)
    return (head.startswith(begin) or begin.startswith(head)) and (
        tail.endswith(end) or end.endswith(tail)
    )
