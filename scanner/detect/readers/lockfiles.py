"""Packages of the catalogue that lock files name: weak evidence, mostly somebody else's
dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detect.knowledge import Knowledge
from scanner.detect.manifests.locks import is_lock, locked
from scanner.detect.readers.manifests import found_packages
from scanner.detect.source import Found, Reader, SourceFile


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    yield from found_packages(locked(source.data, source.path), source, knowledge)


READERS = (Reader("lockfiles", is_lock, _read),)
