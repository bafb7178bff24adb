"""Weights told by their bytes, made here byte for byte after each format's specification."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from io import BytesIO

import pytest

from scanner.detect.engine import Detector
from scanner.detect.weights import gguf
from scanner.detect.weights.formats import identify
from scanner.model.items import Hit, HitKind

BOTH = ("credentials", "usage")


def _weights(detector: Detector, path: str, data: bytes) -> list[Hit]:
    return [hit for hit in detector.examine(data, path, BOTH) if hit.kind is HitKind.WEIGHTS]


def _tags(detector: Detector, path: str, data: bytes) -> dict[str, str]:
    (hit,) = _weights(detector, path, data)
    return dict(hit.tags)


def _safetensors(tensors: dict[str, object]) -> bytes:
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header


TENSORS = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "BF16", "shape": [1000, 64], "data_offsets": [0, 128_000]},
    "b": {"dtype": "F32", "shape": [10], "data_offsets": [128_000, 128_040]},
}


def test_safetensors_count_their_parameters(detector: Detector) -> None:
    data = _safetensors(TENSORS)
    (hit,) = _weights(detector, "models/m.safetensors", data + bytes(100))

    assert (hit.part, hit.asset_class) == ("weights/models/m.safetensors", "model")
    assert dict(hit.tags) == {
        "format": "safetensors", "dtype": "BF16", "parameters": "64010",
        "size": str(len(data) + 128_040), "framework": "pt",
    }  # fmt: skip


def test_a_header_that_is_not_whole_says_so(detector: Detector) -> None:
    many = {f"layer.{n}": TENSORS["a"] for n in range(500)}
    tags = _tags(detector, "m.safetensors", _safetensors(many)[:8000])

    assert tags == {"format": "safetensors", "dtype": "BF16", "header": "not whole"}


def test_shards_are_one_model(detector: Detector) -> None:
    (hit,) = _weights(detector, "m/model-00001-of-00003.safetensors", _safetensors(TENSORS))
    index = {"metadata": {"total_size": 16_000_000_000}, "weight_map": {"a": "x"}}
    (whole,) = _weights(detector, "m/model.safetensors.index.json", json.dumps(index).encode())

    assert hit.part == whole.part == "weights/m/model.safetensors"
    assert dict(hit.tags)["shards"] == "3"
    assert "parameters" not in dict(hit.tags)
    assert dict(whole.tags)["size"] == "16000000000"


def _gguf(pairs: list[tuple[str, int, bytes]]) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    body = b"".join(text(key) + struct.pack("<I", kind) + value for key, kind, value in pairs)
    return b"GGUF" + struct.pack("<IQQ", 3, 291, len(pairs)) + body


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


GGUF = [
    ("general.architecture", 8, _text("llama")),
    ("general.name", 8, _text("Llama 3.2 3B Instruct")),
    ("general.size_label", 8, _text("3B")),
    ("general.tags", 9, struct.pack("<IQ", 8, 2) + _text("a") + _text("b")),
    ("llama.block_count", 4, struct.pack("<I", 28)),
    ("general.file_type", 4, struct.pack("<I", 15)),
]


def test_gguf_tells_name_architecture_and_quantisation(detector: Detector) -> None:
    (hit,) = _weights(detector, "a/m.gguf", _gguf(GGUF))

    assert hit.models == ("Llama 3.2 3B Instruct",)
    assert hit.name == "Llama 3.2 3B Instruct (m.gguf)"
    assert dict(hit.tags) == {
        "format": "gguf", "architecture": "llama", "model": "Llama 3.2 3B Instruct",
        "parameters": "3B", "quantisation": "Q4_K_M", "blocks": "28",
    }  # fmt: skip
    vocabulary = [("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 128_256) + _text("x"))]
    assert _tags(detector, "m.gguf", _gguf(GGUF[:3] + vocabulary))["header"] == "not whole"


@pytest.mark.parametrize("cut", range(0, 240, 7))
def test_any_cut_of_a_gguf_is_read_as_far_as_it_goes(cut: int) -> None:
    gguf.header(_gguf(GGUF)[:cut])
    gguf.header(b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 63) + bytes([cut]) * 100)


def _zip(*names: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.")
    return made.getvalue()


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("true",)


def test_torch_and_pickle_run_code_on_load(detector: Detector) -> None:
    assert _tags(detector, "m.pt", _zip("archive/data.pkl", "archive/version")) == {
        "format": "torch", "risk": "pickle"}  # fmt: skip
    assert _tags(detector, "pytorch_model.bin", _zip("pytorch_model/data.pkl"))["format"] == "torch"
    legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    assert _tags(detector, "old.pth", legacy) == {"format": "torch", "risk": "pickle"}
    sklearn = (
        b"\x80\x04\x95\x00\x8c\x1asklearn.linear_model._base\x94\x8c\x10LinearRegression\x94\x93."
    )
    assert _tags(detector, "clf.pkl", sklearn)["library"] == "sklearn"
    for protocol in (2, 4):
        evil = pickle.dumps(_Evil(), protocol=protocol)
        assert _tags(detector, "m.ckpt", evil)["calls_on_load"].endswith(".system")


@pytest.mark.parametrize(
    ("path", "data", "shown"),
    [
        ("m.onnx", b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x00", "onnx"),
        ("m.h5", b"\x89HDF\r\n\x1a\n\0\0\0layer_names keras_version", "keras-hdf5"),
        ("m.tflite", b"\x1c\0\0\0TFL3\0\0", "tflite"),
        ("x/saved_model.pb", b"\x08\x01\x12\xff\x01\0", "tensorflow-saved-model"),
        ("frozen.pb", b"\x0a\x20\x0a\x05input\x12\x0bPlaceholder\0", "tensorflow-graph"),
        ("variables/variables.data-00000-of-00001", b"\0\1\2", "tensorflow-checkpoint"),
        ("A.mlmodel", b"\x08\x04\x12\x10\0\0", "core-ml"),
        ("m.keras", _zip("metadata.json", "config.json"), "keras"),
        ("ggml-base.bin", b"lmgg\0\0\0\0", "ggml"),
        ("m.cbm", b"CBM1\0\0", "catboost"),
        ("lid.176.ftz", b"\xba\x16\x4f\x2f\0", "fasttext"),
        ("m.llamafile", b"MZqFpD='\n\0", "llamafile"),
        ("m.engine", b"ftrt\0\0", "tensorrt"),
        ("xgb.json", b'{"learner":{"gradient_booster":{"model":{}}}}', "xgboost"),
        ("lgb.txt", b"tree\nversion=v4\nnum_class=1\n", "lightgbm"),
        ("web/model.json", b'{"format": "layers-model", "weightsManifest": []}', "tensorflow-js"),
        ("m.xml", b'<?xml version="1.0"?><net name="m" version="11"><layers></layers></net>',
         "openvino"),
        ("adapter_config.json", b'{"peft_type": "LORA", "base_model_name_or_path": "a/b-7b"}',
         "lora-adapter"),
    ],
)  # fmt: skip
def test_other_formats(detector: Detector, path: str, data: bytes, shown: str) -> None:
    assert _tags(detector, path, data)["format"] == shown


def _pointer(size: int) -> bytes:
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


def test_a_pointer_of_git_lfs_tells_the_size(detector: Detector) -> None:
    assert _tags(detector, "m.gguf", _pointer(2_019_377_696)) == {
        "format": "gguf", "size": "2019377696", "lfs": "yes"}  # fmt: skip
    assert _tags(detector, "a/pytorch_model.bin", _pointer(9))["risk"] == "pickle"
    assert _weights(detector, "logo.png", _pointer(9)) == []
    assert _weights(detector, "firmware.bin", _pointer(9)) == []


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("length.bin", b"\0" * 400), ("data.pkl", pickle.dumps({"a": ["x", 1]})),
        ("a.h5", b"\x89HDF\r\n\x1a\n\0temperature"), ("a.pb", b"\x0a\x03abc\0"),
        ("a.bin", b"PK\x03\x04" + b"\0" * 40), ("a.pt", _zip("word/document.xml")),
        ("a.onnx", b"\x7fELF\0\0"), ("a.safetensors", b"\xff" * 100),
        ("a.safetensors", struct.pack("<Q", 5) + b"{]]]]" + bytes(20)),
        ("a.safetensors", _safetensors({"a": 3, "b": {"shape": "x", "data_offsets": 4}})[:4]),
        ("a.gguf", b"GGUF"), ("a.tflite", b"\0"), ("saved_model.pb", b""), ("a.model", b"text\0"),
        ("a.txt", b"tree of life"), ("net.xml", b"<net><layers></layers></net>"),
        ("adapter_config.json", b"[3]"), ("m.bin.index.json", b'{"weight_map": 3}'),
        ("a.pickle", b"\x80"), ("a.mlmodel", b"\x08"),
    ],
)  # fmt: skip
def test_other_binaries_are_no_models(detector: Detector, path: str, data: bytes) -> None:
    assert _weights(detector, path, data) == []


def test_hostile_headers_give_no_numbers() -> None:
    data = _safetensors({"a": {"dtype": ["x"] * 50, "shape": [1 << 39] * 16,
                               "data_offsets": [0, 1 << 90]}, "__metadata__": []})  # fmt: skip

    found = identify("a.safetensors", data)

    assert found is not None
    assert "parameters" not in found
    assert "size" not in found


def _torch_zip() -> bytes:
    """As torch writes it: no sizes before the bytes, padding in an extra field ``FB``."""
    name = b"m/data.pkl"
    head = struct.pack("<IHHHIIIIHH", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, len(name), 10)
    return head + name + b"FB\x06\0ZZZZZZ" + b"\x80\x02}q\0.PK\x07\x08" + bytes(12)


@pytest.mark.parametrize(
    ("path", "data", "shown"),
    [
        ("models/blobs/sha256-aabbcc", _gguf(GGUF), "gguf"), ("m.dat", _gguf(GGUF), "gguf"),
        ("weights.dat", _safetensors(TENSORS), "safetensors"),
        ("model.bin", _safetensors(TENSORS), "safetensors"),
        ("hub/models--a--b/blobs/0123abcd", _safetensors(TENSORS), "safetensors"),
        ("blobs/0123abce", _safetensors({"__metadata__": {"ss_tag": "x" * 9000}})[:8000],
         "safetensors"),
        ("checkpoint", _zip("archive/data.pkl", "archive/version"), "torch"),
        ("step_1000", _torch_zip(), "torch"), ("m.pt", _torch_zip(), "torch"),
        ("old", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\0", "torch"),
        ("assets/detect.dat", b"\x1c\0\0\0TFL3\0\0", "tflite"),
        ("vgg", b"\x89HDF\r\n\x1a\n\0\0\0layer_names keras_version", "keras-hdf5"),
        ("ggml-base", b"tjgg\x03\0\0\0", "ggml"),
    ],
)  # fmt: skip
def test_weights_under_any_name(detector: Detector, path: str, data: bytes, shown: str) -> None:
    assert _tags(detector, path, data)["format"] == shown


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("backup.zip", _zip("project/readme", "project/data.pkl")),
        ("backup", b"PK\x03\x04" + bytes(22) + struct.pack("<HH", 10, 0) + b"p/data.pkl\x80\x02"),
        ("frame", struct.pack("<Q", 40) + b'{"event": "x"}' + bytes(40)),
        ("frame", struct.pack("<Q", 1 << 62) + b'{"a": {"dtype": "F32"}}'),
        ("grid.h5", b"\x89HDF\r\n\x1a\n\0temperature"), ("x", b"GGUF\0"), ("x", b"PK\x03\x04"),
        ("x", b"\0"), ("x", b"\0" * 8 + b'{"'),
    ],
)  # fmt: skip
def test_bytes_like_weights_under_any_name(detector: Detector, path: str, data: bytes) -> None:
    assert _weights(detector, path, data) == []


@pytest.mark.parametrize("data", [b"", b"a text about models\n"])
@pytest.mark.parametrize(
    "path",
    ["a.onnx", "b.keras", "b.tflite", "b.gguf", "b.ggml", "b.safetensors", "saved_model.pb",
     "b.mlmodel", "b.llamafile", "b.engine", "variables.data-00000-of-00001",
     "model.safetensors.index.json"],
)  # fmt: skip
def test_a_name_alone_is_no_model(detector: Detector, path: str, data: bytes) -> None:
    assert detector.examine(data, path, BOTH) == ()
