"""What a review found: secrets in odd places, stale readings, damaged sources, wrong files."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import string
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from scanner.app.config import Config, LoadedConfig, fingerprint_key, load
from scanner.app.interpreting import interpreter
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, Settings, scan
from scanner.detect.engine import Detector
from scanner.model.base import NodeId
from scanner.model.errors import ConfigError
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook


def _key(seed: str) -> str:
    """A made-up key in Anthropic's format."""
    source = random.Random(seed)
    return (
        "sk-ant-api03-" + "".join(source.choices(string.ascii_letters + string.digits, k=93)) + "AA"
    )


def _scan(paths: list[Path], state: Path | None = None, **settings: object) -> Result:
    table = {"code": {"paths": [str(path) for path in paths]}}
    return scan(
        LoadedConfig(config=Config(sources=table)),
        url=f"sqlite:///{state}" if state else "sqlite://",
        settings=Settings(**settings),  # type: ignore[arg-type]
    )


def _text(result: Result) -> str:
    from scanner.emit.document import render
    from scanner.emit.html import render_html

    return render(result.document).decode() + render_html(result.document)


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.com", *args],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def _repository(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        (folder / name).write_text(text)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_key_that_names_another_key_or_a_file_is_nowhere(tmp_path: Path) -> None:
    one, two, three = _key("1"), _key("2"), _key("3")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "rotate.py").write_text(f'rotate = {{"{one}": "{two}"}}\n')
    (tree / f"{three}.py").write_text("import anthropic\n")
    state = tmp_path / "s.sqlite"

    result = _scan([tree], state)

    stored = b"".join(path.read_bytes() for path in tmp_path.glob("s.sqlite*"))
    assert sum(row.type == "credential" for row in result.document.assets) == 2
    for key in (one, two, three):
        assert key not in _text(result)
        assert key.encode() not in stored
    assert "~" in next(e.path for a in result.document.assets for e in a.evidence if "~" in e.path)


