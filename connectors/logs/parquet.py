"""Parquet files of logs as lines, so that what reads text reads them: VPC flow logs as their own
text with a header, anything else as JSON.

Only columns that some format knows are read, some thousand rows at a time. A file is hostile: its
footer, its columns and the growth of what it holds are bounded, and long values are cut. Owns no
format; needs pyarrow. https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from connectors.logs.flow_lines import FlowFormat, flow_formats
from connectors.logs.formats import known_names
from connectors.logs.installed import inventory_formats
from scanner.model.errors import Unavailable

MAGIC = b"PAR1"
_ROWS = 4096
_MOST_FOOTER = 16 << 20
_MOST_THRIFT = 1 << 20
_MOST_COLUMNS = 4096
_MOST_VALUE = 1 << 13
_MOST_FIXED = 64
_INNER = frozenset({"list", "element", "item", "bag", "array", "array_element"})
"""Steps of a path that stand for a list, not for a name."""
_ENCODER = msgspec.json.Encoder()


class Lines:
    """A stream of lines. ``read`` raises ``Unavailable`` for what is broken or beyond bounds."""

    def __init__(self, raw: Any, path: str) -> None:
        """``raw``: at its beginning, and can be sought in."""
        self._path = path
        self._buffer = b""
        self._file = _opened(raw, path)
        self._pieces = self._made()

    def read(self, size: int = -1) -> bytes:
        pieces, held = [self._buffer], len(self._buffer)
        while size < 0 or held < size:
            piece = self._next()
            if not piece:
                break
            pieces.append(piece)
            held += len(piece)
        data = b"".join(pieces)
        cut = len(data) if size < 0 else size
        self._buffer = data[cut:]
        return data[:cut]

    def _next(self) -> bytes:
        try:
            return next(self._pieces, b"")
        except (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError) as error:
            # pyarrow's own errors are all of these kinds.
            self._pieces = iter(())
            raise Unavailable(f"{self._path}: broken Parquet: {str(error)[:200]}") from error
        except NotImplementedError as error:
            self._pieces = iter(())
            raise Unavailable(f"{self._path}: Parquet of a kind that is not read") from error

    def _made(self) -> Iterator[bytes]:
        leaves = [self._file.schema.column(n) for n in range(len(self._file.schema))]
        names = {leaf.path.split(".")[0].lower().replace("_", "-") for leaf in leaves}
        flows = next((one for one in flow_formats() if one.name == "vpc-flow"), None)
        if flows is not None and flows.has(frozenset(names)):
            yield from self._words(flows, leaves)
            return
        wanted = [leaf for leaf in leaves if is_known(leaf.path)] or leaves
        for batch in self._batches(wanted):
            columns = [_values(column) for column in batch.columns]
            yield b"".join(
                _ENCODER.encode(dict(zip(batch.schema.names, row, strict=True))) + b"\n"
                for row in zip(*columns, strict=True)
            )

    def _words(self, flows: FlowFormat, leaves: list[Any]) -> Iterator[bytes]:
        """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html: names of columns
        have ``_`` there where text has ``-``."""
        read = {name for names in (*flows.fields.values(), *flows.needs) for name in names}
        wanted = [leaf for leaf in leaves if leaf.path.lower().replace("_", "-") in read]
        is_begun = False
        for batch in self._batches(wanted):
            if not is_begun:
                is_begun = True
                yield (" ".join(n.lower().replace("_", "-") for n in batch.schema.names)).encode()
                yield b"\n"
            columns = [[_word(value) for value in _values(column)] for column in batch.columns]
            rows = map(" ".join, zip(*columns, strict=True))
            yield ("\n".join(rows) + "\n").encode()

    def _batches(self, leaves: list[Any]) -> Iterator[Any]:
        fit = [
            leaf.path
            for leaf in leaves
            if leaf.physical_type != "FIXED_LEN_BYTE_ARRAY" or 0 < leaf.length <= _MOST_FIXED
        ]
        for batch in self._file.iter_batches(_ROWS, columns=fit, use_threads=False):
            if batch.num_rows and batch.num_columns:
                yield batch


def _opened(raw: Any, path: str) -> Any:
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
            parquet,
        )
    except ImportError as error:
        raise Unavailable(f"{path}: install `shadow-ai-scanner[parquet]` to read it") from error
    _check(raw, path)
    limits = {
        "thrift_string_size_limit": _MOST_FOOTER,
        "thrift_container_size_limit": _MOST_THRIFT,
        "arrow_extensions_enabled": False,
    }
    try:
        raw.seek(0)
        schema = parquet.ParquetFile(raw, **limits).schema
        leaves = [schema.column(n) for n in range(min(len(schema), _MOST_COLUMNS + 1))]
        if len(leaves) > _MOST_COLUMNS:
            raise Unavailable(f"{path}: Parquet with more than {_MOST_COLUMNS} columns")
        # A long value that is repeated a million times stays one value.
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        raw.seek(0)
        return parquet.ParquetFile(
            raw, read_dictionary=texts, buffer_size=1 << 20, pre_buffer=False, **limits
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unavailable(f"{path}: broken Parquet: {str(error)[:200]}") from error


def _check(raw: Any, path: str) -> None:
    """That the footer is as long as a footer may be, before anything takes it apart."""
    end = raw.seek(0, 2)
    if end < 12:
        raise Unavailable(f"{path}: broken Parquet: it is cut off")
    raw.seek(end - 8)
    tail = raw.read(8)
    if tail[4:] == b"PARE":
        raise Unavailable(f"{path}: encrypted Parquet is not read")
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or size > end - 12:
        raise Unavailable(f"{path}: broken Parquet: it is cut off")
    if size > _MOST_FOOTER:
        raise Unavailable(f"{path}: Parquet with a footer of more than {_MOST_FOOTER >> 20} MiB")


def is_known(path: str) -> bool:
    """Whether a format calls a field so, or what the column is a part of."""
    steps = [step for step in path.lower().split(".") if step not in _INNER]
    return any(".".join(steps[: n + 1]) in _names() for n in range(len(steps)))


@cache
def _names() -> frozenset[str]:
    """Without the places in lists."""
    tables = (flow_formats(), inventory_formats())
    fields = [
        names for table in tables for one in table for names in (*one.fields.values(), *one.needs)
    ]
    told = known_names() | {name for names in fields for name in names}
    return frozenset(
        ".".join(step for step in name.lower().split(".") if not step.isdigit()) for name in told
    )


def _word(value: Any) -> str:
    if value is None or value == "":
        return "-"
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return "".join(text.split())


def _values(array: Any) -> list[Any]:
    """As Python has them; texts are cut, bytes are text."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _of_dictionary(array)
    if pa.types.is_struct(kind):
        names = [kind.field(n).name for n in range(kind.num_fields)]
        columns = [_values(child) for child in array.flatten()]
        if not columns:
            return [None] * len(array)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = iter(_values(array.flatten()))
        counts = array.value_lengths().to_pylist()
        return [[next(inner) for _ in range(count or 0)] for count in counts]
    return [_plain(value) for value in array.to_pylist()]


def _of_dictionary(array: Any) -> list[Any]:
    places = array.indices
    used = places.unique().drop_null()
    words = dict(
        zip(used.to_pylist(), map(_plain, array.dictionary.take(used).to_pylist()), strict=True)
    )
    return [words.get(place) for place in places.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value[:_MOST_VALUE].decode("utf-8", "replace")
    return value[:_MOST_VALUE] if isinstance(value, str) else value
