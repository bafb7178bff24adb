"""Keys that mean the same compare equal; what is no address is none, and ends nothing."""

from __future__ import annotations

import pytest

from scanner.kit.tabled.edges import remote
from scanner.model.keys import canonical_remote, canonical_uri


@pytest.mark.parametrize("typed", ["http://[", "https://[x", "//]["])
def test_what_people_type_into_a_tag_is_no_address(typed: str) -> None:
    assert (canonical_remote(typed), remote(typed)) == ("", "")
    assert canonical_uri(f" {typed}/ ") == typed


def test_ways_to_write_one_address() -> None:
    assert canonical_remote("git@github.com:org/repo.git") == "github.com/org/repo"
    assert canonical_remote("ssh://git@github.com/org/repo") == "github.com/org/repo"
    assert canonical_uri("HTTPS://Api.Example/V1/?a=b") == "https://api.example/V1"