def test_keys_in_tags_and_names_are_masked_before_a_fact_is_kept(
    rulebook: Rulebook, detector: Detector
) -> None:
    key = _key("tag")
    asset = Asset(
        id=NodeId(f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{key}-AbCdEf"),
        kind="aws.secret", name=key, asset_class=AssetClass.SECRET_SLOT, tags={"apikey": key},
    )  # fmt: skip

    (fact,) = interpreter(rulebook, detector)(asset, "aws")

    assert key not in repr(fact)
    assert isinstance(fact, Asset)
    assert fact.tags["apikey"] == fact.name
    assert list(interpreter(rulebook, detector)(fact, "aws")) == [fact]
    assert fact.id.startswith("arn:aws:secretsmanager:eu-west-1:123456789012:secret:sk-ant-")


def test_what_people_type_into_settings_and_names_is_no_output(
    rulebook: Rulebook, detector: Detector
) -> None:
    key = "sk-proj-" + secrets.token_urlsafe(40) + "7"
    typed = f'custom prompt "Summarize the layoffs, {key}'
    org = NodeId("zoom:acme")
    app = Activity(
        rule="app_installed", account=org, app_id=NodeId(f"zoom:acme/app/claude {key.lower()}"),
        label=f"Claude {key}", hosts=("claude.ai",), status=f"by {key}", where=typed,
        actor=Identity(id=NodeId("zoom:acme/user/u1"), kind="zoom.user", name="Ann"),
    )  # fmt: skip
    thing = Asset(
        id=NodeId("zoom:acme/ai/companion"), kind="zoom.ai_product", name="Companion",
        asset_class=AssetClass.SAAS_APP, provider="zoom_ai", account=org, tags={"actions": key},
    )  # fmt: skip
    used = msgspec.structs.replace(app, thing=thing, app_id=thing.id, label="Companion")

    facts = [f for one in (app, used) for f in interpreter(rulebook, detector)(one, "zoom")]

    assert key not in repr(facts)
    assert key.lower() not in repr(facts)
    assert "layoffs" not in repr(facts)
    assert {"anthropic", "zoom_ai"} <= {f.provider for f in facts if isinstance(f, Asset)}


def test_an_old_interrupted_scan_is_begun_anew(tmp_path: Path) -> None:
    from scanner.store.state import State

    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text("import openai\n")
    state = tmp_path / "s.sqlite"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    _scan([tree], state, now=lambda: now)
    opened = State(f"sqlite:///{state}")
    with opened.engine.begin() as db:
        db.exec_driver_sql("update scan set finished_at = null")
    opened.close()

    soon = _scan([tree], state, now=lambda: now + timedelta(hours=1))
    with (again := State(f"sqlite:///{state}")).engine.begin() as db:
        db.exec_driver_sql("update scan set finished_at = null")
    again.close()
    (tree / "b.py").write_text("import anthropic\n")
    late = _scan([tree], state, now=lambda: now + timedelta(hours=9))

    assert soon.resumed
    assert not late.resumed
    assert {row.provider for row in late.document.assets} == {"openai", "anthropic"}


def test_a_bare_repository_with_a_damaged_tree_is_not_complete(tmp_path: Path) -> None:
    source = _repository(tmp_path / "src", {"a.py": "import openai\n"})
    bare = tmp_path / "bare.git"
    _git(tmp_path, "clone", "-q", "--bare", str(source), str(bare))
    state = tmp_path / "s.sqlite"
    before = _scan([bare], state)
    oid = _git(bare, "rev-parse", "HEAD^{tree}")
    damaged = bare / "objects" / oid[:2] / oid[2:]
    if not damaged.exists():
        pack = next((bare / "objects" / "pack").glob("*.pack"))
        moved = tmp_path / "x.pack"
        pack.rename(moved)
        with moved.open("rb") as file:
            subprocess.run(["git", "-C", str(bare), "unpack-objects", "-q"], stdin=file, check=True)
    damaged.chmod(0o644)
    damaged.write_bytes(b"junk")

    after = _scan([bare], state)

    assert [f.status for f in before.document.findings] == ["new"]
    assert after.exit_code == EXIT_INCOMPLETE
    assert [f.status for f in after.document.findings if f.policy == "SAI-001"] == ["held"]


def test_a_repository_far_below_is_found(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("top", *"abcdefgh", "repo")
    _repository(deep, {"x.py": "import openai\n"})
    result = _scan([tmp_path / "top"])
    assert [row.provider for row in result.document.assets] == ["openai"]


def test_large_files_of_a_bare_repository_are_named_and_large_binaries_are_no_gap(
    tmp_path: Path,
) -> None:
    source = _repository(tmp_path / "src", {"big.py": "import openai\n" + "x = 1\n" * 400_000})
    (source / "big.bin").write_bytes(b"\0" * (2 << 20))
    _git(source, "add", "-A")
    _git(source, "commit", "-q", "-m", "second")
    bare = tmp_path / "bare.git"
    _git(tmp_path, "clone", "-q", "--bare", str(source), str(bare))
    table = {"code": {"paths": [str(bare)], "max_file_mib": 1}}

    result = scan(LoadedConfig(config=Config(sources=table)), url="sqlite://", settings=Settings())

    gaps = [gap for row in result.document.coverage for gap in row.gaps]
    assert any(gap.startswith("big.py: larger than 1 MiB") for gap in gaps)
    assert len(gaps) == 2  # the tree's and the history's, of the text alone


def test_a_repository_stays_the_same_when_moved_or_given_branches(tmp_path: Path) -> None:
    one = _repository(tmp_path / "one", {"a.py": "import openai\n"})
    before = {row.uid for row in _scan([one]).document.assets}
    for number in range(6):
        _git(one, "checkout", "-q", "--orphan", f"docs{number}")
        _git(one, "commit", "-q", "--allow-empty", "-m", f"d{number}")
    _git(one, "checkout", "-q", "-f", "main")
    two = one.rename(tmp_path / "two")
    assert {row.uid for row in _scan([two]).document.assets} == before


def test_two_clones_are_one_repository_in_whichever_order(tmp_path: Path) -> None:
    one = _repository(tmp_path / "one", {"a.py": "import openai\n"})
    two = tmp_path / "two"
    _git(tmp_path, "clone", "-q", str(one), str(two))
    _git(one, "remote", "add", "origin", "https://git.example.com/acme/app.git")
    _git(two, "remote", "set-url", "origin", "https://git.example.com/acme/app.git")
    (two / "b.py").write_text("import anthropic\n")
    state = tmp_path / "s.sqlite"

    first = _scan([one, two], state)
    second = _scan([two, one], state)

    assert {row.provider for row in first.document.assets} == {"openai", "anthropic"}
    assert second.events == ()


def test_another_fingerprint_key_is_refused_before_anything_looks_gone(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text(f"k = '{_key('x')}'\n")
    state = tmp_path / "s.sqlite"
    _scan([tree], state, environ={"SHADOW_AI_FINGERPRINT_KEY": "first-key-of-the-organization"})
    with pytest.raises(ConfigError, match="fingerprinted under another key"):
        _scan([tree], state, environ={"SHADOW_AI_FINGERPRINT_KEY": "second-key-of-somebody-else"})


def test_a_state_is_no_list_to_look_known_keys_up_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it follows from a value alone, and what it was keyed with is elsewhere."""
    monkeypatch.setattr("scanner.app.config.user_config_path", lambda name: tmp_path / "home")
    (tmp_path / "tree").mkdir()
    value = _key("known").encode()
    (tmp_path / "tree/a.py").write_bytes(b"k = '" + value + b"'\n")
    given: dict[str, dict[str, str]] = {
        "one": {"SHADOW_AI_FINGERPRINT_KEY": "first-key-of-the-organization"},
        "two": {"SHADOW_AI_FINGERPRINT_KEY": "second-key-of-another-one"},
        "own": {},
    }
    marks = {}
    for name, environ in given.items():
        folder = tmp_path / name
        folder.mkdir()
        found = _scan([tmp_path / "tree"], folder / "s.sqlite", environ=environ)
        marks[name] = [
            asset.uid.rpartition(":")[2]
            for asset in found.document.assets
            if asset.type == "credential"
        ]
        stored = b"".join(one.read_bytes() for one in folder.iterdir())
        assert marks[name][0].encode() in stored
        key = (environ.get("SHADOW_AI_FINGERPRINT_KEY") or "").encode()
        key = key or (tmp_path / "home/fingerprint.key").read_bytes()
        digests = [hashlib.new(kind, value) for kind in ("md5", "sha1", "sha256", "sha512")]
        digests += [hashlib.blake2b(value), hashlib.blake2b(value, digest_size=16)]
        plain = [form for one in digests for form in (one.digest(), one.hexdigest().encode())]
        for form in (value, key, key.hex().encode(), *(one[:16] for one in plain)):
            assert form not in stored
    assert all(len(found) == 1 for found in marks.values())
    assert len({found[0] for found in marks.values()}) == 3


def test_a_short_key_file_is_refused_and_a_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.app.config.user_config_path", lambda name: tmp_path / name)
    key, warning = fingerprint_key({})
    assert len(key) == 32
    assert not warning
    assert fingerprint_key({}) == (key, "")
    assert [path.name for path in (tmp_path / "shadow-ai").iterdir()] == ["fingerprint.key"]
    (tmp_path / "shadow-ai" / "fingerprint.key").write_text("")
    with pytest.raises(ConfigError, match="0 bytes where at least 16"):
        fingerprint_key({})


def test_a_registry_that_cannot_be_read_resolves_and_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("import openai\n")
    registry = tmp_path / "registry.yaml"
    registry.write_text("entries:\n  - {id: A, name: Gone, bindings: [{type: repo, value: x}]}\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[registry]\nfiles = ["registry.yaml"]\n[sources.code]\npaths = ["tree"]\n')
    first = scan(load(config))
    registry.write_text("entries:\n  - {id: A, name: [\n")

    second = scan(load(config))
    registry.write_text("entries:\n  - {id: A, name: Gone, bindings: [{type: repo, value: x}]}\n")
    third = scan(load(config))

    assert second.exit_code == EXIT_INCOMPLETE
    row = next(row for row in second.document.coverage if row.shard == "registry:files")
    assert (row.status, "registry.yaml:3:1" in row.reason) == ("failed", True)
    assert {a.registry.status for a in second.document.assets} == {"not_judged"}
    judged = ("SAI-001", "SAI-020")
    before = {f.fingerprint for f in first.document.findings if f.policy in judged}
    held = {f.fingerprint for f in second.document.findings if f.status == "held"}
    assert before <= held
    assert {f.fingerprint for f in third.document.findings if f.status == "open"} >= before


def _cli(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scanner", *args],
        stderr=subprocess.PIPE, text=True, check=False, env=dict(os.environ), **options,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    with open("/dev/full", "w") as full:
        done = _cli("scan", str(tmp_path), "--json", stdout=full)
    assert done.returncode == EXIT_INCOMPLETE
    assert "cannot write: No space left" in done.stderr
    assert "internal" not in done.stderr


def test_results_are_printed_though_the_output_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import openai\n")
    (tmp_path / "blocked").write_text("a file where a folder should be")
    done = _cli("scan", str(tmp_path), "--json", "-o", str(tmp_path / "blocked" / "out"),
                stdout=subprocess.PIPE)  # fmt: skip
    assert done.returncode == EXIT_INCOMPLETE
    assert json.loads(done.stdout)["assets"]
    assert "cannot write the results" in done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[store]\nurl = "foo"\n[sources.code]\n',
            r"\[store\] the variable foo is not set; `url` is a URL",
        ),
        ("[sources.cod]\n", r":1:1: no connector `cod`; did you mean `code`\?"),
        ("[scan]\nattempts = 0\n[sources.code]\n", r":2:1: Expected `int` >= 1"),
        ('[scan]\nengine = "fast"\n[sources.code]\n', r":2:1: Invalid enum value 'fast'"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    ],
)
def test_wrong_settings_say_where(tmp_path: Path, text: str, expected: str) -> None:
    config = tmp_path / "shadow-ai.toml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        scan(load(config))


def test_many_files_of_one_provider_cost_their_number_not_its_square(tmp_path: Path) -> None:
    """4,000 sightings of one fact merge a few times each."""
    from scanner.collect import sightings as module
    from scanner.model.evidence import Evidence

    calls = 0
    real = module.merge_fact

    def counted(old: Asset, new: Asset, **how: bool) -> Asset:
        nonlocal calls
        calls += len(old.evidence) + len(new.evidence)
        return real(old, new, **how)

    module.merge_fact = counted  # type: ignore[assignment]
    try:
        seen = module.Sightings(adds=False)
        for number in range(4000):
            evidence = Evidence(rule="r", source="code", path=f"f{number}.py")
            seen.add(Asset(id=NodeId("a"), kind="k", name="n",
                           asset_class=AssetClass.OTHER, evidence=(evidence,)))  # fmt: skip
        (fact,) = seen.settled().values()
        assert len(fact.evidence) == 4000
    finally:
        module.merge_fact = real
    assert calls < 4000 * 40


@pytest.mark.parametrize("carrier", ["json", "py", "agent", "mcp", "n8n"])
def test_no_piece_of_a_key_survives_in_names_that_are_cut_or_folded(
    tmp_path: Path, carrier: str
) -> None:
    one, two = _key("a"), _key("b")
    text = {
        "json": f'{{"{one}": "{two}"}}',
        "py": f'KEYS = {{"{one}": "{two}"}}',
        "agent": f'from crewai import Agent\nx = Agent(role="{one} tail", goal="g")\n',
        "mcp": f'{{"mcpServers": {{"{one}": {{"command": "npx", "args": ["{two}"]}}}}}}',
        "n8n": f'{{"name": "{"w" * 60} {one}", "nodes": [{{"name": "m", "type": '
        '"@n8n/n8n-nodes-langchain.lmChatOpenAi"}], "connections": {}}',
    }[carrier]
    name = {"json": "a.json", "py": "a.py", "agent": "a.py", "mcp": ".mcp.json", "n8n": "f.json"}
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / name[carrier]).write_text(text)
    state = tmp_path / "s.sqlite"

    shown = _text(_scan([tree], state)).lower()
    stored = b"".join(p.read_bytes() for p in tmp_path.glob("s.sqlite*")).lower()

    for key in (one, two):
        pieces = [key[at : at + 20].lower() for at in range(14, len(key) - 20)]
        assert not [piece for piece in pieces if piece in shown or piece.encode() in stored]


def test_a_hex_key_that_names_another_is_not_shown(tmp_path: Path) -> None:
    source = random.Random("hex")
    one, two = ("".join(source.choices("0123456789abcdef", k=32)) for _ in range(2))
    (tmp_path / "a.yaml").write_text(f"azure_openai_{one}: {two}\nazure_openai_key: {two}\n")
    result = _scan([tmp_path])
    assert one[8:24] not in _text(result)
    assert two[8:24] not in _text(result)


def test_a_key_in_a_folder_or_an_origin_is_in_no_shard(tmp_path: Path) -> None:
    key = _key("origin")
    repository = _repository(tmp_path / f"plain-{key}", {"a.py": "import openai\n"})
    _git(repository, "remote", "add", "origin", f"https://git.example.com/acme/{key}.git")
    other = tmp_path / f"folder-{key}"
    other.mkdir()
    (other / "a.py").write_text("import openai\n")
    assert key not in _text(_scan([repository, other]))


def test_a_full_disk_under_a_state_that_exists_costs_the_storing_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scanner.model.errors import StoreError
    from scanner.store.state import State

    (tmp_path / "a.py").write_text("import openai\n")
    state = tmp_path / "s.sqlite"
    _scan([tmp_path / "a.py"], state)

    def full(self: State) -> None:
        if self.engine.url.database:
            raise StoreError("state: cannot write: database or disk is full", is_full=True)

    monkeypatch.setattr(State, "check_room", full)
    result = _scan([tmp_path / "a.py"], state)

    assert result.exit_code == EXIT_INCOMPLETE
    assert [row.provider for row in result.document.assets] == ["openai"]
    assert any("This scan is not stored" in text for text in result.document.warnings)


def test_a_refused_row_opens_and_resolves_nothing_and_repair_ends_it(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("import openai\n")
    uid = f"dir:{(tmp_path / 'tree').as_posix()}#ai/openai"
    good = (
        f"- {{id: A, name: App, owner: a@example.com, stage: production, "
        f"approved: {{providers: [openai]}}, bindings: [{{type: id, value: '{uid}'}}]}}\n"
    )
    registry = tmp_path / "registry.yaml"
    registry.write_text(good)
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[registry]\nfiles = ["registry.yaml"]\n[sources.code]\npaths = ["tree"]\n')
    first = scan(load(config))
    registry.write_text(good.replace("name:", "naem:"))
    second = scan(load(config))
    registry.write_text(good)
    third = scan(load(config))

    assert [(f.policy, f.status) for f in first.document.findings] == [("SAI-050", "new")]
    status = {f.policy: f.status for f in second.document.findings}
    assert status == {"SAI-050": "held", "SAI-099": "new"}
    assert second.exit_code == EXIT_INCOMPLETE
    status = {f.policy: f.status for f in third.document.findings}
    assert status == {"SAI-050": "open", "SAI-099": "resolved"}
    assert third.exit_code == 0


def test_a_passing_key_does_not_mark_a_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.app.config.user_config_path", lambda name: Path("/proc/nope"))
    (tmp_path / "a.py").write_text("import openai\n")
    with pytest.raises(ConfigError, match="under a passing key"):
        _scan([tmp_path / "a.py"], tmp_path / "s.sqlite", environ={})
    assert any("fingerprints will differ" in text
               for text in _scan([tmp_path / "a.py"], environ={}).document.warnings)  # fmt: skip


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://u:p@h:abc/x", "no URL of a database"),
        ("sqlite:////no/such/folder/x.db", "does not exist; create it"),
        ("sqlite:///{folder}", "a folder; name a file in it"),
        ("sqlite:///{folder}/junk.db", "no shadow-ai state"),
        ("sqlite:////proc/x.db", "proc"),
    ],
)
def test_a_wrong_store_is_a_configuration_error(tmp_path: Path, url: str, expected: str) -> None:
    (tmp_path / "junk.db").write_bytes(b"junk" * 400)
    with pytest.raises(ConfigError, match=expected):
        scan(
            LoadedConfig(config=Config(sources={"code": {"paths": [str(tmp_path)]}})),
            url=url.format(folder=tmp_path),
        )


def test_wrong_words_name_the_right_ones(tmp_path: Path) -> None:
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[scan]\nfail_on = "hihg"\n[sources.code]\n')
    with pytest.raises(
        ConfigError, match=r":2:1: Invalid enum value 'hihg'; expected one of .*high"
    ):
        load(config)
    config.write_text("a" + ".a" * 100_000 + " = 1\n")
    with pytest.raises(ConfigError, match="more than 50 parts"):
        load(config)
