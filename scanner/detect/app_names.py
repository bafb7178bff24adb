"""Names of applications -> the provider that the catalogue has for them, and how sure that is.

A name that the catalogue gives for an application is compared whole, and says the most. What has
words around it is less sure: a maker before it, a shape or a part of the product behind it. One
that stands anywhere in a name counts where nothing else is called so; a word of a language, a
person's name or another product's does not (:data:`_ORDINARY`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from scanner.kit.ai_words import said
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Category, Provider

_APPLICATIONS = frozenset({
    Category.CHAT_APP, Category.MEETING_APP, Category.CODING_ASSISTANT, Category.AGENT_PLATFORM,
    Category.IMAGE_VIDEO, Category.MUSIC, Category.SPEECH, Category.TRANSLATION, Category.LOW_CODE,
    Category.LLM_API, Category.OTHER,
})  # fmt: skip
"""Of products that people sign in to; a library's name in a list of applications is chance."""
_PLATFORMS = frozenset({
    Category.CLOUD_AI, Category.INFERENCE_HOST, Category.GATEWAY, Category.MODEL_HUB,
    Category.EMBEDDINGS_SEARCH, Category.VECTOR_STORE, Category.OBSERVABILITY, Category.GUARDRAIL,
    Category.DATA_LABELLING,
})  # fmt: skip
"""Of services that some people sign in to, too: their names count unless they are ordinary."""
_PARTED = expression(r" [-\u2010-\u2015|\u00b7:] |[()\[\]]| by | for | in | from ")
_TOKENS = expression(r"[^\s_/()\[\],;:|\u2010-\u2015-]+")
_KINDS = frozenset({
    "add-in", "addin", "addon", "android", "app", "beta", "bot", "business", "chrome", "cli",
    "connector", "desktop", "editor", "enterprise", "extension", "ide", "integration", "ios", "mac",
    "macos", "mobile", "plugin", "pro", "sso", "team", "web", "windows",
})  # fmt: skip
"""Words behind a product's name that say in which shape it is used."""
_PARTS = _KINDS | {
    "admin", "advanced", "agent", "agents", "ai", "api", "assistant", "chat", "cloud", "code",
    "console", "dashboard", "dev", "edu", "education", "free", "hub", "labs", "login", "max",
    "notetaker", "platform", "playground", "plus", "portal", "premium", "prod", "production",
    "sandbox", "staging", "studio", "teams", "test", "ultra", "workspace",
}  # fmt: skip
"""Words behind a product's name that say which part, plan or environment of it."""
_ORDINARY = frozenset({
    "agent skills", "agent zero", "aider", "anchor browser", "annoy", "atlas cloud", "atomic chat",
    "avian", "bailing", "beam cloud", "bedrock", "bifrost", "bluedot", "braintrust", "bria",
    "browser use", "cassio", "charity engine", "chatbox", "chorus", "chroma", "chutes",
    "circleback", "claude", "cline", "codegen", "codex", "colbert", "comet", "consensus",
    "continue", "copilot", "coral bricks", "cortex", "cubic", "cursor", "databricks", "daytona",
    "decagon", "deep lake", "detect language", "detoxify", "devin", "dust", "elicit", "ellipsis",
    "factory ai", "fathom", "fellow", "fiftyone", "fireflies", "flux", "freemodel", "galadriel",
    "galileo", "gamma", "gemini", "glean", "glide gateway", "gong", "goose", "grain", "granola",
    "graphiti", "happy scribe", "hyperbolic", "inception labs", "inflection", "invariant", "jamie",
    "jasper", "julep", "jules", "kagi", "khoj", "kimi", "korbit", "kuzu", "lambda cloud", "laminar",
    "le chat", "letta", "lindy", "liner", "linkup", "llama", "llm gateway", "lovable", "manus",
    "martian", "mentat", "minimax", "modal", "moderation api", "monica", "new api", "not diamond",
    "nvidia", "one api", "onyx", "openspec", "orama", "otter", "page assist", "pangea", "parasail",
    "pika", "pinecone", "pinstripes", "pollinations", "poolside", "presidio", "prism inference",
    "private ai", "public ai", "rasa", "rebuff", "replicate", "rime", "rivet", "runway",
    "sail research", "semantic router", "sider", "snowflake", "sourcery", "spec kit", "spinach",
    "stack ai", "subconscious", "superagent", "supernormal", "sweep", "tabby", "targon",
    "task master", "tinfoil", "together", "token factory", "tome", "topaz labs", "twinny",
    "unstructured", "upstage", "vald", "vectra", "vertex", "vespa", "void editor", "warp", "weave",
    "windsurf", "writer",
})  # fmt: skip
"""Names of the catalogue that others bear as well: words, people, places and what is mostly
no AI. Labels say so themselves (:attr:`scanner.rulebook.types.OAuthApp.is_ordinary`)."""
_LEAST = 4
"""Letters of a name that says anything amid others."""
_MOST_WORDS = 30
"""Words of a label that are looked at."""

