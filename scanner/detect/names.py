"""How names are compared."""

from __future__ import annotations

import re

LANGUAGES = {
    "pypi": "python",
    "npm": "javascript",
    "jsr": "javascript",
    "go": "go",
    "maven": "jvm",
    "nuget": "dotnet",
    "cargo": "rust",
    "rubygems": "ruby",
    "composer": "php",
    "swift": "swift",
    "pub": "dart",
    "cran": "r",
    "hex": "elixir",
}
"""Ecosystem of a package -> language family of what imports it."""


def normal_package(ecosystem: str, name: str) -> str:
    """Package names as their registry compares them (PEP 503 for Python)."""
    if ecosystem == "pypi":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in ("nuget", "composer", "conda", "swift") else name
