"""AWS on loopback, made from botocore's own service models: any operation of any service, with
pages, refusals and faults in the service's own wire form. Nothing here is a connector's; nothing
here reaches a network, and nothing that is asked of it changes what it holds.

    rig = Rig(page_size=2)
    rig.world.plant(account, region, "sagemaker:ListEndpoints", "Endpoints", {"EndpointName": "x"})
    rig.strike("bedrock*", denied(), region="eu-west-1")
    with serving(rig) as url: ...

See :mod:`tests.aws_rig.rig` for what a rig can be told and asked, :mod:`tests.aws_rig.world` for
planting, :mod:`tests.aws_rig.faults` for trouble, :mod:`tests.aws_rig.organization` for accounts.
``python -m tests.aws_rig --help`` runs it as a process of its own.
"""

from __future__ import annotations

from tests.aws_rig.faults import (
    Fault,
    broken,
    cut,
    denied,
    denied_by_policy,
    dropped,
    expired,
    garbled,
    not_found,
    not_offered,
    region_disabled,
    repeated_token,
    slow,
    throttled,
    verbatim,
)
from tests.aws_rig.http import serving
from tests.aws_rig.organization import Member, Organization, Unit
from tests.aws_rig.rig import Rig
from tests.aws_rig.world import ANY, EVERYWHERE, Listed, PlantError, World

__all__ = [
    "ANY",
    "EVERYWHERE",
    "Fault",
    "Listed",
    "Member",
    "Organization",
    "PlantError",
    "Rig",
    "Unit",
    "World",
    "broken",
    "cut",
    "denied",
    "denied_by_policy",
    "dropped",
    "expired",
    "garbled",
    "not_found",
    "not_offered",
    "region_disabled",
    "repeated_token",
    "serving",
    "slow",
    "throttled",
    "verbatim",
]
