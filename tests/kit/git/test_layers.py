"""Three readers of a history, one answer: git object by object, the packs' deltas in Python, and
in C; also of packs that lie."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scanner.detect.engine import Detector
from scanner.kit.archives import Bounds
from scanner.kit.git import native, packs
from scanner.kit.git.history import Layer, Options, read_history
from scanner.kit.git.memory import Memory
from scanner.kit.git.objects import open_store
from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.items import Gap, Item, Remembered, Sighting
from scanner.rulebook.examples import expand
from tests.conftest import Repository

_MOST_BYTES = 32 << 20
LAYERS = [
    Layer.PYTHON,
    pytest.param(
        Layer.NATIVE,
        marks=pytest.mark.skipif(native.core() is None, reason="the core was not built"),
    ),
]


@pytest.fixture(scope="module")
def detecting(detector: Detector) -> Any:
    if detector.sieve is None:
        pytest.skip("no hyperscan here")
    return SimpleNamespace(examine=detector.examine, sieve=detector.sieve, warn=lambda text: None)


def _read(root: Path, detecting: Any, layer: Layer, memory: bytes = b"") -> list[Item]:
    options = Options(_MOST_BYTES, archives=Bounds(), layer=layer, memory=memory)
    return list(read_history(Git(root), NodeId("git:x"), detecting, options))


def _shown(items: list[Item]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for item in items:
        if isinstance(item, Sighting):
            place, hit = item.place, item.hit
            found.append((hit.rule, hit.fingerprint, hit.line, place.path, place.commit,
                          place.seen_at, place.last_commit, place.author))  # fmt: skip
        elif isinstance(item, Gap):
            found.append(("gap", item.what))
    return sorted(found, key=repr)


def _memory(items: list[Item]) -> bytes:
    return next(item.data for item in items if isinstance(item, Remembered))


@pytest.fixture
def rich(built: Path, tmp_path: Path) -> Repository:
    """A copy of :func:`built`: a repository takes hundreds of processes to write."""
    shutil.copytree(built, tmp_path / "repo", symlinks=True)
    return Repository(tmp_path / "repo")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, made_up_key: Callable[..., str]) -> Path:
    """Sixty versions of large texts with keys that come, move, change and go, merges, copies,
    encoded keys, a binary that becomes a text, messages with keys."""
    repository = Repository(tmp_path_factory.mktemp("rich") / "repo")
    chance = random.Random(7)
    lines = [f"line {n} {chance.getrandbits(96):x}\n" for n in range(900)]
    for version in range(60):
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(lines))
            pick = chance.randrange(6)
            if pick == 0:
                lines.insert(at, f"api_key = '{made_up_key(f'a{version % 7}')}'\n")
            elif pick == 1:
                lines.insert(at, f"ANTHROPIC_API_KEY={made_up_key(f'b{version % 5}')}\n")
            elif pick == 2:
                del lines[at : at + chance.randrange(1, 60)]
            elif pick == 3:
                part = lines[at : at + 40]
                lines[0:0] = part
            else:
                lines[at] = f"changed {chance.getrandbits(64):x}\n"
        repository.write("big.txt", "".join(lines))
        if version == 10:
            repository.write("copy.txt", "".join(lines))
        if version % 9 == 0:
            data = b"\0\1\2" * 50 if version % 2 else made_up_key("bin").encode() * 2
            (repository.root / "maybe.bin").write_bytes(data)
        if version == 20:
            import base64

            text = base64.encodebytes(f"pad pad pad\nkey={made_up_key('enc')}\n".encode()).decode()
            repository.write("secret.yaml", f"kind: Secret\ndata:\n  a: {text}")
        message = f"v{version}" if version % 25 else f"use {made_up_key('msg')}"
        repository.commit(message)
    repository.git("checkout", "-q", "-b", "side", "HEAD~30")
    repository.write("side.env", f"ANTHROPIC_API_KEY={made_up_key('side')}\n")
    repository.commit("side")
    repository.git("checkout", "-q", "-")
    repository.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    repository.git("rm", "-q", "side.env")
    repository.commit("removed")
    return repository.root


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("packed", ["deltas", "two packs", "loose"])
def test_every_reader_tells_the_same(
    rich: Repository, detecting: Any, layer: Layer, packed: str
) -> None:
    if packed == "deltas":
        rich.git("repack", "-adfq", "--depth=50", "--window=50")
    elif packed == "two packs":
        rich.git("repack", "-adfq")
        rich.write("late.env", "nothing\n")
        rich.commit("late")
        rich.git("repack", "-dq")

    expected = _shown(_read(rich.root, detecting, Layer.REFERENCE))
    found = _shown(_read(rich.root, detecting, layer))

    assert len(expected) > 8
    assert found == expected


@pytest.mark.parametrize("layer", [Layer.REFERENCE, *LAYERS])
def test_an_encoded_key_that_stands_twice_is_one_provider_s(
    repository: Repository, detecting: Any, layer: Layer
) -> None:
    key = expand('{"api_key": "llmgtwy_{base62:36}"}', "gateway")
    line = f"OPENAI_API_KEY={key.encode().hex()}\n"
    chance = random.Random(3)
    rest = "".join(f"line {n} {chance.getrandbits(96):x}\n" for n in range(300))
    for text in (rest, line + rest, line + rest + line, line + rest + "more\n"):
        repository.write("a.txt", text)
        repository.commit()
    repository.git("repack", "-adfq")

    found = _read(repository.root, detecting, layer)

    assert [item.hit.rule for item in found if isinstance(item, Sighting)] == ["llmgateway-key"]
    assert _shown(found) == _shown(_read(repository.root, detecting, Layer.REFERENCE))


@pytest.mark.parametrize("layer", LAYERS)
def test_the_next_reading_reads_what_is_new(
    rich: Repository, detecting: Any, layer: Layer, made_up_key: Callable[..., str]
) -> None:
    rich.git("gc", "-q")
    first = _read(rich.root, detecting, layer)
    asked: list[int] = []

    def places(text: bytes) -> list[tuple[int, int]]:
        asked.append(len(text))
        return detecting.sieve.places(text)

    sieve = SimpleNamespace(places=places, confirm=detecting.sieve.confirm,
                            mark=detecting.sieve.mark, width=detecting.sieve.width,
                            reach=detecting.sieve.reach)  # fmt: skip
    watched = SimpleNamespace(examine=detecting.examine, sieve=sieve, warn=lambda text: None)
    again = _read(rich.root, watched, layer, _memory(first))
    assert _shown(again) == _shown(first)
    assert not asked, "an unchanged repository was read"

    rich.write("new.env", f"ANTHROPIC_API_KEY={made_up_key('new')}\n")
    rich.commit("new")
    rich.git("repack", "-dq")
    third = _read(rich.root, watched, layer, _memory(first))

    assert _shown(third) == _shown(_read(rich.root, detecting, Layer.REFERENCE))
    assert sum(asked) < 4000


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("index", ["of version 1", "broken"])
def test_an_index_that_cannot_be_read_costs_its_own_pack_alone(
    rich: Repository,
    detecting: Any,
    layer: Layer,
    made_up_key: Callable[..., str],
    index: str,
) -> None:
    rich.git("repack", "-adfq")
    store = rich.root / ".git/objects/pack"
    (sound,) = store.glob("*.pack")
    rich.write("late.env", f"ANTHROPIC_API_KEY={made_up_key('late')}\n")
    rich.commit("late")
    rich.git("repack", "-dq")
    (late,) = set(store.glob("*.pack")) - {sound}
    late.with_suffix(".idx").unlink()
    if index == "broken":
        late.with_suffix(".idx").write_bytes(b"junk")
    else:
        rich.git("index-pack", "--index-version=1", str(late))

    opened = open_store(Git(rich.root), use_native=layer is Layer.NATIVE)
    first = _read(rich.root, detecting, layer)
    again = _read(rich.root, SimpleNamespace(**{**vars(detecting), "sieve": _Idle(detecting)}),
                  layer, _memory(first))  # fmt: skip

    assert [pack.path for pack in opened.packs] == [sound]
    assert len(opened.loose) == (0 if index == "broken" else 3)
    assert any("late.env" in row for row in _shown(first)) is (index == "of version 1")
    assert any(row[0] == "gap" for row in _shown(first)) is (index == "broken")
    assert _shown(first) == _shown(again) == _shown(_read(rich.root, detecting, Layer.REFERENCE))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("packed", [True, False])
def test_an_unchanged_repository_with_gaps_is_not_read_again(
    rich: Repository,
    detecting: Any,
    layer: Layer,
    packed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text that is too large, and a damaged object: told each time, looked for no more; what is
    mended without another change is read."""
    monkeypatch.setattr("tests.kit.git.test_layers._MOST_BYTES", 1 << 20)
    rich.write("large.txt", "a line of text\n" * 100_000)
    rich.commit("large")
    if packed:
        rich.git("repack", "-adfq")
    rich.write("damaged.env", "nothing\n")
    rich.commit("damaged")
    oid = rich.git("rev-parse", "HEAD:damaged.env")
    loose = rich.root / ".git/objects" / oid[:2] / oid[2:]
    whole = loose.read_bytes()
    loose.chmod(0o644)
    loose.write_bytes(b"junk")
    idle = SimpleNamespace(**{**vars(detecting), "sieve": _Idle(detecting)})

    first = _read(rich.root, detecting, layer)
    again = _read(rich.root, idle, layer, _memory(first))

    assert [what for kind, what, *_ in _shown(first) if kind == "gap"] == sorted(
        [f"object {oid}", f"object {rich.git('rev-parse', 'HEAD:large.txt')}"]
    )
    reference = _shown(_read(rich.root, detecting, Layer.REFERENCE))
    assert _shown(again) == _shown(first)
    assert _shown(first) == [row for row in reference if row != ("gap", "objects")]  # git's words
    assert not any(isinstance(item, Remembered) for item in again), "it was looked at again"
    loose.write_bytes(whole)
    third = _read(rich.root, detecting, layer, _memory(first))
    assert f"object {oid}" not in str(_shown(third))
    assert _shown(third) == _shown(_read(rich.root, detecting, Layer.REFERENCE))


