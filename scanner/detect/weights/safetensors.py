"""The JSON header of safetensors: https://huggingface.co/docs/safetensors#format"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from scanner.kit.expressions import expression

_LARGEST_HEADER = 100 << 20
_DTYPE = expression(rb"\"dtype\":\s{0,4}\"([A-Z0-9_]{2,12})\"")


def is_header(data: bytes) -> bool:
    """Sure by bytes alone: a length, an object behind it, and what only tensors have in it."""
    length = int.from_bytes(data[:8], "little")
    return (
        data[8:10] == b'{"'
        and 16 <= length <= _LARGEST_HEADER
        and (data.startswith(b'"__metadata__"', 9) or _DTYPE.search(data) is not None)
    )


def tags(data: bytes) -> dict[str, str] | None:
    """None where it is none. The file's size follows from the header where that is whole."""
    if len(data) < 16:
        return None
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= _LARGEST_HEADER or data[8:9] != b"{":
        return None
    body = data[8 : 8 + length]
    if len(body) < length:
        found = Counter(m.decode() for m in _DTYPE.findall(body))
        dtype = found.most_common(1)[0][0] if found else ""
        return {"dtype": dtype, "header": "not whole"}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _of(document, 8 + length) if isinstance(document, dict) else None


def _of(document: dict[str, Any], data_start: int) -> dict[str, str]:
    parameters, size = 0, 0
    dtypes: Counter[str] = Counter()
    for name, tensor in document.items():
        if name == "__metadata__" or not isinstance(tensor, dict):
            continue
        shape, ends = tensor.get("shape"), tensor.get("data_offsets")
        if isinstance(shape, list) and all(type(n) is int and 0 <= n < 1 << 40 for n in shape[:16]):
            count = math.prod(shape[:16])
            parameters += count
            dtypes[str(tensor.get("dtype"))[:12]] += count
        if isinstance(ends, list) and len(ends) == 2 and isinstance(ends[1], int):
            size = max(size, ends[1])
    metadata = document.get("__metadata__")
    framework = metadata.get("format") if isinstance(metadata, dict) else ""
    return {
        "dtype": dtypes.most_common(1)[0][0] if dtypes else "",
        "parameters": str(parameters) if 0 < parameters < 1 << 60 else "",
        "size": str(data_start + size) if 0 < size < 1 << 60 else "",
        "framework": framework[:20] if isinstance(framework, str) else "",
    }
