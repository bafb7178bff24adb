"""Builds the fuzzer of the compiled core, makes its first inputs of packs that git wrote, runs it.

    python -m tests.native.fuzzing --runs 3000000 --corpus DIR [--engine libfuzzer] [--coverage]

Inputs are what `packwalk_fuzz.c` reads: packs before they are compressed. Findings are written to
the folder above the corpus and replayed by naming them: ``--runs 0 --corpus FILE``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanner.kit.git.packs import ID_SIZE, OFS_DELTA, REF_DELTA, Pack, open_pack
from tests.conftest import Repository

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
REPAIRED, SOUGHT = 1, 64
OPTIONS = bytes([45, 0, 40, 30, 20, 1, 0, 0])
"""Limits that everything fits in; a place every 41 bytes (see `Options` in packwalk_fuzz.c)."""
_TAMPERS = bytes(3 * 4)
RING = bytes([45, 0, 40, 30, 20, 1, 0, 2, 3, 0, 0, 0, 4, 0, 0, 0, *bytes(4), 3, 0, 0, 1, 0, 97])
"""An object that is told to be a delta of itself, and to follow itself."""
_MOST_OBJECTS = 96
_COUNTED = [f"-D{name}=packwalk_{name}" for name in ("malloc", "calloc", "realloc", "free")]
_SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all",
              "-fno-omit-frame-pointer"]  # fmt: skip

_ASAN = "detect_leaks=0:abort_on_error=1:quarantine_size_mb=4:allocator_may_return_null=1"
"""Python itself leaks at its end; what the core holds is counted by the target."""


@dataclass(frozen=True)
class Build:
    """What is built. ``is_small``: with limits that small inputs reach."""

    engine: str = "own"
    is_small: bool = True
    with_deflate: bool = False
    measures: bool = False
    """Lines that are reached instead of memory that is misused."""
    source: Path = ROOT / "native/packwalk.c"


def missing() -> str:
    """Why there is nothing to build with here; empty: there is."""
    shared = Path(sysconfig.get_config_var("LIBDIR") or "/", _library())
    if sys.platform != "linux" or shutil.which("gcc") is None:
        return "it takes Linux and gcc"
    if not Path(sysconfig.get_path("include"), "Python.h").exists() or not shared.exists():
        return "Python's headers or its shared library are not here"
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text("#include <zlib.h>\nint main(void) { return !zlibVersion(); }\n")
        command = ["gcc", *_SANITIZED, str(probe), "-lz", "-o", str(probe.with_suffix(""))]
        done = subprocess.run(command, capture_output=True, check=False)
        return "" if done.returncode == 0 else "zlib's headers or gcc's sanitizers are not here"


def _library() -> str:
    return str(sysconfig.get_config_var("INSTSONAME") or sysconfig.get_config_var("LDLIBRARY"))


def build(folder: Path, what: Build = Build()) -> Path:
    """The program, in ``folder``."""
    compiler = "clang" if what.engine == "libfuzzer" else "gcc"
    include = f"-I{sysconfig.get_path('include')}"
    flags = ["-g", "-O1", include, *([] if what.measures else _SANITIZED)]
    core = [*_COUNTED, *(["-DSMALL_LIMITS"] if what.is_small else []),
            *(["-DHAVE_LIBDEFLATE"] if what.with_deflate else [])]  # fmt: skip
    own = [] if what.engine == "libfuzzer" else ["engine"]
    if what.measures:
        core.append("--coverage")
    elif what.engine == "libfuzzer":
        core.append("-fsanitize=fuzzer-no-link")
    else:
        core.append("-fsanitize-coverage=trace-pc")
    objects = [folder / "core.o"]
    _run(compiler, *flags, *core, "-c", what.source, "-o", objects[0])
    for name in ("fuzz", "pack", "mutator", *own):
        objects.append(folder / f"{name}.o")
        _run(compiler, *flags, "-Wall", "-Wextra", "-Wno-unused-parameter",
             *(["-DMEASURES"] if what.measures else []),
             "-c", HERE / f"packwalk_{name}.c", "-o", objects[-1])  # fmt: skip
    where = sysconfig.get_config_var("LIBDIR")
    program = folder / "packwalk-fuzz"
    _run(compiler, *flags, *(["--coverage"] if what.measures else []),
         *(["-fsanitize=fuzzer"] if what.engine == "libfuzzer" else []), *objects,
         f"-L{where}", f"-Wl,-rpath,{where}", f"-l:{_library()}", "-lz",
         *(["-ldeflate"] if what.with_deflate else []), "-lm", "-ldl", "-o", program)  # fmt: skip
    return program


def _run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")


def run(
    program: Path, *args: str | Path, cwd: Path, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, args)], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONHOME": sys.base_prefix, "PYTHONMALLOC": "malloc",
             "PYTHONHASHSEED": "0", "ASAN_OPTIONS": _ASAN, **(environ or {})},
    )  # fmt: skip


def write_packs(program: Path, corpus: Path, folder: Path) -> int:
    """What the inputs of ``corpus`` describe, as packs with their indexes. How many."""
    folder.mkdir()
    run(program, corpus, cwd=folder, environ={"PACKWALK_FUZZ_PACKS": str(folder)})
    raws = sorted(folder.glob("*.raw"))
    for raw in raws:
        offsets = np.fromfile(raw.with_suffix(".offsets"), np.int64)
        ids = b"".join(bytes([at + 1]) * ID_SIZE for at in range(len(offsets)))
        fanout = np.searchsorted(np.arange(1, len(offsets) + 1), np.arange(256), side="right")
        raw.with_suffix(".pack").write_bytes(raw.read_bytes() + bytes(ID_SIZE))
        raw.with_suffix(".idx").write_bytes(b"".join((
            b"\xfftOc\0\0\0\2", fanout.astype(">u4").tobytes(), ids, bytes(4 * len(offsets)),
            offsets.astype(">u4").tobytes(), bytes(2 * ID_SIZE),
        )))  # fmt: skip
    return len(raws)


def write_seeds(folder: Path, work: Path) -> int:
    """Inputs of packs that git makes here and now. How many."""
    (folder / "seed-0000").write_bytes(RING)
    count = 1
    for pack in _packs(work):
        entries = [_inflated(pack, number) for number in range(len(pack))]
        for chosen in _parts(pack):
            for is_repaired in (False, True):
                count += 1
                data = _seed(pack, entries, chosen, is_repaired=is_repaired)
                (folder / f"seed-{count:04d}").write_bytes(data)
    return count


def _packs(work: Path) -> Iterator[Pack]:
    """Texts that change, move and grow; trees, a submodule, merges, tags; OFS and REF deltas."""
    repository = Repository(work / "seeds")
    lines = [f"line {n} of a text {n * n}\n" for n in range(40)]
    for version in range(24):
        at = version * 5 % len(lines)
        if version == 12:
            repository.git("checkout", "-q", "-b", "side", "HEAD~3")
        elif version == 16:
            repository.git("merge", "-q", "-s", "ours", "-m", "merged", "main")
        if version % 3 == 0:
            lines.insert(at, f"key_{version} = 'abcdefghijklmnopqrstuvwxyz0123456789'\n")
        elif version % 3 == 1:
            lines[at] = f"changed {version}\n"
        else:
            lines = lines[at:] + lines[: at + 3]
        repository.write("a.txt", "".join(lines))
        repository.write(f"d/e/{version % 5}.txt", f"{version}\n" * 9)
        if version == 4:
            repository.write("big.txt", "".join(f"{n:05d} QUJDREVGR0hJSktM\n" for n in range(900)))
            repository.write("nul.bin", b"\0\1\2\3" * 60)
        if version == 6:
            repository.write("big.txt", "".join(f"{n:05d} QUJDREVGR0hJSktM\n" for n in range(950)))
            repository.write("nul.bin", b"\0\1\2\3" * 61 + b"PK\3\4")
            (repository.root / "module").mkdir()
            link = f"160000,{'12' * ID_SIZE},module"
            repository.git("update-index", "--add", "--cacheinfo", link)
        repository.commit(f"version {version}\n\nof the text")
    repository.git("tag", "-a", "-m", "a tag", "v1", "HEAD~2")
    for near in ("true", "false"):
        repository.git("-c", f"repack.useDeltaBaseOffset={near}", "repack", "-adfq", "--depth=20")
        (path,) = (repository.root / ".git/objects/pack").glob("*.pack")
        yield open_pack(path)


def _inflated(pack: Pack, number: int) -> bytes:
    start, end = int(pack.data[number]), int(pack.offsets[number + 1])
    return zlib.decompress(pack.raw[start:end])


def _parts(pack: Pack) -> Iterator[list[int]]:
    """Objects that make an input: the first ones of the pack, and single families."""
    yield list(range(min(len(pack), _MOST_OBJECTS)))
    root = np.where(pack.bases >= 0, pack.bases, np.arange(len(pack)))
    for _ in range(10):
        root = root[root]
    for one in np.unique(root).tolist():
        family = np.flatnonzero(root == one).tolist()
        if len(family) > 1:
            yield family[:_MOST_OBJECTS]


def _seed(pack: Pack, entries: list[bytes], chosen: list[int], *, is_repaired: bool) -> bytes:
    place = {number: at for at, number in enumerate(chosen)}
    records = []
    for at, number in enumerate(chosen):
        kind, payload, base = int(pack.entry_kinds[number]), entries[number], 0
        flags = SOUGHT if at % 3 == 0 else 0
        if kind in (OFS_DELTA, REF_DELTA):
            base = place.get(int(pack.bases[number]), 0)
            if is_repaired:
                payload, flags = _without_sizes(payload), flags | REPAIRED
        for other, where in place.items():  # ids are one byte, twenty times
            oid, own = pack.ids[other].tobytes(), bytes([where + 1]) * ID_SIZE
            payload = payload.replace(oid, own).replace(oid.hex().encode(), own.hex().encode())
        payload = payload[:0xFFFF]
        records.append(bytes([kind, flags, base]) + len(payload).to_bytes(2, "little") + payload)
    return OPTIONS + _TAMPERS + b"".join(records)


def _without_sizes(delta: bytes) -> bytes:
    for _ in range(2):
        at = next(n for n, byte in enumerate(delta) if not byte & 0x80)
        delta = delta[at + 1 :]
    return delta


def _coverage(folder: Path, corpus: Path, *, is_small: bool) -> str:
    program = build(folder, Build(measures=True, is_small=is_small))
    run(program, corpus, cwd=folder)
    done = subprocess.run(
        ["gcov", "-b", "-o", str(folder), str(folder / "core.o")], cwd=folder, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzzes native/packwalk.c.")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--engine", choices=["own", "libfuzzer"], default="own")
    parser.add_argument("--deflate", action="store_true", help="inflate by libdeflate")
    parser.add_argument("--real-limits", action="store_true")
    parser.add_argument("--coverage", action="store_true", help="also tell what is reached")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not chosen.corpus.exists():
            chosen.corpus.mkdir(parents=True)
            write_seeds(chosen.corpus, folder)
        what = Build(chosen.engine, not chosen.real_limits, chosen.deflate)
        runs = [f"-runs={chosen.runs}", f"-seed={chosen.seed}"] if chosen.runs else []
        done = run(build(folder, what), *runs, "-max_len=65536", chosen.corpus.resolve(),
                   cwd=chosen.corpus.resolve().parent)  # fmt: skip
        print(done.stdout, done.stderr[-6000:], sep="")
        if chosen.coverage:
            print(_coverage(folder, chosen.corpus.resolve(), is_small=what.is_small))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
