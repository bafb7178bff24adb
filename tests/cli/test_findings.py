"""Findings by the command line, over a state of real scans of a real repository."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.command import shadow_ai

CONFIG = """
[store]
url = "sqlite:///state.sqlite"
[sources.code]
paths = ["shop"]
[views.mine]
provider = "anthropic"
severity = "low"
"""
UNTIL = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shadow-ai.toml").write_text(CONFIG)
        (folder / "shop/app").mkdir(parents=True)
        self.git("init", "-q")
        self.write("app/a.py", "import anthropic\nanthropic.Anthropic()\n")
        self.write("app/b.py", "import openai\nopenai.OpenAI()\n")
        self.run("scan", "-q")

    def git(self, *args: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", *who, *args], cwd=self.folder / "shop", check=True)

    def write(self, name: str, text: str) -> None:
        file = self.folder / "shop" / name
        file.write_text(text) if text else file.unlink()
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def run(self, *args: str, code: int = 0, environ: Mapping[str, str] = {}) -> str:
        known = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-key-for-tests-only", **environ}
        done = shadow_ai(*args, cwd=self.folder, environ=known)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def json(self, *args: str) -> Any:
        return json.loads(self.run(*args, "--json"))

    def found(self, *args: str) -> dict[str, str]:
        """Provider -> status."""
        rows = self.json("findings", "list", *args)
        return {row["provider"]: row["status"] for row in rows}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_accept_suppress_withdraw_and_fix(place: Place) -> None:
    assert place.found() == {"anthropic": "new", "openai": "new"}
    assert place.found("--view", "mine") == {"anthropic": "new"}
    (row,) = place.json("findings", "list", "--view", "mine")
    said = ("--until", UNTIL, "--reason", "a pilot", "--by", "ada")
    place.run("findings", "accept", row["fingerprint"][:12], *said)
    place.run("findings", "suppress", "--path", "app/b*", "--ground", "false_positive", *said)
    place.run("scan", "-q")
    assert place.found() == {}
    everything = {"anthropic": "accepted", "openai": "suppressed"}
    assert place.found("--status", "all") == everything
    rows = {one["decision"]["verb"]: one for one in place.json("findings", "decisions")}
    assert [one["findings"] for one in rows.values()] == [1, 1]
    place.run("findings", "reopen", row["fingerprint"], "--reason", "over", "--by", "bob")
    assert place.found() == {"anthropic": "open"}
    place.write("app/b.py", "")
    told = place.run("scan", "-q")
    ident = rows["suppress"]["decision"]["id"]
    assert f"decision {ident} speaks of no finding that is there" in told
    assert place.found("--status", "all") == {"anthropic": "open", "openai": "resolved"}
    changes = [event["change"] for event in place.json("findings", "history", row["fingerprint"])]
    assert changes == ["opened", "accepted", "withdrawn"]


def test_what_changed_between_two_scans(place: Place) -> None:
    place.run("diff", code=2)
    place.write("app/b.py", "")
    place.write("app/c.py", "import cohere\ncohere.Client()\n")
    place.run("scan", "-q")
    found = place.json("diff")
    told = {row["finding"]["provider"]: [event["change"] for event in row["events"]]
            for row in found["findings"]}  # fmt: skip
    assert told == {"openai": ["resolved"], "cohere": ["opened"]}
    place.run("diff", "--exit-code", code=1)
    place.run("scan", "-q")
    assert place.json("diff")["findings"] == []
    place.run("diff", "--exit-code")
    first = place.json("diff")["before"]
    assert "several scans begin" in place.run("diff", first[:4], code=2)


def test_reopening_a_finding_leaves_no_older_decision_unsaid(place: Place) -> None:
    (row,) = place.json("findings", "list", "--view", "mine")
    mark, said = row["fingerprint"], ("--until", UNTIL, "--by", "ada", "--reason")
    for words in ("one", "two"):
        place.run("findings", "accept", mark, *said, words)
    told = place.run("findings", "reopen", mark, "--by", "bob", "--reason", "not any more")
    assert told.count("withdrawn") == 2
    assert place.found() == {"anthropic": "new", "openai": "new"}
    for rule in ("SAI-*", "SAI-0*"):
        place.run("findings", "suppress", "--policy", rule, "--ground", "duplicate", *said, rule)
    told = place.run("findings", "reopen", mark, "--by", "bob", "--reason", "not any more")
    assert told.count("withdrawn") == 1
    assert told.count("still stands: suppress") == 1


@pytest.mark.parametrize("day", ["yesterday", "28.11.2026", "2026-13-77", "2026-99-99"])
def test_a_day_that_is_none_is_told(place: Place, day: str) -> None:
    for verb in ("history", "list", "export"):
        more = ("--format", "json") if verb == "export" else ()
        assert f"`{day}` is no day" in place.run("findings", verb, *more, "--since", day, code=2)
    assert place.json("findings", "history", "--since", "2026-01-01")


def test_who_decides_is_known_without_the_environment(place: Place) -> None:
    (row,) = place.json("findings", "list", "--view", "mine")
    told = place.run("findings", "accept", row["fingerprint"], "--until", UNTIL, "--reason", "x",
                     environ={"USER": "", "LOGNAME": "", "LNAME": "", "USERNAME": ""})  # fmt: skip
    assert "by" in told
    (made,) = place.json("findings", "decisions")
    assert made["decision"]["by"] == pwd.getpwuid(os.getuid()).pw_name


def test_what_is_no_longer_scanned_is_ended_by_a_person(place: Place) -> None:
    """And reopened if it is ever seen again."""
    (row,) = place.json("findings", "list", "--view", "mine")
    mark, said = row["fingerprint"], ("--by", "ada", "--reason", "the shop is sold")
    assert "only what is held" in place.run("findings", "end", mark, *said, code=2)
    config = place.folder / "shadow-ai.toml"
    (place.folder / "other").mkdir()
    config.write_text(CONFIG.replace('"shop"', '"other"'))
    place.run("scan", "-q")
    assert place.found() == {"anthropic": "held", "openai": "held"}
    assert "no finding of the state" in place.run(
        "findings", "end", "--shard", "code:elsewhere/*", *said, code=2
    )
    place.run("findings", "end", mark, *said)
    assert place.found() == {"openai": "held"}
    place.run("findings", "end", "--shard", "code:git:*", *said)
    assert place.found() == {}
    place.run("scan", "-q")
    assert place.found() == {}, "nobody looks there"
    events = place.json("findings", "history", mark)
    assert [event["change"] for event in events] == ["opened", "held", "resolved"]
    assert events[-1]["detail"] == "ended by ada: the shop is sold"
    config.write_text(CONFIG)
    place.run("scan", "-q")
    assert place.found() == {"anthropic": "reopened", "openai": "reopened"}


def test_what_a_baseline_hides_is_told_as_such_everywhere(place: Place) -> None:
    place.run("baseline")
    config = place.folder / "shadow-ai.toml"
    config.write_text(f'{CONFIG}[scan]\nbaselines = [".shadow-ai-baseline.json"]\n')
    place.run("scan", "-q")
    row = place.json("findings", "list", "--status", "suppressed")[0]
    assert place.json("findings", "show", row["fingerprint"])["finding"]["status"] == "suppressed"
    changes = [event["change"] for event in place.json("findings", "history", row["fingerprint"])]
    assert changes == ["opened", "suppressed"]
    assert {one["finding"]["status"] for one in place.json("diff")["findings"]} == {"suppressed"}
    place.run("diff", "--exit-code", code=1)
    exported = place.run("findings", "export", "--format", "json", "--status", "suppressed")
    assert len(json.loads(exported)["findings"]) == 2


def test_lists_are_filtered_grouped_and_set_the_exit_code(place: Place) -> None:
    assert place.found("--text", "OPENAI") == {"openai": "new"}
    assert place.found("--policy", "SAI-0*", "--owner", "ada@*").keys() == {"anthropic", "openai"}
    assert place.found("--owner", "-") == {}
    assert place.found("--since", "2999-01-01") == {}
    (group,) = place.json("findings", "list", "--group-by", "owner", "--group-by", "policy")
    assert group["name"].startswith("ada@example.com / SAI-")
    assert len(group["findings"]) == 2
    place.run("findings", "list", "--fail-on", "critical")
    place.run("findings", "list", "--fail-on", "info", code=1)
    assert "has no [views.his]" in place.run("findings", "list", "--view", "his", code=2)
    assert "`soon` is no day" in place.run("findings", "list", "--since", "soon", code=2)
    wrong = place.run("findings", "accept", "v1:nothing", "--until", UNTIL, "--reason", "x", code=2)
    assert "no finding begins with `v1:nothing`" in wrong


@pytest.mark.parametrize("option", ["--reason", "--by", "--path", "--owner"])
def test_bytes_that_are_no_text_are_told_as_such(place: Place, option: str) -> None:
    given = {"--until": UNTIL, "--reason": "a pilot", "--by": "ada", "--path": "app/*"}
    given |= {"--owner": "ada@*", option: os.fsdecode(b"a \xff\xfe pilot")}
    said = [word for pair in given.items() for word in pair]
    told = place.run("findings", "suppress", "--ground", "false_positive", *said, code=2)
    assert f"{option}: character 3 is no text" in told
    assert place.json("findings", "decisions") == []


def test_an_end_of_a_decision_is_held_to_the_same(place: Place) -> None:
    (ident,) = [row["fingerprint"] for row in place.json("findings", "list", "--text", "openai")]
    said = ("--reason", os.fsdecode(b"\xff"), "--by", "ada")
    told = place.run("findings", "accept", ident, "--until", UNTIL, *said, code=2)
    assert "--reason: character 1 is no text" in told
    place.run("findings", "accept", ident, "--until", UNTIL, "--reason", "x", "--by", "ada")
    assert "--reason: character 1" in place.run("findings", "reopen", ident, *said, code=2)
