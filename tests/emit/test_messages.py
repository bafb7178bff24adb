"""Messages by apprise, each to a server on loopback: mail, JSON, and the ways of Slack, Teams and
Mattermost."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from scanner.emit import digests
from scanner.emit.digests import Digest, Told
from scanner.emit.messages import Messenger, NotSent
from scanner.model.errors import ConfigError
from tests.dripping import dripping
from tests.emit.tickets.findings import finding
from tests.forge_rig.authority import authority
from tests.forge_rig.loopback import serving

apprise = pytest.importorskip("apprise")

NASTY = ("<!channel> <@U1> @everyone @here [x](http://evil.example/a) <http://evil.example|x> "
         "`b` *c* _d_ ~e~ # f\n\r\nBcc: g@example.com\n\n<img src=x> ![p](q) \x00 &lt;!here&gt; "
         "\\n \u202e =cmd()")  # fmt: skip


def _digest() -> Digest:
    found = finding("a", title=NASTY, asset=NASTY, owner=NASTY)
    return Digest(findings=(Told(change="opened", finding=found),))


def _said() -> tuple[str, str]:
    return digests.title(_digest()), digests.text(_digest(), 20)


class Taker:
    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, Any]] = []

    def take(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers["Content-Length"]))
        self.got.append((client.path, json.loads(body)))
        data = b"ok"
        client.send_response(self.status)
        client.send_header("Content-Length", str(len(data)))
        client.end_headers()
        client.wfile.write(data)


@pytest.fixture
def taker() -> Iterator[tuple[Taker, str]]:
    made = Taker()
    with serving(made.take) as url:
        yield made, url.removeprefix("http://")


def _assert_plain(text: str) -> None:
    for word in ("<!", "<@", "<img", "<http", "@everyone", "@here", "](", "`", "*c*", "_d_", "~e~",
                 "http://", "&lt;", "&gt;", "\x00", "\u202e", "=cmd"):  # fmt: skip
        assert word not in text, word


def test_nothing_of_a_finding_means_anything() -> None:
    title, text = _said()
    assert title == "Shadow AI: 1 opened"
    assert len(text.splitlines()) == 2
    _assert_plain(text)


@pytest.mark.parametrize(
    "url", ["jsons://127.0.0.1/hook?verify=no", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazk?verify=0"]
)
def test_certificates_are_checked_whatever_the_address_asks(url: str) -> None:
    with pytest.raises(ConfigError, match=r"\[notify.team\]: .*certificates") as refused:
        Messenger("team", url)
    assert "hook" not in str(refused.value)
    assert "TIiajkdnlazk" not in str(refused.value)
    Messenger("team", url.partition("?")[0])


def test_json(taker: tuple[Taker, str]) -> None:
    where, host = taker
    title, text = _said()
    Messenger("team", f"json://{host}/hook").send(title, text)
    ((path, body),) = where.got
    assert path == "/hook"
    assert (body["title"], body["message"]) == (title, text)
    where.status = 500
    with pytest.raises(NotSent):
        Messenger("team", f"json://{host}/hook").send(title, text)


def test_slack(taker: tuple[Taker, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise's own Slack, whose address alone is another."""
    from apprise.plugins.slack import NotifySlack

    where, host = taker
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{host}/services")
    url = "slack://T00000000/B00000000/madeupmadeupmadeupmadeup/#ai"
    Messenger("team", url).send(*_said())
    ((path, body),) = where.got
    assert path == "/services/T00000000/B00000000/madeupmadeupmadeupmadeup"
    assert body["channel"] == "#ai"
    assert "github.com" not in json.dumps(body)
    _assert_plain(_texts(body))


def _texts(body: Any) -> str:
    """Of a Slack message what people read."""
    parts = [str(body.get("text", ""))]
    for one in body.get("attachments", ()):
        parts += [str(one.get("title", "")), str(one.get("text", ""))]
    return "\n".join(parts)


def test_mattermost(taker: tuple[Taker, str]) -> None:
    where, host = taker
    Messenger("team", f"mmost://{host}/madeupmadeupmadeup").send(*_said())
    ((path, body),) = where.got
    assert path == "/hooks/madeupmadeupmadeup"
    _assert_plain(body["text"])


def test_teams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Taker()
    context, trusted = authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    with serving(made.take, context) as url:
        host = url.removeprefix("https://")
        Messenger("team", f"workflows://{host}/flow/signature").send(*_said())
    ((path, body),) = made.got
    assert path.startswith("/workflows/flow/")
    (card,) = body["attachments"]
    texts = [one["text"] for one in card["content"]["body"] if "text" in one]
    assert "Shadow AI: 1 opened" in "\n".join(texts)
    assert "github.com" not in json.dumps(body), "no picture is fetched from elsewhere"
    _assert_plain("\n".join(texts))


