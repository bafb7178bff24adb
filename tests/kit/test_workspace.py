"""Tables of a log workspace as its portal exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scanner.kit.records import read_records


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            'TimeGenerated [UTC],id_CF,note\n"8/2/2026, 1:29:25.983 PM",a,x [UTC]\n',
            {"TimeGenerated": "2026-08-02T13:29:25Z", "id_CF": "a", "note": "x [UTC]"},
        ),
        (
            '{"c_t [UTC]": "28/07/2026, 22:12:29.690", "at [Local Time]": "28/07/2026, 1:02:03"}',
            {"c_t": "2026-07-28T22:12:29Z", "at": ""},
        ),
        (
            '{"TimeGenerated": "x", "At": "8/2/2026 12:29:25 AM", "By": "8/2/2026 00:29:25"}',
            {"TimeGenerated": "x", "At": "2026-08-02T00:29:25Z", "By": "8/2/2026 00:29:25"},
        ),
        (
            '{"When [UTC]": "8/2/2026 1:29:25 PM", "When": "kept", "x [1]": "y"}',
            {"When": "kept", "x [1]": "y"},
        ),
        ('{"At": "8/2/2026 1:29:25 PM"}', {"At": "8/2/2026 1:29:25 PM"}),  # whose, nobody says
    ],
)
def test_zones_are_no_part_of_a_name_and_times_are_read(
    tmp_path: Path, text: str, row: dict[str, Any]
) -> None:
    (tmp_path / "a").write_text(text)
    assert [one for _, one in read_records(tmp_path / "a", "a", "`files`")] == [row]
