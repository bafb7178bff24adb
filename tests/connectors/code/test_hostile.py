"""Repositories and folders that want the scanner to run something, wait for ever or look elsewhere.

Everything that could run leaves a mark when it does; no test here ends with one.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_INCOMPLETE
from scanner.kit import programs
from scanner.kit.git import process, watch
from scanner.kit.git.process import Git
from scanner.model.errors import Unavailable
from tests.conftest import Repository
from tests.connectors.code.scanned import keys, scan_paths, told


class Canary:
    """A program that leaves a mark, under any name."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "canary-was-here"
        self.path = folder / "canary.sh"
        self.write(self.path)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.mark}\nexit 0\n')
        path.chmod(0o755)

    def check(self) -> None:
        assert not self.mark.exists(), self.mark.read_text()


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path / "programs")
    subprocess.run([made.path], check=True)
    assert made.mark.exists()  # it does sing
    made.mark.unlink()
    yield made
    made.check()


@pytest.fixture
def with_key(repository: Repository, made_up_key: Callable[..., str]) -> Repository:
    repository.write("key.py", f"import openai\nK = '{made_up_key()}'\n")
    repository.commit("first")
    repository.write("key.py", "import openai\n")
    repository.commit("second")
    return repository


_PLUMBING = (
    "cat-file", "rev-parse", "rev-list", "for-each-ref", "ls-tree", "ls-files", "log", "config",
    "symbolic-ref", "version", "show-index", "pack-objects", "fetch", "diff", "show",
)  # fmt: skip
_HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "prepare-commit-msg",
    "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push",
    "pre-receive", "update", "post-receive", "post-update", "reference-transaction",
    "push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate", "fsmonitor-watchman",
    "post-index-change", "proc-receive", "pre-merge-commit",
)  # fmt: skip


def _hostile_config(canary: Canary, folder: Path) -> str:
    run = canary.path
    included = folder / "included.config"
    included.write_text(f"[core]\n\tfsmonitor = {run}\n\tpager = {run}\n[alias]\n\tlog = !{run}\n")
    aliases = "".join(f"\t{name} = !{run}\n" for name in _PLUMBING)
    return f"""
[core]
	fsmonitor = {run}
	sshCommand = {run}
	hooksPath = {folder}/hooks
	pager = {run}
	editor = {run}
	askPass = {run}
	gitProxy = {run}
	alternateRefsCommand = {run}
	attributesFile = {folder}/attributes
	excludesFile = {folder}/attributes
[pager]
	log = {run}
	diff = true
[diff]
	external = {run}
	orderFile = {folder}/attributes
	noprefix = true
[diff "evil"]
	command = {run}
	textconv = {run}
	cachetextconv = true
[filter "evil"]
	clean = {run}
	smudge = {run}
	process = {run}
	required = true
[merge "evil"]
	driver = {run}
[credential]
	helper = !{run}
[gpg]
	program = {run}
[gpg "ssh"]
	program = {run}
	allowedSignersFile = {folder}/attributes
[log]
	showSignature = true
	mailmap = true
[mailmap]
	file = {folder}/attributes
[protocol "ext"]
	allow = always
[protocol]
	allow = always
[uploadpack]
	packObjectsHook = {run}
[remote "origin"]
	url = ext::{run} %S
	promisor = true
	partialCloneFilter = blob:none
	vcs = evil
	uploadpack = {run}
[url "ext::{run} "]
	insteadOf = https://
[extensions]
	partialClone = origin
[trace2]
	eventTarget = {folder}/trace
[submodule "x"]
	update = !{run}
	url = ext::{run}
[sequence]
	editor = {run}
[interactive]
	diffFilter = {run}
[include]
	path = {included}
[includeIf "gitdir:/**"]
	path = {included}
[alias]
{aliases}"""


