"""The compiled core of the pack walk, where it was built; everything works without it.

``SHADOW_AI_NATIVE=0`` switches it off.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Any


@cache
def core() -> Any:
    """The module, or None."""
    if os.environ.get("SHADOW_AI_NATIVE") == "0":
        return None
    try:
        return import_module("scanner.kit.git._packwalk")
    except ImportError:
        return None
