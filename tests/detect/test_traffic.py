"""Every host of the rules is found in raw lines, however they write names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.detect.traffic import HostWatch
from scanner.rulebook.load import Rulebook


def _plain(host: str) -> str:
    return host


def _labels(host: str) -> str:
    """As the debug log of Windows' DNS server has it."""
    return "".join(f"({len(label)}){label}" for label in host.split(".")) + "(0)"


def _hosts(rulebook: Rulebook) -> list[str]:
    named = [host.host for provider in rulebook.providers for host in provider.hosts]
    named += [domain for provider in rulebook.providers for domain in provider.web_domains]
    return [
        host.replace("*.", "acme.", 1).replace("*-", "us-central1-").replace("*", "us-east-1")
        if host.startswith("*")
        else host.replace("*", "us-east-1")
        for host in named
    ]


@pytest.mark.parametrize("written", [_plain, _labels])
@pytest.mark.parametrize("before", [" ", "\t", '"', "=", "https://"])
def test_every_host_of_the_rules_is_found_in_a_line(
    rulebook: Rulebook, written: Callable[[str], str], before: str
) -> None:
    watch = HostWatch(rulebook)
    find = watch.search(("RateLimited",))
    known = [host for host in _hosts(rulebook) if watch.known(host, "/")[0]]
    assert len(known) > 1000
    missed = [host for host in known if not find(f"10.0.0.5{before}{written(host)} 1".encode())]
    assert not missed


@pytest.mark.parametrize("line", ["10.0.0.5 www.example.org 1", "10.0.0.5 xyz.aim.example 1"])
def test_others_are_not(rulebook: Rulebook, line: str) -> None:
    assert not HostWatch(rulebook).search(())(line.encode())


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("vpce-0ab-xyz.bedrock-runtime.us-east-1.vpce.amazonaws.com", "aws_bedrock"),
        ("vpce-0ab-xyz-us-east-1a.bedrock-agent-runtime.us-east-1.vpce.amazonaws.com",
         "aws_bedrock"),
        ("vpce-0ab-xyz.bedrock-agentcore.us-east-1.vpce.amazonaws.com", "aws_bedrock"),
        ("bedrock-runtime.us-east-1.api.aws", "aws_bedrock"),
        ("vpce-0ab-xyz.runtime.sagemaker.us-east-1.vpce.amazonaws.com", "aws_sagemaker"),
        ("vpce-0ab-xyz.api.sagemaker.us-east-1.vpce.amazonaws.com", "aws_sagemaker"),
        ("runtime.sagemaker.us-east-1.api.aws", "aws_sagemaker"),
        ("aiplatform-genai1.p.googleapis.com", "google_vertex"),
        ("discoveryengine-x.p.googleapis.com", "google_vertex"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("written", [_plain, _labels])
def test_private_ways_into_clouds_are_their_services(
    rulebook: Rulebook, host: str, provider: str, written: Callable[[str], str]
) -> None:
    watch = HostWatch(rulebook)
    assert watch.known(host, "/") == (provider, "api")
    assert watch.search(())(f"10.0.0.5 {written(host)} 1".encode())


SHARED = (
    "vpce-0ab-xyz.s3.us-east-1.vpce.amazonaws.com", "vpce.amazonaws.com",
    "vpce-0ab-xyz.execute-api.us-east-1.vpce.amazonaws.com", "storage-genai1.p.googleapis.com",
)  # fmt: skip


@pytest.mark.parametrize(
    "line", [*SHARED, *map(_labels, SHARED), "s3.us-east-1.api.aws", "sts.us-east-1.api.aws"]
)
def test_what_all_services_of_a_cloud_share_decides_nothing(rulebook: Rulebook, line: str) -> None:
    watch = HostWatch(rulebook)
    assert watch.known(line, "/") == ("", "")
    assert not watch.search(())(f"10.0.0.5 {line} 1".encode())


def test_private_names_of_a_service_are_not_those_of_another(rulebook: Rulebook) -> None:
    watch = HostWatch(rulebook)
    for host in (
        "bedrock-runtime.us-east-1.api.aws.evil.example",
        "vpce-0ab.notbedrock-runtime.us-east-1.vpce.amazonaws.com",
        "vpce-0ab.bedrock-runtime.us-east-1.vpce.amazonaws.com.evil.example",
        "xaiplatform-genai1.p.googleapis.com",
    ):
        assert watch.known(host, "/") == ("", ""), host