@pytest.mark.parametrize("form", ["work tree", "bare", "sparse"])
def test_no_setting_attribute_alias_or_hook_runs(
    with_key: Repository, canary: Canary, tmp_path: Path, form: str
) -> None:
    with_key.write(".gitattributes", "* filter=evil diff=evil merge=evil text eol=crlf\n"
                   "*.py working-tree-encoding=ISO-8859-1\n* export-subst ident\n")  # fmt: skip
    with_key.write(".gitmodules", f'[submodule "x"]\n\tpath = x\n\tupdate = !{canary.path}\n')
    with_key.commit("attributes")
    if form == "sparse":
        with_key.write("out/far.py", "import anthropic\n")
        with_key.commit()
        with_key.git("sparse-checkout", "set", "--no-cone", "/*", "!/out/")
        assert not (with_key.root / "out").exists()
    dot = with_key.root / ".git"
    for name in _HOOKS:
        canary.write(dot / "hooks" / name)
        canary.write(tmp_path / "hooks" / name)
    (tmp_path / "attributes").write_text("* filter=evil diff=evil\n")
    (dot / "info").mkdir(exist_ok=True)
    (dot / "info/attributes").write_text("* filter=evil diff=evil\n")
    with (dot / "config").open("a") as file:
        file.write(_hostile_config(canary, tmp_path))
    root = with_key.root
    if form == "bare":
        root = tmp_path / "bare.git"
        shutil.copytree(dot, root)

    result = scan_paths(root)

    assert ("key.py", "history") in keys(result)
    assert {"openai"} <= {a.provider for a in result.document.assets}
    canary.check()


def test_the_root_of_the_disk_is_no_work_tree(with_key: Repository) -> None:
    with_key.git("config", "core.worktree", "/")

    result = scan_paths(with_key.root)

    paths = {e.path for a in result.document.assets for e in a.evidence}
    assert paths == {"key.py"}
    assert result.exit_code == EXIT_COMPLETE


@pytest.mark.parametrize("text", ["[core\n", "\0\0\0", "[core]\n\tbare = maybe\n", "x" * 100_000])
def test_a_config_that_does_not_parse_is_told(with_key: Repository, text: str) -> None:
    (with_key.root / ".git/config").write_text(text)

    result = scan_paths(with_key.root)

    assert {a.provider for a in result.document.assets} >= {"openai"}
    if ("key.py", "history") not in keys(result):  # git puts up with some of it
        assert result.exit_code == EXIT_INCOMPLETE
        assert told(result)


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\trepositoryformatversion = 99\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tfuture = true\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha3\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefstorage = nonsense\n",
    ],
)
def test_a_format_that_git_does_not_know_is_told(with_key: Repository, text: str) -> None:
    (with_key.root / ".git/config").write_text(text)

    result = scan_paths(with_key.root)

    assert {a.provider for a in result.document.assets} >= {"openai"}
    assert result.exit_code == EXIT_INCOMPLETE
    assert told(result)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_repository_is_read_all_the_same(with_key: Repository) -> None:
    for path in [with_key.root, *with_key.root.rglob("*")]:
        os.lchown(path, 12345, 12345)

    result = scan_paths(with_key.root)

    assert ("key.py", "history") in keys(result)
    assert result.exit_code == EXIT_COMPLETE


