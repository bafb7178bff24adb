"""First inputs: the samples that stand in the tests, taken out of them when the fuzzer starts, and
archives and packs that are made on the spot. Nothing of it is kept in the repository."""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fuzz import answers, clouds, exports
from fuzz.targets import TARGETS

_HOUSE = Path(__file__).parents[1]
_MOST = 400


def seeds(name: str) -> list[bytes]:
    """Of a target; each once, the shortest first, for libFuzzer to cross."""
    target = TARGETS[name]
    made = {
        "answers": answers.samples, "archives": _archives, "delta": _deltas,
        "exports": exports.samples, "pack": _packs,
        **{group: partial(clouds.samples, group) for group in clouds.GROUPS},
    }.get(name)  # fmt: skip
    if made is not None:
        return list(made())
    texts = sorted({text for glob in target.seeds for text in _samples(glob)}, key=len)
    texts = texts[:: max(1, len(texts) // _MOST)] or [b"{}"]
    if not target.names:
        return texts
    return [
        target.names[number % len(target.names)].encode() + b"\0" + text
        for number, text in enumerate(texts + texts[: len(target.names)])
    ]


def _samples(glob: str) -> Iterator[bytes]:
    for path in sorted((_HOUSE / "tests").glob(glob)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            value = node.value if isinstance(node, ast.Constant) else None
            data = value.encode("utf-8", "replace") if isinstance(value, str) else value
            if isinstance(data, bytes) and 12 <= len(data) <= 8000:
                yield data


def _archives() -> Iterator[bytes]:
    text = b"import openai\nclient = openai.OpenAI()\n" * 3
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/app.py", text)
        packed.writestr("b.env", "A=b")
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("lib.jar", inner.getvalue())
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as made:
        info = tarfile.TarInfo("app.py")
        info.size = len(text)
        made.addfile(info, io.BytesIO(text))
    for name, data in (
        ("a.zip", inner.getvalue()), ("a.jar", outer.getvalue()), ("a.tar", tarred.getvalue()),
        ("a.tgz", gzip.compress(tarred.getvalue(), mtime=0)),
        ("a.gz", gzip.compress(text, mtime=0)),
        ("a.xz", lzma.compress(text)), ("a.bz2", bz2.compress(text)),
    ):  # fmt: skip
        yield name.encode() + b"\0" + data


def _deltas() -> Iterator[bytes]:
    """https://git-scm.com/docs/pack-format#_deltified_representation"""
    yield b"\x10\x08\x90\x08"  # eight bytes from the beginning
    yield b"\x10\x0a\x91\x02\x08\x02hi"
    yield b"\x80\x01\x03\x03abc"


def _packs() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:

        def git(*words: str) -> None:
            subprocess.run(
                ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
                cwd=folder, check=True, capture_output=True,
            )  # fmt: skip

        git("init", "-q")
        for number in range(4):
            (Path(folder) / "a.txt").write_text("line\n" * 50 + str(number))
            git("add", "a.txt")
            git("commit", "-qm", str(number))
        git("repack", "-adfq")
        (index,) = Path(folder).glob(".git/objects/pack/*.idx")
        data = index.read_bytes()
        yield len(data).to_bytes(4, "big") + data + index.with_suffix(".pack").read_bytes()
