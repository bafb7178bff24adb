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
    return tuple(sorted(_ours() | guests().keys()))


def guests() -> dict[str, str]:
    """Names that other packages bring -> where from. None is imported: that would run it."""
    points = {point.name: point.value for point in entry_points(group=GROUP)}
    return {name: points[name] for name in sorted(points.keys() - _ours())}


def _ours() -> set[str]:
    package = importlib.import_module(_PACKAGE)
    found = {module.name for module in pkgutil.iter_modules(package.__path__)}
    return {name for name in found if not name.startswith("_")}


def load(name: str) -> Connector:
    """The connector called ``name``: one of ours, else a third party's entry point. A package that
    is installed takes no name of ours, and none that another has.

    Raises ``ConfigError`` with the known names.
    """
    if name not in _ours():
        points = [point for point in entry_points(group=GROUP) if point.name == name]
        if len({point.value for point in points}) > 1:
            told = ", ".join(sorted(point.value for point in points))
            raise ConfigError(f"connector `{name}`: several packages bring one ({told}); keep one")
        for point in points:
            return _checked(point.load(), name)
        close = difflib.get_close_matches(name, names(), n=1, cutoff=0.6)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ConfigError(f"no connector `{name}`{hint}; there are: {', '.join(names())}")
    module = importlib.import_module(f"{_PACKAGE}.{name}")
    return _checked(getattr(module, "CONNECTOR", None), name)


def _checked(candidate: object, name: str) -> Connector:
    if not isinstance(candidate, Connector):
        raise ConfigError(f"connector `{name}`: its module has no CONNECTOR with spec and shards")
    return candidate
