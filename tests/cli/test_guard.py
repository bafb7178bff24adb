"""``shadow-ai guard`` on real repositories: a commit, a range, a push."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import RegistryEntry
from scanner.reconcile.decisions import mark_of
from tests.command import shadow_ai
from tests.conftest import Repository
from tests.emit.uploads import uploadable

ROOT = Path(__file__).parents[2]
Key = Callable[..., str]


def _guard(
    root: Path, *args: str, feed: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return _shadow_ai(root, "guard", *args, feed=feed, environ=environ)


def _shadow_ai(
    root: Path, *args: str, feed: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return shadow_ai(*args, cwd=root, environ=environ, feed=feed)


@pytest.fixture
def with_base(repository: Repository, made_up_key: Key) -> Repository:
    repository.write("old.env", f"ANTHROPIC_API_KEY={made_up_key('old')}\n")
    repository.write("app.py", "print(1)\n")
    repository.commit("base")
    return repository


def test_a_staged_key_fails_and_is_not_shown(with_base: Repository, made_up_key: Key) -> None:
    key = made_up_key("new")
    with_base.write("app.py", f"\nkey = '{key}'\n")
    with_base.git("add", "app.py")
    with_base.write("app.py", "print('the work tree is not judged')\n")

    done = _guard(with_base.root)

    assert done.returncode == 1
    assert "app.py:2: error: Anthropic key" in done.stdout
    assert key not in done.stdout + done.stderr
    assert "rotate" in done.stdout


@pytest.mark.parametrize("change", ["nothing", "line", "moved", "removed", "work tree"])
def test_what_was_there_before_is_not_new(
    with_base: Repository, made_up_key: Key, change: str
) -> None:
    if change == "line":
        text = (with_base.root / "old.env").read_text()
        with_base.write("old.env", f"# first\n{text}# last\n")
        with_base.git("add", "-A")
    elif change == "moved":
        with_base.git("mv", "old.env", "kept.env")
    elif change == "removed":
        with_base.git("rm", "-q", "old.env")
    elif change == "work tree":
        with_base.write("loose.env", f"ANTHROPIC_API_KEY={made_up_key('loose')}\n")

    done = _guard(with_base.root)

    assert (done.returncode, done.stdout) == (0, "")


def test_a_package_that_was_there_is_not_new(with_base: Repository) -> None:
    """What a manifest holds is told by its path, before the change as after it."""
    for version in ("4.1.0", "4.2.0"):
        packages = {"name": "a", "version": version, "dependencies": {"openai": "^4"}}
        with_base.write("package.json", json.dumps(packages))
        with_base.git("add", "-A")
        done = _guard(with_base.root)
        assert ("OpenAI" in done.stdout) == (version == "4.1.0"), version
        with_base.commit(version)


def test_a_path_that_looks_like_a_record_is_a_path(with_base: Repository, made_up_key: Key) -> None:
    with_base.write(":100644 a b.env", f"ANTHROPIC_API_KEY={made_up_key('odd')}\n")
    with_base.git("add", "-A")

    done = _guard(with_base.root)

    assert done.returncode == 1
    assert ":100644 a b.env:1: error" in done.stdout


def test_the_first_commit_is_judged(repository: Repository, made_up_key: Key) -> None:
    repository.write("a b\n\x1b[31m.env", f"ANTHROPIC_API_KEY={made_up_key()}\n")
    repository.git("add", "-A")

    done = _guard(repository.root)

    assert done.returncode == 1
    assert "\x1b" not in done.stdout


def test_a_key_that_a_later_commit_removes_is_found(
    with_base: Repository, made_up_key: Key
) -> None:
    base = with_base.git("rev-parse", "HEAD")
    with_base.write("tmp.env", f"ANTHROPIC_API_KEY={made_up_key('tmp')}\n")
    added = with_base.commit("add")
    with_base.git("rm", "-q", "tmp.env")
    with_base.commit("remove")

    done = _guard(with_base.root, "--base", base, "--format", "json")

    assert done.returncode == 1
    found = json.loads(done.stdout)["problems"]
    (problem,) = [row for row in found if row["rule"] == "key-added"]
    assert (problem["path"], problem["commit"]) == ("tmp.env", added)


@pytest.mark.parametrize("into", ["the change", "the base"])
def test_what_the_base_has_got_meanwhile_is_not_the_change_s(
    with_base: Repository, made_up_key: Key, into: str
) -> None:
    """A pull request is judged as its merge with the branch that it is for."""
    with_base.git("checkout", "-q", "-b", "side")
    with_base.write("side.txt", "fine\n")
    with_base.commit("side")
    with_base.git("checkout", "-q", "main")
    with_base.write("late.env", f"ANTHROPIC_API_KEY={made_up_key('late')}\n")
    base = with_base.commit("late")
    with_base.git("checkout", "-q", "side" if into == "the change" else "--detach")
    other = "main" if into == "the change" else "side"
    with_base.git("merge", "-q", "--no-ff", "-m", "merged", other)

    done = _guard(with_base.root, "--base", base)

    assert (done.returncode, done.stdout) == (0, "")


def test_a_key_that_a_merge_itself_brings_is_found(with_base: Repository, made_up_key: Key) -> None:
    with_base.git("checkout", "-q", "-b", "side")
    with_base.write("app.py", "print(2)\n")
    with_base.commit("side")
    with_base.git("checkout", "-q", "main")
    with_base.write("other.txt", "other\n")
    base = with_base.commit("other")
    with_base.git("merge", "-q", "--no-ff", "--no-commit", "side")
    with_base.write("app.py", f"key = '{made_up_key('merged')}'\n")
    merge = with_base.commit("merged, and more")

    done = _guard(with_base.root, "--base", base, "--format", "json")

    (problem,) = [r for r in json.loads(done.stdout)["problems"] if r["rule"] == "key-added"]
    assert (problem["path"], problem["commit"]) == ("app.py", merge)


def test_what_a_range_brought_is_its_own_whatever_the_clocks_say(
    with_base: Repository, made_up_key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = with_base.git("rev-parse", "HEAD")
    now = int(with_base.git("log", "-1", "--format=%ct"))
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{now + 100} +0000")
    with_base.write("tmp.env", f"ANTHROPIC_API_KEY={made_up_key('tmp')}\n")
    added = with_base.commit("add")
    for seconds, side in ((90, "one"), (80, "two")):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{now + seconds} +0000")
        with_base.git("checkout", "-q", "-b", side, added)
        with_base.git("rm", "-q", "tmp.env")
        with_base.write(side, side)
        with_base.commit(side)
    with_base.git("merge", "-q", "--no-ff", "-m", "merged", "one")

    done = _guard(with_base.root, "--base", base, "--format", "json")

    assert done.returncode == 1
    (problem,) = [r for r in json.loads(done.stdout)["problems"] if r["rule"] == "key-added"]
    assert (problem["path"], problem["commit"]) == ("tmp.env", added)


@pytest.mark.parametrize("is_empty", [False, True], ids=["files", "no file"])
@pytest.mark.parametrize("has_base", [False, True], ids=["without the base", "with the base"])
def test_a_range_that_was_not_all_fetched_does_not_pass(
    with_base: Repository, made_up_key: Key, tmp_path: Path, has_base: bool, is_empty: bool
) -> None:
    base = with_base.git("rev-parse", "HEAD")
    with_base.write("tmp.env", f"ANTHROPIC_API_KEY={made_up_key('tmp')}\n")
    with_base.commit("add")
    with_base.git("rm", "-q", "-r", "." if is_empty else "tmp.env")
    with_base.commit("remove")
    with_base.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    remote = f"file://{with_base.root}"
    subprocess.run(["git", "clone", "-q", "--depth=1", remote, str(clone)], check=True)
    git = ["git", "-C", str(clone)]
    if has_base:
        subprocess.run([*git, "fetch", "-q", "--depth=1", "origin", base], check=True)

    done = _guard(clone, "--base", base)
    assert (done.returncode, done.stdout) == (3, "")
    assert "--unshallow" in done.stderr
    assert "fetch-depth: 0" in done.stderr
    subprocess.run([*git, "fetch", "-q", "--unshallow", "origin"], check=True)
    assert _guard(clone, "--base", base).returncode == 1


def test_a_graft_does_not_cut_a_range(with_base: Repository, made_up_key: Key) -> None:
    base = with_base.git("rev-parse", "HEAD")
    with_base.write("tmp.env", f"ANTHROPIC_API_KEY={made_up_key('tmp')}\n")
    with_base.commit("add")
    with_base.git("rm", "-q", "tmp.env")
    removed = with_base.commit("remove")
    (with_base.root / ".git" / "info" / "grafts").write_text(f"{removed} {base}\n")

    done = _guard(with_base.root, "--base", base)

    assert done.returncode == 1
    assert "tmp.env:1: error" in done.stdout


def test_a_shallow_clone_that_holds_the_whole_range_is_judged(
    with_base: Repository, made_up_key: Key, tmp_path: Path
) -> None:
    with_base.write("fine.txt", "fine\n")
    base = with_base.commit("fine")
    with_base.write("x.env", f"ANTHROPIC_API_KEY={made_up_key('x')}\n")
    with_base.commit("x")
    clone = tmp_path / "clone"
    remote = f"file://{with_base.root}"
    subprocess.run(["git", "clone", "-q", "--depth=2", remote, str(clone)], check=True)

    done = _guard(clone, "--base", base)

    assert done.returncode == 1
    assert "x.env:1" in done.stdout
    assert "old.env" not in done.stdout


@pytest.mark.parametrize("many", [1, 2], ids=["merge", "octopus"])
def test_a_staged_merge_adds_what_none_of_its_parents_has(
    with_base: Repository, made_up_key: Key, many: int
) -> None:
    sides = [f"side{number}" for number in range(many)]
    for side in sides:
        with_base.git("checkout", "-q", "-b", side, "main")
        with_base.write(f"{side}.env", f"ANTHROPIC_API_KEY={made_up_key(side)}\n")
        with_base.write("shared.txt", f"key = '{made_up_key('shared ' + side)}'\n" + "\n" * 9)
        with_base.commit(side)
    with_base.git("checkout", "-q", "main")
    with_base.write("main.txt", "main\n")
    with_base.commit("main")
    with_base.git("merge", "-q", "--no-ff", "--no-commit", sides[0])
    ids = [with_base.git("rev-parse", side) for side in sides]
    (with_base.root / ".git" / "MERGE_HEAD").write_text("".join(f"{oid}\n" for oid in ids))
    # A conflict, resolved: neither side's file.
    texts = [f"key = '{made_up_key('shared ' + side)}'\n" for side in sides]
    with_base.write("shared.txt", "".join(texts) + "ours\n")
    for side in sides:
        with_base.write(f"{side}.env", f"ANTHROPIC_API_KEY={made_up_key(side)}\n")
    with_base.git("add", "-A")

    done = _guard(with_base.root)
    assert (done.returncode, done.stdout) == (0, "")

    with_base.write("shared.txt", "".join(texts) + f"key = '{made_up_key('new')}'\n")
    with_base.git("add", "-A")
    done = _guard(with_base.root)
    assert done.returncode == 1
    assert f"shared.txt:{many + 1}: error" in done.stdout
    assert done.stdout.count("error") == 1


@pytest.mark.parametrize(
    "setting",
    [
        *(f"log.diffMerges={how}" for how in ("off", "first-parent", "combined", "cc", "remerge")),
        *(f"i18n.logOutputEncoding={name}" for name in ("UTF-16", "UTF-32", "nonsense")),
        "i18n.commitEncoding=UTF-16", "diff.relative=true", "log.showRoot=false",
        "color.ui=always", "color.diff=always", "diff.renames=copies", "log.follow=true",
        "diff.external=true", "core.quotePath=true", "format.pretty=oneline",
    ],
)  # fmt: skip
def test_no_setting_of_the_repository_hides_what_a_range_adds(
    with_base: Repository, made_up_key: Key, setting: str
) -> None:
    base = with_base.git("rev-parse", "HEAD")
    with_base.git("checkout", "-q", "-b", "side")
    with_base.write("side.txt", "side\n")
    with_base.commit("side")
    with_base.git("checkout", "-q", "main")
    with_base.write("a.env", f"ANTHROPIC_API_KEY={made_up_key('alone')}\n")
    with_base.commit("alone")
    with_base.git("merge", "-q", "--no-ff", "--no-commit", "side")
    with_base.write("m.env", f"ANTHROPIC_API_KEY={made_up_key('merged')}\n")
    with_base.write("below/b.txt", "below\n")
    with_base.commit("merged, and more")
    with_base.git("rm", "-q", "m.env", "a.env")
    with_base.commit("removed")
    with_base.git("config", *setting.split("="))

    done = _guard(with_base.root / "below", "--base", base, "--format", "json")

    assert done.returncode == 1, done.stdout + done.stderr
    found = {row["path"] for row in json.loads(done.stdout)["problems"]}
    assert found == {"a.env", "m.env"}


def test_a_base_of_zeros_is_before_everything(with_base: Repository) -> None:
    done = _guard(with_base.root, "--base", "0" * 40)

    assert done.returncode == 1
    assert "old.env:1: error" in done.stdout


def test_a_revision_that_is_not_here_is_told(with_base: Repository) -> None:
    done = _guard(with_base.root, "--base", "0123456789" * 4)

    assert done.returncode == 3
    assert "is not here" in done.stderr


@pytest.mark.parametrize("registered", [None, False, True])
def test_ai_that_nobody_registered(with_base: Repository, registered: bool | None) -> None:
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.git("add", "-A")
    registry = with_base.root.parent / "registry.yaml"
    bound = "github.com/acme/app" if registered else "github.com/acme/other"
    registry.write_text(yaml.safe_dump({"entries": [{
        "id": "app", "name": "App", "owner": "a@b.example", "stage": "production",
        "approved": {"providers": ["openai"]}, "bindings": [{"type": "repo", "value": bound}],
    }]}))  # fmt: skip
    args = () if registered is None else ("--registry", str(registry))

    done = _guard(with_base.root, *args)

    assert done.returncode == (1 if registered is False else 0), done.stdout + done.stderr
    assert ("unregistered-ai-added" in done.stdout) == (registered is not True)
    if registered is False:
        assert _guard(with_base.root, *args, "--allow-assets").returncode == 0


_REPO = {"type": "repo", "value": "github.com/acme/app"}
_COVERED = {"id": "A", "name": "App", "owner": "a@b.example", "stage": "production",
            "approved": {"providers": ["openai"]}, "bindings": [_REPO]}  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "rule", "said"),
    [
        ([{**_COVERED, "approved": {}, "bindings": [{"type": "pattern", "value": "*"}]}],
         "unregistered-ai-added", "only resembles an entry"),
        *(([{**_COVERED, "bindings": [{"type": "pattern", "value": glob}]}],
           "unregistered-ai-added", "only resembles an entry")
          for glob in ("*hub*", "git:github.com/acme/*", "*acme*", "*/acme/*")),
        *(([{**_COVERED, "bindings": [{"type": "pattern", "value": glob}]}], "", "")
          for glob in ("git:github.com/acme/app#*", "*acme/app*")),
        ([{**_COVERED, "approved": {}}], "unregistered-ai-added", "state its providers"),
        ([_COVERED, {**_COVERED, "id": "B"}], "unregistered-ai-added", "several entries claim it"),
        ([{**_COVERED, "stage": "retired"}], "unapproved-ai-added", "its entry is retired (A)"),
        ([{**_COVERED, "approved": {"providers": ["openai"], "models": ["gpt-4o-mini*"]}}],
         "unapproved-ai-added", "model: observed gpt-4.1, approved gpt-4o-mini*"),
        ([_COVERED], "", ""),
    ],
)  # fmt: skip
def test_what_an_entry_does_not_cover_for_sure_fails(
    with_base: Repository, entries: list[dict[str, object]], rule: str, said: str
) -> None:
    """As a plan and an object are judged: a resemblance, two claims and a retired entry are no
    registration."""
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nopenai.OpenAI().responses.create(model='gpt-4.1')\n")
    with_base.git("add", "-A")
    registry = with_base.root.parent / "registry.yaml"
    registry.write_text(yaml.safe_dump(entries))
    args = ("--registry", str(registry))

    done = _guard(with_base.root, *args)

    assert done.returncode == (1 if rule else 0), done.stdout + done.stderr
    assert rule in done.stdout
    assert said in done.stdout
    assert "add to the registry" not in done.stdout  # an entry is there: a second would not help
    assert _guard(with_base.root, *args, "--allow-assets").returncode == 0


_DECLARED = {"A": "ai-registry-id: A\n", "B": "ai-registry-id: B\n", "": "# none\n"}


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [("A", None, 1), ("A", "", 1), ("A", "B", 1), (None, "A", 0), ("B", "A", 0), ("A", "A", 0)],
)
@pytest.mark.parametrize("how", ["range", "staged", "push"])
def test_a_repository_declares_what_it_says_once_the_change_has_landed(
    with_base: Repository, how: str, first: str | None, last: str | None, code: int
) -> None:
    """What stood in between, or before, says nothing of what is deployed."""
    registry = with_base.root.parent / "registry.yaml"
    stated = {**_COVERED, "bindings": []}
    registry.write_text(
        yaml.safe_dump([stated, {**stated, "id": "B", "name": "B", "stage": "retired"}])
    )
    base = with_base.git("rev-parse", "HEAD")
    with_base.git("branch", "before")

    def declare(said: str | None) -> None:
        (with_base.root / ".ai-registry.yaml").unlink(missing_ok=True)
        if said is not None:
            with_base.write(".ai-registry.yaml", _DECLARED[said])

    declare(first)
    with_base.write("note.txt", "one\n")
    with_base.commit("one")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    declare(last)
    feed, args = "", ["--registry", str(registry)]
    if how == "staged":
        with_base.git("add", "-A")
    else:
        head = with_base.commit("two")
        if how == "range":
            args += ["--base", base]
        else:
            feed = f"{base} {head} refs/heads/main\n"
            with_base.git("update-ref", "refs/heads/main", base)

    done = _guard(with_base.root, *args, feed=feed) if how != "push" else _guard(
        with_base.root, "--receive", *args, feed=feed)  # fmt: skip

    assert done.returncode == code, done.stdout + done.stderr


def test_one_branch_of_a_push_does_not_declare_for_another(with_base: Repository) -> None:
    registry = with_base.root.parent / "registry.yaml"
    registry.write_text(yaml.safe_dump([{**_COVERED, "bindings": []}]))
    base = with_base.git("rev-parse", "HEAD")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    bare = with_base.commit("without")
    with_base.write(".ai-registry.yaml", "ai-registry-id: A\n")
    declared = with_base.commit("with")
    with_base.git("update-ref", "refs/heads/main", base)
    lines = [f"{base} {head} refs/heads/{name}\n" for name, head in (("a", bare), ("b", declared))]
    for feed, code in ((lines[1], 0), ("".join(lines), 1), ("".join(reversed(lines)), 1)):
        done = _guard(with_base.root, "--receive", "--registry", str(registry), feed=feed)
        assert done.returncode == code, done.stdout + done.stderr


def test_two_files_that_declare_two_entries_register_neither(with_base: Repository) -> None:
    registry = with_base.root.parent / "registry.yaml"
    stated = {**_COVERED, "bindings": []}
    registry.write_text(yaml.safe_dump([stated, {**stated, "id": "B", "name": "Other"}]))
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.write(".ai-registry.yaml", "ai-registry-id: A\n")
    for said, code in (("ai-registry-id: A\n", 0), ("ai-registry-id: B\n", 1),
                       ("ai-registry-id: A\n---\nai-registry-id: B\n", 1)):  # fmt: skip
        with_base.write("catalog-info.yaml", said)
        with_base.git("add", "-A")
        done = _guard(with_base.root, "--registry", str(registry))
        assert done.returncode == code, done.stdout + done.stderr
        assert ("several entries claim it" in done.stdout) == bool(code)


@pytest.mark.parametrize("where", ["beside", "configured"])
@pytest.mark.parametrize(
    ("entry", "about", "verdict", "code", "said"),
    [
        ("A", "git:github.com/acme/app#ai/openai", "different", 1, "nobody registered it"),
        ("A", "git:github.com/acme/app", "different", 1, "nobody registered it"),
        ("A", "git:github.com/acme/other#ai/openai", "different", 0, ""),
        ("L", "git:github.com/acme/app#ai/openai", "same", 0, ""),
    ],
)
def test_what_people_have_decided_holds_for_a_change(
    with_base: Repository, where: str, entry: str, about: str, verdict: str, code: int, said: str
) -> None:
    """As in a scan, whose asset goes by the same id and name."""
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.git("add", "-A")
    folder = with_base.root.parent
    loose = {**_COVERED, "id": "L", "bindings": []}
    (folder / "registry.yaml").write_text(yaml.safe_dump([_COVERED if entry == "A" else loose]))
    seen = Asset(id=NodeId(about), kind="code.integration", name="OpenAI in acme/app",
                 asset_class=AssetClass.INTEGRATION, provider="openai")  # fmt: skip
    mark = mark_of(seen, RegistryEntry(id=entry, name="App")) if about.endswith("openai") else ""
    made = {"asset": about, "entry": entry, "verdict": verdict, "author": "ann", "reason": "asked",
            "at": "2026-01-01", "expires_at": "9999-01-01", "seen": mark}  # fmt: skip
    name = "registry-decisions.yaml" if where == "beside" else "decided.yaml"
    (folder / name).write_text(yaml.safe_dump({"decisions": [made]}))
    config = folder / "guard.toml"
    config.write_text('[registry]\nfiles = ["registry.yaml"]\ndecisions = "decided.yaml"\n')
    args = ["--registry", str(folder / "registry.yaml")]
    if where == "configured":
        args = ["--config", str(config)]

    done = _guard(with_base.root, *args)

    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
    expired = {**made, "expires_at": "2026-01-02"}
    (folder / name).write_text(yaml.safe_dump({"decisions": [expired]}))
    done = _guard(with_base.root, *args)
    assert done.returncode == (0 if entry == "A" else 1)
    assert ("expired 2026-01-02" in done.stderr) == ("app" in about)


@pytest.mark.parametrize("files", ["", 'files = ["registry.yaml"]'])
def test_what_the_organization_does_not_approve_fails(with_base: Repository, files: str) -> None:
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.git("add", "-A")
    folder = with_base.root.parent
    (folder / "registry.yaml").write_text(yaml.safe_dump([_COVERED]))
    config = folder / "guard.toml"

    for provider, code in (("anthropic", 1), ("OpenAI", 0)):
        config.write_text(f'[registry]\n{files}\n[registry.approved]\nproviders = ["{provider}"]\n')
        done = _guard(with_base.root, "--config", str(config))
        assert done.returncode == code, done.stdout + done.stderr
        assert ("not approved: provider: observed openai" in done.stdout) == bool(code)


def test_which_standings_land_is_data(with_base: Repository) -> None:
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.git("add", "-A")
    folder = with_base.root.parent
    (folder / "registry.yaml").write_text(yaml.safe_dump([{**_COVERED, "stage": "retired"}]))
    (folder / "rules/norms").mkdir(parents=True)
    (folder / "rules/norms/ours.yaml").write_text("landing: {stages: {retired: ''}}\n")
    config = folder / "guard.toml"
    config.write_text('[registry]\nfiles = ["registry.yaml"]\n[rules]\nfolders = ["rules"]\n')
    assert _guard(with_base.root, "--config", str(config)).returncode == 0
    config.write_text('[registry]\nfiles = ["registry.yaml"]\n')
    assert _guard(with_base.root, "--config", str(config)).returncode == 1


def test_a_comment_with_a_reason_holds(with_base: Repository, made_up_key: Key) -> None:
    line = f"k = '{made_up_key('ok')}'  # shadow-ai: ignore[*] a made-up key of the tests\n"
    with_base.write("app.py", line)
    with_base.git("add", "-A")

    done = _guard(with_base.root)

    assert done.returncode == 0
    assert "suppressed" in done.stderr


@pytest.fixture
def with_baseline(with_base: Repository) -> tuple[Repository, Path]:
    """What stands in the repository now is accepted, by a file beside it."""
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    with_base.write("app.py", "import openai\nclient = openai.OpenAI()\n")
    with_base.commit("AI")
    file = with_base.root.parent / "accepted.json"
    done = _shadow_ai(with_base.root, "baseline", ".", "-o", str(file))
    assert file.exists(), done.stderr
    return with_base, file


def test_what_a_baseline_accepts_may_be_added_elsewhere(
    with_baseline: tuple[Repository, Path], made_up_key: Key
) -> None:
    repository, file = with_baseline
    repository.write("copy.env", f"ANTHROPIC_API_KEY={made_up_key('old')}\n")
    repository.git("add", "-A")

    assert _guard(repository.root).returncode == 1
    done = _guard(repository.root, "--baseline", str(file))
    assert done.returncode == 0, done.stdout
    assert "key-added" not in done.stdout
    assert "accepted by baselines" in done.stderr

    repository.write("new.env", f"ANTHROPIC_API_KEY={made_up_key('new')}\n")
    repository.git("add", "-A")
    done = _guard(repository.root, "--baseline", str(file))
    assert done.returncode == 1
    assert "new.env:1: error" in done.stdout
    assert "copy.env" not in done.stdout


def test_ai_that_a_baseline_accepts_need_not_be_registered(
    with_baseline: tuple[Repository, Path],
) -> None:
    repository, file = with_baseline
    repository.write("other.py", "import openai\n")
    repository.git("add", "-A")
    registry = repository.root.parent / "registry.yaml"
    registry.write_text("entries: []\n")
    args = ("--registry", str(registry))

    assert _guard(repository.root, *args).returncode == 1
    assert _guard(repository.root, *args, "--baseline", str(file)).returncode == 0
    repository.write("third.py", "import cohere\n")
    repository.git("add", "-A")
    done = _guard(repository.root, *args, "--baseline", str(file), "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [row["detail"] for row in told["problems"]] == ["ai/cohere"]
    assert told["accepted"] == 1


def test_a_baseline_hides_only_the_reasons_that_it_accepts(with_base: Repository) -> None:
    with_base.git("remote", "add", "origin", "https://github.com/acme/app.git")
    text = "import openai\nopenai.OpenAI().responses.create(model='gpt-4.1')\n"
    with_base.write("app.py", text)
    with_base.commit("AI")
    folder = with_base.root.parent
    limits = {"providers": ["openai"], "models": ["gpt-4o-mini*"]}
    (folder / "registry.yaml").write_text(yaml.safe_dump([{**_COVERED, "approved": limits}]))
    plain = f'[registry]\nfiles = ["registry.yaml"]\n[sources.code]\npaths = ["{with_base.root}"]\n'
    config = folder / "guard.toml"
    config.write_text(plain)
    file = folder / "accepted.json"
    done = _shadow_ai(folder, "baseline", "--config", str(config), "-o", str(file))
    assert "SAI-010" in file.read_text(), done.stderr
    with_base.write("other.py", text)
    with_base.git("add", "-A")
    args = ("--config", str(config), "--baseline", str(file))

    assert _guard(with_base.root, *args[:2]).returncode == 1
    done = _guard(with_base.root, *args)
    assert done.returncode == 0, done.stdout
    assert "1 accepted by baselines" in done.stderr
    config.write_text(plain + '[registry.approved]\nproviders = ["anthropic"]\n')
    assert _guard(with_base.root, *args).returncode == 1  # another reason, which nobody accepted


def test_a_baseline_of_the_configuration_holds_until_its_day(
    with_baseline: tuple[Repository, Path], made_up_key: Key
) -> None:
    repository, file = with_baseline
    repository.write("copy.env", f"ANTHROPIC_API_KEY={made_up_key('old')}\n")
    repository.git("add", "-A")
    config = file.with_name("shadow-ai.toml")
    config.write_text('[scan]\nbaselines = ["accepted.json"]\n')

    assert _guard(repository.root, "--config", str(config)).returncode == 0
    rows = json.loads(file.read_text())
    for row in rows["findings"]:
        row["expires"] = "2020-01-01"
    file.write_text(json.dumps(rows))
    done = _guard(repository.root, "--config", str(config), "--format", "json")
    assert done.returncode == 1
    assert "past their day" in done.stderr
    file.write_text("[]")
    done = _guard(repository.root, "--config", str(config))
    assert done.returncode == 2
    assert "accepted.json" in done.stderr


def test_a_baseline_made_under_another_key_is_told(
    with_baseline: tuple[Repository, Path], made_up_key: Key, tmp_path: Path
) -> None:
    repository, file = with_baseline
    repository.write("copy.env", f"ANTHROPIC_API_KEY={made_up_key('old')}\n")
    repository.git("add", "-A")
    environ = {"SHADOW_AI_FINGERPRINT_KEY": "", "XDG_CONFIG_HOME": str(tmp_path)}

    done = _guard(repository.root, "--baseline", str(file), environ=environ)

    assert done.returncode == 1
    assert "SHADOW_AI_FINGERPRINT_KEY" in done.stderr


def test_a_push_is_refused(with_base: Repository, made_up_key: Key, tmp_path: Path) -> None:
    server = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", str(server)], check=True)
    with_base.git("push", "-q", str(server), "HEAD:refs/heads/main")
    hook = server / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m scanner guard --receive\n"
    )
    hook.chmod(0o755)
    with_base.write("fine.txt", "fine\n")
    with_base.commit("fine")
    with_base.git("push", "-q", str(server), "HEAD:refs/heads/main")
    with_base.write("tmp.env", f"ANTHROPIC_API_KEY={made_up_key('tmp')}\n")
    with_base.commit("add")
    with_base.git("rm", "-q", "tmp.env")
    with_base.commit("remove")

    done = subprocess.run(
        ["git", "-C", str(with_base.root), "push", str(server), "HEAD:refs/heads/side"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "tmp.env:1: error: Anthropic key" in done.stderr
    deleted = _guard(server, "--receive", feed=f"{'1' * 40} {'0' * 40} refs/heads/x\n")
    assert deleted.returncode == 0
    assert _guard(server, "--receive", feed="nonsense\n").returncode == 2


@pytest.fixture
def push(with_base: Repository, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """To a server that has the base and asks guard."""
    server = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", str(server)], check=True)
    with_base.git("push", "-q", str(server), "HEAD:refs/heads/main")
    hook = server / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m scanner guard --receive\n"
    )
    hook.chmod(0o755)

    def pushed(*refs: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-C", str(with_base.root), "push", str(server), *refs],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return pushed


def _stored(repository: Repository, kind: str, text: str) -> str:
    """The id of an object that is written without a work tree."""
    done = subprocess.run(
        ["git", "-C", str(repository.root), "hash-object", "-w", "--stdin", "-t", kind],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("blob", "(object "),
        ("tree", "deep/k.env"),
        ("tag of a blob", "(object "),
        ("tag of a tag of a tree", "deep/k.env"),
        ("tag's message", "(tag message)"),
        ("inner tag's message", "(tag message)"),
        ("commit's message", "(commit message)"),
        ("empty commit's message", "(commit message)"),
        ("link", "link"),
        ("tag of a commit", "k.env"),
    ],
)
def test_whatever_a_reference_leads_to_is_judged(
    with_base: Repository,
    made_up_key: Key,
    push: Callable[..., subprocess.CompletedProcess[str]],
    what: str,
    where: str,
) -> None:
    line = f"ANTHROPIC_API_KEY={made_up_key('pushed')}\n"

    def tag(name: str, of: str, message: str = "fine") -> str:
        with_base.git("tag", "-a", "-m", message, name, of)
        return with_base.git("rev-parse", name)

    def tree(text: str) -> str:
        blob = _stored(with_base, "blob", text)
        index = {**os.environ, "GIT_INDEX_FILE": str(with_base.root / "other.index")}
        git = ["git", "-C", str(with_base.root)]
        entry = f"100644,{blob},deep/k.env"
        subprocess.run([*git, "update-index", "--add", "--cacheinfo", entry], env=index, check=True)
        done = subprocess.run(
            [*git, "write-tree"], env=index, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def made(text: str) -> str:
        """The same with a key in it, or without."""
        if what == "blob":
            return _stored(with_base, "blob", text)
        if what == "tree":
            return tree(text)
        if what == "tag of a blob":
            return tag(f"t{len(text)}", _stored(with_base, "blob", text))
        if what == "tag of a tag of a tree":
            return tag(f"u{len(text)}", tag(f"t{len(text)}", tree(text)))
        if what == "tag's message":
            return tag(f"t{len(text)}", "main", text)
        if what == "inner tag's message":
            return tag(f"u{len(text)}", tag(f"t{len(text)}", "main", text))
        if what == "link":
            (with_base.root / "link").unlink(missing_ok=True)
            (with_base.root / "link").symlink_to(text.strip())
        elif what == "commit's message":
            with_base.write("fine.txt", f"{len(text)}")
        elif what == "tag of a commit":
            with_base.write("k.env", text)
        oid = with_base.commit(text if "message" in what else "fine")
        return tag(f"t{len(text)}", oid) if what == "tag of a commit" else oid

    done = push(f"{made('fine')}:refs/x/fine")
    assert done.returncode == 0, done.stderr
    done = push(f"{made(line)}:refs/x/key")
    assert done.returncode != 0
    assert f"remote: {where}" in done.stderr
    assert done.stderr.count("error: Anthropic key") == 1
    assert made_up_key("pushed") not in done.stderr


def test_a_tree_that_the_server_has_is_not_new(
    with_base: Repository,
    made_up_key: Key,
    push: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    tree = with_base.git("rev-parse", "HEAD^{tree}")

    assert push(f"{tree}:refs/x/tree").returncode == 0
    blob = with_base.git("rev-parse", "HEAD:old.env")
    assert push(f"{blob}:refs/x/blob").returncode == 0
    assert (
        push(f"+{_stored(with_base, 'blob', 'a')}:refs/x/tree", "HEAD:refs/x/main").returncode == 0
    )


def test_tags_without_end_are_refused(
    with_base: Repository, push: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    name = "main"
    for number in range(25):
        with_base.git("tag", "-a", "-m", "fine", f"t{number}", name)
        name = f"t{number}"

    done = push("t24:refs/tags/t24")

    assert done.returncode != 0
    assert "more than 20 tags" in done.stderr


def test_messages_and_links_of_a_range_are_judged(with_base: Repository, made_up_key: Key) -> None:
    base = with_base.git("rev-parse", "HEAD")
    said = with_base.commit(f"fine\n\nANTHROPIC_API_KEY={made_up_key('said')}")
    (with_base.root / "link").symlink_to(made_up_key("link"))
    with_base.git("add", "-A")
    staged = _guard(with_base.root)
    linked = with_base.commit("link")

    done = _guard(with_base.root, "--base", base, "--format", "json")

    assert staged.returncode == 1
    assert "link:1: error" in staged.stdout
    found = [(r["path"], r["commit"]) for r in json.loads(done.stdout)["problems"]]
    assert found == [("(commit message)", said), ("link", linked)]
    sarif = uploadable(_guard(with_base.root, "--base", base, "--format", "sarif").stdout)
    assert len(sarif["results"]) == 2


def _zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("conf/a.env", "\n" + text)
    return out.getvalue()


def _tarred(text: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        data = text.encode()
        facts = tarfile.TarInfo("a.env")
        facts.size = len(data)
        file.addfile(facts, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "pack", "inside"),
    [
        ("a.zip", _zipped, "a.zip!/conf/a.env:2"),
        ("lib.jar", _zipped, "lib.jar!/conf/a.env:2"),
        ("a.env.gz", lambda text: gzip.compress(text.encode()), "a.env.gz!/a.env:1"),
        ("a.tgz", _tarred, "a.tgz!/a.env:1"),
    ],
)
def test_archives_are_opened(
    with_base: Repository,
    made_up_key: Key,
    name: str,
    pack: Callable[[str], bytes],
    inside: str,
) -> None:
    base = with_base.git("rev-parse", "HEAD")
    line = f"ANTHROPIC_API_KEY={made_up_key('packed')}\n"
    with_base.write(name, pack(line))
    with_base.git("add", "-A")

    done = _guard(with_base.root)
    assert done.returncode == 1
    assert f"{inside}: error: Anthropic key" in done.stdout
    run = uploadable(_guard(with_base.root, "--format", "sarif").stdout)
    assert [r["ruleId"] for r in run["results"]].count("key-added") == 1
    with_base.commit("packed")
    done = _guard(with_base.root, "--base", base)
    assert done.returncode == 1
    assert inside in done.stdout

    with_base.write(name, pack(f"# as before\n{line}"))
    with_base.git("add", "-A")
    assert _guard(with_base.root).returncode == 0, "what the archive held is not new"


def test_an_archive_that_cannot_be_read_is_told(with_base: Repository, made_up_key: Key) -> None:
    whole = gzip.compress(os.urandom(9000).hex().encode())
    with_base.write("cut.gz", whole[:-4000])
    with_base.git("add", "-A")

    done = _guard(with_base.root)

    assert done.returncode == 3
    assert "cut.gz" in done.stderr
    assert "damaged" in done.stderr


def test_sarif_and_annotations(with_base: Repository, made_up_key: Key) -> None:
    line = f"ANTHROPIC_API_KEY={made_up_key('s')} # \N{KEY}"  # which UTF-16 needs two units for
    with_base.write("d é,%/a.env", f"\n{line}\r\n")
    with_base.git("add", "-A")

    run = uploadable(_guard(with_base.root, "--format", "sarif").stdout)
    notes = _guard(with_base.root, "--format", "github").stdout

    (result,) = [row for row in run["results"] if row["ruleId"] == "key-added"]
    where = result["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "d%20%C3%A9%2C%25/a.env"
    assert where["region"] == {
        "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": len(line) + 2,
    }  # fmt: skip
    other = {"SHADOW_AI_FINGERPRINT_KEY": "another-key-of-another-machine"}
    again = uploadable(_guard(with_base.root, "--format", "sarif", environ=other).stdout)
    marks, others = ([row["partialFingerprints"] for row in r["results"]] for r in (run, again))
    assert marks == others
    assert "::error file=d é%2C%25/a.env,line=2,title=key-added::" in notes
