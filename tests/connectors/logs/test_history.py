"""Histories of browsers, as tables: a row stands for all visits of a page, or for one of them.

https://chromium.googlesource.com/chromium/src/+/HEAD/components/history/core/browser/url_row.h,
https://searchfox.org/mozilla-central/source/toolkit/components/places/nsPlacesTables.h
"""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import pytest

from tests.connectors.logs.conftest import Read, Told

CHAT = "OpenAI: chat in a browser"
T0 = 1_795_860_000_000_000
"""2026-11-28T10:00:00Z, in millionths of a second."""
WEBKIT = T0 + 11_644_473_600_000_000

FIREFOX = """
create table moz_places (id integer primary key, url longvarchar, title longvarchar,
  rev_host longvarchar, visit_count integer default 0, hidden integer default 0 not null,
  typed integer default 0 not null, frecency integer default -1 not null,
  last_visit_date integer, guid text, foreign_count integer default 0 not null,
  url_hash integer default 0 not null, description text, preview_image_url text,
  site_name text, origin_id integer, recalc_frecency integer not null default 0,
  alt_frecency integer, recalc_alt_frecency integer not null default 0);
create table moz_historyvisits (id integer primary key, from_visit integer, place_id integer,
  visit_date integer, visit_type integer, session integer, source integer default 0 not null,
  triggeringPlaceId integer);
"""
CHROMIUM = """
create table urls (id integer primary key autoincrement, url longvarchar, title longvarchar,
  visit_count integer default 0 not null, typed_count integer default 0 not null,
  last_visit_time integer not null, hidden integer default 0 not null);
"""


def exported(path: Path, base: sqlite3.Connection, asked: str) -> None:
    """As ``sqlite3 -header -csv`` writes it."""
    rows = base.execute(asked)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([name for name, *_ in rows.description])
        writer.writerows(rows)


@pytest.fixture
def firefox() -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.executescript(FIREFOX)
    base.executemany(
        "insert into moz_places (id, url, title, rev_host, visit_count, last_visit_date) "
        "values (?, ?, ?, ?, ?, ?)",
        [(1, "https://chatgpt.com/c/abc?x=1", "Chat, and more", "moc.tpgtahc.", 3, T0 + 60_000_000),
         (2, "https://shop.example/", "Shop", "elpmaxe.pohs.", 90, T0),
         (3, "https://claude.ai/", "A bookmark", "ia.edualc.", 0, None)],
    )  # fmt: skip
    base.executemany(
        "insert into moz_historyvisits (place_id, from_visit, visit_date, visit_type) "
        "values (?, 0, ?, 1)",
        [(1, T0), (1, T0 + 30_000_000), (1, T0 + 60_000_000), (2, T0)],
    )
    return base


def times(told: Told) -> tuple[int, str, str]:
    (row,) = told.assets[CHAT].evidence
    return row.count, row.first_at, row.last_at


def test_a_page_counts_as_often_as_it_was_visited(
    tmp_path: Path, read: Read, firefox: sqlite3.Connection
) -> None:
    exported(tmp_path / "places.csv", firefox, "select * from moz_places")
    told = read("places.csv")
    assert {*told.assets} == {CHAT}
    assert times(told) == (3, "2026-11-28T10:01:00Z", "2026-11-28T10:01:00Z")
    assert not told.gaps


def test_a_row_of_each_visit_counts_once(
    tmp_path: Path, read: Read, firefox: sqlite3.Connection
) -> None:
    exported(
        tmp_path / "visits.csv", firefox,
        "select p.*, v.visit_date, v.visit_type from moz_places p "
        "left join moz_historyvisits v on v.place_id = p.id",
    )  # fmt: skip
    told = read("visits.csv")
    assert {*told.assets} == {CHAT}
    assert times(told) == (3, "2026-11-28T10:00:00Z", "2026-11-28T10:01:00Z")


def test_visits_without_a_count_are_read(
    tmp_path: Path, read: Read, firefox: sqlite3.Connection
) -> None:
    exported(
        tmp_path / "visits.csv", firefox,
        "select v.visit_date, p.url from moz_places p "
        "join moz_historyvisits v on v.place_id = p.id",
    )  # fmt: skip
    assert times(read("visits.csv")) == (3, "2026-11-28T10:00:00Z", "2026-11-28T10:01:00Z")


@pytest.mark.parametrize(("visits", "count"), [(57, 57), (0, 1), (10**14, 1_000_000)])
def test_chromiums_table_counts_visits(tmp_path: Path, read: Read, visits: int, count: int) -> None:
    """Of none at a time, the one of that time; no more than a person may make."""
    base = sqlite3.connect(":memory:")
    base.executescript(CHROMIUM)
    row = ("https://chatgpt.com/c/abc", "Chat", visits, WEBKIT)
    base.execute(
        "insert into urls (url, title, visit_count, last_visit_time) values (?, ?, ?, ?)", row
    )
    exported(tmp_path / "urls.csv", base, "select * from urls")
    assert times(read("urls.csv")) == (count, "2026-11-28T10:00:00Z", "2026-11-28T10:00:00Z")
