"""One Azure for a test, read with a token that no real Azure would take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.azure_rig import estate
from tests.azure_rig.rig import Rig, serving


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    estate.roles(made)
    with serving(made):
        yield made
    assert not made.wrong, made.wrong[:5]
