"""Entries -> a registry file of ours. What an entry does not state is left out, so that reading it
back gives the same entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from scanner.model.registry import RegistryEntry

_EMPTY = msgspec.to_builtins(RegistryEntry(id="-", name="-"))
_NOT_WRITTEN = ("source", "provenance")


def plain(entry: RegistryEntry) -> dict[str, Any]:
    """Only what the entry states, in the order of the fields."""
    body: dict[str, Any] = msgspec.to_builtins(entry)
    stated = {
        key: _bare(value)
        for key, value in body.items()
        if key not in _NOT_WRITTEN and (key in ("id", "name") or value != _EMPTY[key])
    }
    return {key: value for key, value in stated.items() if value not in ({}, [])}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item not in (None, "")}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def as_json(entries: Sequence[RegistryEntry]) -> bytes:
    body = {"entries": [plain(entry) for entry in entries]}
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()


def as_yaml(entries: Sequence[RegistryEntry]) -> bytes:
    import yaml

    body = {"entries": [plain(entry) for entry in entries]}
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(body, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return str(text).encode()
