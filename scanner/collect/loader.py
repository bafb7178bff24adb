"""Find connectors by name, and import only those that are asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import traceback
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import msgspec

from scanner.kit.contract import Connector, ConnectorSpec
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


def _ours() -> frozenset[str]:
    return _modules(tuple(importlib.import_module(_PACKAGE).__path__))


@cache
def _modules(path: tuple[str, ...]) -> frozenset[str]:
    """Looked for once: every loading of a connector asks, and it is hundreds of looks at files."""
    found = {module.name for module in pkgutil.iter_modules(path)}
    return frozenset(name for name in found if not name.startswith("_"))


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
            return _checked(_declared(point.load, name), name)
        close = difflib.get_close_matches(name, names(), n=1, cutoff=0.6)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ConfigError(f"no connector `{name}`{hint}; there are: {', '.join(names())}")
    module = _declared(lambda: importlib.import_module(f"{_PACKAGE}.{name}"), name)
    return _checked(getattr(module, "CONNECTOR", None), name)


def _declared(make: Callable[[], Any], name: str) -> Any:
    """Whatever ``make`` imports. Declarations are checked where they are made: a field that is
    missing, or is none, is a ``TypeError`` there."""
    try:
        return make()
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"connector `{name}`: its declaration is wrong: {error} ({_place(error)}); see "
            "`scanner.kit.contract.ConnectorSpec`"
        ) from error
    except (Exception, SystemExit) as error:  # a stranger's module may do anything, and leave
        said = f": {error}" if isinstance(error, ImportError) else ""
        raise ConfigError(
            f"connector `{name}`: it cannot be loaded: {type(error).__name__}{said} "
            f"({_place(error)})"
        ) from error


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"


def _checked(candidate: object, name: str) -> Connector:
    if not isinstance(candidate, Connector):
        raise ConfigError(f"connector `{name}`: its module has no CONNECTOR with spec and shards")
    spec = candidate.spec
    if not isinstance(spec, ConnectorSpec):
        raise ConfigError(f"connector `{name}`: its `spec` is no ConnectorSpec")
    if not isinstance(spec.title, str) or not spec.title.strip():
        raise ConfigError(f"connector `{name}`: its spec has no `title`, what people call it")
    if not isinstance(spec.yields, frozenset):
        raise ConfigError(
            f"connector `{name}`: `yields` of its spec is no frozenset of the kinds that it emits"
        )
    try:
        msgspec.inspect.type_info(spec.config)
    except (TypeError, NameError) as error:
        raise ConfigError(
            f"connector `{name}`: a field of its configuration is of no kind that can be read: "
            f"{error}"
        ) from error
    return candidate
