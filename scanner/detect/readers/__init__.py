"""Readers of structured files, one module a family. Each module has a tuple ``READERS``; there is
no list to edit."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from scanner.detect.source import Reader


@cache
def all_readers() -> tuple[Reader, ...]:
    """Every reader, in the order of module names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(reader for name in names for reader in import_module(f"{__name__}.{name}").READERS)
