"""Tokens, ids and links: what is hostile or wrong goes nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.azure import CONNECTOR, operations
from connectors.azure.access import Access
from connectors.azure.config import AzureConfig, CredentialKind
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.errors import Denied, Unavailable, UndeclaredOperation
from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig, error
from tests.connectors.azure.reading import context, read

_ACCOUNT = f"/subscriptions/{estate.ident(1)}/resourceGroups/g/providers"
DEPLOYMENTS = "list:Microsoft.CognitiveServices/accounts/deployments"


def test_an_id_in_any_letter_case_is_spelled_as_the_template() -> None:
    of = (
        f"/SUBSCRIPTIONS/{estate.ident(1)}/resourcegroups/My-Group/providers/"
        "MICROSOFT.cognitiveservices/ACCOUNTS/Chat"
    )
    assert operations.path(DEPLOYMENTS, of) == (
        f"/subscriptions/{estate.ident(1)}/resourceGroups/My-Group/providers/"
        "Microsoft.CognitiveServices/accounts/Chat/deployments"
    )


@pytest.mark.parametrize(
    "of",
    [
        "",
        "https://elsewhere.example.com",
        "/subscriptions/a/resourceGroups/../providers/Microsoft.CognitiveServices/accounts/c",
        f"{_ACCOUNT}/Microsoft.Storage/storageAccounts/keys",
        f"{_ACCOUNT}/Microsoft.CognitiveServices/accounts",
        f"{_ACCOUNT}/Microsoft.CognitiveServices/accounts/c/deployments/d/more",
        f"{_ACCOUNT}/Microsoft.CognitiveServices/accounts/c/listKeys",
    ],
)
def test_an_id_of_something_else_is_refused(of: str) -> None:
    with pytest.raises(Unavailable):
        operations.path(DEPLOYMENTS, of)


def test_what_would_begin_another_part_of_an_address_is_quoted() -> None:
    made = operations.path(
        DEPLOYMENTS, f"{_ACCOUNT}/Microsoft.CognitiveServices/accounts/a?x=1#y%2f.."
    )
    assert made.endswith("/accounts/a%3Fx=1%23y%252f../deployments")


def test_a_call_that_is_not_declared_does_not_leave(rig: Rig) -> None:
    access = Access(context(rig), CONNECTOR.spec.operations)
    with pytest.raises(UndeclaredOperation):
        access.get("GET /keys", "/keys", "the tenant", {})
    with pytest.raises(UndeclaredOperation):
        access.post(operations.GRAPH, "/subscriptions", "the tenant", "2022-12-01", {})
    assert not rig.calls


def test_without_the_setting_values_are_not_asked_for(rig: Rig) -> None:
    ctx = context(rig)
    allowed = tuple(op for op in CONNECTOR.spec.operations if op.is_allowed(ctx.config))
    access = Access(ctx, allowed)
    ident = operations.operation_id("post:Microsoft.Web/sites/config/appsettings/list")
    with pytest.raises(UndeclaredOperation):
        access.post(ident, "/x", "the tenant", "2025-05-01", {})


def _real(**config: Any) -> Access:
    ctx = Context(config=AzureConfig(**config), examine=lambda *_: (), limits=Limits(), retries=1)
    return Access(ctx, CONNECTOR.spec.operations)


def test_without_credentials_it_is_said_where_they_were_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    access = _real(credential=CredentialKind.ENVIRONMENT)
    with pytest.raises(Denied, match="credentials: no token of https://login") as told:
        access.get(operations.SUBSCRIPTIONS, "/subscriptions", "the tenant", {})
    assert "grant" not in str(told.value)


def test_a_federation_that_is_not_set_up_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    access = _real(credential=CredentialKind.WORKLOAD_IDENTITY, client_id="c", tenant="t")
    with pytest.raises(Denied, match="workload_identity"):
        access.get(operations.SUBSCRIPTIONS, "/subscriptions", "the tenant", {})


def test_a_token_that_has_ended_is_renewed_once(rig: Rig) -> None:
    estate.openai(rig, estate.subscription(rig, 1).id)
    fault = Fault("/deployments$", 401, error("ExpiredAuthenticationToken"), times=1)
    rig.faults.append(fault)
    found = read(rig, families=("ai",))
    assert found.one("azure.model_deployment")
    fault.times = 2
    (gap,) = read(rig, families=("ai",)).gaps[f"azure:{estate.ident(1)}/ai"]
    assert "ExpiredAuthenticationToken" in gap.reason
    assert gap.denied
