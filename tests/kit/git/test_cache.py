"""Clones in a bounded cache: fetched whole or not at all, never twice for nothing, with a token
that nobody but git's own environment holds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.kit.git import cache as cache_module
from scanner.kit.git.cache import CacheLimits, CloneCache, entry_name
from scanner.kit.git.cache_lock import CacheLock
from scanner.kit.git.fetching import HEADS_AND_TAGS, Remote, plain_url
from scanner.kit.git.process import Git
from scanner.model.errors import Denied, SourceError, Throttled, Unavailable
from scanner.rulebook.examples import expand
from tests.conftest import Repository
from tests.forge_rig.authority import authority
from tests.forge_rig.githost import GitHost, git_host

TOKEN = expand("ghp_{base62:36}", "cache")
BASIC = "Basic " + b64encode(f"x-access-token:{TOKEN}".encode()).decode()
NO_FLOOR = CacheLimits(free_bytes=0)


@pytest.fixture
def work(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "work")
    made.write("a.txt", "one\n")
    made.commit()
    return made


@pytest.fixture
def host(tmp_path: Path, work: Repository) -> Iterator[GitHost]:
    (tmp_path / "root" / "acme").mkdir(parents=True)
    work.git("clone", "-q", "--bare", str(work.root), str(tmp_path / "root/acme/app.git"))
    work.git("remote", "add", "origin", str(tmp_path / "root/acme/app.git"))
    with git_host(tmp_path / "root", lambda given, name: given == BASIC) as made:
        yield made


def _remote(host: GitHost, **given: object) -> Remote:
    return Remote(
        **{  # type: ignore[arg-type]
            "url": f"{host.url}/acme/app.git",
            "authorization": BASIC,
            "default_branch": "main",
            **given,
        }
    )


def _cache(tmp_path: Path, **limits: object) -> CloneCache:
    return CloneCache(tmp_path / "cache", CacheLimits(**{"free_bytes": 0, **limits}))  # type: ignore[arg-type]


def _refs(git: Git) -> set[str]:
    return set(git.text("for-each-ref", "--format=%(refname)").split())


def test_heads_and_tags_come_and_nothing_else(
    host: GitHost, work: Repository, tmp_path: Path
) -> None:
    work.git("push", "-q", "origin", "main:refs/heads/dev", "main:refs/pull/1/head")
    work.git("tag", "v1")
    work.git("push", "-q", "origin", "v1")
    with _cache(tmp_path).clone(_remote(host)) as git:
        assert _refs(git) == {"refs/heads/main", "refs/heads/dev", "refs/tags/v1"}
        assert git.text("symbolic-ref", "HEAD").strip() == "refs/heads/main"
        assert not list(git.folder.glob("hooks/*"))
        assert git.text("config", "--list", "--local").count("url") == 0
    pulls = (*HEADS_AND_TAGS, "+refs/pull/*/head:refs/pull/*/head")
    with _cache(tmp_path).clone(_remote(host, refspecs=pulls)) as git:
        assert "refs/pull/1/head" in _refs(git)


def test_an_unchanged_mark_spares_the_fetch(host: GitHost, tmp_path: Path) -> None:
    with _cache(tmp_path).clone(_remote(host, mark="1")):
        pass
    before = len(host.calls)
    again = _cache(tmp_path)
    with again.clone(_remote(host, mark="1")) as git:
        assert git.text("log", "--format=%s").strip() == "change"
    assert (again.fetches, len(host.calls)) == (0, before)
    with again.clone(_remote(host, mark="2")):
        pass
    assert again.fetches == 1
    with again.clone(_remote(host)):
        pass
    assert again.fetches == 1, "at most once a run"
    assert host.packs == ["acme/app"], "nothing was new the second time"


def test_what_was_rewritten_or_deleted_is_gone_and_its_objects_stay(
    host: GitHost, work: Repository, tmp_path: Path
) -> None:
    work.git("push", "-q", "origin", "main:refs/heads/dev")
    with _cache(tmp_path).clone(_remote(host)) as git:
        old = git.text("rev-parse", "main").strip()
    work.git("commit", "-q", "--amend", "-m", "rewritten")
    work.git("push", "-q", "--force", "origin", "main", ":refs/heads/dev")
    with _cache(tmp_path).clone(_remote(host)) as git:
        assert git.text("log", "--format=%s").strip() == "rewritten"
        assert _refs(git) == {"refs/heads/main"}
        assert git.succeeds("cat-file", "-e", old), "a key in it was there for all to see"


def test_a_branch_may_become_a_folder_of_branches(
    host: GitHost, work: Repository, tmp_path: Path
) -> None:
    work.git("push", "-q", "origin", "main:refs/heads/a")
    with _cache(tmp_path).clone(_remote(host)):
        pass
    work.git("push", "-q", "origin", ":refs/heads/a")
    work.git("push", "-q", "origin", "main:refs/heads/a/b")
    with _cache(tmp_path).clone(_remote(host)) as git:
        assert "refs/heads/a/b" in _refs(git)


def test_an_empty_repository_is_whole(host: GitHost, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(host.root / "acme/new.git")], check=True)
    remote = Remote(url=f"{host.url}/acme/new.git", authorization=BASIC)
    with _cache(tmp_path).clone(remote) as git:
        assert _refs(git) == set()


# --- the token ---------------------------------------------------------------------------------


def test_the_token_is_in_no_command_line_file_or_message(
    host: GitHost, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Command lines of every process of this machine are read while a fetch runs."""
    host.slow[r"POST .*git-upload-pack"] = 1.0
    seen: set[bytes] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            for name in filter(str.isdigit, os.listdir("/proc")):
                try:  # one that ends meanwhile is no longer there to be read, or to be found
                    line = Path("/proc", name, "cmdline").read_bytes()
                except OSError:
                    continue
                if b"git" in line:
                    seen.add(line)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with _cache(tmp_path).clone(_remote(host, url=host.url.replace("//", "//me:pw@")
                                            + "/acme/app.git?token=x")) as git:  # fmt: skip
            config = (git.folder / "config").read_text()
    finally:
        stop.set()
        watcher.join()
    secrets = (TOKEN.encode(), BASIC[6:].encode(), b"me:pw", b"token=x")
    fetches = [line for line in seen if b"fetch" in line and host.url.encode() in line]
    assert fetches, "the fetch itself was seen"
    assert any(b"remote-http" in line for line in seen), "and its helper"
    assert not [line for line in seen for secret in secrets if secret in line]
    kept = [p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert kept
    assert not [data for data in kept for secret in secrets if secret in data]
    assert "extraheader" not in config.lower()
    out, err = capfd.readouterr()
    assert not [s for s in secrets if s.decode() in out + err]
    assert BASIC in host.authorizations, "and yet it arrived"


def test_a_git_beside_the_scanner_is_not_run_let_alone_with_the_token(
    host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``PATH`` may name the folder that one is in, and that may be anybody's checkout."""
    mark = tmp_path / "somebody-elses-git-was-here"
    here = tmp_path / "checkout"
    for name in ("git", "git-remote-http", "bin/git"):
        program = here / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(
            f'#!/bin/sh\nenv >> {mark}\nexec /usr/bin/env -i "PATH=/nowhere" false\n'
        )
        program.chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", "bin", os.environ["PATH"])))

    with _cache(tmp_path).clone(_remote(host)) as git:
        assert _refs(git) == {"refs/heads/main"}
    assert not mark.exists()


def test_a_wrong_token_is_denied_without_being_told(host: GitHost, tmp_path: Path) -> None:
    wrong = "Basic " + b64encode(b"x-access-token:wrong-and-secret").decode()
    with (
        pytest.raises(Denied) as caught,
        _cache(tmp_path).clone(_remote(host, authorization=wrong)),
    ):
        pass
    assert "wrong-and-secret" not in str(caught.value)
    assert wrong[6:] not in str(caught.value)
    assert "acme/app" in str(caught.value)
    assert "grant" in str(caught.value)
    assert wrong not in repr(_remote(host, authorization=wrong))


def test_settings_of_the_user_and_a_netrc_play_no_part(
    host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login x-access-token password other\n")
    (home / ".gitconfig").write_text(
        f'[url "https://elsewhere.example/"]\n insteadOf = {host.url}/\n'
        f"[core]\n askPass = /bin/false\n[credential]\n helper = !touch {tmp_path}/ran\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    with _cache(tmp_path).clone(_remote(host)):
        pass
    assert set(host.authorizations) == {BASIC}
    with pytest.raises(Denied), _cache(tmp_path / "two").clone(_remote(host, authorization="")):
        pass
    assert set(host.authorizations) == {BASIC, ""}
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "trace").exists()


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_redirect_is_refused_and_the_token_stays_here(host: GitHost, tmp_path: Path) -> None:
    with git_host(host.root) as elsewhere:
        host.answers["acme/moved"] = (
            302, {"Location": f"{elsewhere.url}/acme/app.git/info/refs?service=git-upload-pack"},
            b"",
        )  # fmt: skip
        remote = _remote(host, url=f"{host.url}/acme/moved.git")
        with pytest.raises(Unavailable, match="redirect"), _cache(tmp_path).clone(remote):
            pass
        assert elsewhere.calls == []


@pytest.mark.parametrize(
    ("status", "family", "words"),
    [
        (404, Denied, "renamed"),
        (403, Denied, "grant"),
        (451, Unavailable, "legal"),
        (429, Throttled, "too many"),
        (500, Unavailable, "cannot be fetched"),
    ],
)
def test_what_the_forge_answers_is_told(
    host: GitHost, tmp_path: Path, status: int, family: type[SourceError], words: str
) -> None:
    host.answers["acme/app"] = (status, {}, b"no")
    with pytest.raises(family, match=words), _cache(tmp_path).clone(_remote(host)):
        pass
    assert not list((tmp_path / "cache/clones").iterdir()), "half a clone of nothing known"


@pytest.mark.parametrize("url", ["ssh://git@host/x", "ext::sh -c id", "/etc", "file:///etc"])
def test_other_protocols_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Unavailable), _cache(tmp_path).clone(Remote(url=url)):
        pass


def test_what_takes_too_long_or_grows_too_large_is_broken_off(
    host: GitHost, work: Repository, tmp_path: Path
) -> None:
    host.slow[r"POST .*git-upload-pack"] = 30.0
    started = time.monotonic()
    with (
        pytest.raises(Unavailable, match="fetch_minutes"),
        _cache(tmp_path, fetch_seconds=0.6).clone(_remote(host)),
    ):
        pass
    assert time.monotonic() - started < 10
    host.slow.clear()
    work.write("big.bin", os.urandom(300_000))
    work.commit()
    work.git("push", "-q", "origin", "main")
    with (
        pytest.raises(Unavailable, match="max_repository_gib"),
        _cache(tmp_path, repository_bytes=200_000).clone(_remote(host)),
    ):
        pass
    assert not list((tmp_path / "cache/clones").iterdir())


def test_less_disk_than_must_stay_free_is_told_before_a_fetch(
    host: GitHost, tmp_path: Path
) -> None:
    with (
        pytest.raises(Unavailable, match="of disk is free"),
        _cache(tmp_path, free_bytes=1 << 60).clone(_remote(host)),
    ):
        pass
    assert host.calls == []


# --- who goes when room is needed --------------------------------------------------------------


def test_the_least_recently_used_goes_never_one_in_use(host: GitHost, tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    for name in names:
        shutil.copytree(host.root / "acme/app.git", host.root / f"acme/{name}.git")
    remotes = {n: _remote(host, url=f"{host.url}/acme/{n}.git", mark="1") for n in names}
    cache = _cache(tmp_path)
    with cache.clone(remotes["a"]) as git:
        size = cache_module.size_of(git.folder)
    small = _cache(tmp_path, cache_bytes=int(size * 2.5))
    with small.clone(remotes["b"]):
        pass
    time.sleep(0.02)
    with small.clone(remotes["a"]):  # used again: b is the oldest now
        with small.clone(remotes["c"]):
            pass
        with small.clone(remotes["d"]) as git:
            assert git.succeeds("rev-parse", "main")
    left = {p.name.rpartition("-")[0][-1] for p in (tmp_path / "cache/clones").iterdir()}
    assert "a" in left
    assert "b" not in left


def test_two_runs_do_not_clash(host: GitHost, tmp_path: Path) -> None:
    """Another process has the clone: it is waited for, and in the end it is told."""
    lock = CacheLock(tmp_path / "cache/locks" / f"{entry_name(_remote(host).url)}.lock")
    (tmp_path / "cache/locks").mkdir(parents=True)
    assert lock.acquire(0)
    with (
        pytest.raises(Unavailable, match="another scan"),
        _cache(tmp_path, lock_seconds=0.3).clone(_remote(host)),
    ):
        pass
    threading.Timer(0.4, lock.release).start()
    with _cache(tmp_path, lock_seconds=10).clone(_remote(host)) as git:
        assert git.succeeds("rev-parse", "main")


def test_threads_of_a_run_share_a_clone(host: GitHost, tmp_path: Path) -> None:
    cache = _cache(tmp_path)
    both = threading.Barrier(2, timeout=20)
    found: list[str] = []

    def read() -> None:
        with cache.clone(_remote(host)) as git:
            both.wait()  # both are within at once
            found.append(git.text("rev-parse", "main"))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2
    assert cache.fetches == 1


# --- what was killed ---------------------------------------------------------------------------

_CHILD = """
import sys
from pathlib import Path
from scanner.kit.git.cache import CacheLimits, CloneCache
from scanner.kit.git.fetching import Remote
cache = CloneCache(Path(sys.argv[1]), CacheLimits(free_bytes=0))
with cache.clone(Remote(url=sys.argv[2], authorization=sys.stdin.read(), default_branch="main")):
    print("whole", flush=True)
"""


@pytest.mark.slow
def test_a_fetch_that_is_killed_is_made_whole_the_next_time(host: GitHost, tmp_path: Path) -> None:
    host.slow[r"POST .*git-upload-pack"] = 3.0
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path / "cache"), _remote(host).url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(BASIC)
    child.stdin.close()
    until = time.monotonic() + 20
    while not host.packs and time.monotonic() < until:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert host.packs
    place = next((tmp_path / "cache/clones").iterdir())
    assert (place / "fetching").exists()
    assert not (place / "state.json").exists()
    host.slow.clear()
    (place / "repo.git/packed-refs.lock").touch()
    (place / "repo.git/objects/pack").mkdir(parents=True, exist_ok=True)
    (place / "repo.git/objects/pack/tmp_pack_half").write_bytes(b"PACK")
    # The orphaned git still holds the lock that it inherited; it is waited for.
    with _cache(tmp_path, lock_seconds=30).clone(_remote(host)) as git:
        assert git.text("log", "--format=%s").strip() == "change"
        assert not list(git.folder.rglob("tmp_*"))
        assert not list(git.folder.rglob("*.lock"))
    assert not (place / "fetching").exists()


@pytest.mark.parametrize("damage", ["HEAD", "objects", "state"])
def test_a_damaged_clone_is_made_again(host: GitHost, tmp_path: Path, damage: str) -> None:
    with _cache(tmp_path).clone(_remote(host, mark="1")) as git:
        place = git.folder
    if damage == "HEAD":
        (place / "HEAD").write_text("nonsense\n")
    elif damage == "objects":
        for pack in (place / "objects/pack").glob("*.pack"):
            pack.chmod(0o600)
            pack.write_bytes(b"nonsense")
        shutil.rmtree(place / "refs")
        (place / "refs").mkdir()
    else:
        (place.parent / "state.json").write_text("{")
    with _cache(tmp_path).clone(_remote(host, mark="2")) as git:
        assert git.text("log", "--format=%s").strip() == "change"


# --- words -------------------------------------------------------------------------------------


def test_urls_are_kept_without_what_may_be_secret() -> None:
    assert plain_url("https://me:pw@Forge.Example:8443/a/b.git?x=1#y") == (
        "https://forge.example:8443/a/b.git"
    )
    assert entry_name("https://h/A/b") != entry_name("https://h/a/b")
    with pytest.raises(Unavailable):
        plain_url("https://h:notaport/x")


def test_an_authority_of_ones_own_is_trusted_by_its_file_alone(
    host: GitHost, tmp_path: Path
) -> None:
    context, ca = authority(tmp_path)
    with git_host(host.root, tls=context) as safe:
        remote = Remote(url=f"{safe.url}/acme/app.git")
        with pytest.raises(Unavailable, match=r"git\.ca_file"), _cache(tmp_path).clone(remote):
            pass
        trusting = CloneCache(tmp_path / "cache", NO_FLOOR, ca_file=str(ca))
        with trusting.clone(remote) as git:
            assert git.succeeds("rev-parse", "main")
