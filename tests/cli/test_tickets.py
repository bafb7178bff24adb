"""``shadow-ai tickets sync``: from a key committed in a repository to a ticket that closes when the
key is gone."""

from __future__ import annotations

import json
import secrets
import string
import subprocess
from pathlib import Path

import pytest

from tests.command import shadow_ai
from tests.emit.tickets import trackers
from tests.emit.tickets.trackers import Tracker


def _key() -> str:
    """Looks like an OpenAI project key, and is nobody's."""
    chars = string.ascii_letters + string.digits
    half = "".join(secrets.choice(chars) for _ in range(74))
    return f"sk-proj-{half}T3BlbkFJ{half[::-1]}"


class Place:
    def __init__(self, folder: Path, tracker: Tracker) -> None:
        self.folder, self.tracker = folder, tracker
        (folder / "shop").mkdir()
        self.git("init", "-q", "-b", "main")
        self.configure()

    def configure(self, more: str = "") -> None:
        (self.folder / "shadow-ai.toml").write_text(
            '[store]\nurl = "sqlite:///state.sqlite"\n[sources.code]\npaths = ["shop"]\n'
            "history = false\n"
            f'[tickets.github]\nurl = "{self.tracker.server.url}"\nrepository = "acme/ai"\n'
            f'filter = {{ policy = "SAI-090" }}\n{more}'
        )

    def git(self, *args: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", *who, *args], cwd=self.folder / "shop", check=True)

    def commit(self, text: str) -> None:
        (self.folder / "shop/settings.py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def run(self, *args: str, code: int = 0, **environ: str) -> str:
        known = {"SHADOW_AI_FINGERPRINT_KEY": "made-up-key-for-tests-only",
                 "GITHUB_TOKEN": "made-up"}  # fmt: skip
        done = shadow_ai(*args, cwd=self.folder, environ={**known, **environ})
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


def test_from_a_key_in_a_repository_to_a_ticket_that_closes_when_it_is_gone(tmp_path: Path) -> None:
    with trackers.github() as tracker:
        place = Place(tmp_path, tracker)
        key = _key()
        place.commit(f'OPENAI_API_KEY = "{key}"\n')
        place.run("scan", "-q")
        (row,) = [r for r in json.loads(place.run("findings", "list", "--json"))
                  if r["policy"] == "SAI-090"]  # fmt: skip
        shown = json.loads(place.run("tickets", "sync", "--dry-run", "--json"))
        assert [action["do"] for action in shown[0]["actions"]] == ["create"]
        assert tracker.issues == {}
        place.run("tickets", "sync")
        (issue,) = tracker.issues.values()
        assert row["fingerprint"] in issue.body
        assert key not in f"{issue}"
        place.commit('OPENAI_API_KEY = os.environ["OPENAI_API_KEY"]\n')
        place.run("scan", "-q")
        place.run("tickets", "sync")
        assert issue.state == "closed"
        place.commit(f'OPENAI_API_KEY = "{key}"\n')
        place.run("scan", "-q")
        place.run("tickets", "sync")
        assert issue.state == "open"
        assert len(tracker.issues) == 1


@pytest.mark.parametrize(
    ("more", "environ", "told"),
    [
        ("nonsense = 1\n", {}, "nonsense"),
        ("", {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ('kind = "gitbub"\n', {}, "there is no `gitbub`"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_before_anything_is_sent(
    tmp_path: Path, more: str, environ: dict[str, str], told: str
) -> None:
    with trackers.github() as tracker:
        place = Place(tmp_path, tracker)
        place.configure(more)
        place.commit("import openai\n")
        place.run("scan", "-q")
        assert told in place.run("tickets", "sync", code=2, **environ)
        assert tracker.server.calls == []
        place.configure()
        assert "[tickets.jira]" in place.run("tickets", "sync", "--sink", "jira", code=2)


def test_what_a_baseline_hides_gets_no_ticket_and_fails_nothing(tmp_path: Path) -> None:
    with trackers.github() as tracker:
        place = Place(tmp_path, tracker)
        place.commit(f'OPENAI_API_KEY = "{_key()}"\n')
        place.run("scan", "-q")
        place.run("tickets", "sync")
        place.run("findings", "list", "--fail-on", "critical", code=1)
        (issue,) = tracker.issues.values()
        place.run("baseline")
        place.configure('[scan]\nbaselines = [".shadow-ai-baseline.json"]\n')
        assert "[]" in place.run("findings", "list", "--fail-on", "critical", "--json")
        hidden = json.loads(place.run("findings", "list", "--status", "suppressed", "--json"))
        assert "SAI-090" in [row["policy"] for row in hidden]
        place.run("tickets", "sync")
        assert issue.state == "closed"
        assert "suppressed by .shadow-ai-baseline.json" in "".join(issue.comments).replace("\\", "")
        place.run("scan", "-q", "--fail-on", "critical")
        place.run("tickets", "sync")
        assert len(tracker.issues) == 1


def test_a_ticket_that_cannot_be_seen_is_told_until_a_person_says_that_it_is_gone(
    tmp_path: Path,
) -> None:
    with trackers.github() as tracker:
        place = Place(tmp_path, tracker)
        place.commit(f'OPENAI_API_KEY = "{_key()}"\n')
        place.run("scan", "-q")
        place.run("tickets", "sync")
        tracker.unseen = {1}
        for _ in range(2):
            assert "1 of 1 tickets cannot be seen (1)" in place.run("tickets", "sync", code=3)
        assert len(tracker.issues) == 1
        assert "there is no ticket `2`" in place.run("tickets", "forget", "2", code=2)
        assert "issues/1 is forgotten" in place.run("tickets", "forget", "1")
        place.run("tickets", "sync")
        assert len(tracker.issues) == 2
        # One that is there after all is found again.
        tracker.unseen.clear()
        place.run("tickets", "forget", "2")
        place.run("tickets", "sync")
        assert len(tracker.issues) == 2