Known = tuple[str, str, Confidence]
"""Provider id, the reason, and how sure."""


def plain(name: str) -> str:
    """Of an application, for comparing: without case, full width and blanks too many."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _words(name: str) -> list[str]:
    return _TOKENS.findall(name)


class AppNames:
    """Look-ups, compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._labels: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._makers: dict[str, frozenset[str]] = {}
        self._amid: dict[tuple[str, ...], str] = {}
        self._ordinary = set(_ORDINARY)
        for provider in rulebook.providers:
            for app in provider.oauth_apps:
                label = plain(app.label)
                if label and app.is_ordinary:
                    self._ordinary.add(label)
                    self._names.setdefault(label, provider.id)
                elif label:
                    self._labels.setdefault(label, provider.id)
            for name in _names_of(provider):
                self._names.setdefault(name, provider.id)
            self._makers[provider.id] = frozenset(_makers_of(provider))
            for domain in provider.web_domains:
                self._amid.setdefault((domain,), provider.id)
        for known in (self._labels, self._names):
            for name, provider_id in known.items():
                if name not in self._ordinary and len(name) >= _LEAST:
                    self._amid.setdefault(tuple(_words(name)), provider_id)
        self._most = max(map(len, self._amid), default=0)

    def whole(self, label: str) -> Known | None:
        """By the name that an application has at its source."""
        found = self._labels.get(plain(label))
        return (found, f"application name {label}", Confidence.MEDIUM) if found else None

    def alike(self, label: str) -> Known | None:
        """By a name that is like a known one: a product's own, which others may bear too, or with
        words around it."""
        whole = plain(label)
        found = self._names.get(whole)
        if found:
            return found, f"application name {label}, as of a product", Confidence.LOW
        parts = _PARTED.split(whole)
        for part in parts:
            name = _bare(part, _KINDS)
            found = self._labels.get(name) or (self._names.get(name) if " " in name else None)
            if found:
                return _told(found, label, name, part == whole)
        for part in parts:
            if made := self._made(part):
                provider, name, is_sure = made
                return _told(provider, label, name, is_sure and part == whole)
        for part in parts:
            name = _bare(part, _PARTS)
            found = self._labels.get(name) or (
                self._names.get(name) if len(name) >= _LEAST else None
            )
            if found and (name not in self._ordinary or said(label)):
                return _told(found, label, name, is_sure=False)
        return self._within(label, whole)

    def _made(self, part: str) -> tuple[str, str, bool] | None:
        """A product behind its maker's name; whether that is how its application is called."""
        maker, _, rest = part.strip().partition(" ")
        for words in (_KINDS, _PARTS):
            name = _bare(rest, words)
            found = self._labels.get(name) or self._names.get(name)
            if found and maker in self._makers[found]:
                return found, name, words is _KINDS and name in self._labels
        return None

    def _within(self, label: str, whole: str) -> Known | None:
        """The longest name, the first of those, that nothing else is called by."""
        words = _words(whole)[:_MOST_WORDS]
        for size in range(min(self._most, len(words)), 0, -1):
            for at in range(len(words) - size + 1):
                name = tuple(words[at : at + size])
                if found := self._amid.get(name):
                    return _told(found, label, " ".join(name), is_sure=False)
        return None


def _told(provider: str, label: str, name: str, is_sure: bool) -> Known:
    sure = Confidence.MEDIUM if is_sure else Confidence.LOW
    return provider, f"application name {label}, in which stands {name}", sure


def _bare(part: str, behind: frozenset[str]) -> str:
    words = part.split()
    while len(words) > 1 and words[-1] in behind:
        words.pop()
    return " ".join(words)


def _names_of(provider: Provider) -> Iterator[str]:
    for name in map(plain, (provider.name, *provider.aliases)):
        if provider.category in _APPLICATIONS or (
            provider.category in _PLATFORMS and name not in _ORDINARY and len(name) >= _LEAST
        ):
            yield name


def _makers_of(provider: Provider) -> Iterable[str]:
    """Words that name who makes it: of its names and its own domains."""
    for name in (provider.name, *provider.aliases, provider.id.replace("_", " ")):
        yield from _words(plain(name))
    for domain in provider.web_domains:
        yield from domain.split(".")[-2:-1]
