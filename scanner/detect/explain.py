"""Why each thing in a file was or was not reported: the same engine, with its reasons told.

Owns words for people; decides nothing. Secrets appear as hints only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect import secrets
from scanner.detect.checksums import holds
from scanner.detect.engine import Detector
from scanner.detect.interpret import evidence_of
from scanner.detect.patterns import Pattern, Places
from scanner.detect.redact import entropy, hint, is_placeholder
from scanner.kit.text import as_text
from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import Hit, HitKind, Place

_BECAUSE = {
    HitKind.CREDENTIAL: "the format of {label}",
    HitKind.HOST: "an API host of {provider}",
    HitKind.IMPORT: "imports {label}, a package of {provider}",
    HitKind.PACKAGE: "depends on {label}, a package of {provider}",
    HitKind.ENV_VAR: "a variable of {provider}",
    HitKind.MODEL: "a model id of {provider}, where code names a model",
    HitKind.IMAGE: "an image of {provider}",
    HitKind.IDENTIFIER: "{label} means use of {provider} by itself",
    HitKind.FILE: "a file that {provider} is known by",
    HitKind.CLIENT: "a client that is constructed and pointed at {label}",
    HitKind.ENDPOINT: "a model endpoint by the shape of its address or name",
    HitKind.MCP_SERVER: "an MCP server",
    HitKind.AGENT: "an agent that a framework defines here",
    HitKind.RESOURCE: "a resource of {provider} that is declared here",
    HitKind.GRANT: "a permission to call models of {provider}",
    HitKind.WEIGHTS: "model weights by their content",
    HitKind.FLOW: "a workflow with AI steps",
    HitKind.COMPUTE: "accelerators are asked for",
    HitKind.QUERY: "SQL that calls a model",
    HitKind.NAME: "the name of a secret of {provider}",
}
_LOWERED = {
    Setting.TEST: "in a test",
    Setting.EXAMPLE: "in an example",
    Setting.DOCUMENTATION: "in documentation",
    Setting.VENDORED: "in somebody else's code",
    Setting.GENERATED: "in what a program wrote",
    Setting.COMMENT: "in a comment",
}


class Explained(Model, frozen=True, kw_only=True):
    """One thing in a file. ``verdict``: ``reported``, ``mentioned`` (too unsure for a finding) or
    ``refused``."""

    line: int
    verdict: str
    kind: str
    rule: str
    what: str
    confidence: str = ""
    why: str


def explain(detector: Detector, data: bytes, path: str) -> list[Explained]:
    """In order of line: what is reported first, then what is not."""
    hits = detector.examine(data, path, ("credentials", "usage"))
    rows = [_reported(detector, hit, path) for hit in hits]
    text = as_text(data)
    if text is not None:
        rows += _refused(detector, text, hits)
    return sorted(rows, key=lambda row: (row.line, row.verdict, row.rule, row.what))


def _reported(detector: Detector, hit: Hit, path: str) -> Explained:
    evidence = evidence_of(hit, Place(subject=NodeId("file"), path=path), "code")
    provider = detector.knowledge.title(hit.provider) if hit.provider else "nobody in the catalogue"
    why = _BECAUSE[hit.kind].format(label=hit.label, provider=provider)
    if evidence.confidence is not hit.confidence:
        why += f"; {_LOWERED.get(evidence.context, evidence.context)}, so {evidence.confidence}"
        why += f" instead of {hit.confidence}"
    if hit.part:
        why += f"; an asset of its own: {hit.part}"
    sure = evidence.confidence.rank >= Confidence.MEDIUM.rank
    return Explained(
        line=hit.line,
        verdict="reported" if sure else "mentioned",
        kind=str(hit.kind),
        rule=hit.rule,
        what=hit.preview or hit.label,
        confidence=str(evidence.confidence),
        why=why,
    )


def _refused(detector: Detector, data: bytes, hits: tuple[Hit, ...]) -> Iterator[Explained]:
    claimed = [(hit.start, hit.end) for hit in hits if hit.kind is HitKind.CREDENTIAL]
    chosen, present = detector.select(data)
    places = Places(data, present)
    seen: set[tuple[int, str]] = set()
    for pattern in chosen:
        if pattern.kind is not HitKind.CREDENTIAL:
            continue
        matched: list[tuple[int, int]] = []
        for low, high in pattern.windows(places):
            for match in pattern.regex.finditer(data, low, high):
                start, end = match.span()
                matched.append((start, end))
                if any(a < end and start < b for a, b in claimed):
                    continue
                line = data.count(b"\n", 0, start) + 1
                if (line, pattern.rule) not in seen:
                    seen.add((line, pattern.rule))
                    yield _row(pattern, line, data[start:end], _why_not(data, match, pattern))
        yield from _beginnings(data, pattern, matched + claimed, places, seen)


def _beginnings(
    data: bytes,
    pattern: Pattern,
    known: list[tuple[int, int]],
    places: Places,
    seen: set[tuple[int, str]],
) -> Iterator[Explained]:
    """A format's own prefix, behind which something else follows."""
    for prefix in pattern.prefixes:
        if len(prefix) < 5:
            continue
        for at in places.of(prefix.lower()):
            if any(start <= at < end for start, end in known):
                continue
            if data[at : at + len(prefix)] != prefix:
                continue
            line = data.count(b"\n", 0, at) + 1
            if (line, pattern.rule) in seen:
                continue
            seen.add((line, pattern.rule))
            run = re.match(rb"[A-Za-z0-9_+/=.-]{0,400}", data[at:])
            size = len(run[0]) if run else 0
            yield _row(
                pattern, line, prefix + b"\xe2\x80\xa6",
                f"begins like {pattern.label}, but its {size} characters are not of that format",
                is_hint=True,
            )  # fmt: skip


def _row(
    pattern: Pattern, line: int, secret: bytes, why: str, *, is_hint: bool = False
) -> Explained:
    return Explained(
        line=line,
        verdict="refused",
        kind=str(HitKind.CREDENTIAL),
        rule=pattern.rule,
        what=secret.decode("utf-8", "replace") if is_hint else hint(secret),
        why=why,
    )


def _why_not(data: bytes, match: re.Match[bytes], pattern: Pattern) -> str:
    """The first check that it fails, in the order in which they are made."""
    start, end = match.span()
    secret = match[0]
    said = max((p for p in pattern.prefixes if secret.startswith(p)), key=len, default=b"")
    body = secret[len(said) :]
    if entropy(secret) < pattern.min_entropy:
        return f"{entropy(secret):.1f} bits a character; the format has at least " + (
            f"{pattern.min_entropy:.1f}"
        )
    if is_placeholder(body):
        return "a placeholder: words, repeats or runs of the alphabet"
    if secrets.is_written(body):
        return "written text or a pattern, not random characters"
    if secrets.is_published(secret):
        return "a sample that its vendor prints in a manual"
    key = pattern.key
    contains = tuple(text.encode() for text in key.contains) if key else ()
    if key is not None and not holds(key.check, secret, body, contains):
        return f"its structure is wrong (check {key.check or 'contents'})"
    if secrets.is_embedded(data, start, end):
        return "part of a longer encoded text: an image, a bundle, an integrity hash"
    if pattern.words:
        words = ", ".join(key.near) if key else "its words"
        return f"its shape says little alone, and the value is not given to any of: {words}"
    return "claimed by another rule at the same place"