def test_a_git_in_the_scanned_folder_is_not_run(
    with_key: Repository, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("git", "git.exe", "git.bat", "git.cmd", "git-cat-file", "cat", "false", "less"):
        canary.write(with_key.root / name)
    monkeypatch.chdir(with_key.root)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", "bin", os.environ["PATH"])))

    result = scan_paths(Path())

    assert ("key.py", "history") in keys(result)
    assert Path(programs.found("git")).is_absolute()
    assert "." not in programs.environ_path().split(os.pathsep)


def test_a_path_without_git_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", ".")

    with pytest.raises(Unavailable, match="git is not installed, or not in PATH"):
        Git(Path()).text("version")


def test_the_callers_environment_leads_git_nowhere(
    with_key: Repository, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    other.write("other.py", "import anthropic\n")
    other.commit()
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(_hostile_config(canary, tmp_path))
    monkeypatch.setenv("HOME", str(home))
    for name, value in {
        "GIT_DIR": f"{other.root}/.git", "GIT_WORK_TREE": str(other.root),
        "GIT_OBJECT_DIRECTORY": f"{other.root}/.git/objects",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f"{other.root}/.git/objects",
        "GIT_INDEX_FILE": "/nowhere", "GIT_EXTERNAL_DIFF": str(canary.path),
        "GIT_PAGER": str(canary.path), "PAGER": str(canary.path),
        "GIT_SSH": str(canary.path), "GIT_SSH_COMMAND": str(canary.path),
        "GIT_ASKPASS": str(canary.path), "GIT_EDITOR": str(canary.path),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"), "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(canary.path),
        "GIT_CONFIG_PARAMETERS": f"'core.pager={canary.path}'", "GIT_EXEC_PATH": str(tmp_path),
        "GIT_TRACE": f"{tmp_path}/trace", "GIT_NAMESPACE": "x", "GIT_SHALLOW_FILE": "/nowhere",
        "GIT_REPLACE_REF_BASE": "refs/heads", "GIT_GRAFT_FILE": "/nowhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    result = scan_paths(with_key.root)

    assert ("key.py", "history") in keys(result)
    assert {a.provider for a in result.document.assets if a.type != "credential"} == {"openai"}
    assert not (tmp_path / "trace").exists()


def _executed(log: Path) -> set[str]:
    lines = log.read_text(errors="replace").split("\n")
    calls = [line.partition('execve("')[2].partition('"')[0] for line in lines if "execve(" in line
             and "= 0" in line]  # fmt: skip
    return {os.path.basename(call) for call in calls}


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_nothing_but_git_is_executed(with_key: Repository, canary: Canary, tmp_path: Path) -> None:
    with (with_key.root / ".git/config").open("a") as file:
        file.write(_hostile_config(canary, tmp_path))
    log = tmp_path / "strace"
    traced = ("strace", "-f", "-qq", "-e", "trace=execve,connect", "-o", str(log))
    run = (sys.executable, "-c", "from scanner.cli import main; main()")
    command = [*traced, *run, "scan", str(with_key.root), "-q"]
    subprocess.run(command, check=False, timeout=120, cwd=Path(process.__file__).parents[3])

    assert _executed(log) - {os.path.basename(sys.executable), "python", "python3"} == {"git"}
    assert "AF_INET" not in log.read_text(errors="replace")


# --- links and folders that lead out ------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path, made_up_key: Callable[..., str]) -> Repository:
    """A repository of the user's that the scanned folder has no business with."""
    made = Repository(tmp_path / "elsewhere")
    made.write("private.py", f"import anthropic\nK = '{made_up_key('private')}'\n")
    made.commit()
    return made


def _by_file(here: Path, there: Path) -> None:
    (here / ".git").write_text(f"gitdir: {there}/.git\n")


def _by_relative_file(here: Path, there: Path) -> None:
    (here / ".git").write_text(f"gitdir: ../{there.name}/.git\n")


def _by_link(here: Path, there: Path) -> None:
    (here / ".git").symlink_to(there / ".git")


def _by_link_to_a_file(here: Path, there: Path) -> None:
    (there / "dot").write_text(f"gitdir: {there}/.git\n")
    (here / ".git").symlink_to(there / "dot")


def _by_common_folder(here: Path, there: Path) -> None:
    (here / ".git").mkdir()
    shutil.copy(there / ".git/HEAD", here / ".git/HEAD")
    (here / ".git/commondir").write_text(f"{there}/.git\n")


def _by_objects(here: Path, there: Path) -> None:
    Repository(here)
    shutil.rmtree(here / ".git/objects")
    (here / ".git/objects").symlink_to(there / ".git/objects")


def _by_refs(here: Path, there: Path) -> None:
    Repository(here)
    (here / ".git/packed-refs").symlink_to(there / ".git/HEAD")


@pytest.mark.parametrize(
    "lead",
    [
        _by_file, _by_relative_file, _by_link, _by_link_to_a_file, _by_common_folder, _by_objects,
        _by_refs,
    ],
)  # fmt: skip
def test_a_git_folder_that_leads_out_is_told_and_not_followed(
    elsewhere: Repository, tmp_path: Path, lead: Callable[[Path, Path], None]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "a.py").write_text("import openai\n")
    lead(here, elsewhere.root)

    result = scan_paths(here)

    assert keys(result) == set()
    assert {a.provider for a in result.document.assets} == {"openai"}
    assert "outside of this path; scan that repository by its own path" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_what_leads_about_within_the_path_is_followed(
    elsewhere: Repository, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    _by_file(here, elsewhere.root)

    result = scan_paths(tmp_path)

    assert ".git" not in told(result)


@pytest.mark.parametrize("text", ["", "gitdir:", "gitdir: /nowhere\n", "junk\n", "gitdir: \0\n"])
def test_a_git_file_that_leads_nowhere_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    (tmp_path / ".git").write_text(text)

    result = scan_paths(tmp_path)

    assert {a.provider for a in result.document.assets} == {"openai"}
    assert ".git" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    (tmp_path / ".git").symlink_to(".git")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")

    result = scan_paths(tmp_path)

    assert {a.provider for a in result.document.assets} == {"openai"}
    assert result.exit_code == EXIT_INCOMPLETE


# --- objects of others --------------------------------------------------------------------------


@pytest.fixture
def lender(tmp_path: Path, made_up_key: Callable[..., str]) -> Repository:
    made = Repository(tmp_path / "lender")
    made.write("theirs.py", f"K = '{made_up_key('theirs')}'\n")
    made.commit("theirs")
    return made


def _borrow(made: Repository, store: Path) -> None:
    listing = made.root / ".git/objects/info/alternates"
    listing.parent.mkdir(exist_ok=True)
    listing.write_text(f"{store}\n")


_LAYERS = ("reference", "python", "native")


@pytest.mark.parametrize("layer", _LAYERS)
@pytest.mark.parametrize("steps", [1, 6])
def test_objects_of_another_repository_are_not_taken_for_its_own(
    with_key: Repository,
    lender: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layer: str,
    steps: int,
) -> None:
    """``steps``: as many stores away as git follows."""
    monkeypatch.setenv("SHADOW_AI_HISTORY_READER", layer)
    stores = [with_key.root / ".git/objects"]
    stores += [with_key.root / f".git/lent/{n}" for n in range(steps - 1)]
    for one, following in zip(stores, [*stores[1:], lender.root / ".git/objects"], strict=True):
        (one / "info").mkdir(parents=True, exist_ok=True)
        (one / "info/alternates").write_text(f"{following}\n")
    with_key.git("cat-file", "-e", lender.git("rev-parse", "HEAD:theirs.py"))  # git does

    result = scan_paths(with_key.root)

    assert {path for path, _ in keys(result)} == {"key.py"}
    assert f"objects in {lender.root}/.git/objects belong to another repository" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE
    named = scan_paths(with_key.root, lender.root)
    assert {path for path, _ in keys(named)} == {"key.py", "theirs.py"}
    assert told(named) == ""


@pytest.mark.parametrize("layer", _LAYERS)
def test_what_a_clone_shares_is_absent_until_the_lender_is_named(
    with_key: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    monkeypatch.setenv("SHADOW_AI_HISTORY_READER", layer)
    with_key.git("clone", "-q", "--bare", "--shared", str(with_key.root), str(tmp_path / "clone"))

    alone = scan_paths(tmp_path / "clone")
    assert keys(alone) == set()
    assert "belong to another repository; name it to read it" in told(alone)
    assert "not here" in told(alone)
    assert alone.exit_code == EXIT_INCOMPLETE

    together = scan_paths(tmp_path / "clone", with_key.root)
    assert ("key.py", "history") in keys(together)
    assert told(together) == ""
    assert scan_paths(tmp_path).exit_code == EXIT_COMPLETE  # both lie below it


@pytest.mark.parametrize("kind", ["pack", "folder", "object"])
@pytest.mark.parametrize("at", ["own", "borrowed"])
def test_links_to_the_objects_of_another_repository_are_not_followed(
    with_key: Repository, lender: Repository, tmp_path: Path, kind: str, at: str
) -> None:
    store = with_key.root / ".git/objects"
    if at == "borrowed":
        store = with_key.root / ".git/lent"
        (store / "pack").mkdir(parents=True)
        _borrow(with_key, store)
    theirs = lender.root / ".git/objects"
    oid = lender.git("rev-parse", "HEAD:theirs.py")
    if kind == "pack":
        lender.git("gc", "-q")
        for file in (theirs / "pack").glob("pack-*"):
            (store / "pack" / file.name).symlink_to(file)
    elif kind == "folder":
        shutil.rmtree(store / oid[:2], ignore_errors=True)
        (store / oid[:2]).symlink_to(theirs / oid[:2])
    else:
        (store / oid[:2]).mkdir(exist_ok=True)
        (store / oid[:2] / oid[2:]).symlink_to(theirs / oid[:2] / oid[2:])
    with_key.git("cat-file", "-e", oid)  # git follows them

    result = scan_paths(with_key.root)

    assert lender.git("rev-parse", "HEAD") not in str(result.document)
    assert not any("unreachable" in path for path, _ in keys(result))
    assert "objects/" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


# --- what never answers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        ".git", ".git/config", ".git/HEAD", ".git/packed-refs", ".git/index", ".git/shallow",
        ".git/objects/info/alternates", ".git/objects/pack/pack-0.pack",
        ".git/objects/pack/pack-0.idx", f".git/objects/00/{'0' * 38}",
        ".git/info/sparse-checkout", ".git/commondir",
    ],
)  # fmt: skip
def test_a_pipe_in_place_of_a_file_of_git_is_told_at_once(with_key: Repository, name: str) -> None:
    path = with_key.root / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)

    started = time.monotonic()
    result = scan_paths(with_key.root)

    assert time.monotonic() - started < 20
    assert {a.provider for a in result.document.assets} == {"openai"}
    assert result.exit_code == EXIT_INCOMPLETE
    assert ".git" in told(result)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Git.__init__

    def made(self: Git, folder: Path, *args: Any, **options: Any) -> None:
        real(self, folder, *args, **options)
        self.patience = 1.0

    monkeypatch.setattr(Git, "__init__", made)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["ref", "include"])
def test_a_pipe_that_is_met_later_ends_with_an_error(with_key: Repository, name: str) -> None:
    root = with_key.root
    if name == "ref":
        path = root / ".git/refs/heads/waits"
    else:
        path = root / "waits.config"
        with (root / ".git/config").open("a") as file:
            file.write(f"[include]\n\tpath = {path}\n")
    os.mkfifo(path)

    started = time.monotonic()
    result = scan_paths(root)

    assert time.monotonic() - started < 60
    assert {a.provider for a in result.document.assets} >= {"openai"}
    assert "did nothing for 1 s; a file of the repository may be a pipe" in told(result)
    assert result.exit_code == EXIT_INCOMPLETE
    assert _children() == []


def _children() -> list[str]:
    """Of this process, still running."""
    out = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "comm="], capture_output=True,
                         text=True, check=False).stdout  # fmt: skip
    return [name for name in out.split() if name == "git"]


