"""A package that brings a connector runs when the configuration names it, and at no other time."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from scanner.collect import loader
from scanner.model.errors import ConfigError

MODULE = """
import pathlib
pathlib.Path({mark!r}).write_text("ran")
import msgspec
from scanner.kit.contract import ConnectorSpec, Shard

class Config(msgspec.Struct, frozen=True, kw_only=True):
    pass

class Made:
    spec = ConnectorSpec(name={name!r}, title="Made up", config=Config, operations=(),
                         yields=frozenset(), docs_url="https://example.com")
    def shards(self, ctx):
        yield Shard(id={name!r} + ":all")
    def collect(self, ctx, shard, since):
        return iter(())

CONNECTOR = Made()
"""


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('title="Made up", ', "", "its declaration is wrong: Missing required argument 'title'"),
        ('title="Made up"', 'title=""', "its spec has no `title`"),
        ("yields=frozenset(), ", "", "Missing required argument 'yields'"),
        ("yields=frozenset()", "yields='x'", "`yields` of its spec is no frozenset"),
        ("    pass", "    a: Nothing", "a field of its configuration is of no kind"),
    ],
)
def test_a_wrong_declaration_is_told(
    good: str, bad: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MODULE.replace('pathlib.Path({mark!r}).write_text("ran")', "")
    text = text.replace("{name!r}", "'madeup'").replace(",\n                         ", ", ")
    assert good in text
    module = types.ModuleType("madeup_declared")
    monkeypatch.setitem(sys.modules, "madeup_declared", module)

    def load() -> object:
        source = text.replace(good, bad)
        code = compile(source, "madeup.py", "exec", flags=annotations.compiler_flag)
        exec(code, vars(module))
        return vars(module)["CONNECTOR"]

    point = types.SimpleNamespace(name="madeup", value="madeup:CONNECTOR", load=load)
    monkeypatch.setattr(loader, "entry_points", lambda group: [point])
    with pytest.raises(ConfigError, match="connector `madeup`") as raised:
        loader.load("madeup")
    assert said in str(raised.value)


def _install(folder: Path, package: str, name: str, mark: Path) -> None:
    """As pip would leave it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{package}.py").write_text(MODULE.format(mark=str(mark), name=name))
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[shadow_ai.connectors]\n{name} = {package}:CONNECTOR\n"
    )


def _command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    house = Path(__file__).parents[2]
    environ = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{house}",
               "SHADOW_AI_FINGERPRINT_KEY": "made-up-for-the-test-0123456789"}  # fmt: skip
    program = "import sys; from scanner.cli import main; sys.argv[0] = 'shadow-ai'; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words], env=environ, cwd=folder.parent,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_plug_in_runs_only_where_it_is_named(tmp_path: Path) -> None:
    site, mark = tmp_path / "site", tmp_path / "ran"
    _install(site, "made_up_package", "madeup", mark)
    (tmp_path / "code").mkdir()
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[sources.code]\npaths = ["code"]\nhistory = false\n')
    listed = _command(site, "connectors", "list")
    assert "madeup" in listed.stdout, listed.stderr
    assert _command(site, "scan").returncode == 0
    assert _command(site, "doctor").returncode == 0
    assert not mark.exists()
    config.write_text(config.read_text() + "[sources.madeup]\n")
    done = _command(site, "scan")
    assert done.returncode == 0, done.stderr
    assert mark.exists()


def test_a_package_takes_no_name_of_ours(tmp_path: Path) -> None:
    site, mark = tmp_path / "site", tmp_path / "ran"
    _install(site, "hijack", "code", mark)
    (tmp_path / "code").mkdir()
    (tmp_path / "shadow-ai.toml").write_text('[sources.code]\npaths = ["code"]\n')
    assert _command(site, "scan").returncode == 0
    assert not mark.exists()


def test_two_packages_of_one_name_are_refused(tmp_path: Path) -> None:
    site, marks = tmp_path / "site", [tmp_path / "one", tmp_path / "two"]
    _install(site, "first_package", "madeup", marks[0])
    _install(site, "second_package", "madeup", marks[1])
    (tmp_path / "shadow-ai.toml").write_text("[sources.madeup]\n")
    done = _command(site, "scan")
    assert done.returncode == 2
    assert "first_package:CONNECTOR, second_package:CONNECTOR" in done.stderr
    assert not any(mark.exists() for mark in marks)


@pytest.mark.parametrize(
    ("text", "said"),
    [("import not_there_at_all\n", "ModuleNotFoundError: No module named 'not_there_at_all'"),
     ("raise RuntimeError('made-up-secret')\n", "RuntimeError (broken.py:1)"),
     ("CONNECTOR = (\n", "SyntaxError"), ("X = 1\n", "AttributeError"),
     ("raise SystemExit(0)\n", "SystemExit (broken.py:1)")],
)  # fmt: skip
def test_a_package_that_cannot_be_loaded_is_told(tmp_path: Path, text: str, said: str) -> None:
    """With a code of its own; one that leaves while it is loaded ends no run as a success."""
    site = tmp_path / "site"
    _install(site, "broken", "madeup", tmp_path / "ran")
    (site / "broken.py").write_text(text)
    (tmp_path / "shadow-ai.toml").write_text("[sources.madeup]\n")
    done = _command(site, "scan")
    assert done.returncode == 2
    assert f"connector `madeup`: it cannot be loaded: {said}" in done.stderr
    assert "made-up-secret" not in done.stderr
    ended = _command(site, "run")
    assert ended.returncode == 2
    assert '"run finished"' in ended.stderr
