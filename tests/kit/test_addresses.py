"""Of an address no more is shown than where it leads."""

from __future__ import annotations

import pytest

from scanner.kit.tabled.edges import address


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://example.com/docs/api", "https://example.com/docs/api"),
        ("https://ann:pass@example.com:8443/a?code=hidden#x", "https://example.com:8443/a"),
        ("https://hooks.example.com/services/T0/B0/abc123", "https://hooks.example.com/services/.../.../..."),
        ("https://example.com/api/webhooks/123/abcd", "https://example.com/api/webhooks/.../abcd"),
        ("https://example.com/s/" + "a1" * 20 + "/mcp", "https://example.com/s/.../mcp"),
        ("example.com/a", "example.com/a"),
        ("https://[broken", ""),
    ],
)  # fmt: skip
def test_an_address(written: str, shown: str) -> None:
    assert address(written) == shown
