"""Which regions of an account need not be read, by what it pays.

Cost Explorer tells for a whole organization in one call in which regions each account has used
anything that costs. What costs nothing (an agent nobody calls, a prompt) is then not seen: whoever
prunes is told of every region that was left out, and why.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html: a call
costs a cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.aws.access import Access
from connectors.aws.bills import OPERATION, question
from scanner.kit.tables import values
from scanner.model.errors import SourceError, Unavailable

DAYS = 90
_MOST_PAGES = 200
_NO_REGION = frozenset({"", "global", "NoRegion"})


class Pruning:
    """``used``: by account, the regions that cost anything; None: not known, so nothing is left
    out."""

    def __init__(self, used: Mapping[str, frozenset[str]] | None = None, reason: str = "") -> None:
        self._used = used
        self.reason = reason
        """Why it is not known."""

    def left_out(self, account: str, region: str) -> str:
        """Why ``region`` is not read; empty: it is."""
        used = self._used.get(account) if self._used is not None else None
        if used is None or region in used:  # an account that the bill does not hold is not known
            return ""
        return (
            f"no cost in {region} within {DAYS} days (Cost Explorer); what costs nothing may be "
            "there: `prune = false` in [sources.aws] reads it"
        )


def of_organization(access: Access, now: datetime) -> Pruning:
    """Of all accounts that the caller's bill holds: the whole organization from its management
    account, else the caller's own."""
    asked = question(now, DAYS, "REGION", ("UnblendedCost", "UsageQuantity"))
    used: dict[str, set[str]] = {}
    try:
        for _ in range(_MOST_PAGES):
            answer = access.call("", access.home, OPERATION, asked)
            for group in values(answer, "ResultsByTime[].Groups[]"):
                account, region = (*group.get("Keys", ()), "", "")[:2]
                if region not in _NO_REGION and _is_used(group):
                    used.setdefault(account, set()).add(region)
            token = answer.get("NextPageToken")
            if not token:
                return Pruning({account: frozenset(there) for account, there in used.items()})
            asked["NextPageToken"] = token
        raise Unavailable(f"{OPERATION}: more than {_MOST_PAGES} pages")
    except SourceError as error:
        return Pruning(None, f"all regions are read: {error}")


def _is_used(group: Mapping[str, object]) -> bool:
    amounts = [str(amount) for amount in values(group, "Metrics.UsageQuantity.Amount")]
    amounts += [str(amount) for amount in values(group, "Metrics.UnblendedCost.Amount")]
    return any(_number(amount) for amount in amounts)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0  # not a number: used, rather than left out
