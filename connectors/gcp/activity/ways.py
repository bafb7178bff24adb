"""From where and with what a call was made, in few fixed words; never an address, never a text of
the caller's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from scanner.kit.clients import HTTP_LIBRARIES, family_of
from scanner.kit.tables import first_text, values

CLIENTS: tuple[tuple[str, str], ...] = (
    ("langchain", "langchain"),
    ("llama-index", "llama-index"),
    ("llama_index", "llama-index"),
    ("litellm", "litellm"),
    ("crewai", "crewai"),
    ("haystack", "haystack"),
    ("semantic-kernel", "semantic-kernel"),
    ("pydantic-ai", "pydantic-ai"),
    ("spring-ai", "spring-ai"),
    ("firebase-genkit", "genkit"),
    ("genkit", "genkit"),
    ("google-adk", "google-adk"),
    ("google-genai-sdk", "google-genai"),  # before the next, which it contains
    ("ai-sdk", "vercel-ai-sdk"),
    ("gemini-cli", "gemini-cli"),
    ("geminicli", "gemini-cli"),
    ("claude-cli", "claude-code"),
    ("claude-code", "claude-code"),
    ("anthropicvertex", "anthropic-sdk"),
    ("anthropic", "anthropic-sdk"),
    ("openai", "openai-sdk"),
    ("opencode", "opencode"),
    ("cline", "cline"),
    ("roo-code", "roo-code"),
    ("cursor", "cursor"),
    ("aider", "aider"),
    ("n8n", "n8n"),
    ("dify", "dify"),
    ("flowise", "flowise"),
    ("open-webui", "open-webui"),
    ("genai-", "google-genai"),
    ("vertexai", "vertex-ai-sdk"),
    ("model-builder", "vertex-ai-sdk"),
    ("terraform", "terraform"),
    ("pulumi", "pulumi"),
    ("google-cloud-sdk", "gcloud"),
    ("gcloud", "gcloud"),
    ("google-api-python-client", "google-api-python-client"),
    ("google-api-nodejs-client", "google-api-nodejs-client"),
    ("google-api-java-client", "google-api-java-client"),
    ("google-api-go-client", "google-api-go-client"),
    ("gccl", "google-cloud-client"),
    ("gapic", "google-cloud-client"),
    ("gax", "google-cloud-client"),
    ("grpc-python", "google-cloud-client"),
    ("grpc-go", "google-cloud-client"),
    ("grpc-node", "google-cloud-client"),
    ("grpc-java", "google-cloud-client"),
    *HTTP_LIBRARIES,
    ("mozilla/", "console"),
)
"""A word of the user agent, in lower case -> the family it belongs to: what adds itself to the
SDK's own words says more, and stands first."""

_INSIDE = ("gce-internal-ip", "private")
"""What Google writes in the place of an address inside its network
(https://cloud.google.com/logging/docs/audit/understanding-audit-logs)."""


def way(payload: Any) -> str:
    """Of one entry's payload. A key of a service account is a file that lies somewhere, a
    delegation somebody who acts as another."""
    words = [
        client_of(first_text(payload, "requestMetadata.callerSuppliedUserAgent")),
        _proof(next(values(payload, "authenticationInfo"), {})),
        source_of(first_text(payload, "requestMetadata.callerIp")),
    ]
    return " ".join(filter(None, words))


def _proof(told: Any) -> str:
    if not isinstance(told, Mapping):
        return ""
    if first_text(told, "serviceAccountKeyName"):
        return "with a service account's key"
    if next(values(told, "serviceAccountDelegationInfo[]"), None):
        return "by impersonation"
    return ""


@lru_cache(maxsize=4096)
def client_of(agent: str) -> str:
    """The family of a user agent; ``other`` for what is not known, empty for none."""
    return family_of(agent, CLIENTS)


@lru_cache(maxsize=65536)
def source_of(address: str) -> str:
    word = address[:200].strip().casefold()
    if word in _INSIDE:
        return "from inside Google Cloud"
    try:
        found = ipaddress.ip_address(word)
    except ValueError:
        return ""
    return "from a public address" if found.is_global else "from a private address"
