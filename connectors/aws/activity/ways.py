"""From where and with what a call was made, in few fixed words; never an address, never a text of
the caller's own."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache

from scanner.kit.clients import HTTP_LIBRARIES, family_of
from scanner.kit.expressions import expression

FRAMEWORKS: tuple[tuple[str, str], ...] = (
    ("langchain", "langchain"),
    ("llama_index", "llama-index"),
    ("llama-index", "llama-index"),
    ("llamaindex", "llama-index"),
    ("litellm", "litellm"),
    ("strands", "strands"),
    ("crewai", "crewai"),
    ("haystack", "haystack"),
    ("semantic-kernel", "semantic-kernel"),
    ("pydantic-ai", "pydantic-ai"),
    ("spring-ai", "spring-ai"),
    ("ai-sdk", "vercel-ai-sdk"),
    ("claude-cli", "claude-code"),
    ("claude-code", "claude-code"),
    ("codex", "codex"),
    ("opencode", "opencode"),
    ("cline", "cline"),
    ("roo-code", "roo-code"),
    ("cursor", "cursor"),
    ("aider", "aider"),
    ("n8n", "n8n"),
    ("dify", "dify"),
    ("flowise", "flowise"),
    ("open-webui", "open-webui"),
    ("anthropicbedrock", "anthropic-sdk"),
    ("anthropic", "anthropic-sdk"),
    ("openai", "openai-sdk"),
    ("sagemaker-python-sdk", "sagemaker-sdk"),
    ("aws-toolkit", "aws-toolkit"),
    ("amazonq", "amazon-q"),
    ("terraform", "terraform"),
    ("pulumi", "pulumi"),
    ("ansible", "ansible"),
    ("cloudformation.amazonaws.com", "cloudformation"),
)
"""What adds itself to the SDK's own words, and says more."""

SDKS: tuple[tuple[str, str], ...] = (
    ("aws-cli", "aws-cli"),
    ("aws-cdk", "aws-cdk"),
    ("powershell", "aws-powershell"),
    ("boto3", "boto3"),
    ("botocore", "boto3"),
    ("aws-sdk-java", "aws-sdk-java"),
    ("aws-sdk-js", "aws-sdk-js"),
    ("aws-sdk-nodejs", "aws-sdk-js"),
    ("aws-sdk-go", "aws-sdk-go"),
    ("aws-sdk-dotnet", "aws-sdk-dotnet"),
    ("aws-sdk-rust", "aws-sdk-rust"),
    ("aws-sdk-ruby", "aws-sdk-ruby"),
    ("aws-sdk-php", "aws-sdk-php"),
    ("aws-sdk-kotlin", "aws-sdk-kotlin"),
    ("aws-sdk-swift", "aws-sdk-swift"),
    ("aws-sdk-cpp", "aws-sdk-cpp"),
    ("aws-sdk", "aws-sdk"),
    ("aws-internal", "aws"),
    ("aws internal", "aws"),
    ("console.", "console"),
    *HTTP_LIBRARIES,
    (".amazonaws.com", "aws"),
    ("mozilla/", "console"),
)

CLIENTS = (*FRAMEWORKS, *SDKS)
"""A word of the user agent, in lower case -> the family it belongs to. Where frameworks write
themselves: https://github.com/langchain-ai/langchain-aws (``x-client-framework``),
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html."""

_ENDPOINT = expression(r"vpce-[0-9a-f]{8,32}")
_HOST = expression(r"[a-z0-9.-]{1,100}\.amazonaws\.com(?:\.cn)?")
_REGION = expression(r"[a-z]{2,6}(?:-[a-z]+){1,3}-\d")
_WORD = expression(r"[\w.:/@= -]{1,64}")
PUBLIC, PRIVATE = "a public address", "a private address"


@lru_cache(maxsize=4096)
def client_of(agent: str) -> str:
    """The family of a user agent; ``other`` for what is not known, empty for none."""
    return family_of(agent, CLIENTS)


@lru_cache(maxsize=65536)
def source_of(address: str) -> str:
    """What kind of address it is; empty where none is told. ``public`` and ``private`` stand for
    themselves: queries answer so."""
    word = address[:200].strip().casefold()
    if word in ("public", "private"):
        return PUBLIC if word == "public" else PRIVATE
    if word == "aws internal":
        return "AWS itself"
    if _HOST.fullmatch(word):
        return f"AWS service {word}"
    try:
        found = ipaddress.ip_address(word)
    except ValueError:
        return ""
    return PUBLIC if found.is_global else PRIVATE


@lru_cache(maxsize=65536)
def way(
    agent: str = "",
    address: str = "",
    *,
    endpoint: str = "",
    service: str = "",
    account: str = "",
    region: str = "",
    purpose: str = "",
    has_key: bool = False,
) -> str:
    """``account``: the caller's, where it is another; ``region``: where a model ran, where it is
    another; ``service``: what called on somebody's behalf; ``purpose``: what the caller itself
    says it is for; ``has_key``: it bears an API key, not AWS's own credentials."""
    words = [client_of(agent), "with an API key" if has_key else ""]
    words += _words(address, endpoint, service, account, region, purpose)
    return " ".join(filter(None, words))


def _words(
    address: str, endpoint: str, service: str, account: str, region: str, purpose: str
) -> Iterator[str]:
    if _ENDPOINT.fullmatch(endpoint):
        yield f"through VPC endpoint {endpoint}"
    elif _HOST.fullmatch(service):
        yield f"from AWS service {service}"
    elif source := source_of(address):
        yield f"from {source}"
    if account:
        yield f"of account {account}"
    if _REGION.fullmatch(region):
        yield f"inferred in {region}"
    if _WORD.fullmatch(purpose):
        yield f"for {purpose}"
