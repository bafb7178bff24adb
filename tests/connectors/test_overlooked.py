"""Whatever the source, an event that it does not know or cannot read is told, and told once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import loader
from scanner.detect.activity import Catalogue, facts_of
from scanner.detect.engine import Detector
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset
from scanner.model.items import Activity, Gap, Item
from scanner.rulebook.load import Rulebook
from tests.connectors.odd_events import AT, ODD, kind_of, reading

_IDS = ("id", "uuid", "Id", "gid", "log_id", "event_id", "eventId", "_document_id", "sys_id",
        "requestId", "REQUEST_ID")  # fmt: skip
_LACKING = sorted(name for name, odd in ODD.items() if odd.known is not None)


def _read(
    source: str, records: list[Any], folder: Path, detector: Detector
) -> tuple[list[Item], list[str]]:
    """What a file tells, and what is warned of."""
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    connector, said = loader.load(source), list[str]()
    ctx = reading(source, folder, "log.jsonl", warn=said.append, make_watch=lambda: detector.watch)
    (shard,) = connector.shards(ctx)
    return list(connector.collect(ctx, shard, None)), said


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


def _numbered(event: Any, number: int) -> Any:
    """With an id of its own, wherever the source has it, and another text where it has none."""
    own = {one: f"{number}" for one in _IDS if isinstance(event.get(one), str)}
    if isinstance(event.get("id"), dict):
        own["id"] = {**event["id"], "uniqueQualifier": f"{number}"}
    return {**event, **own, "number": f"n{number}"}


@pytest.mark.parametrize("source", sorted(ODD))
def test_an_application_in_an_event_of_an_unknown_type_is_told_as_a_guess(
    source: str, tmp_path: Path, detector: Detector, rulebook: Rulebook
) -> None:
    kind = kind_of(source, "bundle", "frobbed")
    events = [_numbered(ODD[source].made(kind, "ChatGPT"), number) for number in range(3)]
    items, said = _read(source, events, tmp_path, detector)

    assert not _gaps(items)
    assert not said
    (told,) = [one for one in items if isinstance(one, Activity)]
    assert (told.label, told.count, told.is_guess) == ("ChatGPT", 3, True)
    facts = list(facts_of(told, Catalogue(rulebook), source))
    (asset,) = [one for one in facts if isinstance(one, Asset)]
    assert (asset.provider, asset.is_ai) == ("openai", True)
    assert {one.confidence for one in asset.evidence} == {Confidence.LOW}


@pytest.mark.parametrize("source", sorted(ODD))
def test_an_unknown_type_that_names_ai_is_one_gap_with_its_count(
    source: str, tmp_path: Path, detector: Detector
) -> None:
    kind = kind_of(source, "mistral", "frobbed")
    quiet = ODD[source].made(kind_of(source, "lamp", "lit"), "")
    items, _ = _read(source, [quiet, ODD[source].made(kind, "")], tmp_path, detector)

    (gap,) = _gaps(items)
    assert gap.what == "log.jsonl:2"
    assert gap.reason.startswith("1 event of type mistral")
    assert "not known here and names AI" in gap.reason


@pytest.mark.parametrize("source", sorted(ODD))
def test_unknown_types_that_name_no_ai_are_one_line_and_no_gap(
    source: str, tmp_path: Path, detector: Detector
) -> None:
    kinds = [kind_of(source, "lamp", f"lit{number}") for number in range(30)]
    items, said = _read(source, [ODD[source].made(kind, "") for kind in kinds], tmp_path, detector)

    assert not _gaps(items)
    assert not [one for one in items if isinstance(one, Activity)]
    (line,) = said
    assert line.startswith("log.jsonl: 30 events of types that are not known here, which name no")
    assert "and 20 more types" in line
    assert len(line) < 700


_WITHOUT = {
    "atlassian events": {
        "id": "1", "type": "events",
        "attributes": {"time": AT, "action": "app_installed", "actor": {"id": "a"},
                       "context": [{"id": "c", "type": "issue", "attributes": {"name": "A-1"}}]},
    },
    "atlassian rows": {"Date": AT, "Actor": "adm@acme.com", "Action": "Installed app"},
    "zendesk rows": {"Time": AT, "Actor": "adm", "Item": "App", "Activity": "Created"},
    "notion rows": {"Timestamp": AT, "Event": "Integration installed", "Actor": "adm@acme.com"},
    "box events": {
        "type": "event", "event_id": "1", "event_type": "ENTERPRISE_APP_AUTHORIZATION_UPDATE",
        "created_at": AT, "additional_details": {"size": 1}, "source": {"type": "x"},
    },
    "zoom operations": {"time": AT, "operator": "adm@acme.com", "category_type": "Account",
                        "action": "Update", "operation_detail": ""},
    "docusign events": {"timestamp": AT, "eventId": "1", "accountId": "a", "object": "OAuthConsent",
                        "action": "Granted", "data": {}},
    "jumpcloud events": {"event_type": "sso_auth", "timestamp": AT, "id": "1",
                         "application": {"id": "", "name": ""}},
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(_WITHOUT))
def test_what_names_no_application_is_a_gap_in_every_shape(
    what: str, tmp_path: Path, detector: Detector
) -> None:
    items, _ = _read(what.partition(" ")[0], [_WITHOUT[what]], tmp_path, detector)
    (gap,) = _gaps(items)
    assert gap.reason.startswith("schema: 1 event of type ")
    assert " without " in gap.reason


@pytest.mark.parametrize("source", _LACKING)
def test_a_known_type_without_what_it_is_about_is_a_gap_of_the_schema(
    source: str, tmp_path: Path, detector: Detector
) -> None:
    known = ODD[source].known
    quiet = ODD[source].made(kind_of(source, "lamp", "lit"), "")
    items, _ = _read(source, [quiet, known], tmp_path, detector)

    (gap,) = _gaps(items)
    assert gap.what == "log.jsonl:2"
    assert gap.reason.startswith("schema: 1 event of type ")
    assert " without " in gap.reason
