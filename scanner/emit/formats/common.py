"""What several formats need: ids that are the same in every run, moments, the places in code, JSON
in pieces."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from scanner.emit.document import AssetRow, Document, EvidenceRow
from scanner.model.base import encode
from scanner.model.finding import Finding

PROJECT = "https://github.com/shadow-ai-scanner/shadow-ai-scanner"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, PROJECT)
_CODE = ("git:", "dir:")
"""How the ids of repositories and folders begin."""


def identifier(*parts: str) -> str:
    """A UUID (version 5) that is made of the parts alone."""
    return str(uuid.uuid5(_NAMESPACE, encode(parts).decode()))


def moment(stamp: str) -> datetime | None:
    """An ISO 8601 time in UTC; None for what is none."""
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def milliseconds(stamp: str) -> int:
    """Since 1970; 0 where there is no time."""
    found = moment(stamp)
    return int(found.timestamp() * 1000) if found else 0


def plain(value: str, most: int = 0) -> str:
    """On one line, without control characters, cut at ``most`` characters."""
    text = value if value.isprintable() else _printable(value)
    text = text.strip()
    return text if not most or len(text) <= most else text[: most - 1] + "…"


def _printable(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value)


def listed(head: Mapping[str, object], key: str, rows: Iterable[object]) -> Iterator[bytes]:
    """One JSON object: the head, and under ``key`` the rows, a line each."""
    yield encode(head)[:-1] + (b"," if head else b"") + encode(key) + b":["
    opening = b"\n"
    for row in rows:
        yield opening + encode(row)
        opening = b",\n"
    yield b"]}\n"


def by_uid(document: Document) -> dict[str, AssetRow]:
    return {row.uid: row for row in document.assets}


def is_in_code(seen: EvidenceRow) -> bool:
    """Whether it stands in a file of a repository or folder."""
    return bool(seen.path) and seen.resource.startswith(_CODE)


def outer(path: str) -> str:
    """The file in the repository, where the place is inside an archive."""
    return path.partition("!/")[0]


def told(finding: Finding) -> str:
    """The finding as a paragraph."""
    parts = (finding.title, finding.detail, finding.remedy)
    return " ".join(
        part if part.endswith((".", "!", "?")) else part + "." for part in parts if part
    )


CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}
"""How the kind of a cloud's asset begins -> what the cloud is called."""


def cloud_of(asset: AssetRow) -> str:
    """Empty for what stands in no cloud account."""
    return CLOUDS.get(asset.kind.partition(".")[0], "")


def account_of(asset: AssetRow) -> tuple[str, str]:
    """The account's id and its name, which may be empty."""
    name, mark, rest = asset.account.rpartition(" (")
    if mark and rest.endswith(")"):
        return rest[:-1], name
    return asset.account, ""


def filled(value: dict[str, object]) -> dict[str, object]:
    """Without what is empty: many formats refuse an empty text where they would miss nothing."""
    return {key: inner for key, inner in value.items() if inner not in ("", [], {}, None, ())}
