"""Bills of materials: taken by the validators of their standards, true to the estate, and of one
system alone where that is asked for."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from spdx_python_model import v3_0_1 as spdx

from scanner.emit.document import Document
from scanner.emit.formats import render
from scanner.emit.formats.system import of_system, systems
from scanner.model.errors import ConfigError
from tests.emit.estates import AGENT, BUCKET, CHAT, CODE, ESTATE, ESTATES, MODEL, documents
from tests.emit.test_formats import bytes_of


@cache
def _cyclonedx() -> Any:
    from cyclonedx.schema import SchemaVersion  # tests/late.py says why
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_7)


def _bom(data: bytes) -> dict[str, Any]:
    assert _cyclonedx().validate_str(data.decode()) is None
    bom: dict[str, Any] = json.loads(data)
    parts = [*bom["components"], *bom["services"], bom["metadata"]["component"]]
    refs = [part["bom-ref"] for part in parts]
    assert len(set(refs)) == len(refs)
    assert {row["ref"] for row in bom["dependencies"]} <= set(refs)
    for row in bom["dependencies"]:
        assert set(row.get("dependsOn", ())) <= set(refs) - {row["ref"]}
    return bom


@pytest.mark.parametrize("estate", ESTATES)
def test_cyclonedx_is_valid(estate: str) -> None:
    _bom(bytes_of("cyclonedx", ESTATES[estate]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_cyclonedx_of_any_document_is_valid(document: Document) -> None:
    _bom(bytes_of("cyclonedx", document))


def test_cyclonedx_tells_models_data_and_services() -> None:
    bom = _bom(bytes_of("cyclonedx", ESTATE))

    kinds = {part["bom-ref"]: part["type"] for part in bom["components"]}
    assert kinds == {
        AGENT: "application", CODE: "application", MODEL: "machine-learning-model",
        "model:aws_bedrock/anthropic.claude-3-5-sonnet": "machine-learning-model",
        "model:openai/gpt-4o": "machine-learning-model", BUCKET: "data",
        "arn:aws:s3:::weights": "data",
    }  # fmt: skip
    assert {part["bom-ref"] for part in bom["services"]} == {
        CHAT, "provider:aws_bedrock", "provider:openai",
    }  # fmt: skip
    needs = {row["ref"]: row.get("dependsOn", []) for row in bom["dependencies"]}
    assert needs[AGENT] == [
        BUCKET, "model:aws_bedrock/anthropic.claude-3-5-sonnet", "provider:aws_bedrock",
    ]  # fmt: skip
    card = next(part for part in bom["components"] if part["bom-ref"] == MODEL)["modelCard"]
    assert card["modelParameters"]["datasets"] == [{"ref": "arn:aws:s3:::weights"}]
    assert bom["compositions"][0]["aggregate"] == "incomplete"
    agent = next(part for part in bom["components"] if part["bom-ref"] == AGENT)
    assert {"name": "shadow-ai:reads", "value": BUCKET} in agent["properties"]
    code = next(part for part in bom["components"] if part["bom-ref"] == CODE)
    assert code["externalReferences"][0]["url"] == "https://github.com/example-corp/portal"
    assert [o["line"] for o in code["evidence"]["occurrences"]] == [5, 2]


@pytest.mark.parametrize("spoil", ["type", "name", "modelCards"])
def test_a_wrong_bill_is_refused(spoil: str) -> None:
    bom = json.loads(bytes_of("cyclonedx", ESTATE))
    bom["components"][0][spoil] = None
    with pytest.raises(AssertionError):
        _bom(json.dumps(bom).encode())


def _graph(data: bytes) -> dict[str, dict[str, Any]]:
    """The elements by id, after the model has read them, and written them again, strictly."""
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(data), objects)
    spdx.JSONLDSerializer().write(objects, io.BytesIO())
    assert not objects.missing_ids
    document = json.loads(data)
    parts = document["@graph"]
    found = {part.get("spdxId", part.get("@id")): part for part in parts}
    assert len(found) == len(parts)
    (head,) = [part for part in parts if part["type"] == "SpdxDocument"]
    assert set(head["element"]) | {head["spdxId"], "_:creation"} == set(found)
    return found


@pytest.mark.parametrize("estate", ESTATES)
def test_spdx_is_valid(estate: str) -> None:
    _graph(bytes_of("spdx", ESTATES[estate]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_spdx_of_any_document_is_valid(document: Document) -> None:
    _graph(bytes_of("spdx", document))


def test_spdx_tells_what_is_trained_on_what_and_what_was_found() -> None:
    parts = _graph(bytes_of("spdx", ESTATE))
    names = {ident: part.get("name") for ident, part in parts.items()}
    relations = {
        (names[part["from"]], part["relationshipType"], names[end])
        for part in parts.values()
        if part["type"] == "Relationship"
        for end in part["to"]
    }
    assert ("fraud", "trainedOn", "arn:aws:s3:::weights") in relations
    assert ("support-assistant", "hasInput", BUCKET) in relations
    assert ("support-assistant", "dependsOn", "anthropic.claude-3-5-sonnet") in relations
    assert ("AI estate", "contains", "ChatGPT") in relations
    said = [part["statement"] for part in parts.values() if part["type"] == "Annotation"]
    assert len(said) == 3, "open findings about assets"
    agent = next(part for part in parts.values() if part.get("name") == "support-assistant")
    assert agent["type"] == "ai_AIPackage"
    assert names[agent["suppliedBy"]] == "aws_bedrock"


@pytest.mark.parametrize(
    ("key", "value"),
    [("ai_autonomyType", "maybe"), ("unknown", "x"), ("name", 3), ("creationInfo", None)],
)
def test_a_wrong_graph_is_refused(key: str, value: object) -> None:
    document = json.loads(bytes_of("spdx", ESTATE))
    part = next(part for part in document["@graph"] if part["type"] == "ai_AIPackage")
    part[key] = value
    if value is None:
        del part[key]
    with pytest.raises((ValueError, TypeError, KeyError)):
        _graph(json.dumps(document).encode())


def test_every_system_has_a_bill_of_its_own() -> None:
    found = systems(ESTATE)
    assert [system.ident for system in found] == ["AIR-1", "AIR-2", AGENT, CHAT]

    for ident, _ in found:
        system, scoped = of_system(ESTATE, ident)
        bom = _bom(b"".join(render("cyclonedx", scoped, {"system": system.name})))
        assert bom["metadata"]["component"]["name"] == system.name
        _graph(b"".join(render("spdx", scoped, {"system": system.name})))
    system, scoped = of_system(ESTATE, "AIR-2")
    assert [row.uid for row in scoped.assets] == [CODE]
    assert {finding.asset for finding in scoped.findings} == {CODE}
    _, agent = of_system(ESTATE, AGENT)
    parts = _bom(bytes_of("cyclonedx", agent))["components"]
    assert {part["bom-ref"] for part in parts} == {
        AGENT, BUCKET, "model:aws_bedrock/anthropic.claude-3-5-sonnet",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="neither"):
        of_system(ESTATE, "AIR-9")


def test_serial_numbers_differ_by_scan_and_by_system() -> None:
    later = msgspec.structs.replace(ESTATE, scan=msgspec.structs.replace(ESTATE.scan, id="later"))
    serials = {
        json.loads(data)["serialNumber"]
        for data in (
            bytes_of("cyclonedx", ESTATE), bytes_of("cyclonedx", later),
            b"".join(render("cyclonedx", ESTATE, {"system": "Replies"})),
        )
    }  # fmt: skip
    assert len(serials) == 3