class _Idle:
    """A sieve that nobody may ask."""

    def __init__(self, detecting: Any) -> None:
        self.mark, self.width = detecting.sieve.mark, detecting.sieve.width
        self.reach = detecting.sieve.reach

    def places(self, text: bytes) -> list[tuple[int, int]]:
        raise AssertionError("what was judged is read again")

    def confirm(self, excerpt: bytes, first: int, last: int) -> frozenset[tuple[str, str]]:
        raise AssertionError("what was judged is read again")


def test_objects_that_are_shown_are_not_in_memory_together(
    repository: Repository, detecting: Any, made_up_key: Callable[..., str]
) -> None:
    """Each version of a large text holds another key, and so is shown."""
    rest = "a line of text that says nothing\n" * 30_000
    for number in range(24):
        repository.write("large.sql", f"-- {made_up_key(str(number))}\n{rest}")
        repository.commit()
    repository.git("repack", "-adfq")
    list(_read(repository.root, detecting, Layer.REFERENCE))  # all that is kept is made

    tracemalloc.start()
    found = _read(repository.root, detecting, Layer.REFERENCE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len([item for item in found if isinstance(item, Sighting)]) == 24
    assert peak < 10 * len(rest)


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_cleaned_up_is_forgotten_and_found_when_it_comes_back(
    rich: Repository, detecting: Any, layer: Layer, made_up_key: Callable[..., str]
) -> None:
    rich.write("gone.env", f"ANTHROPIC_API_KEY={made_up_key('gone')}\n")
    rich.commit("to be dropped")
    rich.git("gc", "-q")
    first = _read(rich.root, detecting, layer)
    dropped = rich.git("rev-parse", "HEAD")
    rich.git("bundle", "create", "-q", "../kept.bundle", "HEAD", "^HEAD~1")
    rich.git("reset", "-q", "--hard", "HEAD~1")
    rich.git("reflog", "expire", "--expire=now", "--all")
    rich.git("gc", "-q", "--prune=now")
    second = _read(rich.root, detecting, layer, _memory(first))

    assert _shown(second) == _shown(_read(rich.root, detecting, Layer.REFERENCE))
    assert not any("gone.env" in row for row in _shown(second))
    rich.git("fetch", "-q", "../kept.bundle", f"{dropped}:refs/heads/back")
    third = _read(rich.root, detecting, layer, _memory(second))
    assert any("gone.env" in row for row in _shown(third))


@pytest.mark.slow
def test_a_memory_that_is_damaged_or_of_other_rules_is_none(
    rich: Repository, detecting: Any
) -> None:
    data = _memory(_read(rich.root, detecting, Layer.PYTHON))
    told: list[str] = []
    other = SimpleNamespace(**{**vars(detecting), "warn": told.append})

    for broken in (data[:-7], b"\x93\1\2", data[: len(data) // 2] + b"x" * 9):
        assert Memory.load(broken, "any").is_new
        assert _shown(_read(rich.root, other, Layer.PYTHON, broken))
    assert told
    assert "read again" in told[0]


def _damaged(pack: bytes, chance: random.Random) -> bytes:
    data = bytearray(pack)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(12, len(data) - 20)
        pick = chance.randrange(3)
        if pick == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif pick == 1:
            data[at] = chance.choice((0, 0x7F, 0x80, 0xFF))
        else:
            span = chance.randrange(1, 16)
            data[at : at + span] = bytes(chance.randrange(256) for _ in range(span))
    return bytes(data[: len(pack)])


_PROBE = """
import sys, numpy as np
from pathlib import Path
from scanner.kit.git import native, packs
from scanner.kit.git.sift import _Job
from scanner.kit.git.walk import Limits
class Sieve:
    mark = ""; width = 40; reach = [(60, 60)]
    def places(self, text):
        return [(0, at) for at in range(30, len(text), 997)]
    def confirm(self, excerpt, first, last):
        assert 0 <= first <= last <= len(excerpt)
        return frozenset({("rule", excerpt[max(0, last - 4):last].hex())})
for name in sys.argv[1:]:
    found = []
    for use_native in (True, False):
        pack = packs.open_pack(Path(name), use_native=use_native)
        wanted = np.ones(len(pack), np.bool_)
        job = _Job(pack, wanted, Sieve(), Limits(1 << 22, 1 << 23), use_native=use_native)
        links = packs.families(pack, wanted)
        places = job.windows(links, 1)
        job.excerpts(links, places, 1)
        result = job.result()
        found.append((result.left, sorted((k, sorted(v)) for k, v in result.hits.items())))
        core = native.core()
        if use_native and core:
            kinds = np.where(np.arange(len(pack)) % 2, 2, 1).astype(np.uint8)
            core.graph(pack.raw, pack.data, pack.offsets[1:], pack.sizes, links.child,
                       links.sibling, wanted.astype(np.uint8), np.zeros(len(pack), np.uint8),
                       links.roots, pack.ids.tobytes(), kinds, np.ones(len(pack), np.uint8), 0,
                       1 << 22, 1 << 23)
    assert found[0] == found[1], name
print("sound", len(sys.argv) - 1)
"""


@pytest.mark.slow
def test_packs_that_lie_crash_nothing_and_the_walks_agree(rich: Repository, tmp_path: Path) -> None:
    """Bytes are changed where deltas, sizes and offsets stand; in a process of its own, so that a
    crash would show."""
    rich.git("repack", "-adfq", "--depth=50", "--window=50")
    (pack,) = (rich.root / ".git/objects/pack").glob("*.pack")
    index = pack.with_suffix(".idx").read_bytes()
    whole = pack.read_bytes()
    chance = random.Random(11)
    names = []
    for number in range(150):
        path = tmp_path / f"pack-{number}.pack"
        path.write_bytes(_damaged(whole, chance))
        path.with_suffix(".idx").write_bytes(index)
        names.append(str(path))

    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *names], capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "sound 150"


@pytest.mark.skipif(native.core() is None, reason="the core was not built")
def test_headers_are_read_alike(rich: Repository) -> None:
    rich.git("repack", "-adfq")
    (path,) = (rich.root / ".git/objects/pack").glob("*.pack")
    one, two = (packs.open_pack(path, use_native=use) for use in (True, False))

    for name in ("entry_kinds", "kinds", "sizes", "data", "bases"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


@pytest.mark.skipif(native.core() is None, reason="the core was not built")
@pytest.mark.parametrize("broken", ["short", "child", "root", "places"])
def test_the_core_refuses_arrays_that_do_not_fit(broken: str) -> None:
    def rows(kind: Any, *values: int) -> Any:
        return np.array(values, kind)

    data, ends, sizes = rows(np.int64, 12), rows(np.int64, 20), rows(np.int64, 5)
    child, sibling = rows(np.int32, -1), rows(np.int32, -1)
    roots = rows(np.int32, 0)
    first, table = b"", b""
    if broken == "short":
        ends = rows(np.int64)
    elif broken == "child":
        child = rows(np.int32, 7)
    elif broken == "root":
        roots = rows(np.int32, 3)
    else:
        first, table = rows(np.int64, 0, 9).tobytes(), rows(np.int64, 1, 1, 1).tobytes()

    with pytest.raises(ValueError, match="do not fit"):
        native.core().walk(
            b"x" * 40, data, ends, sizes, child, sibling, b"\1", bytearray(1), roots, first, table,
            1 << 20, 1 << 20, 40, lambda *given: None,
        )  # fmt: skip
