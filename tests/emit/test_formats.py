"""What holds for every format: the same document gives the same bytes, whatever names it holds and
however little there is; none is loaded before it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.emit.document import Document
from scanner.emit.formats import FORMATS, check, render
from scanner.emit.formats.lines import Line
from scanner.emit.schemas import schema
from scanner.model.errors import ConfigError
from tests import late
from tests.emit.estates import ESTATE, ESTATES, documents

ROOT = Path(__file__).parents[2]
OPTIONS = {"account": "123456789012", "region": "eu-west-1"}


def bytes_of(name: str, document: Document) -> bytes:
    return b"".join(render(name, document, OPTIONS))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("estate", ESTATES)
def test_the_same_document_gives_the_same_bytes(name: str, estate: str) -> None:
    again = msgspec.json.decode(msgspec.json.encode(ESTATES[estate]), type=Document)

    assert bytes_of(name, ESTATES[estate]) == bytes_of(name, again)


@pytest.mark.slow
def test_another_process_makes_the_same_bytes() -> None:
    """Neither the order of sets nor the clock is in them."""
    code = (
        "import hashlib; from tests.emit.test_formats import *; "
        "print([(n, hashlib.sha256(bytes_of(n, ESTATE)).hexdigest()) for n in FORMATS])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip
    assert len(said) == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents(), st.sampled_from(sorted(FORMATS)))
def test_any_document_can_be_written(document: Document, name: str) -> None:
    assert bytes_of(name, document) == bytes_of(name, document)


def test_no_format_is_loaded_to_start() -> None:
    code = (
        "import sys, scanner.cli.scan, scanner.cli.findings; "
        "print([m for m in sys.modules if m.startswith('scanner.emit.formats.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_format_has_a_section_and_a_file_of_its_own() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name, form in FORMATS.items():
        assert f"| `{name}` | `{form.file}` |" in page
        for option in (*form.options, *form.needs):
            assert f"`--set {option}=" in page
    assert len({form.file for form in FORMATS.values()}) == len(FORMATS)


def test_options_are_checked_before_anything_is_done() -> None:
    with pytest.raises(ConfigError, match="not an option of json"):
        check(["json"], {"account": "1"})


@pytest.mark.parametrize("estate", ESTATES)
def test_every_line_follows_the_published_schema_and_none_is_lost(estate: str) -> None:
    document = ESTATES[estate]
    validator = late.jsonschema.Draft202012Validator(schema("line"))
    validator.check_schema(schema("line"))
    rows = [json.loads(line) for line in bytes_of("jsonl", document).splitlines()]

    for row in rows:
        validator.validate(row)
        msgspec.convert(row, Line)
    whole = json.loads(bytes_of("json", document))
    assert rows[0] == {"schema_version": whole["schema_version"], "scan": whole["scan"]}
    for kind, field in (
        ("finding", "findings"), ("asset", "assets"), ("edge", "edges"), ("policy", "policies"),
        ("registry", "registry"), ("coverage", "coverage"), ("warning", "warnings"),
    ):  # fmt: skip
        assert [row[kind] for row in rows if kind in row] == whole[field]


def test_a_line_of_two_kinds_or_none_is_refused() -> None:
    validator = late.jsonschema.Draft202012Validator(schema("line"))
    finding = json.loads(msgspec.json.encode(ESTATE.findings[0]))

    assert validator.is_valid({"finding": finding})
    for wrong in ({}, {"finding": finding, "warning": "x"}, {"finding": {**finding, "risk": "9"}}):
        assert not validator.is_valid(wrong)
