"""A tenant of two hundred subscriptions, some denied, disabled, closed: coverage is exact."""

from __future__ import annotations

from connectors.azure.graph import _SUBSCRIPTIONS_AT_ONCE
from connectors.azure.types import FAMILIES
from scanner.collect import loader
from scanner.model.errors import Denied, NotEnabled
from tests.azure_rig import estate
from tests.azure_rig.rig import Rig
from tests.connectors.azure.reading import read

_MANY = 200


def test_coverage_is_exact(rig: Rig) -> None:
    assert loader.load("azure").spec.name == "azure"
    hidden, blind, closed, disabled = {3, 77}, {10, 50, 199}, {20, 120}, {30}
    for number in range(1, _MANY + 1):
        fields = {}
        if number in hidden:
            fields["allowed"] = ("Microsoft.Web/sites/read",)
        elif number in blind:
            fields["refused"] = ("Microsoft.CognitiveServices/*",)
        elif number in closed:
            fields["state"] = "Deleted"
        elif number in disabled:
            fields["state"] = "Disabled"
        estate.openai(rig, estate.subscription(rig, number, **fields).id)
    found = read(rig)
    denied = {key for key, error in found.errors.items() if isinstance(error, Denied)}
    assert denied == {
        *(f"azure:{estate.ident(number)}/account" for number in hidden),
        *(f"azure:{estate.ident(number)}/ai" for number in blind),
    }
    gone = {key for key, error in found.errors.items() if isinstance(error, NotEnabled)}
    assert gone == {f"azure:{estate.ident(number)}/account" for number in closed}
    assert not found.gaps
    readable = _MANY - len(hidden) - len(closed)
    assert len(found.shards) == 1 + _MANY + readable * (len(FAMILIES) + 3)
    holders = [a.account for a in found.assets.values() if a.kind == "azure.model_deployment"]
    assert len(holders) == len(set(holders)) == readable - len(blind)


def test_few_questions_for_many_subscriptions(rig: Rig) -> None:
    for number in range(1, 401):
        estate.subscription(rig, number)
    rig.page_size = 1000
    read(rig, identities=False, creators=False)
    chunks = -(-400 // _SUBSCRIPTIONS_AT_ONCE)
    asked = [call for call in rig.calls if "ResourceGraph" in call]
    assert len(asked) == chunks * 4, "subscriptions, resources, machines, sets of machines"
    assert len(rig.calls) == len(asked) + 400 + 1, "one more for the rights in each"
