"""What people write and what sources show: one thing is one key, two things stay two."""

from __future__ import annotations

import pytest

from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import BindingType
from scanner.reconcile.keys import canonical, keys_of

_AZURE = "/subscriptions/S-1/resourceGroups/Ml/providers/Microsoft.CognitiveServices/accounts/Gpt"
_FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:Reply"


def _asset(ident: str, **fields: object) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", name="x", asset_class=AssetClass.OTHER, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "written", "shown"),
    [
        (BindingType.ARN, f"{_FUNCTION}:live", _FUNCTION),
        (BindingType.ARN, f"{_FUNCTION}:$LATEST", _FUNCTION),
        (BindingType.ARN, "arn:aws:sagemaker:eu-west-1:1:endpoint/Fraud",
         "arn:aws:sagemaker:eu-west-1:1:endpoint/fraud"),
        (BindingType.ID, _AZURE, _AZURE.lower()),
        (BindingType.URI, f"https://management.azure.com{_AZURE}?api-version=2024-10-01", _AZURE),
        (BindingType.URI, f"https://portal.azure.com/#@acme.com/resource{_AZURE}", _AZURE),
        (BindingType.URI,
         "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/9",
         "//aiplatform.googleapis.com/projects/p/locations/l/endpoints/9"),
        (BindingType.REPO, "git@GitHub.com:Acme/Bot.git", "git:github.com/acme/bot"),
        (BindingType.REPO, "https://token@github.com/acme/bot/", "git:github.com/Acme/Bot"),
        (BindingType.OAUTH_APP, "9B0AC1D2-0000-4000-8000-00000000AAAA",
         "entra:tenant/app/9b0ac1d2-0000-4000-8000-00000000aaaa"),
        (BindingType.OAUTH_APP, "12-AB.apps.googleusercontent.com",
         "google_workspace:acme.example/app/12-ab.apps.googleusercontent.com"),
        (BindingType.OAUTH_APP, "github:Reviewer", "github:acme/app/reviewer"),
        (BindingType.OAUTH_APP, "salesforce:0H4x", "salesforce:acme/app/0H4x"),
        (BindingType.OAUTH_APP, "okta:acme.okta.com/app/0oa1", "okta:acme.okta.com/app/0oa1"),
    ],
)  # fmt: skip
def test_what_is_written_finds_what_is_shown(kind: BindingType, written: str, shown: str) -> None:
    assert canonical(kind, written) in set(keys_of(_asset(shown)))


@pytest.mark.parametrize(
    ("written", "shown"),
    [("https://User:x@LLM.acme.example:443/v1/?key=1", "https://llm.acme.example/v1"),
     ("http://llm.acme.example.:80", "http://llm.acme.example")],
)  # fmt: skip
def test_an_address_is_where_it_leads(written: str, shown: str) -> None:
    asset = _asset("x", aliases=(shown,))
    assert canonical(BindingType.URI, written) in set(keys_of(asset))


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (BindingType.ARN, _FUNCTION, f"{_FUNCTION}2"),
        (BindingType.ARN, "arn:aws:s3:::Models", "arn:aws:s3:::models"),
        (BindingType.URI, "https://llm.acme.example/v1", "https://llm.acme.example/v2"),
        (BindingType.URI, "https://llm.acme.example:8443", "https://llm.acme.example"),
        (BindingType.REPO, "github.com/acme/bot", "gitlab.com/acme/bot"),
        (BindingType.REPO, "github.com/acme/bot", "github.com/acme/bot-2"),
        (BindingType.OAUTH_APP, "client-1", "entra:tenant/app/client-10"),
        (BindingType.OAUTH_APP, "12345", "github:acme/app/12345"),
        (BindingType.OAUTH_APP, "github:12345", "salesforce:acme/app/12345"),
        (BindingType.OAUTH_APP, "salesforce:0H4x", "salesforce:acme/app/0H4X"),
        (BindingType.OAUTH_APP, "0oaAAAAAAAAAAAAAAAAA", "okta:acme/app/0oaaaaaaaaaaaaaaaaaa"),
    ],
)  # fmt: skip
def test_two_things_stay_two(kind: BindingType, one: str, other: str) -> None:
    assert canonical(kind, one) not in set(keys_of(_asset(other, aliases=(other,))))


@pytest.mark.parametrize(
    ("bound", "seen", "is_same"),
    [("https://t.example.com/run?app=hr", "https://t.example.com/run?app=fraud", False),
     ("https://t.example.com/run?app=hr", "https://T.example.com/run/?app=hr&api-version=2", True),
     ("https://t.example.com/run", "https://t.example.com/run?app=fraud", False),
     ("https://t.example.com/#/agents/1", "https://t.example.com/#/agents/2", False),
     ("https://t.example.com/#/agents/1", "https://t.example.com/#/agents/1", True),
     ("https://t.example.com/run", "https://t.example.com/run?key=1&utm_source=x#top", True)],
)  # fmt: skip
def test_a_query_or_route_that_names_another_thing_is_another_key(
    bound: str, seen: str, is_same: bool
) -> None:
    asset = Asset(id=NodeId("x:y/1"), kind="t.t", name="t", asset_class=AssetClass.SAAS_APP,
                  aliases=(seen,))  # fmt: skip
    assert (canonical(BindingType.URI, bound) in set(keys_of(asset))) == is_same
