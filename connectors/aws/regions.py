"""Which regions an account has, and which partition a region belongs to.

An account that was entered may not be asked everywhere: a region that it has not opted into refuses
good credentials, and a policy of the organization may close the region that all others have. So it
is asked where the scanner stands, and elsewhere when that is refused.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from scanner.kit.tables import values
from scanner.model.errors import Denied, SourceError, Unavailable

_FIRST_REGIONS = {"aws-cn": "cn-north-1"}
"""Where it is another than botocore's own."""
_OPEN = ("opt-in-not-required", "opted-in")

Ask = Callable[[str, str, dict[str, Any]], Mapping[str, Any]]
"""(region, operation, arguments) -> the answer."""


class Partition(NamedTuple):
    """As botocore's ``partitions.json`` tells them. ``suffixes``: of names of hosts, the one that
    every service has first."""

    id: str
    first_region: str
    suffixes: tuple[str, ...]


class Enabled(NamedTuple):
    regions: tuple[str, ...]
    closed: Mapping[str, str] = {}
    """Of the regions that were asked for, those that the account does not have, and why."""


@cache
def _partitions() -> tuple[tuple[re.Pattern[str], Partition], ...]:
    import botocore.session

    return tuple(
        (
            re.compile(one["regionRegex"]),
            Partition(
                one["id"],
                _FIRST_REGIONS.get(one["id"], one["outputs"]["implicitGlobalRegion"]),
                (one["outputs"]["dnsSuffix"], one["outputs"]["dualStackDnsSuffix"]),
            ),
        )
        for one in botocore.session.get_session().get_data("partitions")["partitions"]
    )


def partition_of(region: str) -> Partition | None:
    """None: botocore knows no such region."""
    return next((one for pattern, one in _partitions() if pattern.match(region)), None)


def first_region(partition: str, other: str) -> str:
    """Where a partition has the services that are in one place only; ``other``: of a partition that
    botocore does not know."""
    return next((one.first_region for _, one in _partitions() if one.id == partition), other)


def enabled(account: str, wanted: Iterable[str], places: Iterable[str], ask: Ask) -> Enabled:
    """The regions of an account, or those of ``wanted`` that it has. ``places``: regions in which
    it may be asked, the likeliest first. Raises the source errors when none lets it be entered."""
    wanted = tuple(sorted(set(wanted)))
    places = tuple(dict.fromkeys(places))
    trouble: SourceError | None = None
    for place in places:
        try:
            answer = ask(place, "ec2:DescribeRegions", {"AllRegions": bool(wanted)})
            return _told(account, wanted, answer)
        except (Denied, Unavailable) as error:
            if "sts:AssumeRole" in str(error):
                raise  # the account cannot be entered at all
            trouble = trouble or error
    if trouble is None:
        raise Unavailable(f"account {account}: there is no region to ask in")
    if not wanted:
        raise trouble
    return Enabled(_entered(wanted, places, ask, trouble))


def _told(account: str, wanted: tuple[str, ...], answer: Mapping[str, Any]) -> Enabled:
    said = {
        str(record.get("RegionName")): str(record.get("OptInStatus") or _OPEN[0])
        for record in values(answer, "Regions[]")
        if isinstance(record, Mapping) and record.get("RegionName")
    }
    if not said:
        raise Unavailable(f"ec2:DescribeRegions in {account}: the answer names no region")
    if not wanted:
        return Enabled(tuple(sorted(region for region, status in said.items() if status in _OPEN)))
    closed = {
        region: f"account {account} has not opted into {region}"
        if region in said
        else f"AWS tells account {account} of no region {region}"
        for region in wanted
        if said.get(region, "") not in _OPEN
    }
    return Enabled(wanted, closed)


def _entered(
    wanted: tuple[str, ...], places: tuple[str, ...], ask: Ask, trouble: SourceError
) -> tuple[str, ...]:
    """The wanted regions, once some place lets the account in: whoever may not list regions may
    still read in them."""
    for place in places:
        try:
            ask(place, "sts:GetCallerIdentity", {})
        except Denied:
            continue
        return wanted
    raise trouble
