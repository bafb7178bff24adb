"""Which repositories are read, in which shards, and what a listing that broke still says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.kit.forge.filters import Filters, why_left_out
from scanner.kit.forge.plan import check_listing, listed, plan, repository_of
from scanner.kit.forge.repository import Repository, decoded, encoded
from scanner.kit.git.owners import code_owners
from scanner.model.errors import Denied, LeftOut, Unavailable

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _repository(name: str = "acme/app", **given: Any) -> Repository:
    return Repository(full_name=name, clone_url=f"https://me:pw@forge.example/{name}.git", **given)


@pytest.mark.parametrize(
    ("filters", "given", "reason"),
    [
        ({}, {"is_archived": True, "is_fork": True, "size_kib": 1 << 30}, ""),
        ({"include": ("ACME/*",)}, {}, ""),
        ({"include": ("other/*",)}, {}, "not in `include`"),
        ({"include": ("acme/*",), "exclude": ("*/app",)}, {}, "in `exclude`"),
        ({"archived": False}, {"is_archived": True}, "archived"),
        ({"forks": False}, {"is_fork": True}, "a fork"),
        ({"topics": ("ML",)}, {"topics": ("ml",)}, ""),
        ({"topics": ("ml",)}, {}, "has none of `topics`"),
        ({"visibility": ("public",)}, {"visibility": "private"}, "private, not in `visibility`"),
        ({"visibility": ("public",)}, {}, ""),
        ({"pushed_since_days": 30}, {"pushed_at": "2026-10-20T00:00:00Z"},
         "not pushed to in 30 days"),
        ({"pushed_since_days": 30}, {"pushed_at": "2026-11-01T00:00:00"}, ""),
        ({"pushed_since_days": 30}, {"pushed_at": "yesterday"}, ""),
        ({"max_size_mib": 1}, {"size_kib": 2048}, "2 MiB, over `max_size_mib`"),
    ],
)  # fmt: skip
def test_why_a_repository_is_left_out(
    filters: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    assert why_left_out(_repository(**given), Filters(**filters), NOW) == reason


def test_a_listing_that_breaks_keeps_what_it_read() -> None:
    def found() -> Iterator[Repository | None]:
        yield _repository("acme/b")
        yield None
        yield _repository("acme/a", is_fork=True)
        yield _repository("acme/b")
        raise Denied("the token died")

    listing = listed("forge", "forge.example", "acme", found())
    shards = list(plan(listing, Filters(forks=False), NOW))
    assert [s.id for s in shards] == [
        "forge:forge.example/acme/listing",
        "forge:forge.example/acme/a/tree", "forge:forge.example/acme/a/history",
        "forge:forge.example/acme/b/tree", "forge:forge.example/acme/b/history",
    ]  # fmt: skip
    assert {s.listed_by for s in shards[1:]} == {listing.id}
    said = []
    with pytest.raises(Denied, match="the token died"):
        said.extend(check_listing(shards[0]))
    with pytest.raises(LeftOut, match="a fork"):
        repository_of(shards[1])
    assert repository_of(shards[3]).full_name == "acme/b"


def test_one_name_for_every_connector() -> None:
    made = _repository(topics=("a",))
    assert made.subject == "git:forge.example/acme/app"
    assert decoded(encoded(made)) == made
    with pytest.raises(Unavailable):
        _ = Repository(full_name="x", clone_url="").subject


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("* @a @b\n", ["@a", "@b"]),
        ("* @a\n/docs @c\n* @b # last wins\n", ["@b"]),
        ("[Docs][2] @docs\n*.md\n[Core] @core\n*\n", ["@core"]),
        ("* @a\n^[Optional]\n* @b\n[Core] @c\n* @d\n", ["@a", "@b", "@d"]),
        ("[One] @a\n*\n[one] @b\n*\n", ["@b"]),
        ("* @@maintainers me@example.com\n", ["me@example.com"]),
        ("*\n", []),
    ],
)
def test_code_owners_with_and_without_sections(text: str, owners: list[str]) -> None:
    assert [name for _, name in code_owners(text)] == owners
