"""Keys in places where nobody expects them: tags, names of resources and files, a map of keys. What
is kept of such a text shows a hint and the start of the fingerprint instead.

Only formats that are unmistakable by themselves are masked: a text that is kept must stay the same
text in every scan, whatever stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from functools import cache

from scanner.detect.patterns import Pattern
from scanner.detect.prefilter import build
from scanner.detect.redact import fingerprint, hint
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

_BOUNDS = expression(r"^\(\?<!\[[^\]]*\]\)(?P<body>.*)\(\?!\[[^\]]*\]\)$", re.S)
_TELLING = (
    "sk-", "sk_", "pk-lf-", "rk_", "gsk_", "hf_", "r8_", "pplx-", "xai-", "nvapi-", "tvly-",
    "pcsk_", "ghp_", "gho_", "ghu_", "ghs_", "github_pat_", "glpat-", "xoxa-", "xoxb-", "xoxe-",
    "xoxp-", "xoxs-", "xapp-", "AIza", "AKIA", "ASIA", "shpat_", "npm_", "pypi-", "dapi", "SG.",
    "whsec_",
)  # fmt: skip
"""How vendors' keys begin: what follows such a beginning is a key whatever its exact form."""
_TYPED = expression(
    rb"(?i)(?<![A-Za-z0-9])(?:(?:"
    + "|".join(map(re.escape, _TELLING)).encode()
    + rb")(?=[a-z_-]{0,200}[0-9])[A-Za-z0-9_-]{12,400}"
    rb"|eyJ[A-Za-z0-9_-]{10,2000}(?:\.[A-Za-z0-9_-]{4,2000}){1,2})"
)
_BEGUN = expression(
    rb"(?<![A-Za-z0-9_-])(?:" + b"|".join(re.escape(one.encode()) for one in _TELLING) + rb")"
    rb"(?=[a-zA-Z_-]{0,60}[0-9][a-zA-Z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])"
    rb"(?=[A-Z0-9_-]{0,60}[a-z])[A-Za-z0-9_-]{16,400}"
)
"""A key, or the beginning of one, that is none of a known form: what somebody or a vendor has cut.
Small and capital letters and figures, so that no name of a thing is taken for one."""
_JWT = b"eyj"


@cache
def _loose(source: str) -> re.Pattern[bytes]:
    return expression(source.encode())


class Mask:
    """Compiled once from the credential formats."""

    def __init__(self, patterns: Sequence[Pattern], key: bytes, engine: str = "auto") -> None:
        self._key = key
        formats = [p for p in patterns if p.kind is HitKind.CREDENTIAL and not p.words]
        owners: dict[bytes, list[str]] = {}
        for pattern in formats:
            bounded = _BOUNDS.match(pattern.source)
            for literal in pattern.folded:
                owners.setdefault(literal, []).append(
                    bounded["body"] if bounded else pattern.source
                )
        self._literals = frozenset(owners)
        telling = {one.encode().lower() for one in _TELLING}
        literals = sorted({*owners, *telling, _JWT})
        self._owners = [owners.get(literal, ()) for literal in literals]
        self._begins = frozenset(n for n, one in enumerate(literals) if one in telling)
        self._types = self._begins | {literals.index(_JWT)}
        self._prefilter = build(literals, engine)

    def masked(self, data: bytes) -> bytes:
        """The same object when there is nothing to mask."""
        return self._masked(data, self._begins, _BEGUN)

    def masked_text(self, data: bytes) -> bytes:
        """As :meth:`masked`, of texts that people have typed and a log repeats: whatever begins as
        a key does is masked, too, since a key that is cut or of an older form is no less secret."""
        return self._masked(data, self._types, _TYPED)

    def _masked(self, data: bytes, begins: Set[int], loose: re.Pattern[bytes]) -> bytes:
        """``loose``: looked for where one of ``begins`` occurs. Most texts hold no literal at all,
        which the prefilter says in a microsecond."""
        found = self._prefilter.candidates(data)
        if not found:
            return data
        spans = self._spans(data, found)
        if not begins.isdisjoint(found):
            spans += [match.span() for match in loose.finditer(data)]
        for start, end in reversed(apart(spans)):
            data = data[:start] + self._shown(data[start:end]) + data[end:]
        return data

    def blanked(
        self,
        data: bytes,
        spans: Iterable[tuple[int, int]],
        present: Set[bytes] | None = None,
    ) -> bytes:
        """As :meth:`masked`, but every offset stays: what readers see of a file, so that no name
        that they cut or fold can hold a piece of a key. ``spans``: further places of secrets;
        ``present``: which literals the data holds, where that is known already."""
        own = (
            []
            if present is not None and self._literals.isdisjoint(present)
            else self._spans(data, self._prefilter.candidates(data))
        )
        found = apart([*own, *spans])
        if not found:
            return data
        parts: list[bytes] = []
        at = 0
        for start, end in found:
            shown = self._shown(data[start:end])[: end - start]
            parts += (data[at:start], shown.ljust(end - start, b"*"))
            at = end
        return b"".join((*parts, data[at:]))

    def _shown(self, secret: bytes) -> bytes:
        return f"{hint(secret)}~{fingerprint(secret, self._key)[:8]}".encode()

    def _spans(self, data: bytes, found: Iterable[int]) -> list[tuple[int, int]]:
        return [
            match.span()
            for index in found
            for source in self._owners[index]
            for match in _loose(source).finditer(data)
        ]


def apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