def _script(folder: Path, body: str) -> subprocess.Popen[bytes]:
    code = folder / "child.py"
    code.write_text(body)
    return subprocess.Popen([sys.executable, str(code)], stdout=subprocess.PIPE)


def test_a_child_that_works_without_a_word_is_waited_for(tmp_path: Path) -> None:
    body = "import time\nend = time.time() + 3\nwhile time.time() < end: pass\nprint('done')\n"
    child = _script(tmp_path, body)
    watched = watch.Watch(child, 0.5)
    try:
        assert child.stdout is not None
        assert watched.during(child.stdout.read) == b"done\n"
    finally:
        watched.stop()
        watch.end(child)
    assert not watched.is_stalled


def test_a_child_that_does_nothing_is_ended_but_a_slow_reader_is_none(tmp_path: Path) -> None:
    child = _script(tmp_path, "import time\nprint('one', flush=True)\ntime.sleep(60)\n")
    watched = watch.Watch(child, 1.0)
    assert child.stdout is not None
    assert watched.during(child.stdout.readline) == b"one\n"
    time.sleep(3)  # the reader is busy
    assert child.poll() is None
    started = time.monotonic()
    assert watched.during(child.stdout.readline) == b""
    watched.stop()
    watch.end(child)

    assert watched.is_stalled
    assert time.monotonic() - started < 20


