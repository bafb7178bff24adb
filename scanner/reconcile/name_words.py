"""Names as machines and people write them -> words that compare.

Owns the normal form: ``prod-custSvcFraudScoring-7f3a`` and "Fraud Scoring, Customer Service" have
the same words. Knows no registry.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z0-9]+")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,60})[)\]]")
_ACRONYM = re.compile(r"^[A-Z][A-Z0-9&-]{1,9}$")
_TAIL = re.compile(r"^(?:(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{4,}|v?\d{1,8}|[0-9a-f]{8,})$")
_PLACES = frozenset(
    ["prod", "production", "prd", "dev", "development", "test", "tst", "uat", "qa", "stg",
     "stage", "staging", "preprod", "sbx", "sandbox", "nonprod", "env"]
)  # fmt: skip
_SHORT = {
    "acct": "account", "admin": "administration", "ai": "artificial intelligence",
    "alg": "algorithm", "algo": "algorithm", "anlys": "analysis", "anlyt": "analytics",
    "app": "application", "appl": "application", "asst": "assistant", "auth": "authentication",
    "auto": "automated", "bot": "assistant", "chatbot": "chat assistant", "class": "classification",
    "clf": "classifier", "cls": "classification", "comm": "communication", "cust": "customer",
    "cv": "computer vision", "dept": "department", "det": "detection", "detect": "detection",
    "dev": "development", "dist": "distribution", "doc": "document", "docs": "documents",
    "docu": "document", "emp": "employee", "env": "environment", "eval": "evaluation",
    "fcst": "forecast", "fin": "finance", "genai": "generative artificial intelligence",
    "gen": "generative", "gov": "government", "hr": "human resources", "id": "identification",
    "img": "image", "info": "information", "inv": "inventory", "kb": "knowledge base",
    "llm": "large language model", "maint": "maintenance", "mgmt": "management",
    "mgt": "management",
    "mktg": "marketing", "ml": "machine learning", "mon": "monitoring", "msg": "message",
    "nlp": "natural language processing", "ocr": "optical character recognition",
    "ops": "operations", "opt": "optimization", "perf": "performance", "pred": "prediction",
    "predict": "prediction", "proc": "processing", "prod": "product", "rec": "recommendation",
    "recog": "recognition", "req": "request", "rpt": "report", "sched": "scheduling",
    "seg": "segmentation", "summ": "summarization", "supp": "support", "svc": "service",
    "sys": "system", "tech": "technology", "trans": "translation", "txt": "text",
    "util": "utility", "veh": "vehicle", "xlate": "translation",
}  # fmt: skip
_STEMS = (
    ("isations", "ize"), ("izations", "ize"), ("isation", "ize"), ("ization", "ize"),
    ("ising", "ize"), ("izing", "ize"), ("ations", "at"), ("ation", "at"), ("ating", "at"),
    ("ators", "at"), ("ator", "at"), ("ies", "y"), ("ings", ""), ("ing", ""), ("ers", ""),
    ("er", ""), ("ions", ""), ("ion", ""), ("ses", "s"), ("s", ""),
)  # fmt: skip
_EMPTY = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "of",
        "on",
        "or",
        "the",
        "to",
        "using",
        "via",
        "with",
    ]
)


@lru_cache(maxsize=200_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in its order: no case, no places (``prod``), no random tails,
    abbreviations written out."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    raw = _WORD.findall(_CAMEL.sub(" ", plain).casefold())
    while len(raw) > 1 and (raw[-1] in _PLACES or _TAIL.match(raw[-1])):
        raw.pop()
    while len(raw) > 1 and raw[0] in _PLACES:
        raw.pop(0)
    found: list[str] = []
    for word in raw:
        found += _SHORT.get(word, word).split()
    return tuple(word for word in found if word not in _EMPTY) or tuple(found)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Without the endings in which names of one thing differ (scoring, scorer)."""
    if len(word) > 5:
        for ending, instead in _STEMS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def joined(name: str) -> str:
    """For comparing names whole."""
    return " ".join(stem(word) for word in words_of(name))


def acronyms_of(name: str) -> frozenset[str]:
    """Those that stand in its brackets, and the initials of its words."""
    found = {
        part.strip().casefold() for part in _BRACKETS.findall(name) if _ACRONYM.match(part.strip())
    }
    outside = _WORD.findall(_BRACKETS.sub(" ", name).casefold())
    initials = "".join(word[0] for word in outside if word not in _EMPTY)
    return frozenset(found | ({initials} if 3 <= len(initials) <= 9 else set()))


def plain_words(name: str) -> str:
    """Lower case words without punctuation, nothing else changed."""
    return " ".join(_WORD.findall(name.casefold()))
