"""The report, its charts and the served page, from a state that a real scan wrote."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from scanner.app.config import LoadedConfig, load
from scanner.app.pipeline import scan
from scanner.app.reporting import stored_page
from scanner.app.serving import server
from scanner.cli import cli
from scanner.model.errors import ConfigError


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedConfig:
    folder = tmp_path_factory.mktemp("served")
    (folder / "app").mkdir()
    code = folder / "app" / "main.py"
    code.write_text("from openai import OpenAI\nOpenAI().responses.create(model='gpt-4o')\n")
    file = folder / "shadow-ai.toml"
    file.write_text('[store]\nurl = "sqlite:///s.sqlite"\n[sources.code]\npaths = ["app"]\n')
    scan(load(file))
    code.write_text("import anthropic\nanthropic.Anthropic().messages.create(model='claude-3')\n")
    scan(load(file))
    return load(file)


@pytest.fixture(scope="module")
def port(loaded: LoadedConfig) -> Iterator[int]:
    found = server(loaded, None, "127.0.0.1", 0)
    thread = threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found.server_address[1]
    found.shutdown()
    found.server_close()
    thread.join(10)


def _ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_the_page_is_served_with_every_scan(loaded: LoadedConfig, port: int) -> None:
    status, body = _ask(port, "/")
    _, _, points = stored_page(loaded)

    assert status == 200
    assert len(points) == 2
    for point in points:
        assert f"href='/scan/{point.scan}'" in body
        assert _ask(port, f"/scan/{point.scan}")[0] == 200
    assert "opened" in _ask(port, f"/scan/{points[0].scan}")[1]
    assert "resolved" in _ask(port, f"/scan/{points[1].scan}")[1]


def test_the_trend_ends_with_what_is_open_now(loaded: LoadedConfig) -> None:
    document, _, points = stored_page(loaded)

    assert points[-1].open == sum(f.status.is_open for f in document.findings) > 0
    assert points[0].open > 0
    assert points[-1].assets == sum(row.type == "asset" for row in document.assets)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "", "[::1]:1"]
)
def test_another_name_is_refused(port: int, host: str) -> None:
    status, body = _ask(port, "/", Host=host.format(port=port))

    assert status == 421
    assert "Shadow AI" not in body


def test_only_reading_is_answered(port: int) -> None:
    assert _ask(port, "/", Host=f"localhost:{port}")[0] == 200
    assert _ask(port, "/", "HEAD") == (200, "")
    assert _ask(port, "/", "POST")[0] == 501
    assert _ask(port, "/scan/none")[0] == _ask(port, "/scan/../../etc/passwd")[0] == 404


def test_another_host_is_not_bound_unless_said(loaded: LoadedConfig) -> None:
    with pytest.raises(ConfigError, match="--allow-network"):
        server(loaded, None, "0.0.0.0", 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
def test_a_bound_address_answers_by_address_and_by_its_own_name(
    loaded: LoadedConfig, host: str
) -> None:
    served = server(loaded, None, host, 0, is_open=host == "0.0.0.0")
    port = served.server_address[1]
    thread = threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    address = "[::1]" if host == "::1" else "127.0.0.1"
    try:
        asked = http.client.HTTPConnection(address.strip("[]"), port, timeout=30)
        answers = {}
        for said in (f"{address}:{port}", f"198.51.100.7:{port}", f"{socket.gethostname()}:{port}",
                     f"evil.example:{port}"):  # fmt: skip
            asked.request("GET", "/no-page", headers={"Host": said})
            answer = asked.getresponse()
            answer.read()
            answers[said.rpartition(":")[0]] = answer.status
        asked.close()
    finally:
        served.shutdown()
        served.server_close()
        thread.join()
    assert answers[address] == 404
    assert answers["evil.example"] == 421, "a name that others may give"
    elsewhere = 404 if host == "0.0.0.0" else 421
    assert answers["198.51.100.7"] == answers[socket.gethostname()] == elsewhere


def test_the_report_and_its_charts_are_written(loaded: LoadedConfig, tmp_path: Path) -> None:
    config = ["--config", str(loaded.path)]
    page, charts = tmp_path / "r" / "page.html", tmp_path / "charts"
    for more in (["--output", str(page)], ["--charts", str(charts), "--png"]):
        result = CliRunner().invoke(cli, ["report", *config, *more], catch_exceptions=False)
        assert result.exit_code == 0

    assert "id='cy'" in page.read_text("utf-8")
    drawn = sorted(charts.glob("*.svg"))
    assert {file.stem for file in drawn} == {"trend", "coverage", "data-flows"}
    assert {file.name for file in charts.glob("*.png")} == {f"{one.stem}.png" for one in drawn}
    for file in drawn:
        assert ElementTree.parse(file).getroot().tag.endswith("svg")
