"""A subscription with one of everything, any operation of which can be refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig, error, serving

Deny = Callable[[str], AbstractContextManager[None]]


@contextmanager
def world() -> Iterator[tuple[str, Deny]]:
    rig = Rig()
    estate.roles(rig)
    sub = rig.subscriptions[estate.whole(rig)]

    @contextmanager
    def deny(operation: str) -> Iterator[None]:
        method, _, path = operation.partition(" ")
        if method == "READ":
            sub.refused = (f"{path}/read",)
        else:
            where = "[^/]+".join(map(re.escape, re.split(r"\{[^}]*\}", path)))
            rig.faults.append(Fault(f"^{method} {where}$", 403, error("AuthorizationFailed")))
        yield
        sub.refused = ()
        rig.faults.clear()

    with serving(rig) as url:
        yield url, deny
    assert not rig.wrong, rig.wrong[:5]
