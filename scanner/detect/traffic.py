"""Where in raw log bytes hosts of AI may stand, and whose they are.

The first stage looks for literals in bytes that nobody has parsed; only a line that has one is
taken apart by its reader, and the host that it names is compared whole, label by label: a suffix of
a name is not the name (``notopenai.com``). Owns no format of logs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from scanner.detect import compiled
from scanner.detect.knowledge import Knowledge
from scanner.detect.software import Software
from scanner.model.evidence import Confidence
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Category, Provider

_SHARED = frozenset({"databricks.com", "snowflake.com", "zapier.com", "github.com"})
"""Sites of companies for which AI is one thing among many: contact with them is no use of AI."""
_LEAST = 5
"""Bytes of a literal. Shorter ones stand everywhere."""
_COMMON = frozenset({
    ".amazonaws.com", ".api.aws", ".googleapis.com", ".azure.com", ".vpce.amazonaws.com",
    ".p.googleapis.com",
})  # fmt: skip
"""In every log of a company that is in that cloud."""
_PARTS = ("base", "api", "upload", "download", "edit", "post", "delete", "sharing")
"""What Palo Alto Networks adds to an application's name for what is done with it
(https://docs.paloaltonetworks.com/ai-access-security/administration/tag-genai-apps)."""
_ENDS = (".com", ".aws", ".net", ".io", ".cn", ".ai")
_ENDS_IN_LABELS = tuple(f"({len(end) - 1}){end[1:]}" for end in _ENDS)
_BEFORE = " \t\"'=./,;:@(|>"
"""What may stand before a host in a line."""
_AREAS = ("us", "eu", "ap", "ca", "sa", "me", "af", "il", "mx", "cn")
"""How AWS' regions begin."""
_CASELESS = 1
_WORDS = re.compile(r"[a-z]+")
_PIECES = re.compile(r"[^\W_]+")
_SIZE = re.compile(r"[a-z]{0,2}\d{1,8}(?:[a-z]{1,2}\d{0,3}){0,2}")
"""Of a model, or its version: ``70b``, ``8x7b``, ``4o``, ``v2``, ``20240513``."""
PATHS = (
    "/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses",
    "/api/generate", "/api/chat", "/api/embed", "/v1/rerank", "/v2/models/", ":generateContent",
    ":streamGenerateContent", "/v1/audio/transcriptions", "/v1/images/generations",
    "/generate_stream", "/invocations", "/mcp",
)  # fmt: skip
"""What model servers answer to, whatever their host is called: OpenAI's, Anthropic's, Google's and
Ollama's interfaces (https://github.com/ollama/ollama/blob/main/docs/api.md), KServe's, Text
Generation Inference's, SageMaker's containers, and the Model Context Protocol."""


class HostWatch:
    """Compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._knowledge = Knowledge(rulebook)
        self._categories = {p.id: p.category for p in rulebook.providers}
        self._names = {p.id: p.name for p in rulebook.providers}
        self._domains = {
            domain.lower(): provider.id
            for provider in rulebook.providers
            for domain in provider.web_domains
            if domain.lower() not in _SHARED
        }
        self._literals = list(_literals(rulebook.providers))
        self._in_labels = _collapsed(_labels(rulebook.providers))
        self._known: dict[tuple[str, str], tuple[str, str]] = {}
        self._searches: dict[tuple[str, ...], Callable[[Any], list[int]]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[HostWatch], tuple[Rulebook]]:
        """For another process, which compiles it anew."""
        return HostWatch, (self._rulebook,)

    def search(self, marks: Sequence[str] = ()) -> Callable[[Any], list[int]]:
        """See :meth:`scanner.kit.contract.Watch.search`."""
        with self._lock:
            found = self._searches.get(tuple(marks))
            if found is None:
                texts = [*_collapsed([*self._literals, *marks]), *self._in_labels]
                encoded = [text.encode() for text in texts]
                found = self._searches[tuple(marks)] = _finder(encoded, _CASELESS, is_kept=True)
        return found

    @cached_property
    def _software(self) -> Software:
        return Software(self._rulebook)

    @property
    def software(self) -> list[str]:
        return self._software.texts

    def installed(
        self, *, extension: str = "", bundle: str = "", program: str = "", name: str = ""
    ) -> tuple[str, str, Confidence] | None:
        """See :meth:`scanner.detect.software.Software.identify`."""
        return self._software.identify(
            extension=extension, bundle=bundle, program=program, name=name
        )

    def finder(
        self, literals: Sequence[bytes], *, is_caseless: bool = False
    ) -> Callable[[Any], list[int]]:
        """See :meth:`scanner.kit.contract.Watch.finder`."""
        return _finder(literals, _CASELESS if is_caseless else 0, is_kept=False)

    def known(self, host: str, path: str = "") -> tuple[str, str]:
        """(provider, ``api`` or ``web``) of a host as it was written, port and trailing dot and
        all; empty texts where it is nobody's."""
        key = (host, path if path.count("/") < 3 else "/".join(path.split("/", 4)[:4]))
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = self._known[key] = self._find(bare_host(host), path)
        return found

    def _find(self, host: str, path: str) -> tuple[str, str]:
        provider = self._knowledge.host(host, path)
        if provider:
            return provider, "api"
        name = host
        while "." in name:
            if name in self._domains:
                return self._domains[name], "web"
            name = name.partition(".")[2]
        return "", ""

    def named(self, name: str) -> str:
        """The provider that goes by ``name`` (``openai``, ``aws.bedrock``); empty: none."""
        return self._called.get(_plain(name), "")

    @cached_property
    def _called(self) -> dict[str, str]:
        every = self._rulebook.providers
        called = {_plain(one.name): provider.id for provider in every for one in provider.logged_as}
        for alias, provider in self._rulebook.by_alias.items():
            called.setdefault(_plain(alias), provider)
        return called

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """See :attr:`scanner.kit.contract.Watch.labels`."""
        return {
            app.label.casefold(): provider.id
            for provider in reversed(self._rulebook.providers)
            for app in provider.oauth_apps
            if app.label and not app.is_ordinary
        }

    def application(self, name: str) -> tuple[str, str]:
        """See :meth:`scanner.kit.contract.Watch.application`."""
        words = _plain(name).split()
        while words:
            found = self._applications.get(" ".join(words))
            if found or words[-1] not in _PARTS:
                return found or ("", "")
            words.pop()
        return "", ""

    @cached_property
    def _applications(self) -> dict[str, tuple[str, str]]:
        return {
            _plain(one.name): (provider.id, one.surface)
            for provider in self._rulebook.providers
            for one in provider.applications
        }

    def title(self, provider: str) -> str:
        return self._names.get(provider, provider)

    def is_assistant(self, provider: str) -> bool:
        """Whether people write code with it."""
        return self._categories.get(provider) is Category.CODING_ASSISTANT

    @cached_property
    def _words(self) -> frozenset[str]:
        """That vendors call models by."""
        texts = (model.pattern.lower() for p in self._rulebook.providers for model in p.models)
        return frozenset(word for text in texts for word in _WORDS.findall(text) if len(word) > 1)

    def common(self, model: str) -> int:
        """See :meth:`scanner.kit.contract.Watch.common`."""
        for hit in _PIECES.finditer(model.lower()):
            piece = hit[0]
            words = _WORDS.findall(piece) if piece.isascii() else []
            is_named = bool(words) and self._words.issuperset(words)
            if not (is_named or len(piece) == 1 or _SIZE.fullmatch(piece)):
                return hit.start()
        return len(model)


def _finder(literals: Sequence[bytes], flag: int, *, is_kept: bool) -> Callable[[Any], list[int]]:
    """``flag``: of each of them. ``is_kept``: what is compiled, for the next process, too."""
    expressions = [re.escape(one) for one in literals]
    if not expressions:
        return lambda data: []
    try:
        database = compiled.database(
            expressions,
            ids=range(len(expressions)),
            flags=[flag] * len(expressions),
            is_kept=is_kept,
        )
    except ImportError:
        pattern = re.compile(b"|".join(expressions), re.I if flag else 0)
        return lambda data: [hit.end() for hit in pattern.finditer(data)]
    local = threading.local()

    def found(data: Any) -> list[int]:
        scratch = getattr(local, "scratch", None)
        if scratch is None:
            scratch = local.scratch = compiled.new_scratch(database)
        ends: list[int] = []
        add = ends.append

        def on_match(_ident: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add(end)

        database.scan(data, match_event_handler=on_match, scratch=scratch)
        return ends

    return found


def _plain(name: str) -> str:
    """``azure.ai.openai``, ``Azure-AI_OpenAI``: the same."""
    return " ".join(re.split(r"[\s._-]+", name.casefold().strip()))


def bare_host(host: str) -> str:
    """Lower case, without user, port, brackets and the root's dot."""
    name = host.strip().lower().rpartition("@")[2]
    if name.startswith("["):
        return name[1:].partition("]")[0]
    if name.count(":") == 1:
        name = name.partition(":")[0]
    return name.rstrip(".")


def _literals(providers: Iterable[Provider]) -> Iterator[str]:
    yield from PATHS
    for provider in providers:
        for application in provider.applications:
            yield from _as_written(application.name)
        for host in provider.hosts:
            pieces = [
                piece
                for piece in host.host.lower().split("*")
                if len(piece) >= _LEAST and piece not in _COMMON
            ]
            if pieces:
                yield max(pieces, key=lambda piece: (_is_telling(piece), len(piece)))
            else:
                yield from _short(host.host.lower())
        for domain in _sites(provider):
            yield from (domain,) if len(domain) >= _LEAST else _short(domain)


def _short(host: str) -> Iterator[str]:
    """Of a host too short to be looked for by itself: with what may stand before it, and where
    regions follow, with how those begin."""
    begin, star, _ = host.partition("*")
    for sign in _BEFORE:
        yield from (f"{sign}{begin}{area}-" for area in _AREAS) if star else (f"{sign}{begin}",)


def _as_written(application: str) -> Iterator[str]:
    """By Palo Alto Networks, Fortinet and Check Point. One word is looked for with what is done
    with it, or alone in its field."""
    words = application.lower().split()
    if len(words) > 1:
        yield from (sign.join(words) for sign in ("-", ".", " - "))
    else:
        yield from (f"{words[0]}-{part}" for part in _PARTS)
        yield from (f'"{words[0]}"', f",{words[0]},")


def _labels(providers: Iterable[Provider]) -> Iterator[str]:
    """Hosts as the debug log of Windows' DNS server writes names: ``(6)openai(3)com``. How long a
    label is of which a part is told, is not known: it is looked for as it is."""
    for provider in providers:
        for host in (*(one.host.lower() for one in provider.hosts), *_sites(provider)):
            pieces = host.split("*")
            told = [_in_labels(piece, at > 0, at < len(pieces) - 1)
                    for at, piece in enumerate(pieces) if piece not in _COMMON]  # fmt: skip
            if found := [one for one in told if len(one) >= _LEAST]:
                yield max(found, key=lambda one: (not one.endswith(_ENDS_IN_LABELS), len(one)))
            else:
                yield from (f"{one}(" for one in told if one)


def _in_labels(piece: str, is_behind: bool, is_before: bool) -> str:
    """``is_behind``: something stands before it, ``is_before``: or behind."""
    labels = piece.split(".")
    last = len(labels) - 1
    text = ""
    for at, label in enumerate(labels):
        is_part = (at == 0 and is_behind) or (at == last and is_before)
        if not label:
            continue
        if is_part and at == last and at > 0:
            break  # its length, which stands before it, is not known
        text += label if is_part else f"({len(label)}){label}"
    return text


def _sites(provider: Provider) -> Iterator[str]:
    return (one.lower() for one in provider.web_domains if one.lower() not in _SHARED)


def _is_telling(piece: str) -> bool:
    """The service's own name, rather than the domain that all services of a cloud share."""
    return not piece.endswith(_ENDS)


def _collapsed(literals: Iterable[str]) -> list[str]:
    """Without those that hold another: whatever hits them hits that one, too."""
    kept: list[str] = []
    for one in sorted({text.lower() for text in literals}, key=lambda text: (len(text), text)):
        if not any(other in one for other in kept):
            kept.append(one)
    return sorted(kept)
