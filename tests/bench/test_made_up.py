"""The whole product over a large cloud in which much goes wrong: coverage is exactly what was
planted, by the command that people type."""

from __future__ import annotations

import pytest

from bench import azure, gcp
from bench.made_up import Cloud, difference, scan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cloud", "many", "kind", "seen"),
    [
        # Of each hundred projects seven are in trouble, of which two (one location refused,
        # throttled) show their endpoint all the same.
        (gcp.CLOUD, 300, "gcp.vertex_endpoint", 300 - 3 * 5),
        # Of each hundred subscriptions two are not shown or gone, in one AI may not be read.
        (azure.CLOUD, 200, "azure.cognitive_account", 200 - 2 * 3),
    ],
    ids=["300 projects", "200 subscriptions"],
)
def test_coverage_is_exact(cloud: Cloud, many: int, kind: str, seen: int) -> None:
    found = scan(cloud, many=many, latency=0.0, workers=0, parallel=64, is_troubled=True)
    assert found.status == 3, "incomplete coverage"
    assert {"denied", "partial", "not_enabled"} <= set(found.expected.values())
    assert difference(found) == []
    assert sum(asset["kind"] == kind for asset in found.document["assets"]) == seen
