"""Keys in a history that are not in a plain text: in wide encodings and in archives."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import pytest

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_INCOMPLETE, Result
from tests.conftest import Repository
from tests.connectors.code.scanned import scan_paths


def _keys(result: Result) -> set[tuple[str, str, int]]:
    return {
        (e.path, str(e.context), e.line)
        for row in result.document.assets
        if row.type == "credential"
        for e in row.evidence
    }


def _told(result: Result) -> str:
    return "\n".join(gap for row in result.document.coverage for gap in row.gaps)


def _replaced(made: Repository, path: str, data: bytes, *, packed: bool = True) -> None:
    """In the history only."""
    made.write(path, data)
    made.commit("with")
    made.write(path, "nothing\n")
    made.commit("without")
    if packed:
        made.git("gc", "-q", "--aggressive", "--prune=now")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_key_in_a_wide_text(
    repository: Repository, made_up_key: Callable[..., str], encoding: str, packed: bool
) -> None:
    text = f"# é\n\nANTHROPIC_API_KEY={made_up_key()}\n"
    _replaced(repository, "wide.env", text.encode(encoding), packed=packed)

    result = scan_paths(repository.root)

    assert _keys(result) == {("wide.env", "history", 3)}
    assert result.exit_code == EXIT_COMPLETE


@pytest.mark.parametrize("packed", [True, False])
def test_a_key_in_an_archive(
    repository: Repository, made_up_key: Callable[..., str], packed: bool
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conf/a.env", f"\nANTHROPIC_API_KEY={made_up_key()}\n")
    _replaced(repository, "d/app.zip", made.getvalue(), packed=packed)
    _replaced(repository, "log.gz", gzip.compress(made_up_key("log").encode()), packed=packed)

    result = scan_paths(repository.root)

    assert _keys(result) == {
        ("d/app.zip!/conf/a.env", "history", 2), ("log.gz!/log", "history", 1),
    }  # fmt: skip
    assert result.exit_code == EXIT_COMPLETE
    assert _keys(scan_paths(repository.root, archives=False)) == set()


def test_a_wide_text_that_is_too_large_is_told(repository: Repository) -> None:
    _replaced(repository, "wide.txt", ("x = 1\n" * 200_000).encode("utf-16-le"))

    result = scan_paths(repository.root, max_file_mib=1)

    assert "larger than 1 MiB; not read" in _told(result)
    assert result.exit_code == EXIT_INCOMPLETE


def test_an_archive_that_is_damaged_or_too_large_is_told(repository: Repository) -> None:
    _replaced(repository, "bad.zip", b"PK\x03\x04" + bytes(500))

    result = scan_paths(repository.root)

    assert "damaged" in _told(result)
    assert result.exit_code == EXIT_INCOMPLETE