def test_mail() -> None:
    pytest.importorskip("aiosmtpd")
    from aiosmtpd.controller import Controller

    got: list[Any] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            got.append(envelope)
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Box(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"mailto://127.0.0.1:{port}?from=ai@example.com&to=ada@example.com&mode=insecure"
        Messenger("team", url).send(*_said())
    finally:
        controller.stop()
    (envelope,) = got
    assert envelope.rcpt_tos == ["ada@example.com"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == "Shadow AI: 1 opened"
    assert message["Bcc"] is None
    assert message["To"] == "ada@example.com"
    for part in message.walk():
        if part.get_content_maintype() == "text":
            text = part.get_content()
            assert "Bcc: g" in text, "it is text, in the middle of a line"
            assert "<img" not in text
            assert 'href="http' not in text


def test_an_address_is_never_shown(
    taker: tuple[Taker, str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    where, host = taker
    where.status = 403
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotSent) as found:
        Messenger("team", f"json://user:made-up-password@{host}/madeuppath").send("a", "b")
    with pytest.raises(ConfigError) as wrong:
        Messenger("team", "nosuch://made-up-password@host")
    assert len(where.got) == 1
    said = f"{found.value} {wrong.value} {caplog.text} {''.join(capfd.readouterr())}"
    assert "made-up-password" not in said
    assert "madeuppath" not in said


_DRIPS = """
import sys, time
from scanner.emit import messages
from scanner.cli import _leave
messages._WHOLE = 1.0
began = time.monotonic()
try:
    messages.Messenger("team", sys.argv[1]).send("a", "b")
except messages.NotSent as error:
    print(error, flush=True)
_leave(7)
"""


def test_a_service_that_drips_an_answer_keeps_no_process() -> None:
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with dripping(begin, b"x", pause=0.5, most=60) as url:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", _DRIPS, f"json://{url.removeprefix('http://')}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert time.monotonic() - began < 15
    assert done.returncode == 7
    assert done.stdout == "team: the message was not taken; the next run tells it\n"
    assert done.stderr == ""


def test_more_than_one_address_is_refused() -> None:
    with pytest.raises(ConfigError):
        Messenger("team", "json://127.0.0.1/a, json://127.0.0.1/b\njson://127.0.0.1/c")


@pytest.mark.parametrize(
    ("url", "why"),
    [("json://ai:made-up@hooks.example/x", "jsons://"), ("form://hooks.example/x", "forms://"),
     ("mailto://ai:made-up@mail.example", "mailtos://"), ("gotify://gotify.example/tok", "gotifys"),
     ("json://169.254.169.254/x", "credentials"), ("jsons://169.254.169.254/x", "credentials"),
     ("jsons://2852039166/x", "credentials"), ("jsons://metadata.google.internal/x", "metadata"),
     # Services that have one way alone, or another server than the address's.
     ("rsyslog://logs.example", "no other way"), ("rsyslog://169.254.169.254:80", "credentials"),
     ("workflows://169.254.169.254/abcdef/ghijkl", "credentials"),
     ("workflow://metadata.google.internal/abcd/efgh", "metadata"),
     ("infobip://made-up@169.254.169.254/15551234567", "credentials"),
     ("mailtos://ai:made-up@mail.example?mode=insecure", "mode=insecure"),
     ("mailtos://ai:made-up@mail.example?smtp=169.254.169.254", "credentials"),
     ("mailtos://ai:made-up@localhost.example?smtp=127.0.0.1&mode=insecure", "mode=insecure"),
     ("psafer://abcdefghijklmnopqrst", "psafers://")],
)  # fmt: skip
def test_nothing_is_sent_for_anybody_to_read_or_to_metadata_services(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        Messenger("team", url)
    assert "made-up" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["mailtos://ai:made-up@mail.example", "mailto://ai:made-up@mail.example?mode=starttls",
     "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#g", "syslog://",
     "workflows://prod.example/abcdef/ghijkl", "rsyslog://127.0.0.1"],
)  # fmt: skip
def test_what_is_encrypted_or_stays_here_is_taken(url: str) -> None:
    Messenger("team", url)


def test_a_name_that_leads_to_a_metadata_service_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = [(2, 1, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: there)
    with pytest.raises(NotSent, match=r"hooks\.example leads to 169\.254\.169\.254"):
        Messenger("team", "jsons://hooks.example/x").send("a", "b")