def test_no_thread_is_left_behind(with_key: Repository) -> None:
    before = threading.active_count()
    git = Git(with_key.root)
    for _ in range(20):
        git.text("rev-parse", "HEAD")
        list(git.lines("rev-list", "--all"))
    time.sleep(0.5)

    assert threading.active_count() <= before + 2


# --- what stands in a tree ----------------------------------------------------------------------


def test_what_of_a_file_goes_beyond_the_bounds_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("openai\n" + "a\n" * 200_000)
    (tmp_path / "data.jsonl").write_text('{"model":"gpt-4o"}\n' * 1_000)

    result = scan_paths(tmp_path)

    assert {a.provider for a in result.document.assets} == {"openai"}
    assert "requirements.txt: more than 200,000 dependencies; the rest was not read" in told(result)
    assert "data.jsonl" not in told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_pipes_sockets_and_devices_are_passed_by(tmp_path: Path) -> None:
    import socket

    os.mkfifo(tmp_path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.py"))
        if os.geteuid() == 0:
            os.mknod(tmp_path / "zero.py", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
        (tmp_path / "a.py").write_text("import openai\n")

        result = scan_paths(tmp_path)

    assert {a.provider for a in result.document.assets} == {"openai"}
    assert result.exit_code == EXIT_COMPLETE
