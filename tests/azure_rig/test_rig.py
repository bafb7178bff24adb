"""The stand-in refuses what Azure would: it agrees with Microsoft's descriptions, not with us."""

from __future__ import annotations

import pytest
import requests

from tests.azure_rig import described, estate, kql
from tests.azure_rig.rig import Rig, serving

_AUTH = {"Authorization": "Bearer a-token-for-loopback"}


@pytest.mark.parametrize(
    "text",
    [
        "resources | project id | take 5",
        "resources | where type == 'a' | project id | order by id asc",
        "resources | where type in~ ('a') | project id, systemData | order by id asc",
        "resources | where type =~ 'a' | project name | order by id asc",
        "resources | project id",
        "secrets | project id | order by id asc",
        "resources | where tostring(nothing.here) startswith 'a' | project id | order by id asc",
    ],
)
def test_a_question_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(kql.Refused):
        kql.parse(text)


def test_a_question_is_executed() -> None:
    query = kql.parse(
        "resources | where type in~ ('m/a', 'm/b') | where tostring(sku.name) startswith 'X'"
        " | project id, name | order by id asc"
    )
    rows = [
        {"id": "2", "name": "two", "type": "M/A", "sku": {"name": "x1"}},
        {"id": "1", "name": "one", "type": "m/b", "sku": {"name": "X2"}},
        {"id": "3", "name": "three", "type": "m/c", "sku": {"name": "X2"}},
        {"id": "4", "name": "four", "type": "m/a", "sku": None},
    ]
    assert query.run(rows) == [{"id": "1", "name": "one"}, {"id": "2", "name": "two"}]


def test_calls_are_held_to_their_descriptions() -> None:
    rig = Rig()
    account = estate.openai(rig, estate.subscription(rig, 1).id)
    with serving(rig) as url:
        for target in (
            f"{account}/deployments?api-version=2019-01-01",
            f"{account}/deployments",
            f"{account}/deploymentz?api-version=2025-09-01",
            f"{account}/deployments?api-version=2025-09-01&$top=5",
        ):
            assert requests.get(url + target, headers=_AUTH, timeout=5).status_code == 400
        assert len(rig.wrong) == 4
        good = f"{account.upper()}/deployments?api-version=2025-09-01".replace("//", "/")
        assert requests.get(url + good, headers=_AUTH, timeout=5).status_code == 200
        assert requests.put(url + account, headers=_AUTH, timeout=5).status_code == 405


def test_what_may_not_be_read_is_refused_below_and_left_out_above() -> None:
    rig = Rig()
    sub = estate.subscription(rig, 1, refused=("Microsoft.CognitiveServices/*",)).id
    account = estate.openai(rig, sub)
    body = {
        "query": "resources | where type =~ 'microsoft.cognitiveservices/accounts'"
        " | project id | order by id asc",
        "subscriptions": [sub],
    }
    with serving(rig) as url:
        answer = requests.post(
            f"{url}/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01",
            json=body, headers=_AUTH, timeout=5,
        )  # fmt: skip
        assert answer.json()["totalRecords"] == 0
        listed = f"{url}{account}/deployments?api-version=2025-09-01"
        assert requests.get(listed, headers=_AUTH, timeout=5).status_code == 403


def test_planted_records_are_held_to_their_models() -> None:
    rig = Rig()
    with pytest.raises(AssertionError, match="publicNetworkAcess"):
        rig.show(estate.ident(1), "Microsoft.CognitiveServices/accounts", "a",
                 properties={"publicNetworkAcess": "Enabled"})  # fmt: skip


def test_descriptions_are_of_one_version_each() -> None:
    files = described.files()
    assert len(files) > 20
    assert all(file["source"] for file in files.values())
