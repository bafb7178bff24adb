"""Keys are asked about at a stand-in for the provider on this machine, gently, and never shown."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scanner.detect import verify
from scanner.detect.engine import Detector
from scanner.detect.selftest import check_rules
from scanner.detect.verify import Verifier
from scanner.model.base import encode
from scanner.model.items import Hit, HitKind
from scanner.rulebook.examples import expand
from scanner.rulebook.load import Rulebook, load
from tests.dripping import dripping

RULES = """\
id: acme_ai
name: Acme AI
category: llm_api
homepage: https://acme.test
as_of: "2026-11-25"
hosts:
  - {host: api.acme.test, reference: https://acme.test}
keys:
  - id: acme-key
    name: Acme key
    pattern: 'acme-[a-f0-9]{40}'
    keywords: [acme-]
    verify:
      url: https://api.acme.test/v1/me?limit=1
      header: 'X-Api-Key: {key}'
      extra: ['Acme-Version: 1']
      account: org.name
      reference: https://acme.test
    examples: ['K=acme-{hex:40}', 'x = "acme-{hex:40}"']
    counterexamples: ['acme-{hex:8}', 'acme-your-key']
    reference: https://acme.test
"""
KEY = expand("acme-{hex:40}", "verify")


class StandIn(BaseHTTPRequestHandler):
    """Answers with what the test has put into ``answers``, the last one for ever."""

    def do_GET(self) -> None:
        server: Server = self.server  # type: ignore[assignment]
        server.asked.append((self.path, dict(self.headers)))
        answers = server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


class Server(ThreadingHTTPServer):
    answers: list[tuple[int, dict[str, str], bytes]]
    asked: list[tuple[str, dict[str, str]]]


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), StandIn)
    found.answers, found.asked = [(200, {}, b'{"org": {"name": "Acme Research"}}')], []
    thread = threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def rules(tmp_path: Path) -> Rulebook:
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "acme_ai.yaml").write_text(RULES)
    return load(tmp_path)


class Clock:
    """Time that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def _hits(rules: Rulebook, server: Server, text: str, clock: Clock | None = None) -> list[Hit]:
    time = clock or Clock()
    port = server.server_address[1]
    verifier = Verifier(base=f"http://127.0.0.1:{port}", sleep=time.sleep, clock=lambda: time.now)
    detector = Detector(rules, b"a-fixed-fingerprint-key-for-tests", "re", verifier=verifier)
    hits = detector.examine(text.encode(), "a.py", ("credentials", "usage"))
    return [hit for hit in hits if hit.kind is HitKind.CREDENTIAL]


def test_a_live_key_names_its_account(rules: Rulebook, server: Server) -> None:
    (hit,) = _hits(rules, server, f"K={KEY}")

    assert dict(hit.tags) == {"verify": "live", "account": "Acme Research"}
    ((path, headers),) = server.asked
    assert path == "/v1/me?limit=1"
    assert (headers["X-Api-Key"], headers["Acme-Version"]) == (KEY, "1")
    assert KEY not in encode(hit).decode()


@pytest.mark.parametrize(
    ("status", "verdict", "calls"),
    [(401, "dead", 1), (403, "unknown", 1), (500, "unknown", 3), (429, "unknown", 3)],
)
def test_only_a_declared_status_is_a_verdict(
    rules: Rulebook, server: Server, status: int, verdict: str, calls: int
) -> None:
    server.answers = [(status, {}, b"{}")]

    (hit,) = _hits(rules, server, f"K={KEY}")

    assert hit.tags == (("verify", verdict),)
    assert len(server.asked) == calls


def test_a_redirect_is_not_followed(rules: Rulebook, server: Server) -> None:
    server.answers = [(302, {"Location": "/elsewhere"}, b"")]

    (hit,) = _hits(rules, server, f"K={KEY}")

    assert hit.tags == (("verify", "unknown"),)
    assert len(server.asked) == 1


def test_each_key_is_asked_about_once_and_one_a_second(rules: Rulebook, server: Server) -> None:
    other = expand("acme-{hex:40}", "another")
    clock = Clock()

    hits = _hits(rules, server, f"A={KEY}\nB={KEY}\nC={other}\n", clock)

    assert len(hits) == 3
    assert len(server.asked) == 2
    assert clock.slept == [1.0]


def test_a_wait_that_the_provider_asks_for_is_bounded(rules: Rulebook, server: Server) -> None:
    server.answers = [(429, {"Retry-After": "86400"}, b""), (200, {}, b"{}")]
    clock = Clock()

    (hit,) = _hits(rules, server, f"K={KEY}", clock)

    assert dict(hit.tags)["verify"] == "live"
    assert max(clock.slept) <= 10


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"org": []}', b'{"org": {"name": {"a": 1}}}', b"[" * 100_000,
     json.dumps({"org": {"name": KEY}}).encode()],
)  # fmt: skip
def test_hostile_answers_name_no_account_and_never_the_key(
    rules: Rulebook, server: Server, body: bytes
) -> None:
    server.answers = [(200, {}, body)]

    (hit,) = _hits(rules, server, f"K={KEY}")

    assert hit.tags == (("verify", "live"),)


def test_nobody_answers(rules: Rulebook, server: Server) -> None:
    server.shutdown()
    server.server_close()

    (hit,) = _hits(rules, server, f"K={KEY}")

    assert hit.tags == (("verify", "unknown"),)


def test_an_answer_that_drips_says_nothing(
    rules: Rulebook, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_WHOLE", 0.3)
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with dripping(begin, b"x") as url:
        began = time.monotonic()
        verifier = Verifier(base=url, sleep=lambda seconds: None)
        detector = Detector(rules, b"a-fixed-fingerprint-key-for-tests", "re", verifier=verifier)
        (hit,) = detector.examine(f"K={KEY}".encode(), "a.py", ("credentials",))
        assert time.monotonic() - began < 5
    assert hit.tags == (("verify", "unknown"),)


def test_nothing_is_asked_unless_the_user_says_so(rules: Rulebook, server: Server) -> None:
    detector = Detector(rules, b"a-fixed-fingerprint-key-for-tests", "re")

    (hit,) = detector.examine(f"K={KEY}".encode(), "a.py", ("credentials",))

    assert hit.tags == ()
    assert server.asked == []


def test_a_rule_may_ask_its_own_provider_only(rules: Rulebook, tmp_path: Path) -> None:
    assert check_rules(rules) == []
    file = tmp_path / "providers" / "acme_ai.yaml"
    file.write_text(RULES.replace("https://api.acme.test/v1", "https://other.test/v1"))

    (problem,) = check_rules(load(tmp_path))

    assert "other.test" in problem
