"""One seeded organization for all tests of a process: moto's state is the process's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.demo import cloud
from tests.connectors.aws.wire import Wire


@pytest.fixture(scope="session")
def organization() -> Iterator[tuple[str, dict[str, str], Wire]]:
    """Server URL, account ids by name, and the wire."""
    wire = Wire()
    with cloud.fake_aws(wire) as url:
        yield url, cloud.seed(url), wire
