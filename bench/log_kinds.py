"""What AI was used for: a day of a proxy's log with known truth, and whether each number of it
comes out.

Kinds of use (chat in a browser, calls of an API, embeddings, downloads of models, a coding
assistant), what was blocked, and one model server of the company's own, beside hosts that were
asked as such a server is and answered that they are none.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from bench.logs import BROWSER, DECOYS, Use, document_of, iso

_SDK, _HUB, _IDE = "OpenAI/Python 1.40.0", "hf_hub/0.24; python/3.11", "GithubCopilot/1.155.0"
SERVER = "llm.corp.example:8000"
"""A model server of the company's own, which no rule knows."""


class Ask(NamedTuple):
    """One way to use AI. ``thing``: what it is told as; empty: it is none. ``status`` 403: the
    proxy has blocked it."""

    thing: str
    host: str
    path: str
    method: str
    status: int
    client: str


ASKS = (
    Ask("openai/chat-in-a-browser", "chatgpt.com", "/backend-api/conversation", "POST", 200,
        BROWSER),
    Ask("openai/chat-in-a-browser", "chatgpt.com", "/backend-api/conversation", "POST", 403,
        BROWSER),
    Ask("anthropic/chat-in-a-browser", "claude.ai", "/new", "GET", 403, BROWSER),
    Ask("openai/api-calls", "api.openai.com", "/v1/chat/completions", "POST", 200, _SDK),
    Ask("anthropic/api-calls", "api.anthropic.com", "/v1/messages", "POST", 200, _SDK),
    Ask("openai/embeddings", "api.openai.com", "/v1/embeddings", "POST", 200, _SDK),
    Ask("huggingface/model-downloads", "huggingface.co", "/acme/m/resolve/main/a.safetensors",
        "GET", 200, _HUB),
    Ask("github_copilot/coding-assistant", "api.githubcopilot.com", "/chat/completions", "POST",
        200, _IDE),
    Ask(f"endpoint/{SERVER}", SERVER, "/v1/chat/completions", "POST", 200, _SDK),
    Ask("", "gpu.corp.example:8000", "/v1/chat/completions", "POST", 404, _SDK),
    Ask("", "wiki.corp.example", "/v1/chat/completions", "GET", 200, BROWSER),
    *(Ask("", decoy, "/chat", "POST", 200, BROWSER) for decoy in DECOYS),
)  # fmt: skip

Told = dict[tuple[str, str, str], Use]
"""By who, thing, and whether it was used or tried in vain: of what was tried no bytes are told."""
_SHARE = 50
"""Of that many lines one is of AI."""


def write(path: Path, size: int) -> Told:
    """-> what is in it."""
    draw = random.Random(11)
    truth: Told = defaultdict(Use)
    with path.open("w", newline="\n") as out:
        while out.tell() < size:
            for number in range(1000):
                site = f"www.site{draw.randrange(4000)}.example.org"
                one = Ask("", site, "/a/b", "GET", 200, BROWSER)
                if number % _SHARE == 0:
                    one = draw.choice(ASKS)
                at, who = 1_795_824_000 + draw.randrange(86_400), draw.randrange(200)
                up, down = draw.randrange(9000), draw.randrange(90_000)
                out.write(_line(one, iso(at), f"user{who}@example.com", up, down) + "\n")
                if one.thing:
                    is_tried = one.status == 403
                    key = (f"user{who}@example.com", one.thing, "tried" if is_tried else "used")
                    carried = (0, 0) if is_tried else (up, down)
                    truth[key].add(1, *carried, iso(at), iso(at))
    return dict(truth)


def _line(one: Ask, at: str, user: str, up: int, down: int) -> str:
    return json.dumps({
        "Datetime": at, "Email": user, "SourceIP": "10.0.0.9", "HTTPHost": one.host,
        "URL": f"https://{one.host}{one.path}", "HTTPMethod": one.method,
        "HTTPStatusCode": one.status, "RequestBytes": up, "ResponseBytes": down,
        "UserAgent": one.client, "Action": "block" if one.status == 403 else "allow",
    })  # fmt: skip


def found(document: dict[str, Any]) -> Told:
    """The same of a document of the scanner."""
    told: Told = defaultdict(Use)
    for edge in document["edges"]:
        if edge["kind"] == "used_by":
            for row in edge["evidence"]:
                told[_name(edge["target"]), _name(edge["source"]), "used"].add(
                    row["count"], row["bytes_sent"], row["bytes_received"],
                    row["first_seen"], row["last_seen"],
                )  # fmt: skip
    for one in document["attempts"]:
        key = (_name(one["who"]), _name(one["uid"]), "tried")
        told[key].add(one["count"], 0, 0, one["first_seen"], one["last_seen"])
    return dict(told)


def _name(uid: str) -> str:
    return uid.removeprefix("logs:traffic/").removeprefix("user/")


def wrong(truth: Told, told: Told) -> list[tuple[str, str, str]]:
    """What is told otherwise than it was put in, or not at all, or was never put in."""
    return sorted(key for key in truth.keys() | told.keys() if truth.get(key) != told.get(key))


def row(folder: Path, size: int) -> str:
    """What the benchmark says of it."""
    path = folder / "kinds.json"
    truth = write(path, size)
    told = found(document_of(path))
    path.unlink()
    things = sorted({thing for _, thing, _ in truth})
    tried = sum(use.count for (*_, how), use in truth.items() if how == "tried")
    return (
        f"kinds of use: {sum(use.count for use in truth.values()):,} requests put in, {tried:,} of "
        f"them blocked, of {len(things)} things ({', '.join(things)}); requests, bytes, first or "
        f"last wrong in {len(wrong(truth, told))} of {len(truth):,}"
    )
