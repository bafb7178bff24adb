"""File head -> format and what else the head tells. One function a family, in the order in which
they are tried; each looks at bytes first and at the name only where bytes are shared with other
things (zip, pickle, protobuf)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from scanner.detect.weights import gguf, safetensors
from scanner.kit.expressions import expression

Tags = dict[str, str]
"""``format`` is always there."""

_TORCH_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
"""A pickle of torch's magic number 0x1950a86a20f9469cfc6c (``torch/serialization.py``)."""
_RUNS_CODE = {"risk": "pickle"}


def identify(name: str, data: bytes) -> Tags | None:
    """``name``: lower case. None for everything that is no model."""
    for look in _LOOKS:
        found = look(name, data)
        if found is not None:
            return {key: value for key, value in found.items() if value}
    return None


def _gguf(name: str, data: bytes) -> Tags | None:
    found = gguf.header(data)
    if found is None:
        return None
    keys, is_whole = found
    said = {key.rpartition(".")[2]: str(value)[:80] for key, value in keys.items()}
    return {
        "format": "gguf",
        "architecture": said.get("architecture", ""),
        "model": said.get("name", ""),
        "parameters": said.get("size_label", "") or said.get("parameter_count", ""),
        "quantisation": gguf.quantisation(keys.get("general.file_type")),
        "blocks": said.get("block_count", ""),
        "header": "" if is_whole else "not whole",
    }


def speaks_for_itself(data: bytes) -> bool:
    """Whether the first bytes may be those of a format that needs no name: caches and registries
    keep weights under their hash (``blobs/sha256-...`` of Ollama, ``blobs/<hash>`` of Hugging
    Face)."""
    return data[:4] in _UNMISTAKABLE or data[4:8] == b"TFL3" or data[8:10] == b'{"'


_UNMISTAKABLE = frozenset((b"GGUF", b"PK\x03\x04", b"\x89HDF", b"\x80\x02\x8a\x0a",
                           b"lmgg", b"fmgg", b"tjgg"))  # fmt: skip


def _safetensors(name: str, data: bytes) -> Tags | None:
    is_named = name.endswith(".safetensors")
    found = safetensors.tags(data) if is_named or safetensors.is_header(data) else None
    return {"format": "safetensors", **found} if found is not None else None


_ONNX_TAGS = frozenset(b"\x12\x1a\x22\x28\x32\x3a\x42")


def _onnx(name: str, data: bytes) -> Tags | None:
    """``ModelProto``: ir_version first (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto)."""
    if not name.endswith((".onnx", ".ort")):
        return None
    if name.endswith(".ort") and data[4:8] == b"ORTM":
        return {"format": "onnx-runtime"}
    if len(data) < 4 or data[0] != 0x08 or not 1 <= data[1] <= 30 or data[2] not in _ONNX_TAGS:
        return None
    producer = ""
    if data[2] == 0x12 and data[3] < 0x80:
        producer = data[4 : 4 + data[3]].decode("utf-8", "replace")
    shown = producer if re.fullmatch(r"[\w .+-]{1,60}", producer) else ""
    return {"format": "onnx", "producer": shown, "ir_version": str(data[1])}


def _zipped(name: str, data: bytes) -> Tags | None:
    """Archives by the names of their first members: torch (``<name>/data.pkl``), Keras 3."""
    if data[:4] != b"PK\x03\x04":
        return None
    members = list(_members(data))
    if not name.endswith(_TORCH_NAMES):
        if _is_torch_archive(data, members):
            return {"format": "torch", **_RUNS_CODE, **_imports(data)}
    elif any(
        re.search(r"/(?:data\.pkl|constants\.pkl|\.format_version|byteorder)$", m) for m in members
    ):
        return {"format": "torch", **_RUNS_CODE, **_imports(data)}
    elif members[:1] and members[0].endswith("/version"):
        return {"format": "torch", **_RUNS_CODE}
    if name.endswith(".keras") and {"metadata.json", "config.json"} & set(members):
        return {"format": "keras"}
    if name.endswith(".mar") and any("MAR-INF" in member for member in members):
        return {"format": "torchserve", **_RUNS_CODE}
    return None


def _is_torch_archive(data: bytes, members: list[str]) -> bool:
    """Under any name: ``<name>/data.pkl`` first, never compressed, and torch's own padding or its
    name in it (``caffe2/serialize/inline_container.cc``); people zip files of that name, too."""
    if (
        not members
        or not re.fullmatch(r"[^/]{1,200}/data\.pkl", members[0])
        or data[8:10] != b"\0\0"
    ):
        return False
    return b"torch" in data or data[30 + len(members[0].encode()) :][:2] == b"FB"


def _members(data: bytes) -> Iterator[str]:
    """Torch writes no sizes before the bytes (a data descriptor follows them): then the next
    member is where its signature stands."""
    at = 0
    for _ in range(50):
        if data[at : at + 4] != b"PK\x03\x04" or at + 30 > len(data):
            return
        size = int.from_bytes(data[at + 18 : at + 22], "little")
        named = int.from_bytes(data[at + 26 : at + 28], "little")
        extra = int.from_bytes(data[at + 28 : at + 30], "little")
        yield data[at + 30 : at + 30 + named].decode("utf-8", "replace")
        at += 30 + named + extra + size
        if not size:
            at = max(at, data.find(b"PK\x03\x04", at))


