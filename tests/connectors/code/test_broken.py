"""Repositories that are damaged, cut, borrowed, odd or empty: read to their end, and honest.

Each is a real repository, made by git and then broken as disks, interrupted copies and people break
them. What is lost is told; what is left is found; whoever reads the exit code knows.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_INCOMPLETE, Result
from scanner.kit.git import bare as bare_tree
from scanner.kit.git import watch
from scanner.kit.git.process import Git
from scanner.model.errors import Unavailable
from tests.conftest import Repository
from tests.connectors.code.scanned import keys, scan_paths, told


def _status(result: Result) -> dict[str, str]:
    return {
        row.shard.rpartition("/")[2]: str(row.status)
        for row in result.document.coverage
        if not row.shard.endswith("/listing")
    }


def _usage(result: Result) -> set[str]:
    return {a.provider for a in result.document.assets if a.type != "credential"}


@pytest.fixture
def packed(tmp_path: Path, made_up_key: Callable[..., str]) -> Repository:
    """One pack with deltas: a key that was removed, a file of many versions, a tree of today."""
    made = Repository(tmp_path / "packed")
    made.write("app.py", "import openai\n")
    made.write("key.py", f"K = '{made_up_key()}'\n")
    made.commit("first")
    made.write("key.py", "K = None\n")
    for n in range(8):
        lines = [f"{hashlib.sha1(b'%d' % line).hexdigest()} {n if line == n * 9 else 0}"
                 for line in range(200)]  # fmt: skip
        made.write("big.txt", "\n".join(lines) + "\n")
        made.commit(f"version {n}")
    made.git("gc", "-q", "--aggressive", "--prune=now")
    assert len(_packs(made)) == 1
    return made


def _packs(made: Repository, suffix: str = ".pack") -> list[Path]:
    return sorted((made.root / ".git/objects/pack").glob(f"*{suffix}"))


def _offsets(made: Repository) -> dict[str, tuple[int, int, bool]]:
    """oid -> where it is in the pack, its packed size, and whether it is a delta."""
    found = {}
    for line in made.git("verify-pack", "-v", str(_packs(made, ".idx")[0])).split("\n"):
        fields = line.split()
        if len(fields) in (5, 7) and fields[1] in ("blob", "tree", "commit", "tag"):
            found[fields[0]] = (int(fields[4]), int(fields[3]), len(fields) == 7)
    return found


def _overwrite(path: Path, at: int, data: bytes) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at if at >= 0 else path.stat().st_size + at)
        file.write(data)


def _truncate(path: Path, size: int) -> None:
    path.chmod(0o644)
    os.truncate(path, size)


def _blob(made: Repository, delta: bool) -> tuple[str, int, int]:
    versions = {made.git("rev-parse", f"HEAD~{n}:big.txt") for n in range(8)}
    for oid, (at, size, is_delta) in sorted(_offsets(made).items()):
        if oid in versions and is_delta == delta:
            return oid, at, size
    raise AssertionError("no such object")


def _in_delta(made: Repository) -> None:
    _, at, size = _blob(made, delta=True)
    _overwrite(_packs(made)[0], at + size - 8, b"\xff" * 5)


def _in_base(made: Repository) -> None:
    _, at, size = _blob(made, delta=False)
    _overwrite(_packs(made)[0], at + size // 2, b"\xff" * 20)


def _object_header(made: Repository) -> None:
    """A type that there is not (5), and with it the size."""
    _, at, _ = _blob(made, delta=True)
    _overwrite(_packs(made)[0], at, b"\x50")


def _lying_size(made: Repository) -> None:
    """Of a blob that is stored as it is: ``K = None`` and a line feed are nine bytes."""
    oid = made.git("rev-parse", "HEAD:key.py")
    at, _, is_delta = _offsets(made)[oid]
    assert not is_delta
    _overwrite(_packs(made)[0], at, b"\x3f")


@pytest.mark.parametrize("damage", [_in_delta, _in_base, _object_header, _lying_size])
def test_an_object_that_is_damaged_in_its_pack_costs_itself_alone(
    packed: Repository, damage: Callable[[Repository], None]
) -> None:
    damage(packed)

    result = scan_paths(packed.root)

    assert _status(result) == {"tree": "complete", "history": "partial"}
    assert "object" in told(result)
    assert ("key.py", "history") in keys(result)
    assert _usage(result) == {"openai"}
    assert result.exit_code == EXIT_INCOMPLETE


def _pack_header(made: Repository) -> None:
    _overwrite(_packs(made)[0], 0, b"JUNK")


def _pack_version(made: Repository) -> None:
    _overwrite(_packs(made)[0], 4, b"\0\0\0\x63")


def _pack_trailer(made: Repository) -> None:
    _overwrite(_packs(made)[0], -20, b"\0" * 20)


def _pack_cut(made: Repository) -> None:
    _truncate(_packs(made)[0], _packs(made)[0].stat().st_size // 2)


def _pack_empty(made: Repository) -> None:
    _truncate(_packs(made)[0], 0)


def _index_cut(made: Repository) -> None:
    path = _packs(made, ".idx")[0]
    _truncate(path, path.stat().st_size // 2)


def _index_fanout(made: Repository) -> None:
    _overwrite(_packs(made, ".idx")[0], 8, b"\xff\xff\xff\xff")


def _index_offsets(made: Repository) -> None:
    """Every object beyond the end of the pack."""
    count = len(_offsets(made))
    _overwrite(_packs(made, ".idx")[0], 8 + 1024 + count * 24, b"\x7f\xff\xff\xff" * count)


def _index_empty(made: Repository) -> None:
    _truncate(_packs(made, ".idx")[0], 0)


@pytest.mark.parametrize(
    "damage",
    [
        _pack_header, _pack_version, _pack_trailer, _pack_cut, _pack_empty, _index_cut,
        _index_fanout, _index_offsets, _index_empty,
    ],
)  # fmt: skip
def test_a_pack_that_cannot_be_read_leaves_the_tree_and_is_told(
    packed: Repository, damage: Callable[[Repository], None]
) -> None:
    damage(packed)

    result = scan_paths(packed.root)

    assert _usage(result) == {"openai"}  # from the disk
    status = _status(result)
    assert set(status.values()) & {"partial", "failed"}
    assert told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_an_index_whose_names_lie_hides_no_object_silently(packed: Repository) -> None:
    """Two bytes of one name: the object is there, under a name that is not its own."""
    oid = packed.git("rev-parse", "HEAD~3:big.txt")
    oids = sorted(_offsets(packed))
    at = 8 + 1024 + 20 * oids.index(oid)
    _overwrite(_packs(packed, ".idx")[0], at + 10, b"\0\0")

    result = scan_paths(packed.root)

    assert _status(result)["history"] == "partial"
    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_INCOMPLETE


# --- loose objects ------------------------------------------------------------------------------


def _loose(made: Repository, name: str) -> Path:
    oid = made.git("rev-parse", name)
    path = made.root / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    return path


def _zero_length(path: Path) -> None:
    path.write_bytes(b"")


def _junk(path: Path) -> None:
    path.write_bytes(b"\xff" * 100)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:12])


def _other_content(path: Path) -> None:
    """Well-formed, but not what its name says."""
    path.write_bytes(zlib.compress(b"blob 6\0other\n"))


def _no_such_type(path: Path) -> None:
    path.write_bytes(zlib.compress(b"thing 6\0other\n"))


def _huge_by_its_word(path: Path) -> None:
    path.write_bytes(zlib.compress(b"blob 99999999999999\0other\n"))


@functools.cache
def _quarter_gigabyte() -> bytes:
    packer = zlib.compressobj(9)
    parts = [packer.compress(b"blob 10\0")]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(256)]
    return b"".join(parts) + packer.flush()


def _bomb(path: Path) -> None:
    """A quarter of a gigabyte that says it is small."""
    path.write_bytes(_quarter_gigabyte())


@pytest.mark.parametrize(
    "damage",
    [_zero_length, _junk, _cut_short, _no_such_type, _huge_by_its_word, _bomb],
)
@pytest.mark.parametrize("name", ["HEAD:lost.txt", "HEAD:d", "HEAD~1"])
def test_a_damaged_loose_object_is_told_and_the_rest_is_found(
    repository: Repository,
    made_up_key: Callable[..., str],
    damage: Callable[[Path], None],
    name: str,
) -> None:
    repository.write("app.py", f"import openai\nK = '{made_up_key()}'\n")
    repository.write("lost.txt", "will be lost\n")
    repository.write("d/other.txt", "of a folder\n")
    repository.commit("first")
    repository.write("d/other.txt", "changed\n")
    repository.commit("second")
    repository.commit("third")
    damage(_loose(repository, name))

    result = scan_paths(repository.root)

    assert _status(result)["tree"] in ("complete", "partial")
    assert _status(result)["history"] == "partial"
    assert "openai" in _usage(result)
    assert any(path == "app.py" for path, _ in keys(result))
    assert told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_an_object_with_another_content_is_not_believed(
    repository: Repository, made_up_key: Callable[..., str]
) -> None:
    repository.write("app.py", f"K = '{made_up_key()}'\n")
    repository.write("lost.txt", "will be lost\n")
    repository.commit()
    _other_content(_loose(repository, "HEAD:lost.txt"))

    result = scan_paths(repository.root)

    assert ("app.py", "history") in keys(result)
    assert _status(result)["tree"] == "complete"


def test_a_bare_repository_with_a_damaged_folder_shows_the_rest(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("a/app.py", "import openai\n")
    repository.write("m/lost.py", "import anthropic\n")
    repository.write("z/end.py", "import cohere\n")
    repository.commit()
    _junk(_loose(repository, "HEAD:m"))
    bare = tmp_path / "bare.git"
    shutil.copytree(repository.root / ".git", bare)
    (bare / "index").unlink()

    result = scan_paths(bare)

    assert _status(result)["tree"] == "partial"
    assert "openai" in _usage(result)
    assert result.exit_code == EXIT_INCOMPLETE


# --- formats, clones and stores -----------------------------------------------------------------


def test_sha256_objects_are_read(tmp_path: Path, made_up_key: Callable[..., str]) -> None:
    root = tmp_path / "sha256"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", str(root)], check=True)
    made = Repository(root)
    made.write("bot.py", f"import anthropic\nK = '{made_up_key()}'\n")
    made.commit("first")
    made.write("bot.py", "import anthropic\n")
    last = made.commit("no key")
    assert len(last) == 64
    bare = tmp_path / "bare.git"
    made.git("clone", "-q", "--bare", str(root), str(bare))
    made.git("gc", "-q")

    for path in (root, bare):
        result = scan_paths(path)
        assert keys(result) == {("bot.py", "history")}
        assert _usage(result) == {"anthropic"}
        assert result.exit_code == EXIT_COMPLETE


def test_a_worktree_reads_its_own_files_and_the_shared_history(
    packed: Repository, tmp_path: Path
) -> None:
    packed.git("branch", "side", "HEAD~2")
    packed.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    (tmp_path / "linked/only_here.py").write_text("import anthropic\n")

    result = scan_paths(tmp_path / "linked")

    assert _usage(result) == {"openai", "anthropic"}
    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_COMPLETE


def test_a_worktree_whose_repository_is_gone_is_a_folder_with_a_gap(
    packed: Repository, tmp_path: Path
) -> None:
    packed.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    shutil.rmtree(packed.root)

    result = scan_paths(tmp_path / "linked")

    assert _usage(result) == {"openai"}
    assert ".git: `.git` leads nowhere" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_a_submodule_is_a_repository_of_its_own(
    packed: Repository, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    inner = Repository(tmp_path / "inner")
    inner.write("a.py", f"import anthropic\nK = '{made_up_key('inner')}'\n")
    inner.commit()
    packed.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.root), "sub")
    packed.commit("with a submodule")

    result = scan_paths(packed.root)

    holders = {a.uid.partition("#")[0] for a in result.document.assets if a.provider == "anthropic"}
    assert len(holders) >= 1
    assert all("packed" not in holder for holder in holders)
    assert result.exit_code == EXIT_COMPLETE
    alone = scan_paths(packed.root / "sub")
    assert _usage(alone) == {"anthropic"}
    assert alone.exit_code == EXIT_COMPLETE
    shutil.rmtree(packed.root / ".git/modules")
    lost = scan_paths(packed.root)
    assert _usage(lost) == {"openai", "anthropic"}  # its files are here, its history is not
    assert "leads nowhere" in told(lost)
    assert lost.exit_code == EXIT_INCOMPLETE
    shutil.rmtree(packed.root / "sub")
    (packed.root / "sub").mkdir()  # as after a clone without --recurse-submodules
    assert scan_paths(packed.root).exit_code == EXIT_COMPLETE


def test_a_gitlink_that_leads_in_a_circle_ends(packed: Repository) -> None:
    head = packed.git("rev-parse", "HEAD")
    packed.git("update-index", "--add", "--cacheinfo", f"160000,{head},self")
    packed.git("commit", "-q", "-m", "a submodule that is this repository")
    os.symlink("..", packed.root / "self-link")
    (packed.root / "self").mkdir()
    (packed.root / "self/.git").write_text("gitdir: ../.git\n")

    result = scan_paths(packed.root)

    assert _usage(result) == {"openai"}
    assert result.exit_code in (EXIT_COMPLETE, EXIT_INCOMPLETE)


def _cycle(made: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other"
    made.git("clone", "-q", "--bare", str(made.root), str(other))
    (other / "objects/info").mkdir(exist_ok=True)
    (other / "objects/info/alternates").write_text(f"{made.root}/.git/objects\n")
    (made.root / ".git/objects/info/alternates").write_text(f"{other}/objects\n")


def test_stores_that_borrow_from_each_other_end(packed: Repository, tmp_path: Path) -> None:
    _cycle(packed, tmp_path)

    started = time.monotonic()
    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert time.monotonic() - started < 30


def test_a_graft_and_a_replacement_change_nothing(packed: Repository) -> None:
    head = packed.git("rev-parse", "HEAD")
    packed.git("replace", "--graft", "HEAD~1")
    (packed.root / ".git/info/grafts").write_text(f"{head}\n")  # no parents

    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert _status(result)["history"] == "complete"


# --- HEAD and refs ------------------------------------------------------------------------------


def _no_head(made: Repository) -> None:
    (made.root / ".git/HEAD").unlink()


def _head_to_nowhere(made: Repository) -> None:
    (made.root / ".git/HEAD").write_text("ref: refs/heads/gone\n")


def _head_is_junk(made: Repository) -> None:
    (made.root / ".git/HEAD").write_bytes(b"\xff\0\n")


def _head_is_empty(made: Repository) -> None:
    (made.root / ".git/HEAD").write_bytes(b"")


def _head_in_a_circle(made: Repository) -> None:
    (made.root / ".git/HEAD").write_text("ref: refs/heads/one\n")
    (made.root / ".git/refs/heads/one").write_text("ref: refs/heads/two\n")
    (made.root / ".git/refs/heads/two").write_text("ref: refs/heads/one\n")


def _head_to_a_blob(made: Repository) -> None:
    (made.root / ".git/HEAD").write_text(made.git("rev-parse", "HEAD:app.py") + "\n")


def _head_to_what_is_not_there(made: Repository) -> None:
    (made.root / ".git/HEAD").write_text("1" * 40 + "\n")


@pytest.mark.parametrize(
    "damage",
    [
        _no_head, _head_to_nowhere, _head_is_junk, _head_is_empty, _head_in_a_circle,
        _head_to_a_blob, _head_to_what_is_not_there,
    ],
)  # fmt: skip
def test_the_tree_is_read_whatever_head_is(
    packed: Repository, damage: Callable[[Repository], None]
) -> None:
    damage(packed)

    result = scan_paths(packed.root)

    assert _usage(result) == {"openai"}
    if ("key.py", "history") not in keys(result):
        assert result.exit_code == EXIT_INCOMPLETE
        assert told(result)


def test_a_detached_head_is_as_good_as_a_branch(packed: Repository) -> None:
    packed.git("checkout", "-q", "--detach", "HEAD~1")

    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_COMPLETE


def test_refs_to_blobs_trees_and_tags_of_tags(packed: Repository) -> None:
    packed.git("update-ref", "refs/tags/blob", packed.git("rev-parse", "HEAD:app.py"))
    packed.git("update-ref", "refs/tags/tree", packed.git("rev-parse", "HEAD^{tree}"))
    packed.git("update-ref", "refs/heads-not/blob", packed.git("rev-parse", "HEAD:key.py"))
    packed.git("tag", "-a", "-m", "one", "one")
    for n in range(20):
        packed.git("tag", "-a", "-m", "next", f"t{n}", f"t{n - 1}" if n else "one")

    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_COMPLETE


def _hashed(made: Repository, kind: str, data: bytes) -> str:
    """Written as it is, without git's checks."""
    command = ["git", "-C", str(made.root), "hash-object", "-t", kind, "-w", "--stdin",
               "--literally"]  # fmt: skip
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_a_tag_to_nowhere_is_told(packed: Repository) -> None:
    text = f"object {'1' * 40}\ntype commit\ntag x\ntagger A <a@b> 1 +0000\n\nx\n"
    oid = _hashed(packed, "tag", text.encode())
    (packed.root / ".git/refs/tags/nowhere").write_text(f"{oid}\n")

    result = scan_paths(packed.root)

    assert keys(result)  # its place may be lost: git refuses to walk
    assert result.exit_code == EXIT_INCOMPLETE


