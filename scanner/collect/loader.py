"""Find connectors by name, and import only those that are asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from importlib.metadata import entry_points

from scanner.kit.contract import Connector
from scanner.model.errors import ConfigError

GROUP = "shadow_ai.connectors"
_PACKAGE = "connectors"


def names() -> tuple[str, ...]:
    """Every connector that is installed, without importing any."""
    package = importlib.import_module(_PACKAGE)
    found = {module.name for module in pkgutil.iter_modules(package.__path__)}
    found |= {point.name for point in entry_points(group=GROUP)}
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> Connector:
    """The connector called ``name``: one of ours, or a third party's entry point.

    Raises ``ConfigError`` with the known names.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            return _checked(point.load(), name)
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1, cutoff=0.6)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ConfigError(f"no connector `{name}`{hint}; there are: {', '.join(names())}")
    module = importlib.import_module(f"{_PACKAGE}.{name}")
    return _checked(getattr(module, "CONNECTOR", None), name)


def _checked(candidate: object, name: str) -> Connector:
    if not isinstance(candidate, Connector):
        raise ConfigError(f"connector `{name}`: its module has no CONNECTOR with spec and shards")
    return candidate
