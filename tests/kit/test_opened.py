"""What a scope opens: a strong one is not silent, and one that no table knows is told as such."""

from __future__ import annotations

import pytest

from connectors.google_workspace import scopes as google
from connectors.slack import scopes as slack
from scanner.kit import microsoft_permissions as microsoft
from scanner.kit.opened import NO_DATA, UNLISTED, Way


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("gmail.addons.current.message.readonly", ("gmail", True, False)),
        ("gmail.addons.current.action.compose", ("gmail", False, True)),
        ("gmail.settings.sharing", ("gmail", True, True)),
        ("drive.appdata", NO_DATA),
        ("userinfo.email", NO_DATA),
        ("adwords", (UNLISTED, True, True)),
        ("brandnew.readonly", (UNLISTED, True, False)),
    ],
)
def test_google(scope: str, told: Way) -> None:
    assert google.opened(f"https://www.googleapis.com/auth/{scope}") == told


@pytest.mark.parametrize(
    ("permission", "told"),
    [
        ("Exchange.ManageAsApp", ("mail", True, True)),
        ("eDiscovery.Read.All", ("archive", True, False)),
        ("Calls.AccessMedia.All", ("meetings", True, True)),
        ("OnlineMeetingAiInsight.Read.All", ("meetings", True, False)),
        ("ExternalItem.Read.All", ("external", True, False)),
        ("DeviceManagementApps.Read.All", ("devices", True, False)),
        ("User.Read", NO_DATA),
        ("offline_access", NO_DATA),
        ("user_impersonation", NO_DATA),
        ("", NO_DATA),
        ("BrandNew.Read.All", (UNLISTED, True, False)),
        ("BrandNew.ReadWrite.All", (UNLISTED, True, True)),
        ("AccessEverything", (UNLISTED, True, True)),
    ],
)
def test_microsoft(permission: str, told: Way) -> None:
    assert microsoft.opened(permission) == told


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("discovery:read", ("messages", True, False)),
        ("incoming-webhook", ("messages", False, True)),
        ("identity.basic", NO_DATA),
        ("assistant:write", NO_DATA),
        ("brandnew:read", (UNLISTED, True, False)),
    ],
)
def test_slack(scope: str, told: Way) -> None:
    assert slack.opened(scope) == told


def test_what_nobody_can_name_is_a_store_of_its_own() -> None:
    reads, writes = google.data_of(("https://www.googleapis.com/auth/adwords", "openid"), "acme")
    (store,) = reads
    assert (store.store_class, writes) == ("unlisted", (store,))
    assert store.id == "google_workspace:acme/data/unlisted"
    assert google.data_of(("openid",), "acme") == ((), ())