_HEAD_LINES = "tree {tree}\nparent {parent}\n"


@pytest.mark.parametrize(
    "rest",
    [
        "author A <a@b> 99999999999999999999 +0000\ncommitter A <a@b> 1 +0000\n\nm\n",
        "author A <a@b> -5 +9999\ncommitter A <a@b> -5 -9999\n\nm\n",
        "author A a@b\ncommitter\n\nm\n",
        "author \x01\x02\x02<x\x02y@z> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n",
        "encoding nonsense\n\nm\n",
        "",
        "author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\ngpgsig -----BEGIN\n x\n\nm\n",
    ],
)
def test_commits_with_broken_headers_are_no_end(
    repository: Repository, made_up_key: Callable[..., str], rest: str
) -> None:
    repository.write("key.py", f"K = '{made_up_key()}'\n")
    parent = repository.commit("first")
    repository.write("key.py", "import openai\n")
    repository.git("add", "-A")
    tree = repository.git("write-tree")
    head = _HEAD_LINES.format(tree=tree, parent=parent)
    oid = _hashed(repository, "commit", (head + rest).encode())
    (repository.root / ".git/refs/heads/main").write_text(f"{oid}\n")

    result = scan_paths(repository.root)

    assert keys(result)
    assert _usage(result) >= {"openai"}
    assert set(_status(result).values()) <= {"complete", "partial"}


