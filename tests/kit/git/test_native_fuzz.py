"""The compiled core under sanitizers, on packs that are changed before they are compressed; what
that found once; and the same packs read in C and in Python (tests/native holds the fuzzer)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanner.kit.git import native, walk
from tests.native import fuzzing
from tests.native.fuzzing import Build

RUNS = 15_000
needs_core = pytest.mark.skipif(native.core() is None, reason="the core was not built")


def _case(*records: bytes, options: bytes = fuzzing.OPTIONS, tampers: bytes = b"") -> bytes:
    return options + tampers.ljust(12, b"\0") + b"".join(records)


def _record(kind: int, payload: bytes, *, flags: int = fuzzing.REPAIRED, base: int = 0) -> bytes:
    return bytes([kind, flags, base]) + len(payload).to_bytes(2, "little") + payload


_TEXT = _record(3, b"what is copied below is looked at where it stands now " * 4)
_COPY = _record(6, b"\x90\x60" + b"\x05other" + b"\x91\x20\x40")
_PERSON = b"author %s\ncommitter %s\n\nmessage\n"
FOUND = {
    "the first name is empty": [_case(_record(1, _PERSON % (b"<>", b"<> 1 +0000")))],
    "the same empty name twice": [
        _case(_record(1, _PERSON % (b"<>", b"")), _record(1, _PERSON % (b"A <>", b""))),
    ],
    "memory ends at any moment": [
        _case(_TEXT, _COPY, _COPY, options=bytes([45, refused, 6, 30, 20, 1, 0, 0]))
        for refused in range(1, 40)
    ],
    "a delta of no bytes": [_case(_TEXT, _record(6, b"", flags=0))],
    "links in a ring": [fuzzing.RING],
    "more objects before these than numbers": [
        _case(_TEXT, options=bytes([45, 0, 40, 30, 20, first, 0, 1])) for first in (252, 253, 255)
    ],
    "places that reach farther than a part": [
        _case(_TEXT, _COPY, options=bytes([45, 0, 40, 30, 20, 1, 0, 1]),
              tampers=bytes([6, at, value, at]))
        for at in range(6) for value in (3, 5, 7, 9)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Programs by what they are built of, each once."""
    if why := fuzzing.missing():
        pytest.skip(why)
    made: dict[Build, Path] = {}

    def build(what: Build) -> Path:
        if what not in made:
            made[what] = fuzzing.build(tmp_path_factory.mktemp("build"), what)
        return made[what]

    return build


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    fuzzing.write_seeds(folder, tmp_path_factory.mktemp("work"))
    return folder


def _corpus(seeds: Path, tmp_path: Path) -> Path:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed in seeds.iterdir():
        (corpus / seed.name).write_bytes(seed.read_bytes())
    return corpus


@pytest.mark.slow
@pytest.mark.parametrize("is_small", [True, False], ids=["small", "real"])
@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_is_mended(
    builds: Callable[..., Path], tmp_path: Path, found: str, is_small: bool
) -> None:
    names = [tmp_path / f"{number}" for number in range(len(FOUND[found]))]
    for name, data in zip(names, FOUND[found], strict=True):
        name.write_bytes(data)

    done = fuzzing.run(builds(Build(is_small=is_small)), *names, cwd=tmp_path)

    assert done.returncode == 0, done.stderr[-3000:]
    assert f"inputs {len(names)} " in done.stdout


@pytest.mark.slow
def test_changed_packs_misuse_no_memory(
    builds: Callable[..., Path], seeds: Path, tmp_path: Path
) -> None:
    corpus = _corpus(seeds, tmp_path)
    at_first = len(list(corpus.iterdir()))

    done = fuzzing.run(
        builds(Build()), f"-runs={RUNS}", "-seed=7", "-max_len=24000", corpus, cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(corpus.iterdir())) > at_first + 100, "nothing new was reached"


