"""A key in code and its vendor's record: never a wrong owner, and how sure is said."""

from __future__ import annotations

import random
import string

import pytest

from scanner.detect.engine import Detector
from scanner.detect.redact import fingerprint, head, hint
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.graph.same_keys import confidence_of, same_keys, shared_bits
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Credential, Edge, Identity, Relation
from scanner.rulebook.load import Rulebook

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_ALPHABET = string.ascii_letters + string.digits + "-_"


def _found(hint: str, mark: str = "a", first: str = "", **tags: str) -> Credential:
    ident = NodeId(f"credential:openai:{mark}")
    seen = Evidence(rule="r", source="code", commit="c1" * bool(first), first_at=first)
    return Credential(
        id=ident, kind="credential.openai_project_key", name="key", issuer="openai",
        fingerprint=mark, hint=hint, evidence=(seen,), tags=tags,
    )  # fmt: skip


def _record(hint: str, ident: str = "1", **more: object) -> Credential:
    return Credential(
        id=NodeId(f"openai:key/{ident}"), kind="openai.api_key", name=f"key {ident}",
        issuer="openai", fingerprint="", hint=hint, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _others(count: int) -> list[Credential]:
    """Records whose ends fit nothing here."""
    return [_record(f"sk-proj-…{n % 9}{n % 7}!", f"o{n}") for n in range(count)]


def _sure(*nodes: Credential) -> list[tuple[str, Confidence]]:
    return [(one.target.rpartition("/")[2], one.confidence) for one in same_keys(nodes)]


@pytest.mark.parametrize(
    ("shown", "others", "sure"),
    [
        ("…SKe", 0, HIGH),
        ("…SKe", 100, MEDIUM),
        ("…SKe", 500, LOW),
        ("sk-proj-…SKe", 500, LOW),  # what every key begins with tells none apart
        ("sk-proj-…wSKe", 500, HIGH),
        ("sk-proj-…wSKe", 5000, MEDIUM),
    ],
)
def test_how_sure_it_is_follows_from_what_both_show_and_how_many_there_are(
    shown: str, others: int, sure: Confidence
) -> None:
    nodes = [_found("sk-proj-…wSKe"), _record(shown), *_others(others)]
    (edge,) = same_keys(nodes)
    assert edge.confidence is sure
    assert f"{others + 1:,} records" in edge.evidence[0].preview or not others


def test_padding_and_hex_say_less() -> None:
    assert shared_bits("sk-ant-…gAAA", "sk-ant-api03-R2D…gAAA") == 6
    assert shared_bits("sk-…wSKe", "sk-…SKe") == 18
    assert shared_bits("lsv2_pt_…a1b2", "lsv2…a1b2") == 16
    assert confidence_of(12, 1, 1) is MEDIUM
    assert confidence_of(12, 300, 1) is LOW
    assert confidence_of(24, 300, 1) is HIGH
    assert confidence_of(24, 1000, 1000) is MEDIUM  # among so many some will fit by chance


def test_of_several_that_fit_none_is_sure() -> None:
    key = _found("sk-proj-…wSKe")
    assert _sure(key, _record("sk-…wSKe"), _record("sk-…SKe", "2")) == [
        ("1", MEDIUM),
        ("2", MEDIUM),
    ]
    other = _found("sk-proj-…xSKe", "b")
    assert [sure for _, sure in _sure(key, other, _record("sk-…SKe"))] == [MEDIUM] * 2
    (edge, _) = same_keys([key, other, _record("sk-…SKe")])
    assert edge.detail == "one of 2 that fit"


@pytest.mark.parametrize(
    ("first", "made", "fits"),
    [
        ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", False),
        ("2026-03-01T00:00:00Z", "2026-03-01T18:00:00Z", True),  # a clock, or a zone
        ("2026-04-01T00:00:00Z", "2026-03-01T00:00:00Z", True),
        ("", "2026-03-01T00:00:00Z", True),
        ("2026-01-01T00:00:00Z", "", True),
        ("2026-01-01T00:00:00Z", "no time", True),
    ],
)
def test_a_key_that_was_committed_before_its_record_was_made_is_another(
    first: str, made: str, fits: bool
) -> None:
    nodes = [_found("sk-proj-…wSKe", first=first), _record("sk-…wSKe", created_at=made)]
    assert bool(_sure(*nodes)) is fits


def test_what_time_leaves_of_several_is_less_sure_and_says_so() -> None:
    key = _found("sk-proj-…wSKe", first="2026-01-01T00:00:00Z")
    old = _record("sk-…wSKe", created_at="2025-12-01T00:00:00Z")
    new = _record("sk-…wSKe", "2", created_at="2026-03-01T00:00:00Z")
    (edge,) = same_keys([key, old, new])
    assert (edge.target, edge.confidence) == (old.id, MEDIUM)
    assert "1 more would fit" in edge.detail


@pytest.mark.parametrize(
    ("verify", "status", "fits"),
    [("live", "deleted", False), ("live", "active", True), ("dead", "deleted", True)],
)
def test_what_its_provider_calls_live_is_no_record_that_has_ended(
    verify: str, status: str, fits: bool
) -> None:
    nodes = [_found("sk-proj-…wSKe", verify=verify), _record("sk-…wSKe", tags={"status": status})]
    assert bool(_sure(*nodes)) is fits


@pytest.mark.parametrize("tail", [3, 4])
def test_in_an_organization_of_hundreds_of_keys_nobody_is_named_for_anothers(tail: int) -> None:
    """Keys with records, and as many without (of people's own accounts), all of one prefix."""
    rng = random.Random(7)
    keys = ["".join(rng.choices(_ALPHABET, k=40)) for _ in range(400)]
    nodes: list[Credential | Identity | Edge] = []
    for number, key in enumerate(keys):
        nodes.append(_found(f"sk-proj-…{key[-4:]}", f"f{number}"))
        if number < 200:
            record = _record(f"sk-proj-…{key[-tail:]}", f"f{number}")
            nodes += [
                record,
                Edge(source=record.id, target=NodeId(f"openai:user/f{number}"),
                     relation=Relation.OWNED_BY),
                Identity(id=NodeId(f"openai:user/f{number}"), kind="openai.user", name="x",
                         email=f"f{number}@example.com"),
            ]  # fmt: skip
    graph = AssetGraph((ShardId("s"), node, True) for node in nodes)
    named = {
        f"f{number}": [c.owner for c in owners(graph, NodeId(f"credential:openai:f{number}"))
                       if c.basis == "vendor-record"]
        for number in range(400)
    }  # fmt: skip
    assert all(told in ([], [f"{mark}@example.com"]) for mark, told in named.items())
    count = sum(bool(told) for told in named.values())
    assert count == 0 if tail == 3 else count >= 180


# --- what stands behind the prefix ----------------------------------------------------------------

_KEY, _OTHER = b"made-up-key-of-16", b"another-made-up-1"
_ANTHROPIC = "sk-ant-api03-"


def _made(body: str, key: bytes = _KEY) -> Credential:
    """As the detector tells it of a key in code."""
    secret = (_ANTHROPIC + body).encode()
    return Credential(
        id=NodeId(f"credential:anthropic:{fingerprint(secret, key)}"), kind="c", name="key",
        issuer="anthropic", fingerprint=fingerprint(secret, key), hint=hint(secret),
        head=head(secret, len("sk-ant-api"), key),
    )  # fmt: skip


def _kept(body: str, detector: Detector, ident: str = "1") -> Credential:
    """As Anthropic shows it."""
    record = Credential(
        id=NodeId(f"anthropic:key/{ident}"), kind="anthropic.api_key", name=ident,
        issuer="anthropic", fingerprint="",
        hint=f"{_ANTHROPIC}{body[:3]}\u2026{body[-4:]}",
    )  # fmt: skip
    return detector.told(record)


def _bodies(count: int) -> list[str]:
    rng = random.Random(11)
    return ["".join(rng.choices(_ALPHABET, k=93)) + "AA" for _ in range(count)]


def test_what_vendors_show_behind_the_prefix_tells_records_apart(rulebook: Rulebook) -> None:
    detector = Detector(rulebook, _KEY, "re")
    body = _bodies(1)[0]
    same = _kept(body, detector)
    unlike = _kept("".join(reversed(body[:3])) + body[3:], detector, "2")
    (edge,) = same_keys([_made(body), same, unlike])
    assert (edge.target, edge.confidence) == (same.id, HIGH)
    assert [e.confidence for e in same_keys([_made(body), same, *[unlike] * 150])] == [HIGH]


def test_among_hundreds_of_anthropics_keys_whoever_is_named_is_the_right_one(
    rulebook: Rulebook,
) -> None:
    """Half of the keys that were found have no record: they are of other organizations."""
    detector = Detector(rulebook, _KEY, "re")
    bodies = _bodies(300)
    nodes = [_made(body) for body in bodies]
    right = {nodes[n].id: NodeId(f"anthropic:key/{n}") for n in range(150)}
    nodes += [_kept(body, detector, str(n)) for n, body in enumerate(bodies[:150])]
    sure = [e for e in same_keys(nodes) if e.confidence is HIGH]
    assert all(right.get(edge.source) == edge.target for edge in sure)
    assert len(sure) == 0  # so many keys that some would fit by chance
    few = [*nodes[:100], *nodes[300:]]
    sure = [e for e in same_keys(few) if e.confidence is HIGH]
    assert len(sure) > 90
    assert all(right[edge.source] == edge.target for edge in sure)


def test_marks_tell_nothing_without_the_key_and_little_with_it(rulebook: Rulebook) -> None:
    body = _bodies(1)[0]
    one = _made(body)
    place, _, marks = one.head.partition(":")
    assert (int(place), len(marks)) == (len(_ANTHROPIC), 4)
    assert _made(body, _OTHER).head != one.head
    assert not list(same_keys([_made(body, _OTHER), _kept(body, Detector(rulebook, _KEY, "re"))]))
    classes = {_made(f"{char}{body[1:]}").head[3] for char in _ALPHABET}
    assert len(classes) <= 16  # of 64 characters


def test_a_short_secret_and_one_that_says_no_more_have_none(rulebook: Rulebook) -> None:
    assert head(b"sk-shortsecret", 3, _KEY) == ""
    detector = Detector(rulebook, _KEY, "re")
    told = detector.told(_record("sk-…SKe"))
    assert _sure(_found("sk-proj-…wSKe"), told) == [("1", HIGH)]
    assert detector.told(_record("…SKe")).head == ""
