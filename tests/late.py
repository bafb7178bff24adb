"""What takes seconds to import and few tests need: each worker imports all tests, and runs some."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING


def _late(name: str) -> ModuleType:
    """The module, which is imported when something of it is first asked for."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    import jsonschema
else:
    jsonschema = _late("jsonschema")

__all__ = ["jsonschema"]
