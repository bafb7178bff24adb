"""Suppression through a whole scan: hidden, counted, kept in the state, trusted only where told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from scanner.app.config import Config, LoadedConfig, ScanConfig
from scanner.app.exporting import stored_document
from scanner.app.pipeline import Result, scan
from scanner.assess import baseline
from scanner.assess.selection import Filter
from scanner.model.errors import ConfigError
from scanner.rulebook.examples import expand
from scanner.store.state import State
from tests.conftest import Repository

KEY = expand("sk-ant-api03-{b64url:93}AA", "suppression")


def _loaded(root: Path, **settings: object) -> LoadedConfig:
    config = Config(
        sources={"code": {"paths": [str(root)]}},
        scan=msgspec.convert(settings, ScanConfig),
    )
    return LoadedConfig(config=config, path=None)


def _policies(result: Result) -> list[str]:
    return sorted(finding.policy for finding in result.document.findings)


def test_a_comment_hides_a_key_and_its_history_and_is_counted(repository: Repository) -> None:
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit("leak")
    repository.write("a.py", f'K = "{KEY}"  # shadow-ai: ignore[*] revoked long ago\n')
    repository.commit("explain")

    result = scan(_loaded(repository.root), url="sqlite://")

    assert _policies(result) == []
    assert any("by comments" in warning for warning in result.document.warnings)
    assert KEY not in msgspec.json.encode(result.document).decode()


def test_a_path_in_the_ignore_file_is_hidden_and_counted(repository: Repository) -> None:
    repository.write("samples/a.py", f'import anthropic\nK = "{KEY}"\n')
    repository.write("src/b.py", "import openai\nopenai.OpenAI()\n")
    repository.write(".shadow-ai-ignore", "# shown to customers\nsamples/\n")
    repository.commit()

    result = scan(_loaded(repository.root), url="sqlite://")

    providers = {row.provider for row in result.document.assets}
    assert providers == {"openai"}
    assert any(".shadow-ai-ignore" in warning for warning in result.document.warnings)


def test_an_organization_need_not_trust_what_it_scans(repository: Repository) -> None:
    repository.write("a.py", f'K = "{KEY}"  # shadow-ai: ignore[*] nothing to see here\n')
    repository.write(".shadow-ai-ignore", "*\n")
    repository.commit()

    result = scan(_loaded(repository.root, honour_suppressions=False), url="sqlite://")

    assert "SAI-090" in _policies(result)
    assert any("not honoured" in warning for warning in result.document.warnings)


def test_what_is_suppressed_later_is_not_told_as_gone(
    repository: Repository, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit()
    assert "SAI-090" in _policies(scan(_loaded(repository.root), url=url))
    repository.write(".shadow-ai-ignore", "a.py\n")
    repository.commit()

    result = scan(_loaded(repository.root), url=url)

    changes = {event.change: event.detail for event in result.events}
    assert changes["suppressed"] == "suppressed by .shadow-ai-ignore in what was scanned"
    assert "resolved" not in changes
    assert [f.status for f in result.document.findings if f.policy == "SAI-090"] == ["suppressed"]


def test_a_baseline_hides_what_is_known_and_nothing_else(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit()
    first = scan(_loaded(repository.root), url="sqlite://")
    file = tmp_path / "known.json"
    file.write_bytes(baseline.render(baseline.of(first.document.findings)))
    assert KEY not in file.read_text()
    repository.write("b.py", "import openai\nopenai.OpenAI()\n")
    repository.commit()

    result = scan(_loaded(repository.root, baselines=[str(file)]), url="sqlite://")

    assert _policies(first)
    known = {f.asset for f in first.document.findings}
    assert {f.asset for f in result.document.findings if f.status.is_open}.isdisjoint(known)
    hidden = [f for f in result.document.findings if f.status == "suppressed"]
    assert {f.asset for f in hidden} == known
    assert {f.decided for f in hidden} == {f"suppressed by {file}"}
    assert [f for f in result.document.findings if f.status.is_open]
    assert f"suppressed findings: {len(first.document.findings)} by {file}" in (
        result.document.warnings
    )


def test_what_a_baseline_hides_leaves_a_trace(repository: Repository, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit()
    first = scan(_loaded(repository.root), url=url)
    file = tmp_path / "known.json"
    file.write_bytes(baseline.render(baseline.of(first.document.findings)))
    hiding = _loaded(repository.root, baselines=[str(file)])
    (mark,) = [f.fingerprint for f in first.document.findings if f.policy == "SAI-090"]

    def told(loaded: LoadedConfig) -> list[tuple[str, str]]:
        last = scan(loaded, url=url).document.scan.id
        state = State(url)
        events = [(e.change, e.detail) for e in state.events(mark) if e.scan == last]
        state.close()
        return events

    assert told(hiding) == [("suppressed", f"suppressed by {file}")]
    assert told(hiding) == []
    exported = stored_document(hiding, url=url).findings
    assert {f.status for f in exported} == {"suppressed"}
    only = Filter(status=("suppressed",))
    assert len(stored_document(hiding, url=url, chosen=only).findings) == len(exported)
    assert told(_loaded(repository.root)) == [("withdrawn", f"{file} no longer leaves it out")]
    assert told(_loaded(repository.root)) == []


def test_an_expired_entry_hides_nothing_and_is_told(repository: Repository, tmp_path: Path) -> None:
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit()
    first = scan(_loaded(repository.root), url="sqlite://")
    made = baseline.of(first.document.findings)
    ended = [msgspec.structs.replace(row, expires="2020-01-01") for row in made.findings]
    file = tmp_path / "known.json"
    file.write_bytes(baseline.render(baseline.Baseline(findings=tuple(ended))))

    result = scan(_loaded(repository.root, baselines=[str(file)]), url="sqlite://")

    assert _policies(result) == _policies(first)
    assert any("past their day" in warning for warning in result.document.warnings)


def test_a_baseline_keeps_reasons_and_is_the_same_every_time(repository: Repository) -> None:
    repository.write("a.py", f'K = "{KEY}"\n')
    repository.commit()
    found = scan(_loaded(repository.root), url="sqlite://").document.findings
    made = baseline.of(found)
    told = [msgspec.structs.replace(row, reason="until June") for row in made.findings]
    old = baseline.Baseline(findings=(*told, baseline.Accepted(fingerprint="v1:zz")))

    again = baseline.of(reversed(found), old)
    merged = baseline.of(found, old, merge=True)

    assert {row.reason for row in again.findings} == {"until June"}
    assert baseline.render(again) == baseline.render(baseline.of(found, old))
    assert {row.fingerprint for row in merged.findings} == {
        "v1:zz", *(row.fingerprint for row in made.findings)
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 9}', json.dumps({"findings": 1})])
def test_a_wrong_baseline_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)

    with pytest.raises(ConfigError, match=r"known\.json"):
        baseline.read(file)
