"""A git repository whose history holds a key that was later removed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scanner.rulebook.examples import expand

REMOTE = "https://github.com/example-corp/support-portal.git"

_APP = '''"""Answers support tickets."""

import os

from openai import OpenAI

client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])


def reply(ticket: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": ticket}]
    )
    return answer.choices[0].message.content
'''


def build(root: Path) -> Path:
    """Three commits by two people; the key is made up at run time."""
    root.mkdir(parents=True)
    _git(root, "init", "-q", "-b", "main")
    _git(root, "remote", "add", "origin", REMOTE)
    key = expand("sk-ant-api03-{b64url:93}AA", str(root))
    _write(root, "requirements.txt", "openai>=1.0\nanthropic>=0.30\n")
    _write(root, "support/reply.py", _APP)
    _write(root, "support/triage.py", f'import anthropic\n\nKEY = "{key}"\n')
    _commit(root, "noor@example.com", "Answer tickets with a model")
    _write(
        root, "support/triage.py",
        'import os\n\nimport anthropic\n\nKEY = os.environ["ANTHROPIC_API_KEY"]\n',
    )  # fmt: skip
    _commit(root, "noor@example.com", "Read the key from the environment")
    _write(root, ".github/CODEOWNERS", "* support-engineering@example.com\n")
    _write(
        root, ".mcp.json",
        '{"mcpServers": {"tickets": {"command": "npx", "args": ["tickets-mcp"]}}}\n',
    )  # fmt: skip
    _commit(root, "sam@example.com", "Say who owns this")
    return root


def _write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _commit(root: Path, author: str, message: str) -> None:
    _git(root, "add", "-A")
    _git(root, "-c", f"user.email={author}", "-c", f"user.name={author.partition('@')[0]}",
         "-c", "commit.gpgsign=false", "commit", "-q", "-m", message)  # fmt: skip


def _git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True)
