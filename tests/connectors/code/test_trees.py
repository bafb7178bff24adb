"""Work trees as they come: enormous, deep, oddly named, sparse, with pointers in place of files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_INCOMPLETE, Result
from tests.conftest import Repository
from tests.connectors.code.scanned import scan_paths


def _told(result: Result) -> str:
    return "\n".join(gap for row in result.document.coverage for gap in row.gaps)


def _paths(result: Result, provider: str) -> set[str]:
    rows = [a for a in result.document.assets if a.provider == provider and a.type != "credential"]
    return {e.path for a in rows for e in a.evidence}


# --- enormous files -----------------------------------------------------------------------------

_RUN = """
import sys, time
from pathlib import Path
def peak_kib():  # not ru_maxrss, which begins at what the parent had
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import scan
config = LoadedConfig(config=Config(sources={"code": {"paths": [sys.argv[1]]}}))
before = peak_kib()
started = time.process_time()
result = scan(config, url="sqlite://")
peak = peak_kib()
print(time.process_time() - started, (peak - before) >> 10)
print(result.exit_code)
for row in result.document.coverage:
    print(*row.gaps, sep="\\n")
for asset in result.document.assets:
    for e in asset.evidence:
        print("seen", e.path, e.line)
"""


def _measured(folder: Path) -> tuple[float, int, str]:
    """CPU seconds, megabytes that the scan added, and what it told, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(folder)], capture_output=True, text=True, timeout=300,
        check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    first, _, rest = done.stdout.partition("\n")
    seconds, grown = first.split()
    return float(seconds), int(grown), rest


@pytest.mark.parametrize("kind", ["zeros", "text"])
def test_a_file_of_ten_gigabytes_is_not_read(tmp_path: Path, kind: str) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.write(b"x = 1\n" * 2000 if kind == "text" else b"\0")
        file.truncate(10 << 30)  # a hole: it takes no room
    (tmp_path / "a.py").write_text("import openai\n")

    seconds, grown, told = _measured(tmp_path)

    assert seconds < 15
    assert grown < 200
    assert "seen a.py 1" in told
    assert ("huge.txt: larger than 32 MiB; not read" in told) == (kind == "text")


def test_a_hundred_million_lines_are_a_gap_and_thirty_megabytes_are_read(tmp_path: Path) -> None:
    with (tmp_path / "lines.txt").open("wb") as file:
        for _ in range(100):
            file.write(b"\n" * 1_000_000)
    with (tmp_path / "read.txt").open("wb") as file:
        file.write(b"a\n" * 15_000_000 + b"https://api.openai.com/v1\n")
    (tmp_path / "blank.py").write_bytes(b"\n" * 30_000_000 + b"import anthropic\n")

    seconds, grown, told = _measured(tmp_path)

    assert "lines.txt: larger than 32 MiB; not read" in told
    assert "seen read.txt 15000001" in told
    assert "seen blank.py 30000001" in told
    assert seconds < 20
    assert grown < 300


def test_a_single_line_of_thirty_megabytes_is_read(tmp_path: Path) -> None:
    (tmp_path / "line.js").write_bytes(b"a=1;" * 7_500_000 + b"fetch('https://api.openai.com/v1')")

    seconds, grown, told = _measured(tmp_path)

    assert "seen line.js 1" in told
    assert seconds < 20
    assert grown < 300


def test_a_file_that_grows_is_read_to_where_it_was(tmp_path: Path) -> None:
    """No more than is allowed, whatever its size was said to be."""
    (tmp_path / "a.py").write_bytes(b"import openai\n" + b"#\n" * (1 << 19))

    result = scan_paths(tmp_path, max_file_mib=1)

    assert _told(result) == "a.py: larger than 1 MiB; not read"


# --- folders and names --------------------------------------------------------------------------


