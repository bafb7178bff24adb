"""Credentials in bytes: which candidates are keys, whose they are, and what is told of them.

Owns the order of claims: an exact format before a shape that needs a word beside it, the nearer
word before the farther, a variable's assignment last; what one claims no other claims again. Raw
secrets do not leave this module but for :mod:`scanner.detect.verify`, which keeps none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from scanner.detect import checksums, secrets
from scanner.detect.decode import Decoder, Mark
from scanner.detect.mask import apart
from scanner.detect.patterns import Pattern, Places
from scanner.detect.redact import fingerprint, head, hint
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import Hit, HitKind
from scanner.rulebook.types import Check

_ASSIGNEE = expression(rb"([A-Za-z_][\w.-]{0,60})[\"'\])]{0,2}\s{0,4}(?:=>|:=|=|:)\s{0,4}[\"'`]?$")
_EXACT = -1

Select = Callable[[bytes], tuple[list[Pattern], frozenset[bytes]]]
Blank = Callable[[bytes, list[tuple[int, int]]], bytes]
"""``blank(data, spans)``: ``data`` at its length without keys, those at ``spans`` included."""
Ask = Callable[[Pattern, bytes], tuple[tuple[str, str], ...]]
"""What a provider says of a key, as tags."""


def _say_nothing(pattern: Pattern, secret: bytes) -> tuple[tuple[str, str], ...]:
    return ()


@dataclass(frozen=True)
class _Candidate:
    """``rank``: bytes between the provider's word and the value; ``_EXACT``: none is needed."""

    rank: int
    order: int
    start: int
    end: int
    pattern: Pattern


