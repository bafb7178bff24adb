"""Model weights in the tree: by their bytes, by the pointer that Git LFS leaves in their place, and
by the text formats of classic models."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_name, by_suffix
from scanner.detect.weights.formats import SUFFIXES, Tags, identify, speaks_for_itself
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

_SHARD = expression(r"-(\d{5})-of-(\d{5})(?=\.)")


def _found(
    source: SourceFile, tags: Tags, *, confidence: Confidence = Confidence.CERTAIN, start: int = 0
) -> Found:
    """The shards of one model are one thing; what one shard counts is not the model's."""
    shard = _SHARD.search(source.name)
    if shard:
        dropped = ("parameters", "size", "blocks")
        tags = {k: v for k, v in tags.items() if k not in dropped}
        tags["shards"] = str(int(shard[2]))
    name = _SHARD.sub("", source.name)
    model = tags.get("model", "")
    shown = ", ".join(f"{k} {v}" for k, v in tags.items() if k != "model")
    return Found(
        kind=HitKind.WEIGHTS,
        label=tags["format"],
        start=start,
        end=start,
        confidence=confidence,
        rule="weights",
        preview=shown[:200],
        part=f"weights/{_SHARD.sub('', source.path)}",
        asset_class=AssetClass.MODEL,
        name=f"{model} ({name})" if model else name,
        tags=tuple(tags.items()),
        models=(model,) if model else (),
    )


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Binary files of any name; what is text only where it is named like weights (pickles may
    have no NUL)."""
    is_worth_it = (source.is_binary and speaks_for_itself(source.data)) or _is_weights(source.name)
    tags = identify(source.name.lower(), source.data) if is_worth_it else None
    if tags:
        yield _found(source, tags)


_POINTER = expression(
    rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:ext-[^\n]{1,200}\n){0,9}"
    rb"oid sha256:[0-9a-f]{64}\r?\nsize (\d{1,15})"
)
_ONLY_MODELS = (
    ".safetensors", ".gguf", ".onnx", ".pt", ".pth", ".ckpt", ".tflite", ".mlmodel", ".keras",
    ".ggml", ".llamafile", ".cbm", ".pdparams", ".ftz",
)  # fmt: skip
_MODEL_NAME = expression(
    r"(?:pytorch_|tf_|flax_)?model|ggml|weights|classifier|regressor|checkpoint|adapter|encoder"
    r"|saved_model|embeddings?"
)


def _pointer(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md - the bytes are elsewhere, so the
    name decides."""
    found = _POINTER.match(source.data)
    if not found or len(source.data) > 1024:
        return
    name = source.name.lower()
    if name.endswith(_ONLY_MODELS) or _MODEL_NAME.search(name):
        tags = {
            "format": name.rpartition(".")[2],
            "size": found[1].decode(),
            "lfs": "yes",
        }
        if name.endswith((".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib")):
            tags["risk"] = "pickle"
        yield _found(source, tags, confidence=Confidence.HIGH)


def _text_model(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Formats that are text: boosted trees, TensorFlow.js, OpenVINO."""
    head = source.data[:4000]
    tags: Tags | None = None
    if b'"learner"' in head and b'"gradient_booster"' in source.data:
        tags = {"format": "xgboost"}
    elif head.startswith(b"tree\nversion=v"):
        tags = {"format": "lightgbm"}
    elif b'"weightsManifest"' in source.data and re.search(
        rb"\"format\":\s{0,4}\"(?:layers|graph)-model\"", source.data
    ):
        tags = {"format": "tensorflow-js"}
    elif re.search(rb"<net [^>]{0,300}version=\"1[01]\"", head) and b"<layers>" in source.data:
        tags = {"format": "openvino"}
    if tags:
        yield _found(source, tags)


def _adapter(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """PEFT's ``adapter_config.json``: https://huggingface.co/docs/peft - which model it changes."""
    document = source.json
    if not isinstance(document, dict) or "peft_type" not in document:
        return
    base = document.get("base_model_name_or_path")
    if not isinstance(base, str) or not re.fullmatch(r"[\w.-]{1,100}(?:/[\w.-]{1,100})?", base):
        base = ""
    method = str(document["peft_type"]).lower()
    method = method if re.fullmatch(r"[a-z0-9_]{1,20}", method) else "peft"
    yield _found(
        source,
        {"format": f"{method}-adapter", "model": base},
        start=source.find("base_model_name_or_path"),
    )


def _index(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """``model.safetensors.index.json``: the size of all shards together."""
    document = source.json
    if not isinstance(document, dict) or not isinstance(document.get("weight_map"), dict):
        return
    metadata = document.get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    whole = SourceFile(source.path.removesuffix(".index.json"), source.data)
    tags = {"format": "torch" if whole.suffix == ".bin" else "safetensors"}
    if isinstance(size, int) and 0 < size < 1 << 60:
        tags["size"] = str(size)
    yield _found(whole, tags, start=source.find("weight_map"))


_CHECKPOINT = expression(r"\.data-\d{5}-of-\d{5}$")


def _is_weights(path: str) -> bool:
    lowered = path.lower()
    return lowered.endswith(SUFFIXES) or _CHECKPOINT.search(lowered) is not None


READERS = (
    Reader("weights", lambda path: True, _read, binary=True),
    Reader("weights-lfs", lambda path: True, _pointer, literals=(b"//git-lfs.github.com/spec",)),
    Reader(
        "weights-text", by_suffix(".json", ".txt", ".xml", ".model"), _text_model,
        literals=(b'"gradient_booster"', b"tree\nversion=v", b'"weightsmanifest"', b"<layers>"),
    ),
    Reader("weights-adapter", by_name(r"adapter_config\.json"), _adapter),
    Reader("weights-index", by_name(r".*\.(?:safetensors|bin)\.index\.json"), _index),
)  # fmt: skip