def _descend(root: Path, name: str, depth: int) -> int:
    """A descriptor of the innermost folder: no path reaches so deep."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    return here


def test_four_thousand_folders_in_each_other_end(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    root.mkdir()
    inner = _descend(root, "d", 4000)
    written = os.open("a.py", os.O_WRONLY | os.O_CREAT, dir_fd=inner)
    os.write(written, b"import anthropic\n")
    os.close(written)
    os.close(inner)
    (root / "top.py").write_text("import openai\n")

    started = time.monotonic()
    result = scan_paths(root)

    assert time.monotonic() - started < 60
    assert _paths(result, "openai") == {"top.py"}
    if not _paths(result, "anthropic"):
        assert "File name too long" in _told(result)
        assert result.exit_code == EXIT_INCOMPLETE
    subprocess.run(["rm", "-rf", str(root)], check=True)


_NAMES = [b"caf\xe9.py", b"\xff\xfe.py", b"new\nline.py", b"tab\t.py", b"\x1b[31mred.py",
          b"bell\x07.py", "größe.py".encode(), "gro\u0308\u00dfe.py".encode(), b"Case.py",
          b"case.py", b"-rf.py", b"a b.py", b"'quote\".py", b"n" * 200 + b".py", b"$(id).py",
          b"\xe2\x80\xae\x79\x70.py", b"\\.py", b"%s.py"]  # fmt: skip


def test_files_of_every_name_are_found_once_each(repository: Repository, tmp_path: Path) -> None:
    root = os.fsencode(repository.root)
    for name in _NAMES:
        with open(root + b"/" + name, "wb") as file:
            file.write(b"import openai\n")
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))

    tree, objects = scan_paths(repository.root), scan_paths(bare)

    assert len(_paths(tree, "openai")) == len(_NAMES)
    assert len(_paths(objects, "openai")) == len(_NAMES)
    assert (tree.exit_code, objects.exit_code) == (EXIT_COMPLETE, EXIT_COMPLETE)


def test_the_table_shows_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31mred\x07.py").write_text("import openai\n")
    (tmp_path / "\x1b[2J.txt").write_bytes(b"a\n" * (20 << 20))

    done = subprocess.run(
        [sys.executable, "-c", "from scanner.cli import main; main()", "scan", str(tmp_path)],
        capture_output=True, timeout=120, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert done.returncode == EXIT_INCOMPLETE
    assert b"\x1b[31m" not in done.stdout + done.stderr
    assert b"\x1b[2J" not in done.stdout + done.stderr
    assert b"\x07" not in done.stdout + done.stderr


# --- sparse checkouts, assumed files, pointers --------------------------------------------------


@pytest.fixture
def wide(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "wide")
    made.write("in/a.py", "import openai\n")
    made.write("out/b.py", "import anthropic\n")
    made.write("out/deep/c.py", "import cohere\n")
    made.write("out/mistralai.py", "x = 1\n")
    made.write("out/d.py", "import mistralai\n")
    made.commit()
    return made


@pytest.mark.parametrize("how", ["cone", "no-cone", "sparse-index", "bit"])
def test_what_a_sparse_checkout_left_out_is_read_from_the_objects(
    wide: Repository, how: str
) -> None:
    if how == "no-cone":
        wide.git("sparse-checkout", "set", "--no-cone", "/in/")
    elif how == "bit":
        wide.git("update-index", "--skip-worktree", "out/b.py", "out/deep/c.py", "out/d.py")
        subprocess.run(["rm", "-r", str(wide.root / "out")], check=True)
    else:
        options = ["--sparse-index"] if how == "sparse-index" else ["--no-sparse-index"]
        wide.git("sparse-checkout", "set", "--cone", *options, "in")
    assert not (wide.root / "out/b.py").exists()

    result = scan_paths(wide.root)

    assert _paths(result, "openai") == {"in/a.py"}
    assert _paths(result, "anthropic") == {"out/b.py"}
    assert _paths(result, "cohere") == {"out/deep/c.py"}
    assert result.exit_code == EXIT_COMPLETE
    left = scan_paths(wide.root, exclude=["out/*"])
    assert _paths(left, "anthropic") == set()


def test_a_folder_of_a_sparse_checkout_is_as_whole(wide: Repository) -> None:
    wide.git("sparse-checkout", "set", "--no-cone", "/*", "!/out/deep/")

    result = scan_paths(wide.root / "out")

    assert _paths(result, "anthropic") == {"out/b.py"}
    assert _paths(result, "cohere") == {"out/deep/c.py"}
    assert _paths(result, "openai") == set()
    assert result.exit_code == EXIT_COMPLETE


def test_a_sparse_checkout_of_a_partial_clone_names_what_is_nowhere(
    wide: Repository, tmp_path: Path
) -> None:
    wide.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    wide.git("clone", "-q", "--filter=blob:none", "--sparse", f"file://{wide.root}", str(clone))
    Repository(clone).git("sparse-checkout", "set", "in")

    result = scan_paths(clone)

    assert _paths(result, "openai") == {"in/a.py"}
    assert "sparse checkout: 4 files are neither checked out nor fetched" in _told(result)
    assert "`git sparse-checkout disable`" in _told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_a_file_that_was_deleted_is_gone_and_one_that_is_assumed_is_read(
    wide: Repository,
) -> None:
    wide.git("update-index", "--assume-unchanged", "in/a.py")
    (wide.root / "in/a.py").write_text("import openai\nimport replicate\n")
    (wide.root / "out/b.py").unlink()

    result = scan_paths(wide.root)

    assert _paths(result, "replicate") == {"in/a.py"}
    assert _paths(result, "anthropic") == set()
    assert result.exit_code == EXIT_COMPLETE


def _pointer(size: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize {size}\n"


def test_a_pointer_to_what_would_be_read_is_a_gap(repository: Repository, tmp_path: Path) -> None:
    for name in ("data/notes.csv", "data/more.ipynb", "pic.png", "film.mp4"):
        repository.write(name, _pointer(5000))
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))

    for root in (repository.root, bare):
        result = scan_paths(root)
        assert "a Git LFS pointer (and 1 more): the content is not here; `git lfs pull`" in _told(
            result
        )
        assert result.exit_code == EXIT_INCOMPLETE
        assert scan_paths(root, exclude=["data/*"]).exit_code == EXIT_COMPLETE


def test_pointers_to_pictures_and_weights_hide_nothing(repository: Repository) -> None:
    for name in ("pic.png", "model.safetensors"):
        repository.write(name, _pointer(5_000_000_000))
    repository.commit()

    result = scan_paths(repository.root)

    assert _told(result) == ""
    assert any(a.kind == "code.weights" for a in result.document.assets)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_texts_are_found_at_their_line(
    repository: Repository, tmp_path: Path, encoding: str, made_up_key: Callable[..., str]
) -> None:
    text = f"# é\nimport openai\n\nK = '{made_up_key()}'\n"
    repository.write("wide.py", text.encode(encoding))
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))

    for root in (repository.root, bare):
        result = scan_paths(root, history=False)
        rows = {(a.type, e.path, e.line) for a in result.document.assets for e in a.evidence}
        assert ("credential", "wide.py", 4) in rows
        assert any(path == "wide.py" and line == 2 for _, path, line in rows)


def test_a_tree_without_archives_opens_each_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(20):
        (tmp_path / f"{n}.txt").write_text("x\n" * 9000)
        (tmp_path / f"{n}.bin").write_bytes(b"\0" * 9000)
    opened: list[str] = []
    real = os.open

    def counted(path: str, *args: int, **kwargs: int) -> int:
        if str(path).startswith(str(tmp_path)):
            opened.append(str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", counted)
    scan_paths(tmp_path)

    assert sorted(opened) == sorted(str(path) for path in tmp_path.iterdir())
