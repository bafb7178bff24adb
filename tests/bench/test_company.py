"""What nine logs of a company tell is what was put in, in a small edition of the benchmark."""

from __future__ import annotations

from pathlib import Path

from bench import company


def test_every_app_has_its_people_and_days(tmp_path: Path) -> None:
    truth = company.write(tmp_path, people=60, events=900)
    company.configure(tmp_path)
    document, _, _ = company.scan(tmp_path)
    told = list(company.rows(document, truth))
    assert len(told) == len(truth) >= 16
    assert not [cells for cells, is_right in told if not is_right]
    assert {one["status"] for one in document["coverage"]} == {"complete"}
    assert {cells[-1] for cells, _ in told} == {"registered", "unregistered"}
