"""Whether somebody chatted in a browser or a program called an API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.logs.kinds import client_of
from connectors.logs.records import Record
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.samples import SAMPLES

DEFENDER = {
    "Timestamp": "2026-11-28T10:00:00Z", "DeviceName": "pc1", "ActionType": "ConnectionSuccess",
    "RemotePort": 443,
}  # fmt: skip
CHECK_POINT = (
    '[action:"Accept"; loguid:"{{0x1,0x2}}"; time:"1764324000"; appi_name:"{}"; dst:"192.0.2.1"; '
    'product:"Application Control"; resource:"https://chatgpt.com/c/1"; service:"443"; '
    'src:"10.1.1.5"; src_user_name:"Anna (anna)"]\n'
)
PALO_ALTO = next(line for name, _, line, _ in SAMPLES if name == "palo-alto" and "THREAT" in line)


def defender(url: str, program: str) -> str:
    return json.dumps({**DEFENDER, "RemoteUrl": url, "InitiatingProcessFileName": program}) + "\n"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (defender("chatgpt.com", "chrome.exe"), "chat in a browser"),
        (defender("chatgpt.com", "msedge.exe"), "chat in a browser"),
        (defender("chatgpt.com", "acme-tool.exe"), "chat in a browser"),
        (defender("chatgpt.com", "python.exe"), "API calls"),
        (defender("https://chatgpt.com/v1/responses", "chrome.exe"), "API calls"),
        (defender("api.openai.com", "acme-tool.exe"), "API calls"),
        (defender("chatgpt.com", "Code.exe"), "coding assistant"),
        (CHECK_POINT.format("OpenAI - ChatGPT"), "chat in a browser"),
        (json.dumps({"timestamp": 1764324000, "app": "ChatGPT", "appcategory": "Generative AI",
                     "ccl": "low", "user": "anna", "domain": "chatgpt.com", "browser": "Chrome",
                     "url": "chatgpt.com/backend-api/conversation"}) + "\n", "chat in a browser"),
        (json.dumps({"host": "chatgpt.com", "user_agent": "acme-sync/2.1"}) + "\n",
         "chat in a browser"),
        (json.dumps({"host": "chatgpt.com", "user_agent": "python-requests/2"}) + "\n",
         "API calls"),
        *((json.dumps({"url": f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{model}"})
           + "\n", kind)
          for model, kind in (("amazon.titan-embed-text-v2:0/invoke", "embeddings"),
                              ("amazon.titan-embed-text-v2%3A0/invoke", "embeddings"),
                              ("amazon.nova-canvas-v1:0/invoke", "images"),
                              ("anthropic.claude-x/converse-stream", "API calls"))),
        (json.dumps({"url": "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/"
                     "us-central1/publishers/google/models/text-embedding-005:predict"}) + "\n",
         "embeddings"),
    ],
)  # fmt: skip
def test_what_it_was(tmp_path: Path, read: Read, line: str, kind: str) -> None:
    (tmp_path / "a.log").write_text(line)
    assert [name.partition(": ")[2] for name in read("a.log").assets] == [kind]


@pytest.mark.parametrize(
    ("program", "client"),
    [
        ("C:\\Program Files\\Google\\Chrome\\chrome.exe", "browser"), ("Google Chrome", "browser"),
        ("/Applications/Safari.app", "browser"), ("firefox", "browser"), ("brave.exe", "browser"),
        ("Microsoft Edge", "browser"), ("Google Chrome Helper", "browser"),
        ("search.exe", "other"), ("operator.exe", "other"), ("arcgis.exe", "other"),
        ("/usr/bin/python3.11", "Python"), ("Cursor.exe", "Cursor"), ("curl.exe", "curl"),
        ("ollama.exe", "Ollama"), ("java.exe", "Java"), ("", ""),
    ],
)  # fmt: skip
def test_programs_that_logs_of_endpoints_name(program: str, client: str) -> None:
    assert client_of(Record("x", program=program)) == client


def test_an_application_of_a_firewall_is_no_client(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(PALO_ALTO + "\n")
    (thing,) = read("a.log").assets.values()
    assert [row.path for row in thing.evidence] != ["other"]