def _tree(*entries: tuple[bytes, bytes, str]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)


_ODD_NAMES = [b"..", b".git", b"/etc/passwd", b"a/b", b"x\ny", b"\xff\xfe", b"a.py", b"a.py", b".",
              b"C:\\x", b"-rf", b"\x1b[31m", b"con", b"A.PY", b"n" * 5000]  # fmt: skip


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize("extra", ["", "name", "mode", "cut"])
def test_trees_with_names_that_no_git_writes(
    repository: Repository,
    tmp_path: Path,
    made_up_key: Callable[..., str],
    is_bare: bool,
    extra: str,
) -> None:
    key = _hashed(repository, "blob", f"import openai\nK = '{made_up_key()}'\n".encode())
    inner = _hashed(repository, "tree", _tree((b"100644", b"in.py", key)))
    entries = [(b"100644", name, key) for name in _ODD_NAMES]
    entries += [(b"40000", b"..", inner), (b"40000", b".git", inner), (b"160000", b"sub", key)]
    entries += [(b"120000", b"link", key), (b"40000", b"blob-as-folder", key)]
    entries += {"name": [(b"100644", b"", key)], "mode": [(b"9z", b"mode", key)]}.get(extra, [])
    data = _tree(*entries)
    top = _hashed(repository, "tree", data[:-7] if extra == "cut" else data)
    text = f"tree {top}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n"
    commit = _hashed(repository, "commit", text.encode())
    (repository.root / ".git/refs/heads/main").write_text(f"{commit}\n")
    root = repository.root
    if is_bare:
        root = tmp_path / "bare.git"
        shutil.copytree(repository.root / ".git", root)

    result = scan_paths(root)

    assert keys(result)
    assert set(_status(result).values()) <= {"complete", "partial"}
    if extra:
        assert result.exit_code == EXIT_INCOMPLETE
    elif is_bare:
        assert "openai" in _usage(result)
    assert not (tmp_path / "in.py").exists()


