"""What pipelines put around GitHub's events is taken off as around any source's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from connectors.github.export import unwrapped

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
