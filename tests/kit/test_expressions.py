"""Expressions that are compiled late are as sound as those that were compiled at import."""

from __future__ import annotations

import gc
import pkgutil
import re
from importlib import import_module

import pytest

import connectors
import scanner
from scanner.kit.expressions import expression

_PROGRAMS = ("__main__", "migrations.env")
"""They run when they are imported."""


def test_is_what_re_compile_gives() -> None:
    late, early = expression(rb"a(?P<n>b+)", re.I), re.compile(rb"a(?P<n>b+)", re.I)
    assert late.pattern == early.pattern
    assert late.flags == early.flags
    assert late.groupindex == early.groupindex
    assert [m["n"] for m in late.finditer(b"xABb ab")] == [
        m["n"] for m in early.finditer(b"xABb ab")
    ]
    assert late.sub(b"-", b"xABb") == b"x-"


def test_an_error_shows_at_first_use() -> None:
    late = expression("(")
    with pytest.raises(re.error, match="missing \\)"):
        late.search("")


def test_every_expression_of_every_module_compiles() -> None:
    for package in (scanner, connectors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(_PROGRAMS):
                import_module(module.name)
    kind = type(expression("a"))
    gc.unfreeze()  # what was imported before is not looked at otherwise: tests/conftest.py
    late = [found for found in gc.get_objects() if isinstance(found, kind)]
    late = [found for found in late if found._source != ("(", 0)]
    assert len(late) > 300
    for found in late:
        assert found.groups >= 0, found._source
