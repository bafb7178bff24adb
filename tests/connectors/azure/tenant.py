"""A tenant with whatever goes wrong in one: what is planted, and which coverage tells it."""

from __future__ import annotations

from typing import Any

from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig, error

HIDDEN, BLIND, CLOSED, DISABLED, SLOW, LOST = 3, 10, 20, 30, 40, 50
"""By the subscription's number, of each hundred: Resource Graph shows nothing of it; AI may not be
read; deleted before; disabled; throttled once; lost while it is read."""


def planted(rig: Rig, many: int) -> dict[str, str]:
    """Shard -> its status, of every shard that is not complete."""
    expected: dict[str, str] = {}
    for number in range(1, many + 1):
        what, fields = number % 100, dict[str, Any]()
        ident = estate.ident(number)
        if what == HIDDEN:
            fields["allowed"] = ("Microsoft.Web/sites/read",)
            expected[f"azure:{ident}/account"] = "denied"
        elif what == BLIND:
            fields["refused"] = ("Microsoft.CognitiveServices/*",)
            expected[f"azure:{ident}/ai"] = "denied"
        elif what == CLOSED:
            fields["state"] = "Deleted"
            expected[f"azure:{ident}/account"] = "not_enabled"
        elif what == DISABLED:
            fields["state"] = "Disabled"
        estate.openai(rig, estate.subscription(rig, number, **fields).id)
        deployments = f"/subscriptions/{ident}/.*/deployments"
        if what == SLOW:
            late = {"Retry-After": "1"}
            rig.faults.append(Fault(deployments, 429, error("Throttled"), late, times=1))
            ended = error("ExpiredAuthenticationToken")
            rig.faults.append(Fault(deployments, 401, ended, times=1))
        elif what == LOST:
            rig.faults.append(Fault(deployments, 404, error("SubscriptionNotFound")))
            expected[f"azure:{ident}/ai"] = "partial"
    return expected
