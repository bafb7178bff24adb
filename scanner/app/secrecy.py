"""Where a configuration names a secret: every such key in one manner, checked before anything runs.

A setting ``token_env`` may be written ``token_env = "NAME"``, ``token = "vault:…"``, or as a table.
All become the one text that a worker may be sent, for it holds no secret. A secret in place of its
name is refused, and not quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from scanner.kit.references.grammar import written
from scanner.model.errors import ConfigError, SourceError, Throttled, Unavailable, UnsafeCall
from scanner.rulebook.documents import place

_ENDS = ("_env", "_variable")


def named(
    table: Mapping[str, Any], into: type[msgspec.Struct], name: str, text: str,
    within: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    """``table`` with every reference as text under the key that ``into`` has. Raises
    ``ConfigError``."""
    found = dict(table)
    fields = {field.encode_name for field in msgspec.structs.fields(into)}
    for key in sorted(fields):
        short = next((key.removesuffix(end) for end in _ENDS if key.endswith(end)), "")
        if not short:
            continue
        given = [one for one in (key, short) if one in found and (one == key or one not in fields)]
        if len(given) > 1:
            where = place(name, text, (*within, short))
            raise ConfigError(f"{where}: `{short}` and `{key}` say the same; keep one")
        for one in given:
            value = found.pop(one)
            try:
                found[key] = written(value) if value != "" or one == short else ""
            except ValueError as error:
                where = place(name, text, (*within, one))
                raise ConfigError(f"{where}: {'.'.join(within)}.{one}: {error}") from None
    return found


def unresolved(where: str, error: SourceError) -> ConfigError | Unavailable:
    """A reference that gives nothing: what somebody must mend, or a store that is away."""
    is_away = isinstance(error, (Throttled, Unavailable)) and not isinstance(error, UnsafeCall)
    return (Unavailable if is_away else ConfigError)(f"{where}: {error}")
