"""A repository that does not hold all its objects proves nothing gone; a whole one is complete."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, scan
from tests.conftest import Repository

_ORIGIN = "https://github.com/acme/app.git"


def _scan(path: Path, state: Path | None = None, **options: object) -> Result:
    table = {"code": {"paths": [str(path)], **options}}
    url = f"sqlite:///{state}" if state else "sqlite://"
    return scan(LoadedConfig(config=Config(sources=table)), url=url)


def _gaps(result: Result, part: str = "history") -> str:
    rows = [row for row in result.document.coverage if row.shard.endswith(f"/{part}")]
    return "\n".join(gap for row in rows for gap in (*row.gaps, row.reason))


def _status(result: Result, part: str) -> str:
    (found,) = {r.status for r in result.document.coverage if r.shard.endswith(f"/{part}")}
    return found


@pytest.fixture
def upstream(tmp_path: Path, made_up_key: Callable[..., str]) -> Repository:
    """A key that was committed and removed."""
    made = Repository(tmp_path / "upstream")
    made.write("bot.py", f"import anthropic\nK = '{made_up_key()}'\n")
    made.commit("first")
    made.write("bot.py", "import anthropic\n")
    made.commit("no key")
    made.git("config", "uploadpack.allowFilter", "true")
    return made


def _clone(upstream: Repository, to: Path, *options: str) -> None:
    """In the place of what is there; fetched as over a network, known by its origin."""
    shutil.rmtree(to, ignore_errors=True)
    upstream.git("clone", "-q", *options, f"file://{upstream.root}", str(to))
    upstream.git("-C", str(to), "config", "remote.origin.url", _ORIGIN)


def _shallow(upstream: Repository, to: Path) -> None:
    _clone(upstream, to, "--depth", "1")


def _partial(upstream: Repository, to: Path) -> None:
    _clone(upstream, to, "--filter=blob:none")


def _orphaned(upstream: Repository, to: Path) -> None:
    shutil.rmtree(to)
    upstream.git("clone", "-q", "--shared", str(upstream.root), str(to))
    upstream.git("-C", str(to), "config", "remote.origin.url", _ORIGIN)
    shutil.rmtree(upstream.root)


def _without_index(upstream: Repository, to: Path) -> None:
    _clone(upstream, to)
    for path in (to / ".git/objects/pack").glob("*.idx"):
        path.unlink()


def _junk_index(upstream: Repository, to: Path) -> None:
    _clone(upstream, to)
    for path in (to / ".git/objects/pack").glob("*.idx"):
        path.chmod(0o644)
        path.write_bytes(b"junk")


def _lost_blob(upstream: Repository, to: Path) -> None:
    _clone(upstream, to)
    oid = upstream.git("rev-parse", "HEAD~1:bot.py")
    packs = list((to / ".git/objects/pack").glob("*.pack"))
    for pack in packs:
        moved = to / pack.name
        pack.rename(moved)
        pack.with_suffix(".idx").unlink()
        with moved.open("rb") as stream:
            command = ["git", "-C", str(to), "unpack-objects", "-q"]
            subprocess.run(command, stdin=stream, check=True)
        moved.unlink()
    (to / ".git/objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize(
    ("replace", "told"),
    [
        (_shallow, "history: a shallow clone"),
        (_partial, "1 object is not here"),
        (_orphaned, "alternate"),
        (_without_index, "its index is missing"),
        (_junk_index, "index file"),
        (_lost_blob, "1 object is not here"),
    ],
)
def test_what_lacks_objects_resolves_nothing(
    upstream: Repository,
    tmp_path: Path,
    replace: Callable[[Repository, Path], None],
    told: str,
) -> None:
    clone, state = tmp_path / "clone", tmp_path / "state.sqlite"
    _clone(upstream, clone)
    first = _scan(clone, state)
    keys = {f.fingerprint for f in first.document.findings if "history" in "".join(f.shards)}
    assert keys
    assert (first.exit_code, _gaps(first).strip()) == (0, "")

    replace(upstream, clone)
    second = _scan(clone, state)

    assert told in _gaps(second)
    assert _status(second, "history") == "partial"
    assert second.exit_code == EXIT_INCOMPLETE
    after = {f.fingerprint: f.status for f in second.document.findings}
    assert {after[key] for key in keys} == {"held"}


def _as_made(made: Repository) -> None:
    """Nothing more."""


def _packed(made: Repository) -> None:
    made.git("gc", "-q")


def _borrowing(made: Repository) -> None:
    other = made.root / ".git/lender"  # elsewhere it would have to be named, too
    made.git("clone", "-q", "--bare", str(made.root), str(other))
    (made.root / ".git/objects/info/alternates").write_text(f"# lender\n{other}/objects\n")
    made.git("repack", "-a", "-d", "-l", "-q")
    made.git("prune-packed")


def _deep_enough(made: Repository) -> None:
    _clone(made, made.root.parent / "x", "--depth", "50")
    shutil.rmtree(made.root)
    (made.root.parent / "x").rename(made.root)


def _fetched_whole(made: Repository) -> None:
    """A partial clone that has fetched all there is lacks nothing."""
    _clone(made, made.root.parent / "x", "--filter=blob:limit=1m")
    shutil.rmtree(made.root)
    (made.root.parent / "x").rename(made.root)


def _with_leftovers(made: Repository) -> None:
    """Unreachable objects whose own parts were cleaned up, a stash, a reflog, notes, a tag of a
    blob, an empty directory of a submodule."""
    made.git("checkout", "-q", "-b", "gone")
    made.write("gone.txt", "gone\n")
    made.commit()
    blob = made.git("rev-parse", "HEAD:gone.txt")
    made.git("checkout", "-q", "main")
    made.git("branch", "-q", "-D", "gone")
    (made.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    made.write("bot.py", "changed\n")
    made.git("stash", "-q")
    made.git("notes", "add", "-m", "a note")
    made.git("tag", "a-blob", "HEAD:bot.py")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    made.git("commit", "-q", "-m", "a submodule")


def _new(made: Repository) -> None:
    shutil.rmtree(made.root)
    Repository(made.root)
    made.write("a.py", "x\n")
    made.git("add", "-A")


@pytest.mark.parametrize(
    "make",
    [_as_made, _packed, _borrowing, _deep_enough, _fetched_whole, _with_leftovers, _new],
)
def test_a_healthy_repository_is_complete(
    upstream: Repository, make: Callable[[Repository], None]
) -> None:
    make(upstream)

    result = _scan(upstream.root)

    assert {row.status for row in result.document.coverage} == {"complete"}, (
        result.document.coverage
    )
    assert result.exit_code == 0


def test_many_errors_of_git_do_not_stop_the_reading(upstream: Repository) -> None:
    """More than a pipe holds: git would wait for a reader for ever."""
    upstream.git("pack-refs", "--all")
    packed = upstream.root / ".git/packed-refs"
    lines = [f"{'1' * 36}{n:04} refs/heads/gone-{n:04}\n" for n in range(3000)]
    packed.write_text(packed.read_text() + "".join(lines))

    result = _scan(upstream.root)

    assert "3000 objects are not here" in _gaps(result)


def test_a_replaced_object_hides_nothing(upstream: Repository) -> None:
    upstream.git("replace", "HEAD~1:bot.py", "HEAD:bot.py")

    result = _scan(upstream.root)

    assert [a.type for a in result.document.assets if a.type == "credential"]
    assert _status(result, "history") == "complete"


def test_a_partial_clone_fetches_nothing_and_runs_nothing(
    upstream: Repository, tmp_path: Path
) -> None:
    """The repository's own settings name the program that would be run to fetch."""
    clone, marker, trap = tmp_path / "clone", tmp_path / "trapped", tmp_path / "trap.sh"
    upstream.git("clone", "-q", "--filter=blob:none", f"file://{upstream.root}", str(clone))
    trap.write_text(f"#!/bin/sh\ntouch {marker}\n")
    trap.chmod(0o755)
    made = Repository(clone)
    for protocol in ("file", "ssh", "ext"):
        made.git("config", f"protocol.{protocol}.allow", "always")
    made.git("config", "remote.origin.uploadpack", str(trap))

    result = _scan(clone)

    assert "1 object is not here" in _gaps(result)
    assert not marker.exists()


