"""What takes seconds to import and few tests need: each worker imports all tests, and runs some.

``late.jsonschema`` is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jsonschema

__all__ = ["jsonschema"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    import jsonschema

    return jsonschema
