"""Of one session several lines may tell, and several logs of one answer: what counts depends on no
order of reading, and what was blocked is no use however its session ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.model.facts import Edge
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.test_joined import AI, HEAD, carried, resolved, talk

_FORTINET = (
    'date=2026-11-27 time=10:52:28 devname="FGT-1" devid="FGT60F" eventtime=1795776748000000000 '
    'tz="+0000" logid="0000000013" type="traffic" subtype="forward" sessionid=7276 srcip=10.2.0.14 '
    'srcport=40276 dstip=203.0.113.11 dstport=443 proto=6 service="HTTPS" user="anna" '
    'action="client-rst" duration=9 sentbyte=227 rcvdbyte=0 app="OpenAI.ChatGPT" '
    'utmaction="{}" countweb=1\n'
)
_BUMPED = (
    "1795860000.123 2 10.0.0.5 {}/200 0 CONNECT api.openai.com:443 anna HIER_DIRECT/203.0.113.9 -\n"
    "1795860000.456 300 10.0.0.5 TCP_MISS/200 8123 POST https://api.openai.com/v1/embeddings anna "
    "HIER_DIRECT/203.0.113.9 application/json\n"
)


@pytest.mark.parametrize(("said", "relation"), [("block", "tried_by"), ("allow", "used_by")])
def test_a_session_that_a_profile_has_blocked_is_no_use(
    tmp_path: Path, read: Read, said: str, relation: str
) -> None:
    (tmp_path / "a.log").write_text(_FORTINET.format(said))
    edges = [one for one in read("a.log").items if isinstance(one, Edge)]
    assert {str(one.relation) for one in edges if "/user/" in one.target} == {relation}


@pytest.mark.parametrize("opens", ["NONE", "NONE_NONE"])
def test_a_tunnel_that_the_proxy_looks_into_counts_by_what_is_in_it(
    tmp_path: Path, read: Read, opens: str
) -> None:
    (tmp_path / "a.log").write_text(_BUMPED.format(opens))
    assert read("a.log").use == {("anna", "OpenAI: embeddings"): 1}


def test_whose_a_connection_is_does_not_depend_on_which_log_was_read_first(
    tmp_path: Path, read: Read
) -> None:
    """One resolver names the machine, another the address that asked, in the same second."""
    client = "10.0.0.5"
    (tmp_path / "r.json").write_text(resolved(client, "api.openai.com", AI, instance="i-0a"))
    (tmp_path / "s.json").write_text(resolved(client, "api.openai.com", AI))
    (tmp_path / "z.log").write_text(HEAD + talk(client, AI, 500, 7000, 5))
    told = []
    for order in (("r.json", "s.json"), ("s.json", "r.json")):
        for age, name in enumerate((*order, "z.log")):
            os.utime(tmp_path / name, (1_764_324_000 + age, 1_764_324_000 + age))
        told.append(carried(read(".")))
    assert told[0] == told[1]
    assert {who for who, _ in told[0]} == {"i-0a"}
