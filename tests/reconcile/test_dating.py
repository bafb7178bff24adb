"""Dates as people write them expire like any other; none is silently read the wrong way round."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scanner.app.config import load
from scanner.app.registering import registry_of
from scanner.assess.measuring import measure
from scanner.assess.policies import Situation
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import Approved, BindingType, EntryOutcome
from scanner.reconcile import inventory, values
from scanner.reconcile.inventory import Reading
from scanner.reconcile.mapped import map_records
from scanner.reconcile.norms import Norms
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook.mapping import AssessmentMap, AttestationMap, BindingMap, RegistryMap

_TODAY = "2026-11-28T00:00:00Z"
_OVERDUE = {
    EntryOutcome.ASSESSMENT_EXPIRED,
    EntryOutcome.ATTESTATION_EXPIRED,
    EntryOutcome.REVIEW_OVERDUE,
}


def _outcomes(reading: Reading) -> set[EntryOutcome]:
    used = Asset(id=NodeId("a"), kind="t.t", name="a", asset_class=AssetClass.AGENT,
                 provider="openai", tags={"ai-registry-id": "A"})  # fmt: skip
    graph = AssetGraph([(ShardId("s"), used, True)])
    found = reconcile(graph, reading.entries, {"openai": "openai"}, [], norms=Norms(today=_TODAY))
    return set(found.entries[0].outcomes)


@pytest.mark.parametrize("past", ["31.12.2020", "2020-12-31", "9/30/2020", "30 September 2020"])
@pytest.mark.parametrize("form", ["yaml", "csv"])
def test_a_day_in_the_past_is_past_however_it_is_written(
    tmp_path: Path, form: str, past: str
) -> None:
    path = tmp_path / f"registry.{form}"
    path.write_text({
        "yaml": f"- id: A\n  name: x\n  stage: production\n  review_at: '{past}'\n"
                f"  assessments: [{{type: impact, status: done, expires_at: '{past}'}}]\n"
                f"  attestations: [{{vendor: openai, type: soc2, expires_at: '{past}'}}]\n",
        "csv": "id,name,stage,review_at,assessment_status,assessment_expires_at,attestations\n"
               f"A,x,production,{past},done,{past},openai soc2 {past.replace(' ', '-')}\n"
               .replace("September", "Sep"),
    }[form])  # fmt: skip
    reading = inventory.read([path])
    assert reading.problems == []
    assert _outcomes(reading) >= _OVERDUE


def test_what_is_no_date_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("- {id: A, name: x, review_at: next spring}\n")
    (tmp_path / "t.csv").write_text(
        "id,name,assessment_status,assessment_expires_at\nB,y,done,soon\n"
    )
    reading = inventory.read([tmp_path / "r.yaml", tmp_path / "t.csv"])
    assert reading.entries == []
    first, second = reading.problems
    assert first.startswith(f"{tmp_path}/r.yaml#1: review_at: `next spring` is no date")
    assert second.startswith(f"{tmp_path}/t.csv:2: assessments.expires_at: `soon` is no date")
    assert [row.verdict for row in reading.rows] == ["refused", "refused"]


def _table(folder: Path, *days: str) -> Path:
    rows = "".join(f"{number},n{number},{day}\n" for number, day in enumerate(days))
    (folder / "t.csv").write_text("id,name,review_at\n" + rows)
    return folder / "t.csv"


@pytest.mark.parametrize(
    ("days", "read"),
    [(("03/04/2026", "13/04/2026"), ["2026-04-03", "2026-04-13"]),
     (("03/04/2026", "04/13/2026"), ["2026-03-04", "2026-04-13"]),
     (("03-04-2026", "31.01.2026", "13/04/2026"), ["2026-04-03", "2026-01-31", "2026-04-13"]),
     (("05/05/2026",), ["2026-05-05"])],
)  # fmt: skip
def test_a_file_shows_which_number_is_the_month(
    tmp_path: Path, days: tuple[str, ...], read: list[str]
) -> None:
    reading = inventory.read([_table(tmp_path, *days)])
    assert (reading.problems, [entry.review_at for entry in reading.entries]) == ([], read)


@pytest.mark.parametrize("days", [("03/04/2026",), ("03/04/2026", "13/04/2026", "04/13/2026")])
def test_what_nothing_decides_is_told_and_a_setting_decides(
    tmp_path: Path, days: tuple[str, ...]
) -> None:
    path = _table(tmp_path, *days)
    assert "`03/04/2026` could be either way round" in inventory.read([path]).problems[0]
    for order, wanted in (("dmy", "2026-04-03"), ("mdy", "2026-03-04")):
        (tmp_path / "shadow-ai.toml").write_text(
            f'[registry]\nfiles = ["t.csv"]\ndates = "{order}"\n'
        )
        entries = registry_of(load(tmp_path / "shadow-ai.toml")).entries
        assert entries[0].review_at == wanted


@pytest.mark.parametrize(("order", "read", "noted"), [("", "", True), ("dmy", "2026-04-03", False)])
def test_a_mapping_says_which_number_is_the_month(order: str, read: str, noted: bool) -> None:
    how = RegistryMap(id="m", name="m", reference="r", fields={"name": "n", "review_at": "d"},
                      dates=order)  # type: ignore[arg-type]  # fmt: skip
    mapped = map_records([("p", {"id": "1", "n": "x", "d": "03/04/2026"})], how, "m")
    assert mapped.entries[0].review_at == read
    assert mapped.rows[0].verdict == ("imported_with_notes" if noted else "imported")
    assert noted == ("either way round" in "".join(mapped.rows[0].notes))


def test_a_text_that_is_no_date_never_passes() -> None:
    norms = Norms(today=_TODAY)
    assert [norms.is_past(d) for d in ("2020", "2020-12", "2020-12-31T10:00")] == [True] * 3
    assert not any(norms.is_past(d) for d in ("2027", "2026-11-28"))
    assert not norms.is_past("1 May")
    assert values.order_of(["1/2/2020", "text", ""]) == ""


@pytest.mark.parametrize("end", ["end of 2024", "2024-99-99"])
def test_an_end_that_cannot_be_read_is_no_validity_without_end(end: str) -> None:
    how = RegistryMap(
        id="m", name="m", reference="r", fields={"name": "n", "stage": "s"},
        bindings=(BindingMap(type=BindingType.TAG, value="tag"),),
        assessments=(AssessmentMap(type="impact", status="st", expires_at="e"),),
        attestations=(AttestationMap(vendor="v", type="soc2", expires_at="e"),),
    )  # fmt: skip
    row = {"id": "A", "n": "x", "s": "production", "tag": "app=reply-drafter", "st": "done",
           "v": "openai", "e": end}  # fmt: skip
    used = Asset(id=NodeId("a"), kind="t.t", name="a", asset_class=AssetClass.AGENT,
                 provider="openai", tags={"app": "reply-drafter"})  # fmt: skip
    graph = AssetGraph([(ShardId("s"), used, True)])
    norms = Norms(today=_TODAY, attestations=("soc2",))
    told = {}
    for text in (end, "2027-01-01"):
        (entry,) = map_records([("p", {**row, "e": text})], how, "m").entries
        entry = msgspec.structs.replace(
            entry, approved=Approved(providers=("openai",)), impact="high"
        )
        world = reconcile(graph, [entry], {"openai": "openai"}, [], norms=norms)
        situation = Situation(graph=graph, reconciliation=world, owners={}, coverage=(),
                              now=_TODAY, norms=norms)  # fmt: skip
        found = measure(situation, [], (), (), "s")
        told[text] = (world.entries[0].details, found.assessed, found.attested)
    details, assessed, attested = told[end]
    assert end in details[EntryOutcome.UNASSESSED]
    assert end in details[EntryOutcome.ATTESTATION_EXPIRED]
    assert (assessed.yes, assessed.unknown) == (0, 1)
    assert attested.yes == 0
    assert told["2027-01-01"][1].yes == told["2027-01-01"][2].yes == 1
    assert EntryOutcome.UNASSESSED not in told["2027-01-01"][0]
