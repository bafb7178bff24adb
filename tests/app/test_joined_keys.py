"""A key in code, joined to its vendor's record of it: the finding names its owner and last use."""

from __future__ import annotations

import json
from pathlib import Path

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import scan
from scanner.emit.formats import render
from scanner.rulebook.examples import expand
from tests.conftest import Repository


def test_the_finding_of_a_key_says_when_it_was_used_last(
    tmp_path: Path, repository: Repository
) -> None:
    key = expand("sk-proj-{b64url:74}T3BlbkFJ{b64url:74}", "one")
    repository.write("settings.env", f"OPENAI_API_KEY={key}\n")
    repository.commit()
    record = {
        "object": "organization.project.api_key", "id": "key_1", "name": "shop",
        "redacted_value": f"{key[:8]}...{key[-4:]}", "created_at": 1793000000,
        "last_used_at": 1795000000,
        "owner": {"type": "user", "user": {"id": "user_1", "name": "Ann", "email": "ann@acme.com"}},
    }  # fmt: skip
    (tmp_path / "keys.json").write_text(json.dumps({"object": "list", "data": [record]}))
    config = Config(
        sources={
            "code": {"paths": [str(repository.root)]},
            "openai": {"organization": "acme", "live": False, "files": ["keys.json"]},
        }
    )
    result = scan(LoadedConfig(config=config, path=tmp_path / "shadow-ai.toml"), url="sqlite://")
    (finding,) = [one for one in result.document.findings if one.policy == "SAI-090"]
    assert (finding.owner, finding.last_used) == ("ann@acme.com", "2026-11-18T11:06:40Z")
    rows = [one for one in result.document.assets if one.uid == finding.asset]
    assert [one.last_used for one in rows] == [finding.last_used]
    for name in ("csv", "html", "json"):
        told = b"".join(render(name, result.document, {})).decode()
        assert "2026-11-18T11:06:40Z" in told, name
        assert key not in told
