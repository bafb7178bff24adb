"""A database that was kept finds what a compiled one finds, whatever happened to its file."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.detect import compiled
from scanner.detect.compiled import CASELESS, DOTALL, MULTILINE, SINGLEMATCH, database, new_scratch
from scanner.detect.prefilter import build
from scanner.rulebook import cache

hyperscan = pytest.importorskip("hyperscan")

WORDS = [f"word{number}xyz" for number in range(400)]
EXPRESSIONS = [word.encode() for word in WORDS] + [rb"sk-[a-z]{3}\d+", rb"a.b"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "shadow-ai"


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many expressions each compilation had; the engine's own small one left out."""
    seen: list[int] = []
    real = compiled._compiled

    def counting(engine: Any, expressions: Any, ids: Any, flags: Any) -> Any:
        if len(expressions) > 1:
            seen.append(len(expressions))
        return real(engine, expressions, ids, flags)

    monkeypatch.setattr(compiled, "_compiled", counting)
    return seen


def made(expressions: list[bytes] = EXPRESSIONS, flags: int = CASELESS, first: int = 0) -> Any:
    return database(
        expressions,
        ids=range(first, first + len(expressions)),
        flags=[flags] * len(expressions),
    )


def found(base: Any, text: bytes) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    base.scan(
        text,
        match_event_handler=lambda ident, start, end, flags, context: hits.append((ident, end)),
        scratch=new_scratch(base),
    )
    return hits


def text() -> bytes:
    chance = random.Random(4)
    return b" ".join(
        chance.choice((chance.choice(WORDS).encode().upper(), b"sk-abc123", b"a\nb", b"none"))
        for _ in range(3000)
    )


def the_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_kept_database_finds_the_same(folder: Path, compiles: list[int]) -> None:
    first = found(made(), text())
    assert len(first) > 1000
    again = made()
    assert compiles == [len(EXPRESSIONS)], "the second time it was loaded"
    assert found(again, text()) == first


def test_the_flags_are_the_engines() -> None:
    assert (CASELESS, DOTALL, MULTILINE, SINGLEMATCH) == (
        hyperscan.HS_FLAG_CASELESS,
        hyperscan.HS_FLAG_DOTALL,
        hyperscan.HS_FLAG_MULTILINE,
        hyperscan.HS_FLAG_SINGLEMATCH,
    )


def test_every_part_of_the_key_counts(
    folder: Path, compiles: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made()
    made([*EXPRESSIONS[:-1], b"a.c"])
    made(flags=CASELESS | DOTALL)
    made(first=1)
    made([*EXPRESSIONS[:-2], EXPRESSIONS[-2] + EXPRESSIONS[-1]])
    monkeypatch.setattr(compiled, "_engine", lambda: ("another", "5.4"))
    made()
    monkeypatch.setattr(compiled, "_processor", lambda: "another")
    made()
    assert len(compiles) == 7
    assert len(list(folder.iterdir())) == 7


@pytest.mark.parametrize("cut", [0, 1, 18, 33, 34, 35, 5000, -1])
def test_a_file_cut_short_is_compiled_anew(folder: Path, compiles: list[int], cut: int) -> None:
    first = found(made(), text())
    file = the_file(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:cut])
    assert found(made(), text()) == first
    assert len(compiles) == 2
    assert file.read_bytes() == whole, "and kept anew"