def test_a_corrupt_index_is_no_trouble_for_the_tree(packed: Repository) -> None:
    for data in (b"", b"DIRC", b"DIRC\0\0\0\4" + b"\xff" * 300, b"junk" * 99):
        (packed.root / ".git/index").write_bytes(data)

        result = scan_paths(packed.root)

        assert _usage(result) == {"openai"}
        assert ("key.py", "history") in keys(result)
        if result.exit_code != EXIT_COMPLETE:
            assert "index" in told(result)


def test_an_empty_repository_is_complete_and_a_gitless_folder_too(tmp_path: Path) -> None:
    Repository(tmp_path / "empty")
    (tmp_path / "empty/a.py").write_text("import openai\n")

    result = scan_paths(tmp_path)

    assert _usage(result) == {"openai"}
    assert result.exit_code == EXIT_COMPLETE


@pytest.mark.slow
def test_a_hundred_thousand_refs_are_read_in_seconds(packed: Repository) -> None:
    head, before = packed.git("rev-parse", "HEAD", "HEAD~1").split()
    lines = ["# pack-refs with: peeled fully-peeled sorted \n"]
    lines += [f"{before if n % 2 else head} refs/heads/b{n:06}\n" for n in range(100_000)]
    (packed.root / ".git/packed-refs").write_text("".join(lines))
    for n in range(2000):
        (packed.root / f".git/refs/heads/loose{n}").write_text(f"{head}\n")
    (packed.root / ".git/HEAD").write_text("ref: refs/heads/b000000\n")

    started = time.monotonic()
    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_COMPLETE
    assert time.monotonic() - started < 40


