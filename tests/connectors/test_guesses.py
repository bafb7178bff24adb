"""An application that an event of an unknown type names is the one that known types tell of, and
whom it refused has used nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import loader
from scanner.detect.activity import Catalogue, facts_of
from scanner.detect.engine import Detector
from scanner.model.facts import Asset, Edge, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook
from tests.connectors.odd_events import ODD, kind_of, reading

_GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def _okta(kind: str) -> dict[str, Any]:
    made = ODD["okta"].made(kind, "Claude")
    target = {"id": "0oaA1", "type": "AppInstance", "displayName": "Claude", "alternateId": ""}
    return {**made, "target": [target]}


def _slack(kind: str) -> dict[str, Any]:
    about = {"id": "A3", "name": "Claude", "scopes": []}
    return {**ODD["slack"].made(kind, "Claude"), "entity": {"type": "app", "app": about}}


def _google(kind: str) -> dict[str, Any]:
    made = ODD["google_workspace"].made(kind, "Claude")
    made["events"][0]["parameters"].append({"name": "client_id", "value": "1.apps.example"})
    return made


def _box(kind: str) -> dict[str, Any]:
    named = {"service_id": "s7", "service_name": "Claude"}
    return {**ODD["box"].made(kind, "Claude"), "additional_details": named}


def _pingone(kind: str) -> dict[str, Any]:
    return ODD["pingone"].made(kind, "Claude")


def _jumpcloud(kind: str) -> dict[str, Any]:
    about = {"id": "j1", "name": "custom", "display_label": "Claude"}
    return {**ODD["jumpcloud"].made(kind, ""), "application": about}


def _onelogin(kind: str) -> dict[str, Any]:
    return {**ODD["onelogin"].made(kind, "Claude"), "app_id": 77}


def _dropbox(kind: str) -> dict[str, Any]:
    about = {"app_id": "dbaid:1", "display_name": "Claude"}
    return {**ODD["dropbox"].made(kind, ""), "details": {"app_info": about}}


def _notion(kind: str) -> dict[str, Any]:
    about = {"id": "n1", "name": "Claude"}
    return {**ODD["notion"].made(kind, ""), "details": {"integration": about}}


def _microsoft365(kind: str) -> dict[str, Any]:
    return {**ODD["microsoft365"].made(kind, "Claude"), "ApplicationId": _GUID}


def _entra(kind: str) -> dict[str, Any]:
    told = {"displayName": "AppId", "newValue": f'["{_GUID}"]'}
    about = {"id": "o1", "type": "ServicePrincipal", "displayName": "Claude",
             "modifiedProperties": [told]}  # fmt: skip
    return {**ODD["entra"].made(kind, ""), "targetResources": [about]}


def _atlassian(kind: str) -> dict[str, Any]:
    return ODD["atlassian"].made(kind, "Claude")


_PAIRS = {
    "okta": (_okta, "user.authentication.sso"),
    "slack": (_slack, "app_installed"),
    "google_workspace": (_google, "token.authorize"),
    "box": (_box, "DOWNLOAD"),
    "pingone": (_pingone, "APPLICATION.CREATED"),
    "jumpcloud": (_jumpcloud, "sso_auth"),
    "onelogin": (_onelogin, "8"),
    "dropbox": (_dropbox, "app_link_user"),
    "notion": (_notion, "integration.installed"),
    "microsoft365": (_microsoft365, "FileDownloaded"),
    "entra": (_entra, "Add service principal"),
    "atlassian": (_atlassian, "app_installed"),
}  # fmt: skip


def _told(source: str, records: list[Any], folder: Path, detector: Detector) -> list[Activity]:
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    connector = loader.load(source)
    ctx = reading(source, folder, "log.jsonl", make_watch=lambda: detector.watch)
    (shard,) = connector.shards(ctx)
    return [one for one in connector.collect(ctx, shard, None) if isinstance(one, Activity)]


@pytest.mark.parametrize("source", sorted(_PAIRS))
def test_a_guess_is_the_application_that_known_events_tell_of(
    source: str, tmp_path: Path, detector: Detector
) -> None:
    made, known = _PAIRS[source]
    events = [made(known), made(kind_of(source, "bundle", "frobbed"))]
    told = _told(source, events, tmp_path, detector)
    assert {one.is_guess for one in told} == {True, False}
    assert len({one.app_id for one in told}) == 1


_REFUSED: dict[str, dict[str, Any]] = {
    "okta": {"outcome": {"result": "DENY"}},
    "pingone": {"result": {"status": "FAILED"}},
    "jumpcloud": {"success": False},
    "microsoft365": {"ResultStatus": "Failed"},
    "entra": {"result": "failure"},
    "databricks": {"response": {"statusCode": 403}},
    "docusign": {"result": "Failure"},
    "snowflake": {"IS_SUCCESS": "NO"},
    "github": {"result": "denied"},
}


@pytest.mark.parametrize("source", sorted(_REFUSED))
def test_what_was_refused_is_an_attempt_and_no_use(
    source: str, tmp_path: Path, detector: Detector, rulebook: Rulebook
) -> None:
    kind = kind_of(source, "bundle", "frobbed")
    done = ODD[source].made(kind, "ChatGPT")
    tried = {**ODD[source].made(kind, "DeepSeek"), **_REFUSED[source], "number": "other"}
    for key in ("uuid", "id", "Id", "requestId", "eventId", "_document_id"):
        if key in tried:
            tried[key] = "other"
    told = {one.label: one for one in _told(source, [done, tried], tmp_path, detector)}
    assert told.keys() == {"ChatGPT", "DeepSeek"}
    facts = {label: list(facts_of(one, Catalogue(rulebook), source)) for label, one in told.items()}
    for label, is_ai in (("ChatGPT", True), ("DeepSeek", False)):
        (asset,) = [one for one in facts[label] if isinstance(one, Asset)]
        assert asset.is_ai is is_ai
        assert asset.evidence[0].rule.endswith(" (failed)") is not is_ai
        calls = [one for one in facts[label]
                 if isinstance(one, Edge) and one.relation is Relation.CALLS]  # fmt: skip
        assert bool(calls) is is_ai


def test_what_google_could_not_do_is_no_use(tmp_path: Path, detector: Detector) -> None:
    made = _google("access_evaluation.frobbed")
    made["events"][0]["status"] = {"eventStatus": "FAILED"}
    (one,) = _told("google_workspace", [made], tmp_path, detector)
    assert (one.relation, one.rule) == ("", "access_evaluation.frobbed (failed)")


def test_a_guess_in_zooms_log_is_the_application_of_its_list(
    tmp_path: Path, detector: Detector
) -> None:
    listed = {"app_id": "Zx9", "app_name": "Claude", "scopes": []}
    guessed = {**ODD["zoom"].made("bundle/frobbed", "Claude"), "app_id": "Zx9"}
    told = _told("zoom", [listed, guessed], tmp_path, detector)
    assert {one.is_guess for one in told} == {True, False}
    assert len({one.app_id for one in told}) == 1
