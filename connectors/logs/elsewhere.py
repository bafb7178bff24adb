"""Hosts in fields that no format knows: who asked is known from the line, whom only by a text.

A field that tells where somebody came from, or who it was, names no host that was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.logs.lines import hosts_in
from connectors.logs.records import Record

_NOT_ASKED = re.compile(
    r"refer|origin|agent|mail|user|upn|account|issuer|subject|signature|rule|policy|categor|prompt"
)
"""In names of fields."""
_EMAIL = re.compile(r"(?<![/:\w.+-])[\w.+-]+@[\w.-]+")
_MOST_VALUE = 1 << 16
_TRACES = re.compile(rb"(?:gen_ai\.|llm_provider|ai[_-]proxy\"?|modelinvocationlog)$", re.I)


def is_silent(records: list[Record]) -> bool:
    """Whether a line with names tells neither a host by its name nor a model or application."""
    return not any(
        (one.host and not _is_address(one.host)) or one.provider or one.model or one.app
        for one in records
    )


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def hosts_of(names: Mapping[str, Any], record: Record | None) -> Iterator[Record]:
    """What else is named in a line; ``record``: what its known fields tell."""
    seen: set[tuple[str, int, str]] = set()
    for name, value in names.items():
        if not isinstance(value, str) or "." not in value or _NOT_ASKED.search(name):
            continue
        for found in hosts_in(_EMAIL.sub(" ", value[:_MOST_VALUE])):
            key = (found.host.lower(), found.port, found.path)
            if key in seen:
                continue
            seen.add(key)
            yield found if record is None else replace(
                record, format="text", host=found.host, port=found.port or record.port,
                path=found.path or record.path, is_name=found.is_name, is_joined=False,
                is_alias=False,
            )  # fmt: skip


def is_trace(before: bytes) -> bool:
    """Whether what was found is a word of AI gateways' logs and traces; ``before``: what stands
    before its end."""
    return _TRACES.search(before) is not None
