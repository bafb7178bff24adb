"""Archives in trees: what is in them counts, what others packed does not flood."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, scan
from scanner.model.errors import ConfigError
from tests.conftest import Repository


def _scan(path: Path, **options: object) -> Result:
    table = {"code": {"paths": [str(path)], "history": False, **options}}
    return scan(LoadedConfig(config=Config(sources=table)), url="sqlite://")


def _zip(files: dict[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def _places(result: Result, kind: str = "") -> set[tuple[str, int]]:
    rows = [a for a in result.document.assets if not kind or a.type == kind]
    return {(e.path, e.line) for a in rows for e in a.evidence}


def _gaps(result: Result) -> list[str]:
    return [gap for row in result.document.coverage for gap in row.gaps]


def test_a_key_in_a_zip_in_a_jar_has_its_line(
    tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    inner = _zip({"src/app.py": f"import os\n\nK = '{made_up_key()}'\n"})
    (tmp_path / "app.jar").write_bytes(_zip({"inner.zip": inner}))

    result = _scan(tmp_path)

    assert _places(result, "credential") == {("app.jar!/inner.zip!/src/app.py", 3)}
    assert result.exit_code == 0


def test_the_same_from_a_work_tree_and_from_a_bare_repository(
    repository: Repository, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    repository.write("d/deploy.zip", _zip({"app.py": "import openai\n", "x.env": made_up_key()}))
    repository.write("log.gz", gzip.compress(f"key {made_up_key('two')}\n".encode()))
    repository.write("wide.py", "import anthropic\n".encode("utf-16-le"))
    repository.commit()
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.root), str(bare))

    tree, objects = _scan(repository.root), _scan(bare)

    assert _places(tree) == _places(objects)
    assert {path for path, _ in _places(tree)} >= {
        "d/deploy.zip!/app.py", "d/deploy.zip!/x.env", "log.gz!/log", "wide.py",
    }  # fmt: skip
    assert (tree.exit_code, objects.exit_code) == (0, 0)


def test_a_wheel_shows_its_keys_but_not_its_vendors(
    tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    wheel = {
        "lib/openai.py": "import anthropic\nclient = anthropic.Anthropic()\n",
        "lib/key.py": f"K = '{made_up_key()}'\n",
    }
    (tmp_path / "lib-1.0-py3-none-any.whl").write_bytes(_zip(wheel))

    result = _scan(tmp_path)

    assert {path for path, _ in _places(result)} == {"lib-1.0-py3-none-any.whl!/lib/key.py"}
    (key,) = [a for a in result.document.assets if a.type == "credential"]
    assert key.evidence[0].context == "vendored"


def test_what_a_tree_leaves_out_is_left_out_of_archives(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = dict.fromkeys(
        ("node_modules/a/a.js", ".venv/a.py", "gone/a.py", "app.py"), "import openai\n"
    )
    (tmp_path / "a.zip").write_bytes(_zip(files))

    result = _scan(tmp_path, exclude=["a.zip!/gone/*"])

    assert {path for path, _ in _places(result)} == {"a.zip!/app.py"}


def test_bounds_are_settings_and_what_they_leave_out_is_told(tmp_path: Path) -> None:
    inner = _zip({"b.py": "import openai\n"})
    (tmp_path / "a.zip").write_bytes(_zip({"inner.zip": inner, "a.py": "import anthropic\n"}))

    shallow = _scan(tmp_path, archives={"depth": 1})
    shut = _scan(tmp_path, archives=False)

    assert _gaps(shallow) == [
        "a.zip!/inner.zip: deeper than 1 archives (archives.depth); not opened"
    ]
    assert shallow.exit_code == EXIT_INCOMPLETE
    assert {path for path, _ in _places(shallow)} == {"a.zip!/a.py"}
    assert (_places(shut), _gaps(shut), shut.exit_code) == (set(), [], 0)
    with pytest.raises(ConfigError, match="archives"):
        _scan(tmp_path, archives={"deph": 1})


def test_a_damaged_archive_is_a_gap_and_the_tree_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(_zip({"a.py": "import anthropic\n" * 99})[:60])
    (tmp_path / "b.py").write_text("import openai\n")

    result = _scan(tmp_path)

    assert [gap.partition(":")[0] for gap in _gaps(result)] == ["a.zip"]
    assert {path for path, _ in _places(result)} == {"b.py"}
    assert result.exit_code == EXIT_INCOMPLETE


def test_a_single_archive_within_a_repository_has_its_whole_path(repository: Repository) -> None:
    repository.write("d/e/deploy.zip", _zip({"app.py": "import openai\n"}))
    repository.write("d/e/a.py", "import openai\n")
    repository.commit()

    assert _places(_scan(repository.root / "d/e/deploy.zip")) == {("d/e/deploy.zip!/app.py", 1)}
    assert _places(_scan(repository.root / "d/e/a.py")) == {("d/e/a.py", 1)}
