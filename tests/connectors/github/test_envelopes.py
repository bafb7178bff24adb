"""What pipelines put around GitHub's events is taken off as around any source's."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from connectors.github.export import _records, unwrapped

EVENT = {"action": "integration_installation.create", "actor": "ada", "org": "acme"}
TEXT = json.dumps(EVENT)


@pytest.mark.parametrize(
    "record",
    [
        {"topic": "t", "value": EVENT}, {"short_message": TEXT},
        {"message": {"data": base64.b64encode(TEXT.encode()).decode()}},
        {"attributes": {"attributes": EVENT}}, {"body": {"stringValue": TEXT}},
        {"event.original": TEXT}, {"message": f"Nov 20 08:00:00 h github: {TEXT}"},
        {"data": {"github": EVENT}},
    ],
)  # fmt: skip
def test_the_event_inside_is_found(record: Any) -> None:
    assert unwrapped(record) == EVENT


@pytest.mark.parametrize("text", [f'{{"events":[{TEXT},\n{TEXT}]}}', f"{TEXT[:9]}\n{TEXT}\n{TEXT}"])
def test_a_document_that_is_broken_into_lines_is_one_and_a_cut_line_is_none(text: str) -> None:
    found = [one for _, one in _records(io.BytesIO(text.encode()))]
    assert [one for one in found if one] == [EVENT, EVENT]
