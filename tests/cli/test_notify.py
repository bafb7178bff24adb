"""``shadow-ai notify`` and the job that does it: from a key that is committed to one message."""

from __future__ import annotations

import json
import secrets
import string
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.command import shadow_ai
from tests.forge_rig.loopback import serving

pytest.importorskip("apprise")


class Taker:
    def __init__(self) -> None:
        self.status = 200
        self.got: list[dict[str, Any]] = []

    def take(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers["Content-Length"]))
        if self.status == 200:
            self.got.append(json.loads(body))
        client.send_response(self.status)
        client.send_header("Content-Length", "0")
        client.end_headers()


class Place:
    def __init__(self, folder: Path, taker: Taker, url: str) -> None:
        self.folder, self.taker, self.url = folder, taker, url
        (folder / "shop").mkdir()
        (folder / "shadow-ai.toml").write_text(
            '[store]\nurl = "sqlite:///state.sqlite"\n[sources.code]\npaths = ["shop"]\n'
            'history = false\n[notify.team]\nfilter = { policy = "SAI-090" }\n'
        )
        self.git("init", "-q", "-b", "main")

    def git(self, *args: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", *who, *args], cwd=self.folder / "shop", check=True)

    def commit(self, text: str) -> None:
        (self.folder / "shop/settings.py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def run(self, *args: str, code: int = 0, url: str | None = None) -> str:
        environ = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-key-for-tests-only",
                   "SHADOW_AI_NOTIFY_TEAM": self.url if url is None else url}  # fmt: skip
        done = shadow_ai(*args, cwd=self.folder, environ=environ)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    taker = Taker()
    with serving(taker.take) as url:
        yield Place(tmp_path, taker, url.replace("http://", "json://user:made-up-pass@"))


def _key() -> str:
    """Looks like an OpenAI project key, and is nobody's."""
    chars = string.ascii_letters + string.digits
    half = "".join(secrets.choice(chars) for _ in range(74))
    return f"sk-proj-{half}T3BlbkFJ{half[::-1]}"


def test_from_a_key_to_one_message_and_to_the_one_that_it_is_gone(place: Place) -> None:
    key = _key()
    place.commit(f'OPENAI_API_KEY = "{key}"\n')
    place.run("scan")
    assert "would be sent: Shadow AI: 1 opened" in place.run("notify", "--dry-run")
    assert place.taker.got == []
    place.taker.status = 500
    said = place.run("notify", code=3)
    assert "not taken" in said
    assert "made-up-pass" not in said
    place.taker.status = 200
    assert "team: sent: Shadow AI: 1 opened" in place.run("notify")
    assert "team: nothing changed" in place.run("notify")
    place.run("scan")
    assert "team: nothing changed" in place.run("notify")
    place.commit("OPENAI_API_KEY = None\n")
    place.run("run")  # the job: scan, and messages
    place.run("run")
    assert [one["title"] for one in place.taker.got] == [
        "Shadow AI: 1 opened", "Shadow AI: 1 resolved"]  # fmt: skip
    assert key not in json.dumps(place.taker.got)


def test_what_is_missing_is_told_before_anything_is_sent(place: Place) -> None:
    assert "SHADOW_AI_NOTIFY_TEAM is not set" in place.run("notify", code=2, url="")
    assert "none that apprise knows" in place.run("notify", code=2, url="nosuch://made-up-pass")
    assert "there is no [notify.x]" in place.run("notify", "--name", "x", code=2)
