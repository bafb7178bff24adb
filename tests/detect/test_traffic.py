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