_TORCH_NAMES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".mar")
_PICKLE_NAMES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".sav", ".pdparams")
_LIBRARIES = expression(
    rb"(sklearn|xgboost|lightgbm|catboost|torch|keras|tensorflow|transformers|sentence_transformers"
    rb"|statsmodels|prophet|gensim|spacy|fastai|paddle|onnx|stable_baselines3|surprise|hdbscan|umap)"
    rb"(?=[._\x00-\x1f\x8c\x94])"
)


def _pickled(name: str, data: bytes) -> Tags | None:
    """Never loaded: its opcodes may run anything. A pickle of no model library is data."""
    if data.startswith(_TORCH_LEGACY):
        return {"format": "torch", **_RUNS_CODE, **_imports(data)}
    if not name.endswith(_PICKLE_NAMES):
        return None
    if len(data) < 4 or data[0] != 0x80 or not 2 <= data[1] <= 5:
        return None
    library = _LIBRARIES.search(data)
    if library:
        return {"format": "pickle", "library": library[1].decode(), **_RUNS_CODE, **_imports(data)}
    if name.endswith((".pt", ".pth", ".ckpt")):
        return {"format": "pickle", **_RUNS_CODE, **_imports(data)}
    return None


_DANGEROUS = expression(
    rb"(?:c|\x8c[\x02-\x0f])(posix|nt|os|subprocess|socket|runpy|webbrowser|pty|shutil|builtins"
    rb"|__builtin__)(?:\n|\x94?\x8c[\x02-\x14])"
    rb"(system|popen|Popen|run|call|check_output|exec|eval|execve|spawn|socket|open|compile"
    rb"|__import__|rmtree|_run_code|run_path|getattr)"
)


def _imports(data: bytes) -> Tags:
    """What the pickle would call on load, where that is nothing that weights need."""
    found = _DANGEROUS.search(data)
    return {"calls_on_load": f"{found[1].decode()}.{found[2].decode()}"} if found else {}


_KERAS_WORDS = (b"keras", b"model_weights", b"layer_names", b"model_config", b"optimizer_weights")


def _hdf5(name: str, data: bytes) -> Tags | None:
    if data[:8] == b"\x89HDF\r\n\x1a\n" and any(word in data for word in _KERAS_WORDS):
        return {"format": "keras-hdf5"}
    return None


def _tensorflow(name: str, data: bytes) -> Tags | None:
    """SavedModel, frozen graphs and checkpoints: https://www.tensorflow.org/guide/saved_model"""
    if data[4:8] == b"TFL3":
        return {"format": "tflite"}
    if name == "saved_model.pb" and data[:2] == b"\x08\x01":
        return {"format": "tensorflow-saved-model"}
    if (
        name.endswith(".pb")
        and data[:1] == b"\x0a"
        and re.search(rb"\x12(?:\x0bPlaceholder|\x05Const|\x06VarHandleOp)", data[:8000])
    ):
        return {"format": "tensorflow-graph"}
    if re.search(r"\.data-\d{5}-of-\d{5}$", name) and b"\0" in data:
        return {"format": "tensorflow-checkpoint"}
    return None


def _core_ml(name: str, data: bytes) -> Tags | None:
    """https://apple.github.io/coremltools/mlmodel/Format/Model.html"""
    if name.endswith(".mlmodel") and data[:1] == b"\x08" and 1 <= (data[1:2] or b"\0")[0] <= 20:
        return {"format": "core-ml"} if data[2:3] == b"\x12" else None
    return None


_MAGICS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"lmgg", "ggml", ("",)),
    (b"fmgg", "ggml", ("",)),
    (b"tjgg", "ggml", ("",)),
    (b"CBM1", "catboost", (".cbm", ".bin", ".model")),
    (b"\xba\x16\x4f\x2f", "fasttext", (".bin", ".ftz")),
    (b"ftrt", "tensorrt", (".engine", ".plan", ".trt")),
    (b"MZqFpD", "llamafile", (".llamafile",)),
    (b"binf", "xgboost", (".model", ".bin", ".xgb", ".bst")),
    (b"tree\nversion=v", "lightgbm", (".txt", ".model", ".lgb", ".bin")),
)  # fmt: skip


def _magic(name: str, data: bytes) -> Tags | None:
    for magic, shown, suffixes in _MAGICS:
        if data.startswith(magic) and name.endswith(suffixes):
            return {"format": shown}
    return None


_LOOKS: tuple[Callable[[str, bytes], Tags | None], ...] = (
    _gguf, _safetensors, _onnx, _zipped, _pickled, _hdf5, _tensorflow, _core_ml, _magic,
)  # fmt: skip

SUFFIXES = (
    ".gguf", ".safetensors", ".onnx", ".ort", ".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle",
    ".joblib", ".sav", ".pdparams", ".keras", ".mar", ".h5", ".hdf5", ".tflite", ".lite", ".pb",
    ".mlmodel", ".ggml", ".cbm", ".ftz", ".engine", ".plan", ".trt", ".llamafile", ".model",
    ".xgb", ".bst", ".lgb",
)  # fmt: skip
"""Names under which weights are kept; bytes decide."""
