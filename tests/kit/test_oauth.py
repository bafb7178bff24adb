"""A client's own tokens: made once, renewed before they end, and never without credentials."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scanner.kit.administered import read
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.oauth import ClientCredentials
from scanner.model.errors import Denied, Unavailable
from tests.saas_rig import TOKEN, Reply, Vendor, serving, token_route

CALL = read("/oauth/token", "a client", "a token", method="POST")


class _Config(msgspec.Struct):
    pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()
    token_route(made, CALL.id, "id", "secret", grant_type="client_credentials")
    with serving(made):
        yield made


def _tokens(vendor: Vendor, secret: str = "secret", **more: Any) -> ClientCredentials:
    ctx: Context[Any] = Context(
        config=_Config(), examine=lambda *_: (), limits=Limits(), retries=1
    )  # fmt: skip
    return ClientCredentials(
        ctx, CALL, vendor.url, {"grant_type": "client_credentials"}, client="id", secret=secret,
        **more,
    )  # fmt: skip


@pytest.mark.parametrize("basic", [True, False])
def test_one_token_serves_until_it_ends(
    vendor: Vendor, basic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = _tokens(vendor, basic=basic)
    assert tokens.headers() == {"Authorization": f"Bearer {TOKEN}"}
    tokens.headers()
    assert vendor.calls == [CALL.id]
    later = time.monotonic() + 3500  # it says that it lasts an hour
    monkeypatch.setattr(time, "monotonic", lambda: later)
    tokens.headers()
    assert vendor.calls == [CALL.id, CALL.id]


def test_a_client_that_is_refused_is_denied_without_its_secret(vendor: Vendor) -> None:
    with pytest.raises(Denied) as caught:
        _tokens(vendor, secret="wrong-secret").headers()
    assert "wrong-secret" not in str(caught.value)


def test_an_answer_without_a_token_is_told(vendor: Vendor) -> None:
    vendor.refusal = Reply({"hello": 1})
    vendor.denied.add(CALL.id)
    with pytest.raises(Unavailable, match="no token in the answer"):
        _tokens(vendor).headers()


def test_without_credentials_nobody_is_asked(vendor: Vendor) -> None:
    with pytest.raises(Denied, match="set the variables"):
        _tokens(vendor, secret="").headers()
    assert vendor.calls == []