PLANTED = {
    "a copy out of its base": (
        "if (offset > (uint64_t)base->size || length > (uint64_t)base->size - offset ||",
        "if (offset > (uint64_t)base->size ||",
    ),
    "more inserted than there is": (
        "if (op > end - at || op > size - filled) return 0;", "if (op > end - at) return 0;",
    ),
    "a tree that ends in an id": ("end - nul <= ID ||", "end - nul <= ID - 8 ||"),
    "a wrong byte": ("memcpy(target + filled, at, op);", "memcpy(target + filled, at, op / 2);"),
    "an array that stays held": (
        "PyBuffer_Release(&first); PyBuffer_Release(&table);", "PyBuffer_Release(&first);",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_the_fuzzer_finds_what_is_planted(
    builds: Callable[..., Path], seeds: Path, tmp_path: Path, fault: str
) -> None:
    """Else its silence would say nothing."""
    builds(Build())
    text = (fuzzing.ROOT / "native/packwalk.c").read_text()
    sound, broken = PLANTED[fault]
    assert text.count(sound) == 1
    source = tmp_path / "packwalk.c"
    source.write_text(text.replace(sound, broken))
    program = fuzzing.build(tmp_path, Build(source=source))

    done = fuzzing.run(program, f"-runs={RUNS}", "-seed=7", _corpus(seeds, tmp_path), cwd=tmp_path)

    assert done.returncode != 0
    assert list(tmp_path.glob("crash-*")), done.stderr[-3000:]


_COMPARE = """
import sys, zlib, numpy as np
from pathlib import Path
from scanner.kit.git import packs
from scanner.kit.git.sift import sift
from scanner.kit.git.walk import Limits
class Sieve:
    mark = ""; width = 21; reach = [(60, 60)]
    def places(self, text):
        return [(0, at) for at in range(7, len(text), 13)]
    def confirm(self, excerpt, first, last):
        assert 0 <= first <= last <= len(excerpt)
        return frozenset({("rule", excerpt[max(0, last - 4):last].hex())})
def is_cut(pack, number):
    data = pack.raw[int(pack.data[number]):int(pack.offsets[number + 1])]
    try:
        reader = zlib.decompressobj()
        reader.decompress(data)
        return not reader.eof
    except zlib.error:
        return False
names = sorted(Path(sys.argv[1]).glob("*.pack"))
hits = skipped = 0
for name in names:
    pack = packs.open_pack(name)
    # Python takes a stream that breaks off before its first byte for an empty object.
    if any(is_cut(pack, n) for n in np.flatnonzero((pack.sizes == 0) & (pack.kinds > 0)).tolist()):
        skipped += 1
        continue
    found = []
    for use_native in (True, False):
        pack = packs.open_pack(name, use_native=use_native)
        result = sift(pack, np.ones(len(pack), np.bool_), Sieve(), Limits(1 << 20, 1 << 22),
                      use_native=use_native)
        found.append((result.left, sorted((k, sorted(v)) for k, v in result.hits.items())))
    assert found[0] == found[1], (name, found)
    hits += bool(found[0][1])
print(len(names) - skipped, hits)
"""


@pytest.mark.slow
@needs_core
def test_changed_packs_are_read_alike_in_c_and_in_python(
    builds: Callable[..., Path], seeds: Path, tmp_path: Path
) -> None:
    corpus, made = _corpus(seeds, tmp_path), tmp_path / "packs"
    program = builds(Build())
    fuzzing.run(program, "-runs=4000", "-seed=3", "-max_len=24000", corpus, cwd=tmp_path)
    count = fuzzing.write_packs(program, corpus, made)

    done = subprocess.run(
        [sys.executable, "-c", _COMPARE, str(made)], capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    seen, hits = map(int, done.stdout.split())
    assert seen > count * 9 // 10
    assert hits > count // 4


def _given(**other: Any) -> list[Any]:
    """What a walk over one object is given."""
    arrays: dict[str, Any] = {
        "pack": b"x" * 40,
        "data": np.array([12]),
        "ends": np.array([20]),
        "sizes": np.array([5]),
        "child": np.array([-1], np.int32),
        "sibling": np.array([-1], np.int32),
        "wanted": b"\1",
        "states": bytearray(1),
        "roots": np.array([0], np.int32),
    }
    return list({**arrays, **other}.values())


@needs_core
def test_links_in_a_ring_are_refused() -> None:
    ring = np.array([0], np.int32)
    for roots in (ring, np.array([0, 0], np.int32)):
        given = _given(child=ring, sibling=ring, roots=roots)
        given[0] = b"x" * 12 + b"\x78\x01\x01\x00\x00\xff\xff\x00\x00\x00\x01" + b"x" * 20
        given[2], given[3] = np.array([23]), np.array([0])
        with pytest.raises(ValueError, match="do not fit"):
            native.core().walk(*given, b"", b"", 1 << 20, 1 << 20, 40, lambda *told: None)
        with pytest.raises(ValueError, match="do not fit"):
            native.core().graph(*given, bytes(20), b"\3", b"\0", 0, 1 << 20, 1 << 20)


@needs_core
@pytest.mark.parametrize("first", [1, 2**63 - 1])
def test_numbers_behind_the_last_object_are_refused(first: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        native.core().graph(*_given(), bytes(20), b"\3", b"\0", first, 1 << 20, 1 << 20)


@needs_core
def test_a_place_that_reaches_farther_than_a_part_is_refused() -> None:
    first, table = np.array([0, 1]), np.array([3, (1 << 18) + 1, 0])
    with pytest.raises(ValueError, match="do not fit"):
        native.core().walk(
            *_given(), first, table, 1 << 20, 1 << 20, 40, lambda *told: None
        )  # fmt: skip


@needs_core
@pytest.mark.parametrize("size", [261, 262, 263])
def test_a_small_tar_is_told_alike(size: int) -> None:
    import zlib

    text = b"a" * 257 + b"ustar" + b"0"
    data = zlib.compress(text[:size])
    states = bytearray(1)

    given = _given(pack=bytes(12) + data, ends=np.array([12 + len(data)]), sizes=np.array([size]),
                   states=states)  # fmt: skip
    native.core().walk(*given, b"", b"", 1 << 20, 1 << 20, 40, lambda *told: None)

    assert states[0] == walk.state_of(text[:size])
