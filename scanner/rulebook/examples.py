"""Expand ``{class:n}`` in rule examples to made-up values, the same in every run.

Examples are templates so that the repository holds nothing that looks like a real key.
"""

from __future__ import annotations

import random
import re
import string
import uuid

CLASSES = {
    "base62": string.ascii_letters + string.digits,
    "alnum_lower": string.ascii_lowercase + string.digits,
    "alnum_upper": string.ascii_uppercase + string.digits,
    "hex": string.digits + "abcdef",
    "hex_upper": string.digits + "ABCDEF",
    "b64url": string.ascii_letters + string.digits + "_-",
    "b64": string.ascii_letters + string.digits + "+/",
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
}
_TEMPLATE = re.compile(r"\{(" + "|".join(CLASSES) + r"):(\d{1,3})\}|\{uuid\}")


def expand(template: str, seed: str) -> str:
    """``template`` with every placeholder filled; equal seeds give equal text."""
    source = random.Random(f"{seed}/{template}")  # noqa: S311 - made-up keys, not secrets

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return str(uuid.UUID(int=source.getrandbits(128), version=4))
        return _spread(CLASSES[match[1]], int(match[2]), source)

    return _TEMPLATE.sub(fill, template)


def _spread(alphabet: str, length: int, source: random.Random) -> str:
    """Random but never unlucky: no character twice in a row, alphanumeric at both ends."""
    solid = [c for c in alphabet if c.isalnum()]
    out: list[str] = []
    for index in range(length):
        pool = solid if index in (0, length - 1) else alphabet
        choice = source.choice(pool)
        while out and choice == out[-1] and len(pool) > 1:
            choice = source.choice(pool)
        out.append(choice)
    return "".join(out)