def test_a_bare_partial_clone_names_the_files_it_lacks(
    upstream: Repository, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    upstream.git(
        "clone", "-q", "--bare", "--filter=blob:none", f"file://{upstream.root}", str(bare)
    )

    result = _scan(bare)

    assert "bot.py: object" in _gaps(result, "tree")
    assert (_status(result, "tree"), _status(result, "history")) == ("partial", "partial")


# --- the tree of a bare repository -------------------------------------------------------------


def test_a_mirror_whose_head_dangles_is_read_at_the_branch_there_is(
    upstream: Repository, tmp_path: Path
) -> None:
    upstream.git("branch", "-m", "main", "master")
    bare, state = tmp_path / "mirror.git", tmp_path / "state.sqlite"
    upstream.git("clone", "-q", "--mirror", f"file://{upstream.root}", str(bare))
    first = _scan(bare, state)
    assert first.exit_code == 0
    upstream.git("branch", "-m", "master", "main")
    upstream.git("-C", str(bare), "fetch", "-q", "--prune")

    second = _scan(bare, state)

    assert "HEAD's refs/heads/master does not exist, refs/heads/main was read" in _gaps(
        second, "tree"
    )
    assert {f.status for f in second.document.findings} <= {"new", "open"}
    assert second.exit_code == EXIT_INCOMPLETE
    assert {a.uid for a in first.document.assets} == {a.uid for a in second.document.assets}


def test_a_dangling_head_with_other_branches_takes_the_newest(
    upstream: Repository, tmp_path: Path
) -> None:
    upstream.git("branch", "-m", "main", "trunk")
    upstream.git("branch", "older", "HEAD~1")
    bare = tmp_path / "bare.git"
    upstream.git("clone", "-q", "--bare", str(upstream.root), str(bare))
    upstream.git("-C", str(bare), "symbolic-ref", "HEAD", "refs/heads/gone")

    assert "was read instead" in _gaps(_scan(bare), "tree")


def test_lost_branches_are_no_empty_repository(upstream: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    upstream.git("clone", "-q", "--bare", str(upstream.root), str(bare))
    upstream.git("-C", str(bare), "gc", "-q")
    (bare / "packed-refs").unlink()

    assert "no branch or tag" in _gaps(_scan(bare), "tree")


def test_a_bare_repository_without_commits_is_complete(tmp_path: Path) -> None:
    made = Repository(tmp_path / "any")
    made.git("init", "-q", "--bare", str(tmp_path / "bare.git"))

    result = _scan(tmp_path / "bare.git")

    assert {row.status for row in result.document.coverage} == {"complete"}


def test_globs_leave_out_files_and_folders_of_a_bare_repository(
    upstream: Repository, tmp_path: Path
) -> None:
    for path in ("vendor/lib/a.py", "app/a.py", "app/test_a.py"):
        upstream.write(path, "import openai\n")
    upstream.commit()
    bare = tmp_path / "bare.git"
    upstream.git("clone", "-q", "--bare", str(upstream.root), str(bare))

    result = _scan(bare, exclude=["vendor", "*/test_*"])

    paths = {e.path for a in result.document.assets if a.provider == "openai" for e in a.evidence}
    assert paths == {"app/a.py"}
