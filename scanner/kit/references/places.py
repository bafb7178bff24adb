"""Secret stores behind HTTP: where they are, and what is told of a refusal."""

from __future__ import annotations

import re

from scanner.kit.addresses import is_encrypted
from scanner.kit.references.grammar import Reference
from scanner.model.errors import Denied


def base_of(found: Reference, option: str, otherwise: str) -> str:
    """https, or this machine: a token goes there, and a secret comes back."""
    base = (found.options.get(option) or otherwise).rstrip("/")
    try:
        is_safe = is_encrypted(base)
    except ValueError:
        is_safe = False
    if not is_safe:
        raise Denied(f"`{option}` must begin with https://, and hold no user")
    return base


def status(error: Exception) -> str:
    """Of a refusal: the call and its status, not the body, which may repeat what was sent."""
    found = re.match(r"[A-Z]+ \S+: HTTP \d+", str(error))
    return found[0] if found else str(error)  # no answer: these are words of our own
