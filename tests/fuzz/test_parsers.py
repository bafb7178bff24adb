"""Every parser of what others wrote: samples, what was found once, and inputs made up from both.
`make fuzz` goes on for longer, by coverage."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import exports
from fuzz.answers import _served
from fuzz.seeds import seeds
from fuzz.targets import TARGETS
from scanner.model.items import Activity, Item
from tests.connectors.hostile import bent
from tests.saas_rig.cases import NAMES

HOUSE = Path(__file__).parents[2]


def _index_that_is_cut_off() -> bytes:
    """An index of a pack whose list of far offsets ends within one."""
    whole = seeds("pack")[0]
    length = int.from_bytes(whole[:4], "big")
    index, pack = bytearray(whole[4 : 4 + length]), whole[4 + length :]
    count = int.from_bytes(index[8 + 255 * 4 : 8 + 256 * 4], "big")
    index[8 + 256 * 4 + count * 24] |= 0x80
    index[-40:-40] = b"abc"
    return len(index).to_bytes(4, "big") + bytes(index) + pack


def _a_flow_of_the_year_226() -> bytes:
    return (
        b'{"timestamp":"2026-11-28T10:05:00.1+0000","flow_id":1,"event_type":"flow",'
        b'"src_ip":"10.0.0.7","src_port":50212,"dest_ip":"192.0.2.3","dest_port":443,'
        b'"proto":"TCP","app_proto":"tls","flow":{"bytes_toserver":4884,"bytes_toclient":7392,'
        b'"start":"0226-11-28T10:00:00.1+.0000","end":"2026-11-28T10:04:00.1+0000"}}'
    )


FOUND: dict[str, tuple[Callable[[], bytes], ...]] = {
    "html-tables": (lambda: b"<table><tr><td>a<![OCTYPE x>b",),  # AssertionError of html.parser
    "flows": (_a_flow_of_the_year_226,),  # ValueError of a time of day
    "inventories": (  # UnicodeDecodeError
        lambda: b'{"resu\xe4": {}, "bundleId": 1, "userAndLocation": []}',
        lambda: b'[{"displayName": "Claude", "deviceCount": 0}]',
    ),
    "registry": (
        lambda: b"a.json\0" + b"[" * 100_000,  # RecursionError
        lambda: b"a.jsonl\0" + b"[" * 100_000,
    ),
    "pack": (_index_that_is_cut_off,),  # ValueError: buffer size must be a multiple
}
"""What the fuzzer has found, and has been mended."""
_PIECES = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b'"', b"'", b"{", b"}", b"[" * 50, b"{" * 200,
    b"=", b"#", b"*", b"?", b"%s", b"%00", b"1e999", b"-1", b"9" * 40, b"NaN", b"null", b"true",
    b"\xe2\x80\xae", b"../", b"&a", b"*a", b"<<: ", b"!!python/object:os.system",
    b"=cmd|' /C calc'!A0", b"\x1b[2J", b"A" * 5000, "\u212a\u0130\u0149".encode(), b"\\ud800",
    b"2026-02-30", b"$ref", b"${", b"{{", b"@", b"//", b"/*",
)  # fmt: skip


def _mutated(name: str) -> st.SearchStrategy[bytes]:
    """A sample with some of it taken away, twice, or made into something else."""
    samples = seeds(name)

    @st.composite
    def make(draw: st.DrawFn) -> bytes:
        data = draw(st.sampled_from(samples))
        for _ in range(draw(st.integers(1, 5))):
            low = draw(st.integers(0, len(data)))
            high = min(len(data), low + draw(st.integers(0, 40)))
            new = draw(
                st.one_of(
                    st.sampled_from(_PIECES), st.binary(max_size=8), st.just(data[low:high] * 3),
                    st.sampled_from(samples).map(lambda other: other[:200]),
                )
            )  # fmt: skip
            data = data[:low] + new + data[high:]
        return data

    return make()


_LONG = ("aws", "clouds")
"""Clients that are made anew for each input; ``test_answers`` reads some every time."""
EVERY = [pytest.param(name, marks=pytest.mark.slow if name in _LONG else ()) for name in TARGETS]


@pytest.mark.parametrize("name", EVERY)
def test_samples_and_what_was_found(name: str) -> None:
    inputs = seeds(name)
    assert inputs
    for data in (*inputs, *(made() for made in FOUND.get(name, ())), b"", b"\0"):
        TARGETS[name](data)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_samples_that_are_broken(name: str) -> None:
    target = TARGETS[name]

    @settings(
        # The same inputs every time: what is new is looked for by `make fuzz`.
        max_examples=150, deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(_mutated(name))
    def check(data: bytes) -> None:
        target(data)

    check()


@pytest.mark.slow
def test_answers_whose_values_are_others() -> None:
    """Bent as JSON, as few changes of bytes leave any."""
    for number, sample in enumerate(seeds("answers")):
        head, _, body = sample.partition(b"\0")
        for one in bent([json.loads(body)], 1, number) if body[:1] in b"{[" else ():
            data = json.dumps(one).encode("utf-8", "surrogatepass")
            TARGETS["answers"](head + b"\0" + data)


def test_answers_are_of_every_connector_that_has_an_organization_and_reach_it() -> None:
    heads = [sample.partition(b"\0")[0].decode().partition(" ") for sample in seeds("answers")]
    assert {name for name, _, _ in heads} == set(NAMES)
    served = _served(heads[0][0])
    served.read(heads[0][2], "[")
    assert heads[0][2] in served._vendor.calls


@pytest.mark.parametrize("source", exports.names())
def test_a_record_whose_values_are_others_costs_itself_alone(source: str) -> None:
    """Whatever stands beside it in the file, what is right is told."""
    whole = [json.dumps(one) for one in exports.records(source)]
    lines = [json.dumps(one) for one in bent(exports.records(source), 100, 3)]
    alone, beside = (
        {_named(one) for one in exports.read(source, "\n".join(text).encode("utf-8", "replace"))}
        for text in (whole, [*whole, *lines])
    )
    assert alone <= beside


def _named(item: Item) -> str:
    """What it tells of, whatever else of the same is added to it."""
    if isinstance(item, Activity):
        return f"{item.rule} {item.label}"
    return str(getattr(item, "id", type(item).__name__))


def test_a_fault_is_a_finding() -> None:
    """The harness does not take everything for an answer."""
    plan = TARGETS["plan"]
    with pytest.raises(AttributeError):
        type(plan)(lambda data: data.no_such_thing, plan.answers)(b"{}")
    plan(b"no json")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="without the extra `fuzz`")
def test_some_inputs_by_coverage(tmp_path: Path) -> None:
    """Three targets through `python -m fuzz`, with a seed, so that a run finds what the last found;
    CI and `make fuzz` take all, from other seeds, and for longer."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "pack", "logs", "plan", "--runs", "1000", "--seed", "1",
         "--seconds", "20"],
        cwd=tmp_path, capture_output=True, text=True, timeout=560, check=False,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "found nothing" in done.stdout
