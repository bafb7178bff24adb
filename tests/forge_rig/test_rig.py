"""The rig itself: what the vendor would not do ends the test; it reads both kinds of document."""

from __future__ import annotations

import pytest
import requests

from tests.forge_rig.api import Fault, Paged, Reply, forge_api
from tests.forge_rig.reduce import reduce

SWAGGER = {
    "swagger": "2.0",
    "parameters": {"page": {"in": "query", "name": "page", "type": "integer"}},
    "responses": {"Things": {"description": "said", "schema": {
        "type": "array", "items": {"$ref": "#/definitions/Thing"}}}},
    "definitions": {"Thing": {
        "type": "object", "description": "said", "required": ["id"],
        "properties": {"id": {"type": "integer", "example": 7},
                       "inner": {"$ref": "#/definitions/Thing"}}}},
    "paths": {"/things/{id}": {"get": {
        "summary": "said",
        "parameters": [{"$ref": "#/parameters/page"},
                       {"in": "path", "name": "id", "type": "string", "required": True}],
        "responses": {"200": {"$ref": "#/responses/Things"}, "404": {"description": "no"}}}}},
}  # fmt: skip


def test_swagger_2_is_reduced_to_facts() -> None:
    made = reduce(SWAGGER, ["GET /things/{id}"])
    operation = made["operations"]["GET /things/{id}"]
    assert operation["query"] == {"page": {"type": "integer"}}
    thing = {"$ref": "#/schemas/Thing"}
    assert operation["answers"] == {"200": {"type": "array", "items": thing}}
    assert made["schemas"]["Thing"]["properties"] == {"id": {"type": "integer"}, "inner": thing}
    assert "said" not in str(made)
    assert "example" not in str(made)
    with pytest.raises(KeyError):
        reduce(SWAGGER, ["GET /nothing"])


@pytest.mark.parametrize(
    ("path", "records", "complaint"),
    [
        ("/orgs/a/no/such", [], "no such path"),
        ("/orgs/a/repos?colour=1", [], "no parameter 'colour'"),
        ("/orgs/a/repos?page=x", [], "must be an integer"),
        ("/orgs/a/repos?type=weird", [], "is not one of"),
        ("/orgs/a/repos", [{"id": "text"}], r"\$\[0\]"),
        ("/orgs/a/teams", [], "does not answer"),
    ],
)
def test_what_the_vendor_would_not_do_ends_the_test(
    path: str, records: list[object], complaint: str
) -> None:
    world = {"GET /orgs/{org}/repos": lambda request: Paged(records)}
    with pytest.raises(AssertionError, match=complaint), forge_api("github", world) as forge:
        requests.get(forge.url + path, timeout=10)


def test_a_world_may_hold_what_the_vendor_has_alone() -> None:
    with (
        pytest.raises(AssertionError, match="not in the vendor's description"),
        forge_api("github", {"GET /made/up": lambda request: {}}),
    ):
        pass


def test_faults_strike_when_they_should() -> None:
    fault = Fault("/repos", reply=Reply({"message": "x"}, 503), after=1, times=1)
    with forge_api("github", {"GET /orgs/{org}/repos": lambda r: Paged([])}) as forge:
        forge.faults.append(fault)
        answers = [requests.get(f"{forge.url}/orgs/a/repos", timeout=10) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 503, 200]
