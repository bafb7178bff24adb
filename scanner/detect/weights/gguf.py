"""GGUF's key-value header, as far as the bytes reach:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"""

from __future__ import annotations

import struct

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?",
            10: "<Q", 11: "<q", 12: "<d"}  # fmt: skip
_STRING, _ARRAY = 8, 9
_MOST_KEYS = 500
_WANTED = ("general.", ".block_count", ".context_length", ".expert_count")
_QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""``llama_ftype`` of llama.cpp."""

Value = str | int | float | bool


def header(data: bytes) -> tuple[dict[str, Value], bool] | None:
    """(general and size keys, whether all keys were read); None where it is no GGUF. Arrays are
    passed over: they hold the vocabulary."""
    if data[:4] != b"GGUF" or len(data) < 24:
        return None
    version, _, count = struct.unpack_from("<IQQ", data, 4)
    if not 1 <= version <= 10:
        return None
    found: dict[str, Value] = {}
    at = 24
    try:
        for number in range(count):
            if number >= _MOST_KEYS:
                return found, False
            key, at = _string(data, at)
            (kind,) = struct.unpack_from("<I", data, at)
            value, at = _value(data, at + 4, kind)
            if value is not None and (key.startswith(_WANTED[0]) or key.endswith(_WANTED[1:])):
                found[key] = value
    except (struct.error, EOFError):
        return found, False
    return found, True


def quantisation(file_type: object) -> str:
    return _QUANTISATIONS.get(file_type, "") if isinstance(file_type, int) else ""


def _string(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    if end > len(data):
        raise EOFError
    return data[at + 8 : end].decode("utf-8", "replace"), end


def _value(data: bytes, at: int, kind: int) -> tuple[Value | None, int]:
    if kind == _STRING:
        return _string(data, at)
    if kind == _ARRAY:
        inner, length = struct.unpack_from("<IQ", data, at)
        at += 12
        if inner in _SCALARS:
            at += length * struct.calcsize(_SCALARS[inner])
        elif inner == _STRING and length <= len(data):
            for _ in range(length):
                _, at = _string(data, at)
        else:
            raise EOFError
        return None, at
    if kind not in _SCALARS:
        raise EOFError
    (value,) = struct.unpack_from(_SCALARS[kind], data, at)
    return value, at + struct.calcsize(_SCALARS[kind])