class CredentialFinder:
    """``decoder``: of what is encoded. ``select``: which patterns are worth trying on a piece of
    content. ``blank``: see :data:`Blank`."""

    def __init__(
        self,
        decoder: Decoder,
        key: bytes,
        select: Select,
        blank: Blank,
        ask: Ask | None = None,
    ) -> None:
        self._key = key
        self._select = select
        self._blank = blank
        self._ask = ask or _say_nothing
        self.decoder = decoder

    def plain_hits(self, data: bytes, taken: Iterable[tuple[int, int]] = ()) -> Iterator[Hit]:
        """Credentials that stand in ``data`` as they are, without lines. ``taken``: what encoded
        ones have claimed."""
        chosen, present = self._select(data)
        for candidate in _claims(_candidates(data, chosen, Places(data, present)), taken):
            yield self._hit(data, candidate, 0, data)

    def encoded_spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where encoded credentials stand."""
        return [
            (start, end)
            for text, start, end in self.decoder.decoded(data)
            if any(self._inside(data, text, start, end, 0))
        ]

    def encoded_hits(
        self, data: bytes, low: int, high: int, marks: Iterable[Mark]
    ) -> Iterator[Hit]:
        """Credentials in the encoded runs that these marks, which end between ``low`` and
        ``high``, tell of."""
        for text, start, end in self.decoder.decoded_at(data, low, high, marks):
            yield from self._inside(data, text, start, end, 0)

    def hits(
        self,
        data: bytes,
        chosen: Sequence[Pattern],
        present: frozenset[bytes],
        line: Callable[[int], int],
    ) -> Iterator[Hit]:
        """Every credential in ``data``, once a place. ``present``: which literals it holds."""
        places = Places(data, present)
        decoded, taken = self._decoded(data, present, line)
        yield from decoded
        found = list(_claims(_candidates(data, chosen, places), taken))
        if found:
            plain = self._blank(data, [(c.start, c.end) for c in found] + taken)
            for candidate in found:
                yield self._hit(data, candidate, line(candidate.start), plain)

    def _decoded(
        self, data: bytes, present: frozenset[bytes], line: Callable[[int], int]
    ) -> tuple[list[Hit], list[tuple[int, int]]]:
        """What encoded runs hold, found with the text before each as its context, and all that
        they claim; the place of a hit is the encoded text's. A run that is joined to its
        neighbours in several ways gives one hit."""
        found: list[Hit] = []
        taken: list[tuple[int, int]] = []
        seen: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for text, start, end in self.decoder.decoded(data, present):
            for hit in self._inside(data, text, start, end, line(start)):
                taken.append((start, end))
                if _claimed(seen.setdefault((hit.fingerprint, hit.rule), []), start, end):
                    found.append(hit)
        return found, taken

    def _inside(self, data: bytes, text: bytes, start: int, end: int, line: int) -> Iterator[Hit]:
        """Of the run at ``start`` to ``end`` that decodes to ``text``."""
        before = data[max(0, start - secrets.NEAR_BYTES) : start]
        whole = before + text
        chosen, inside = self._select(whole)
        for found in _claims(_candidates(whole, chosen, Places(whole, inside)), []):
            if found.start >= len(before):
                plain = self._blank(whole, [(found.start, found.end)])
                yield self._hit(whole, found, line, plain, (start, end))

    def _hit(
        self,
        data: bytes,
        found: _Candidate,
        line: int,
        plain: bytes,
        place: tuple[int, int] | None = None,
    ) -> Hit:
        """``plain``: ``data`` with all secrets blanked; the name that this one is given to is taken
        from there, as it may itself be one."""
        pattern = found.pattern
        secret = data[found.start : found.end]
        shown = hint(secret)
        before = _ASSIGNEE.search(plain[max(0, found.start - 90) : found.start])
        name = before[1] if before and _is_plain(before[1]) else b""
        start, end = place or (found.start, found.end)
        is_assigned = pattern.is_assignment
        told = self._ask(pattern, secret)
        note = f" ({told[0][1]})" if told else ""
        return Hit(
            rule=f"{pattern.provider}-assigned-secret" if is_assigned else pattern.rule,
            kind=HitKind.CREDENTIAL,
            provider=pattern.provider,
            label=pattern.label,
            start=start,
            end=end,
            line=line,
            confidence=Confidence.MEDIUM if is_assigned else pattern.confidence,
            preview=(f"{name.decode('latin-1')}={shown}" if name else shown) + note,
            fingerprint=fingerprint(secret, self._key),
            hint=shown,
            head=head(secret, len(secret) - len(_body(secret, pattern)), self._key),
            tags=told,
        )


def _is_plain(name: bytes) -> bool:
    """A name that people give, not a token: no long piece of letters and digits mixed."""
    return not any(
        len(piece) >= 16 and re.search(rb"[0-9]", piece) and re.search(rb"[A-Za-z]", piece)
        for piece in re.split(rb"[_.-]", name)
    )


def _candidates(data: bytes, chosen: Sequence[Pattern], places: Places) -> Iterator[_Candidate]:
    for order, pattern in enumerate(chosen):
        if pattern.kind is HitKind.CREDENTIAL or pattern.is_assignment:
            for low, high in pattern.windows(places):
                for match in pattern.regex.finditer(data, low, high):
                    found = _assigned(match, pattern) if pattern.is_assignment else match.span()
                    if found is not None:
                        rank = _rank(data, match, found, pattern)
                        if rank is not None:
                            yield _Candidate(rank, order, *found, pattern)


def _claims(
    candidates: Iterator[_Candidate], claimed: Iterable[tuple[int, int]]
) -> Iterator[_Candidate]:
    """Those that overlap none of ``claimed`` nor any before them, the surest first."""
    taken = apart(claimed)
    for found in sorted(candidates, key=lambda c: (c.rank, c.order, c.start)):
        if _claimed(taken, found.start, found.end):
            yield found


def _claimed(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Adds a span to those ``taken``, which are apart and in order, if it overlaps none of them."""
    at = bisect_left(taken, (start, end))
    if (at and taken[at - 1][1] > start) or (at < len(taken) and taken[at][0] < end):
        return False
    taken.insert(at, (start, end))
    return True


def _assigned(match: re.Match[bytes], pattern: Pattern) -> tuple[int, int] | None:
    return match.span("secret") if match["secret"] else None


def _rank(
    data: bytes, match: re.Match[bytes], span: tuple[int, int], pattern: Pattern
) -> int | None:
    """None: it is no secret, or not this provider's."""
    start, end = span
    secret = data[start:end]
    if pattern.is_assignment:
        is_value = secrets.is_value(data, start, end, secret, pattern.min_entropy) and (
            not secret.startswith(b"eyJ") or checksums.holds(_shape(secret), secret, secret, ())
        )
        return start - match.start() if is_value else None
    body = _body(secret, pattern)
    if not secrets.is_random(secret, body, pattern.min_entropy):
        return None
    key = pattern.key
    if key is not None and not checksums.holds(
        key.check, secret, body, tuple(text.encode() for text in key.contains)
    ):
        return None
    if not pattern.words:
        return None if secrets.is_embedded(data, start, end) else _EXACT
    return secrets.distance(data, start, end, pattern.near, has_prefix=bool(pattern.prefixes))


def _body(secret: bytes, pattern: Pattern) -> bytes:
    """Without the prefix that its format gives it."""
    said = max((p for p in pattern.prefixes if secret.startswith(p)), key=len, default=b"")
    return secret[len(said) :]


def _shape(secret: bytes) -> Check:
    return Check.JWT if secret.count(b".") == 2 else Check.NONE
