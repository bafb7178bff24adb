"""A bundle is taken by OASIS's validator and read by its library without anything custom."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stix2
import stix2.exceptions
from hypothesis import HealthCheck, given, settings

from scanner.emit.document import Document
from tests.emit.estates import AGENT, BUCKET, ESTATE, ESTATES, documents
from tests.emit.test_formats import bytes_of


def _bundle(data: bytes) -> dict[str, Any]:
    from stix2validator import ValidationOptions, validate_string  # tests/late.py says why

    # 103: ids of SDOs are random by recommendation; ours are the same in every scan on purpose.
    said = validate_string(data.decode(), ValidationOptions(version="2.1", disabled=["103"]))
    assert said.is_valid, [str(error) for error in said.errors]
    bundle = stix2.parse(data.decode(), allow_custom=False)
    found = {one["id"]: json.loads(one.serialize()) for one in bundle.objects}
    assert len(found) == len(bundle.objects)
    for one in found.values():
        ends = [one[key] for key in ("source_ref", "target_ref", "created_by_ref") if key in one]
        assert {*ends, *one.get("object_refs", ())} <= set(found)
        assert one["created"] <= one["modified"]
    return found


@pytest.mark.parametrize("estate", ESTATES)
def test_a_bundle_is_valid(estate: str) -> None:
    _bundle(bytes_of("stix", ESTATES[estate]))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_a_bundle_of_any_document_is_valid(document: Document) -> None:
    _bundle(bytes_of("stix", document))


def test_findings_are_notes_about_their_assets() -> None:
    objects = _bundle(bytes_of("stix", ESTATE))
    by_uid = {
        one["external_references"][0]["external_id"]: one
        for one in objects.values()
        if "external_references" in one
    }
    notes = [one for one in objects.values() if one["type"] == "note"]
    assert len(notes) == len(ESTATE.findings)
    assert [note.get("revoked", False) for note in notes].count(True) == 1
    note = by_uid[ESTATE.findings[2].fingerprint]
    assert note["object_refs"] == [by_uid[AGENT]["id"]]
    uses = [
        (one["source_ref"], one["target_ref"])
        for one in objects.values()
        if one.get("relationship_type") == "uses"
    ]
    assert (by_uid[AGENT]["id"], by_uid[BUCKET]["id"]) in uses


def test_a_wrong_bundle_is_refused() -> None:
    bundle = json.loads(bytes_of("stix", ESTATE))
    bundle["objects"][0]["made_up"] = 1
    with pytest.raises((AssertionError, stix2.exceptions.STIXError)):
        _bundle(json.dumps(bundle).encode())
