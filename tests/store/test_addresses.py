"""The URL of a store may hold a password: nothing that is told holds it."""

from __future__ import annotations

import pytest

from scanner.model.errors import ConfigError, StoreError
from scanner.store.state import State

SECRET = "made-up-secret"


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://h/db?user=u&password={SECRET}",
        f"postgres://u:{SECRET}@h/db",
        f"postgresql+psycopg://u:p@{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:p@127.0.0.1:{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:p@x/{SECRET}@127.0.0.1:1/db",
        f"postgresql+psycopg://u:{SECRET}/db",
        f"postgresql+psycopg://u@127.0.0.1:1/db?password={SECRET}&no_such_option={SECRET}",
        f"postgresql+psycopg://u@127.0.0.1:1/db?sslmode={SECRET}&password={SECRET}",
        f"u:{SECRET}",
    ],
)
def test_no_message_holds_the_password(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises((ConfigError, StoreError)) as refused:
        State(url)
    assert SECRET not in str(refused.value)


def test_a_password_with_an_at_sign_is_told_how_to_be_written() -> None:
    with pytest.raises(ConfigError, match=r"more than one @.*%40"):
        State("postgresql+psycopg://u:p@w@127.0.0.1:1/db")
