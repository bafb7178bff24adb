"""How names are compared."""

from __future__ import annotations

import re


def normal_package(ecosystem: str, name: str) -> str:
    """Package names as their registry compares them (PEP 503 for Python)."""
    if ecosystem == "pypi":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in ("nuget", "composer", "conda", "swift") else name
