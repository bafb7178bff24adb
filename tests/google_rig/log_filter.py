"""As much of Cloud Logging's query language as the connector uses; anything else is refused.

https://cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from scanner.kit.tables import first_text

Chosen = Callable[[Mapping[str, Any]], bool]
_LOG = re.compile(r'log_id\("([^"]+)"\)')
_COMPARED = re.compile(r'([\w.]+)(>=|<=|=~|=|:|<|>)("[^"]*"|\([^()]*\))')
_WORD = re.compile(r'"([^"]*)"')


def log_of(entry: Mapping[str, Any]) -> str:
    return unquote(str(entry.get("logName", "")).partition("/logs/")[2])


def is_private(entry: Mapping[str, Any]) -> bool:
    return log_of(entry).endswith("/data_access")


def chosen(text: str) -> Chosen | None:
    """None: not a filter that is understood here."""
    clauses = [_clause(one) for one in re.split(r"\s+AND\s+", text.strip())]
    known = [one for one in clauses if one is not None]
    if len(known) != len(clauses):
        return None
    return lambda entry: all(one(entry) for one in known)


def _clause(text: str) -> Chosen | None:
    named = _LOG.fullmatch(text)
    if named:
        return lambda entry: log_of(entry) == named[1]
    found = _COMPARED.fullmatch(text)
    if not found:
        return None
    path, sign, told = found.groups()
    words = _WORD.findall(told)
    if told.startswith("("):
        assert re.fullmatch(r'\(("[^"]*")( OR "[^"]*")*\)', told), told

    def held(entry: Mapping[str, Any]) -> bool:
        value = first_text(entry, path)
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda word: value == word,
            ":": lambda word: word in value,
            "=~": lambda word: re.search(word, value) is not None,
            ">=": lambda word: value >= word,
            "<": lambda word: value < word,
            "<=": lambda word: value <= word,
            ">": lambda word: value > word,
        }
        return any(tests[sign](word) for word in words)

    return held