def test_flipped_bits_never_reach_the_engine(
    folder: Path, compiles: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made()
    file = the_file(folder)
    whole = file.read_bytes()
    monkeypatch.setattr(hyperscan, "loadb", lambda *_: pytest.fail("damaged bytes were loaded"))
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        made()
    assert len(compiles) == 61


def test_bytes_that_the_engine_refuses_are_compiled_anew(folder: Path, compiles: list[int]) -> None:
    """As of another build of the engine: the sum is right, the content is not its own."""
    first = found(made(), text())
    key = the_file(folder).name.rpartition("-")[2].removesuffix(".msgpack")
    for content in (b"", b"no database", bytes(100_000)):
        cache.write_bytes("patterns", key, content, 24)
        assert found(made(), text()) == first
    assert len(compiles) == 4


def test_a_file_that_was_renamed_is_not_taken_for_another(folder: Path) -> None:
    cache.write_bytes("patterns", "one", b"content", 24)
    one = the_file(folder)
    one.rename(one.with_name(one.name.replace("one", "two")))
    assert cache.read_bytes("patterns", "two") is None
    assert cache.read_bytes("patterns", "one") is None


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_its_owner_reads_it_and_nobody_else_wrote_it(
    folder: Path, compiles: list[int]
) -> None:
    made()
    file = the_file(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    file.chmod(0o666)
    made()
    assert len(compiles) == 2, "others could have written it"
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_what_stands_in_its_place_is_not_waited_for_or_followed(
    folder: Path, compiles: list[int], tmp_path: Path
) -> None:
    made()
    file = the_file(folder)
    file.unlink()
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    file.symlink_to(victim)
    made()
    assert victim.read_bytes() == b"untouched"
    assert not file.is_symlink(), "replaced, not written through"
    file.unlink()
    file.mkdir()
    made()
    assert len(compiles) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("kind", ["rules", "patterns"])
def test_a_pipe_in_its_place_is_not_waited_for(folder: Path, kind: str) -> None:
    cache.write_bytes(kind, "one", b"content", 24)
    file = the_file(folder)
    file.unlink()
    os.mkfifo(file)
    assert cache.read_bytes(kind, "one") is None


def test_without_a_folder_it_is_compiled(
    compiles: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (Path("/proc/nope"), tmp_path / "file"):
        monkeypatch.setattr(cache, "user_cache_path", lambda name, at=place: at / name)
        assert found(made(), text())
    assert len(compiles) == 2


def test_short_lists_are_not_kept_and_only_so_many_are(folder: Path) -> None:
    made([b"abc", b"def"])
    assert not folder.exists()
    for number in range(30):
        made([*EXPRESSIONS, b"number%d" % number])
    assert len(list(folder.iterdir())) == 24


def test_the_processor_is_told_or_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(compiled, "_CPUINFO", str(info))
    assert compiled._features() == ""
    info.write_text("processor\t: 0\nflags\t\t: sse2 avx2\n\nprocessor\t: 1\nflags\t\t: none\n")
    assert compiled._features() == "avx2 sse2"
    info.write_text("processor\t: 0\nFeatures\t: fp asimd sve\n")
    assert compiled._features() == "asimd fp sve"
    info.write_bytes(b"\xff" * 10_000)
    assert compiled._features() == ""


def test_the_prefilter_takes_it_and_another_process_too(
    folder: Path, compiles: list[int], tmp_path: Path
) -> None:
    literals = [word.encode() for word in WORDS]
    data = b"...WORD7xyz word399XYZ word400xyz"
    assert build(literals, "hyperscan").candidates(data) == {7, 399}
    assert build(literals, "hyperscan").candidates(data) == {7, 399}
    assert len(compiles) == 1
    script = (
        "from scanner.detect import compiled\n"
        "from scanner.detect.prefilter import build\n"
        "real = compiled._compiled\n"
        "def one(engine, expressions, *rest):\n"
        "    assert len(expressions) == 1, 'compiled anew'\n"
        "    return real(engine, expressions, *rest)\n"
        "compiled._compiled = one\n"
        "words = [b'word%dxyz' % number for number in range(400)]\n"
        f"assert build(words, 'hyperscan').candidates({data!r}) == {{7, 399}}\n"
    )
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environ, timeout=60)


def test_the_engines_agree_behind_the_kept_database(folder: Path) -> None:
    literals = [word.encode() for word in WORDS]
    build(literals, "hyperscan")
    assert build(literals, "hyperscan").candidates(text()) == build(literals, "re").candidates(
        text()
    )
