"""What kind of place a path is: shipped code, a test, an example, documentation, somebody else's
code, or what a program wrote. It lowers confidence; it never hides."""

from __future__ import annotations

import re

from scanner.kit.expressions import expression
from scanner.model.evidence import Setting
from scanner.model.items import HitKind

_FOLDERS: tuple[tuple[re.Pattern[str], Setting], ...] = (
    (
        expression(
            r"(?:^|/)(?:vendor|vendored|_vendor|third[_-]?party|3rdparty|node_modules"
            r"|bower_components|site-packages|Pods|Carthage)/",
            re.I,
        ),
        Setting.VENDORED,
    ),
    (
        expression(
            r"(?:^|/)(?:(?:[\w.-]*[._-])?tests?|specs?|__tests__|__mocks__|__fixtures__|__snapshots__|mocks?"
            r"|testdata|test[_-][\w-]+|fixtures?|e2e|cypress|playwright|cassettes|testing|stubs"
            r"|testutils?)/"
            r"|(?:^|/)(?:test_[^/]*|[^/]*_tests?|conftest|tests?)\.py$"
            r"|_test\.(?:go|py|rb|exs|dart|ts)$"
            r"|_spec\.(?:rb|ts|js)$|\.(?:test|spec|cy|e2e)\.[cm]?[jt]sx?$"
            r"|(?:Test|Tests|IT|Spec)\.(?:java|kt|cs|scala|swift|php)$|(?:^|/)Tests?[A-Z]\w*\.swift$",
            re.I,
        ),
        Setting.TEST,
    ),
    (
        expression(
            r"(?:^|/)(?:examples?|samples?|demos?|cookbooks?|tutorials?|quickstarts?|playground"
            r"|snippets)/|\.stories\.[cm]?[jt]sx?$"
            r"|(?:^|/)[^/]*(?:\.|_|-)(?:example|sample|template|dist)(?:\.[^/]*)?$",
            re.I,
        ),
        Setting.EXAMPLE,
    ),
    (
        expression(
            r"(?:^|/)(?:docs?|documentation|website|blog|changelogs?|\.changeset|i18n|locales?"
            r"|translations)/",
            re.I,
        ),
        Setting.DOCUMENTATION,
    ),
    (
        expression(
            r"\.min\.(?:js|css)$|\.bundle\.js$|\.(?:pb|pb2|twirp|gen|generated|designer)\.\w+$"
            r"|_pb2(?:_grpc)?\.pyi?$|\.g\.(?:dart|cs)$|(?:^|/)(?:generated|__generated__|gen)/"
            r"|\.(?:map|lock|snap)$|(?:^|/)(?:package-lock\.json|pnpm-lock\.yaml|go\.sum)$",
            re.I,
        ),
        Setting.GENERATED,
    ),
)
_PROSE = expression(
    r"\.(?:md|mdx|rst|adoc|markdown|txt\.j2|tex|patch|diff|csv|tsv|log)$"
    r"|(?:^|/)(?:README|CHANGELOG|LICENSE|NOTICE|CONTRIBUTING|HISTORY|AUTHORS|SECURITY)[^/]*$",
    re.I,
)
_WRITTEN_FOR_AGENTS = (HitKind.FILE, HitKind.AGENT, HitKind.MCP_SERVER)
_GENERATED_HEAD = expression(
    rb"(?i)code generated .{0,80}do not edit|@generated\b|auto-?generated (?:by|from|file)"
    rb"|this file (?:is|was) (?:auto-?|automatically )generated"
)


def setting_of(path: str, kind: HitKind | None = None) -> Setting:
    """By path alone. ``kind``: what was seen; an agent's instructions are prose by their nature, so
    for those only the folder counts."""
    for pattern, setting in _FOLDERS:
        if pattern.search(path):
            return setting
    if kind not in _WRITTEN_FOR_AGENTS and _PROSE.search(path):
        return Setting.DOCUMENTATION
    return Setting.PRODUCTION


def is_generated(data: bytes) -> bool:
    """Whether the file says of itself that a program wrote it
    (https://go.dev/s/generatedcode and its like)."""
    return _GENERATED_HEAD.search(data, 0, 2000) is not None