def test_names_of_refs_are_any_bytes(packed: Repository) -> None:
    head = packed.git("rev-parse", "HEAD")
    folder = os.fsencode(packed.root / ".git/refs/heads")
    for name in (b"caf\xe9", b"\xff\xfe", b"umlaut-\xc3\xa4"):
        with open(folder + b"/" + name, "w") as file:
            file.write(f"{head}\n")
    (packed.root / ".git/refs/heads/main").unlink(missing_ok=True)
    (packed.root / ".git/packed-refs").unlink(missing_ok=True)

    result = scan_paths(packed.root)

    assert ("key.py", "history") in keys(result)
    assert _usage(result) == {"openai"}


def test_a_bare_repository_whose_only_branch_has_no_name_in_utf8(
    packed: Repository, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    packed.git("clone", "-q", "--bare", str(packed.root), str(bare))
    head = packed.git("rev-parse", "HEAD")
    (bare / "packed-refs").unlink()
    with open(os.fsencode(bare) + b"/refs/heads/caf\xe9", "w") as file:
        file.write(f"{head}\n")

    result = scan_paths(bare)

    assert _usage(result) == {"openai"}
    assert r"refs/heads/caf\xe9 was read instead" in told(result)


def _written(made: Repository, kind: str, data: bytes) -> str:
    """A loose object without a process of git for each."""
    whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
    oid = hashlib.sha1(whole).hexdigest()
    path = made.root / ".git/objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(zlib.compress(whole, 1))
    return oid


def _committed(made: Repository, tree: str, to: Path) -> Path:
    text = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n"
    commit = _written(made, "commit", text.encode())
    (made.root / ".git/refs/heads/main").write_text(f"{commit}\n")
    shutil.copytree(made.root / ".git", to)
    return to


# Git goes 4096 deep at most.
@pytest.mark.parametrize("depth", [4000, 5000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_objects_of_folders_in_each_other_end(
    repository: Repository, tmp_path: Path, depth: int
) -> None:
    tree = _written(
        repository, "tree",
        _tree((b"100644", b"a.py", _written(repository, "blob", b"import anthropic\n"))),
    )  # fmt: skip
    for _ in range(depth):
        tree = _written(repository, "tree", _tree((b"40000", b"d", tree)))
    top = _written(repository, "blob", b"import openai\n")
    tree = _written(repository, "tree", _tree((b"100644", b"a.py", top), (b"40000", b"d", tree)))
    bare = _committed(repository, tree, tmp_path / "bare.git")

    started = time.monotonic()
    result = scan_paths(bare)

    assert time.monotonic() - started < 120
    assert "openai" in _usage(result)
    assert "anthropic" in _usage(result) or result.exit_code == EXIT_INCOMPLETE


@pytest.mark.slow
def test_a_tree_of_ten_thousand_million_files_ends(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve objects: each folder holds the next ten times."""
    monkeypatch.setattr(bare_tree, "_MOST_FILES", 20_000)
    blob = _written(repository, "blob", b"import openai\n")
    tree = _written(
        repository, "tree", _tree(*((b"100644", b"f%d.py" % n, blob) for n in range(10)))
    )
    for _ in range(10):
        tree = _written(
            repository, "tree", _tree(*((b"40000", b"d%d" % n, tree) for n in range(10)))
        )
    bare = _committed(repository, tree, tmp_path / "bare.git")

    started = time.monotonic()
    result = scan_paths(bare)

    assert time.monotonic() - started < 60
    assert "openai" in _usage(result)
    assert "more than 20000 files in one tree; what git did not list was not read" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


@pytest.mark.skipif(sys.platform != "linux", reason="bounded on Linux alone")
def test_git_itself_is_bounded_by_a_tree_without_end(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where whoever reads from it was killed: it prints nothing, so no pipe ends it."""
    monkeypatch.setattr(watch, "_MOST_BYTES", 64 << 20)
    tree = _written(
        repository, "tree", _tree((b"100644", b"f", _written(repository, "blob", b"x")))
    )
    for _ in range(10):
        folders = [(b"40000", b"d%d" % n, tree) for n in range(10)]
        tree = _written(repository, "tree", _tree(*folders))
    bare = _committed(repository, tree, tmp_path / "bare.git")

    with pytest.raises(Unavailable, match=r"out of memory|git log"):
        list(Git(bare).lines("log", "--raw", "-z", "--root", "--all", separator=b"\0"))


@pytest.mark.slow
def test_a_key_in_a_tree_of_ten_thousand_million_files_is_found_in_time(
    repository: Repository, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    blob = _written(repository, "blob", f"K = '{made_up_key()}'\n".encode())
    tree = _written(repository, "tree", _tree((b"100644", b"k.py", blob)))
    for _ in range(10):
        folders = [(b"40000", b"d%d" % n, tree) for n in range(10)]
        tree = _written(repository, "tree", _tree(*folders))
    _committed(repository, tree, tmp_path / "bare.git")
    run = "from scanner.cli import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", run, "scan", str(repository.root), "--json"],
        capture_output=True, timeout=240, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert b"anthropic" in done.stdout
    assert done.returncode in (EXIT_COMPLETE, EXIT_INCOMPLETE)
