"""Editor extensions that a project asks for: dev containers, recommendations, workspaces.

Ids are compared whole with those that the stores give
(https://containers.dev/supporting, https://code.visualstudio.com/docs/configure/extensions).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_name, walk
from scanner.kit.expressions import expression
from scanner.model.items import HitKind

_ID = expression(r"[A-Za-z0-9-]{2,60}\.[A-Za-z0-9-]{2,60}")
_LISTS = frozenset({"extensions", "recommendations"})
_MOST = 500


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Each extension of the catalogue once, where it is listed and not refused
    (``unwantedRecommendations``, or a leading ``-``)."""
    seen: set[str] = set()
    yield from _features(source, knowledge)
    for path, value in walk(source.json, most=20_000):
        if len(path) < 2 or path[-2] not in _LISTS or not isinstance(value, str):
            continue
        if not _ID.fullmatch(value) or value in seen or len(seen) >= _MOST:
            continue
        seen.add(value)
        provider = knowledge.extension("vscode", value)
        if provider:
            yield Found(
                kind=HitKind.PACKAGE,
                label=value,
                start=source.find(f'"{value}"') + 1,
                provider=provider,
                rule=f"{provider}-extension",
                preview=f"extension {value}",
            )


def _features(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Dev container features are images: ``ghcr.io/devcontainers/features/copilot-cli:1``."""
    held = source.json.get("features") if isinstance(source.json, dict) else None
    for name in list(held)[:_MOST] if isinstance(held, dict) else ():
        provider = knowledge.image(name)
        if provider:
            yield Found(
                kind=HitKind.IMAGE,
                label=name,
                start=source.find(f'"{name}"') + 1,
                provider=provider,
            )


READERS = (
    Reader(
        name="extensions",
        matches=by_name(r"\.?devcontainer\.json|extensions\.json|.*\.code-workspace"),
        read=read,
        literals=(b"extensions", b"recommendations", b"features"),
    ),
)
