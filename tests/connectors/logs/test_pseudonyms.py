"""Nothing that names a person or a device leaves a reading that makes pseudonyms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connectors.logs import files as log_files
from connectors.logs.pseudonyms import Pseudonyms
from scanner.cli import cli
from scanner.detect.engine import Detector
from scanner.model.errors import ConfigError, SourceError
from scanner.model.facts import Identity
from scanner.model.items import Checkpoint
from tests.connectors.logs.conftest import Read, Told, squid

ONE, TWO = "1" * 16, "2" * 16
NAMES = ("anna", "berger", "acme", "10.9.8.7", "10.44.44.44", "10.33.33.33")
VPC = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status\n"
    "2 1 eni-1 10.9.8.7 10.33.33.33 40001 11434 6 10 900 1764324000 1764324020 ACCEPT OK\n"
    "2 1 eni-1 10.33.33.33 10.9.8.7 11434 40001 6 10 900 1764324000 1764324020 ACCEPT OK\n"
)
ASKED = (
    "1764324000.123 45 10.9.8.7 TCP_MISS/200 51 POST http://{host}:11434/api/generate?user=anna "
    "anna.berger@acme.com HIER_DIRECT/10.44.44.44 application/x-ndjson\n"
)
GATEWAY = {
    "startTime": "2026-11-01T10:00:00Z", "user": "anna.berger@acme.com", "call_type": "acompletion",
    "model": "ft:gpt-4o:acme:anna-berger:x", "custom_llm_provider": "openai",
}  # fmt: skip


def plant(folder: Path) -> None:
    (folder / "anna.berger-laptop.log").write_text(
        squid("api.openai.com", user="anna.berger@acme.com", src="10.9.8.7")
        + "".join(ASKED.format(host=host) for host in ("annas-macbook.local", "10.44.44.44"))
        + '10.9.8.7 - - [01/Nov/2026:10:00:00 +0000] "POST /v1/chat/completions HTTP/1.1" 200 5\n'
        "weird anna.berger@x secret-text anna-berger.openai.azure.com\n"
    )
    (folder / "gateway of anna.jsonl").write_text(json.dumps(GATEWAY) + "\n")
    (folder / "vpc.log").write_text(VPC)
    (folder / "berger.gz").write_bytes(b"\x1f\x8bbroken")


def keyed(key: str = ONE) -> dict[str, Any]:
    return {"pseudonymize_env": "KEY", "environ": {"KEY": key}}


def told_of(told: Told) -> str:
    return repr(told.items).lower()


def test_no_name_of_person_device_server_model_or_file_leaves(tmp_path: Path, read: Read) -> None:
    plant(tmp_path)
    plain = told_of(read("."))
    assert [name for name in NAMES if name not in plain] == []  # they are there to be hidden
    told = read(".", **keyed())
    said = told_of(told)
    assert [name for name in (*NAMES, str(tmp_path)) if name in said] == []
    assert told.assets["OpenAI: API calls"].models[0].startswith("ft:gpt-4o:p-")
    assert any(name.startswith("server of p-") for name in told.assets)
    assert sum(name.endswith(":11434") for name in told.assets) == 3
    assert all(gap.what.startswith("p-") for gap in told.gaps)
    assert {gap.what.rpartition(".")[2] for gap in told.gaps} == {"log", "gz"}


def test_the_same_key_makes_the_same_and_another_makes_others(tmp_path: Path, read: Read) -> None:
    plant(tmp_path)
    first, again, other = (read(".", **keyed(key)) for key in (ONE, ONE, TWO))
    assert first.people.keys() == again.people.keys()
    assert first.people.keys().isdisjoint(other.people.keys())


def test_what_belongs_together_stays_so(tmp_path: Path, read: Read) -> None:
    """The machine that calls in one log is asked as a model server in another."""
    (tmp_path / "a.log").write_text(
        squid("api.openai.com", user="-", src="10.44.44.44") + ASKED.format(host="10.44.44.44")
    )
    told = read("a.log", **keyed())
    addresses = {
        item.name
        for item in told.items
        if isinstance(item, Identity) and item.kind == "logs.address"
    }
    servers = {name.partition(":")[0] for name in told.assets if name.endswith(":11434")}
    assert servers == addresses


def test_the_cursor_keeps_no_name_and_forgets_those_of_before(tmp_path: Path, read: Read) -> None:
    asked = {
        "ts": 1764324000.1, "uid": "C1", "id.orig_h": "10.9.8.7", "id.resp_h": "10.44.44.44",
        "host": "annas-macbook.local", "uri": "/v1/chat/completions", "user_agent": "x",
        "method": "POST", "status_code": 200,
    }  # fmt: skip
    (tmp_path / "http.log").write_text(json.dumps(asked) + "\n")
    plain = read(".").cursor
    assert plain is not None
    assert "annas-macbook" in plain.cursor
    for told in (read(".", **keyed()), read(".", since=plain, **keyed())):
        assert isinstance(told.cursor, Checkpoint)
        assert not any(name in told.cursor.cursor for name in NAMES)


def test_what_ends_a_reading_names_nobody(tmp_path: Path, read: Read,
                                          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with pytest.raises(SourceError) as raised:
        read("anna berger.log", **keyed())
    assert "anna" not in str(raised.value)

    def breaks(*_: object) -> object:
        raise KeyError("anna.berger")

    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    monkeypatch.setattr(log_files, "opened", breaks)
    with pytest.raises(SourceError) as raised:
        read("a.log", **keyed())
    assert "KeyError" in str(raised.value)
    assert "anna" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_hides_nothing_is_refused(tmp_path: Path, read: Read, key: str) -> None:
    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    with pytest.raises(ConfigError, match="16 characters or more"):
        read("a.log", **keyed(key))


@pytest.mark.parametrize(
    ("model", "begins"),
    [
        ("gpt-4o-mini", ""), ("claude-3-5-sonnet-20240620", ""), ("llama3.1:8b", ""),
        ("gpt-4o-anna-berger", "gpt-4o-"), ("anna/llama3", ""), ("1234567890123", ""),
        ("ft:gpt-4o:mini:x", "ft:gpt-4o:"),
    ],
)  # fmt: skip
def test_vendors_words_of_a_model_stay(detector: Detector, model: str, begins: str) -> None:
    found = Pseudonyms(ONE.encode()).model(model, detector.watch.common)
    if begins or model in ("anna/llama3", "1234567890123"):
        assert found.startswith(f"{begins}p-")
    else:
        assert found == model


@pytest.mark.parametrize(
    ("server", "port"),
    [("2001:db8::1:11434", ":11434"), ("llm.acme.com", ""), ("10.0.0.1:80", ":80")],
)
def test_a_server_keeps_its_port_alone(server: str, port: str) -> None:
    found = Pseudonyms(ONE.encode()).server(server)
    assert (found[:2], found[18:]) == ("p-", port)


def scanned(*args: str, **environ: str) -> Any:
    return CliRunner().invoke(cli, ["scan", *args], env={"SHADOW_AI_PSEUDONYM_KEY": "", **environ})


def test_the_option_names_nobody_in_any_output(tmp_path: Path) -> None:
    logs = tmp_path / "in"
    logs.mkdir()
    plant(logs)
    out = tmp_path / "out"
    state = tmp_path / "state.db"
    done = scanned("--logs", str(logs), "--pseudonymize", "--state", str(state), "-o", str(out),
                   SHADOW_AI_PSEUDONYM_KEY=ONE, SHADOW_AI_FINGERPRINT_KEY=ONE)  # fmt: skip
    assert done.exit_code == 3, done.output
    files = [state, *(one for one in out.rglob("*") if one.suffix != ".html")]
    assert len(files) > 2
    told = done.output + "".join(one.read_bytes().decode("latin-1") for one in files)
    names = ("anna.berger", "annas-macbook", "anna-berger", *NAMES[3:], str(logs))
    assert [name for name in names if name in told] == []
    html = (out / "report.html").read_text()
    assert [name for name in names if name in html] == []


def test_without_a_key_one_is_made_for_a_scan_that_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    done = scanned("--logs", str(tmp_path / "a.log"), "--pseudonymize")
    assert done.exit_code == 0, done.output
    assert "a key of this scan alone" in done.output
    assert "anna" not in done.output.replace(str(tmp_path), "")


def test_without_a_key_nothing_is_stored(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    done = scanned("--logs", str(tmp_path / "a.log"), "--pseudonymize",
                   "--state", str(tmp_path / "s.db"))  # fmt: skip
    assert isinstance(done.exception, ConfigError)
    assert "SHADOW_AI_PSEUDONYM_KEY" in str(done.exception)
    assert not (tmp_path / "s.db").exists()


def test_there_must_be_logs_to_pseudonymize(tmp_path: Path) -> None:
    done = scanned(str(tmp_path), "--pseudonymize")
    assert isinstance(done.exception, ConfigError)
    assert "give --logs FILE" in str(done.exception)
