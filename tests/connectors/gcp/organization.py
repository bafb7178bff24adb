"""An organization with whatever goes wrong in one: what is planted, and which coverage tells it."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.gcp.types import FAMILIES
from tests.connectors.gcp.estate import ENABLED, ORG, endpoint, project
from tests.google_rig import Fault, Rig, off

_REFUSED = "PERMISSION_DENIED"
OFF = tuple(
    family for family in FAMILIES
    if family not in ("vertex", "keys", "run", "secret-names", "personal-agents")
)  # fmt: skip
"""Families none of whose services these projects have enabled."""
BLIND, HALF, GONE, UNTOLD, CLOSED, SLOW, WITHOUT = 10, 25, 40, 55, 70, 85, 100
"""By the project's number, of each hundred: Vertex AI refused; refused in one location; deleted
while it is read; its services untold and Vertex AI refused; deleted before; throttled once and
then asked with a token that has ended; without Vertex AI."""


def planted(rig: Rig, many: int) -> dict[str, str]:
    """Shard -> its status, of every shard that is not complete. 30 projects stand in a
    folder; in the last one nothing may be listed."""
    expected: dict[str, str] = {}
    folders = -(-many // 30) + 1
    for number in range(1, folders + 1):
        unit = {"name": f"folders/{number}", "displayName": f"Unit {number}", "parent": ORG}
        rig.plant("cloudresourcemanager.folders.list", ORG, unit)
    rig.closed_parents.add(f"folders/{folders}")
    expected["gcp:units"] = "partial"
    for number in range(1, many + 1):
        expected |= _project(rig, number, f"folders/{1 + (number - 1) // 30}")
    return expected


def _project(rig: Rig, number: int, parent: str) -> Mapping[str, str]:
    what = number % 100
    enabled = tuple(one for one in ENABLED if one != "aiplatform" or what != WITHOUT % 100)
    state = "DELETE_REQUESTED" if what == CLOSED else "ACTIVE"
    ident = project(rig, number, parent, state=state, enabled=enabled)
    if what == CLOSED:
        return {f"gcp:{ident}/project": "not_enabled"}
    endpoint(rig, ident, number)
    place = {"name": f"projects/{number}/locations/us-central1", "locationId": "us-central1"}
    rig.plant("secretmanager.projects.locations.list", f"projects/{ident}", place)
    shard = f"gcp:{ident}"
    found = {f"{shard}/{family}": "not_enabled" for family in OFF}
    found[f"gcp:*/activity/{ident}"] = "not_enabled"  # nobody keeps data access logs
    refused = Fault(403, "no", _REFUSED)
    calls = f"aiplatform.*/{ident}/"
    if what == BLIND:
        rig.strike(calls, refused)
        return {**found, f"{shard}/vertex": "denied"}
    if what == HALF:
        rig.strike(f"^europe-west4-{calls}", refused)
        return {**found, f"{shard}/vertex": "partial"}
    if what == GONE:
        lost = Fault(403, f"Project #{number} has been deleted.", _REFUSED)
        rig.strike(calls, lost)
        return {**found, f"{shard}/vertex": "failed"}
    if what == UNTOLD:
        rig.strike(f"serviceusage.*/{ident}/", refused)
        rig.strike(calls, refused)
        # All families are asked then, and their services answer that they are not enabled.
        rig.strike(f"/projects/{ident}/(?!services|contacts)", off(number))
        return {**found, f"{shard}/project": "partial", f"{shard}/vertex": "denied",
                f"{shard}/keys": "denied", f"{shard}/run": "not_enabled",
                f"{shard}/secret-names": "not_enabled",
                f"gcp:*/metrics/{ident}": "not_enabled"}  # fmt: skip
    if what == SLOW:
        rig.strike(calls, Fault(429, "quota", "RESOURCE_EXHAUSTED",
                                headers={"Retry-After": "1"}, times=1))  # fmt: skip
        rig.strike(calls, Fault(401, "ended", "UNAUTHENTICATED", times=1))
    if what == WITHOUT % 100:
        found[f"{shard}/vertex"] = "not_enabled"
        found[f"gcp:*/metrics/{ident}"] = "not_enabled"  # there is no AI to count calls of
    return found
