"""What accounts pay for AI, and where, by Cost Explorer: what is asked on demand leaves no resource
behind, but a bill.

Asked of the management account it tells of the whole organization at once. Each request costs a
cent, so it is a setting. https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/
API_GetCostAndUsage.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from connectors.aws.access import Access
from connectors.aws.bills import OPERATION, question
from scanner.kit.accelerators import is_accelerated
from scanner.kit.expressions import expression
from scanner.kit.tables import Call, Page, first_text, values
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Account
from scanner.model.items import Gap, Item

DAYS = 30
_CALL = Call(
    op=OPERATION,
    items="ResultsByTime[].Groups[]",
    page=Page(token_in="NextPageToken", token_out="NextPageToken"),  # noqa: S106
)
_AI = expression(
    r"(?i:bedrock|sagemaker|comprehend|rekognition|textract|transcribe|polly|translate|kendra"
    r"|personalize|forecast\b|fraud detector|lookout for|healthlake|codewhisperer|codeguru"
    r"|claude|anthropic|llama|mistral|cohere|ai21|stability|q business|q developer|q in connect"
    r"|kiro|nova act|agentcore)|\bAmazon (?:Q|Lex)\b"
)
"""How services of AI are called on the bill; models that are sold through Bedrock have a name each
(https://docs.aws.amazon.com/cur/latest/userguide/product-columns.html)."""
_MACHINES = expression(r"(?i:Elastic Compute Cloud|SageMaker|MapReduce)")
"""Services whose types of usage name machines: ``EUC1-BoxUsage:p5.48xlarge``, ``SpotUsage``,
``HeavyUsage`` of what is reserved, ``UnusedBox`` of reserved capacity; ``USE1-Host:ml.g5.xlarge``
(https://docs.aws.amazon.com/cur/latest/userguide/product-columns.html)."""
_OF_SAGEMAKER = ":ml."
_LEAST = 0.005
"""Less than half a cent is nothing."""
_MOST_NAMED = 20


class Paid(NamedTuple):
    cost: float
    used: float
    """Hours, where machines are paid for; what was paid beforehand costs nothing any more."""


Costs = Mapping[tuple[str, str], Paid]
"""By account and value of a dimension."""


def spending(access: Access, now: datetime) -> Iterator[Item]:
    """Accounts that pay for AI or for accelerators, with what for and in which regions. Raises the
    source errors."""
    gaps: list[Gap] = []
    by_service = _costs(access, now, "SERVICE", {}, gaps)
    paid = {key: cost for key, cost in by_service.items() if _AI.search(key[1])}
    regions = _filtered(access, now, "REGION", "SERVICE", paid, gaps)
    with_machines = {key: cost for key, cost in by_service.items() if _MACHINES.search(key[1])}
    usage = _filtered(access, now, "USAGE_TYPE", "SERVICE", with_machines, gaps)
    cards = {key: cost for key, cost in usage.items() if is_accelerated(_machine(key[1]))}
    places = _filtered(access, now, "REGION", "USAGE_TYPE", cards, gaps)
    yield from gaps
    jobs = {key: cost for key, cost in usage.items() if _OF_SAGEMAKER in key[1]}
    for account in sorted({account for account, _ in (*paid, *cards, *jobs)}):
        tags = {
            "ai spending": _named(account, paid),
            "ai spending by region": _named(account, regions),
            "sagemaker usage": _named(account, jobs),
            "accelerator usage": _named(account, cards),
            "accelerator usage by region": _named(account, places),
        }
        yield _account(account, {name: text for name, text in tags.items() if text})


def _filtered(
    access: Access, now: datetime, dimension: str, by: str, wanted: Costs, gaps: list[Gap]
) -> Costs:
    """What was paid by a dimension, of the values of another; of none nothing is asked."""
    names = sorted({name for _, name in wanted})
    if not names:
        return {}
    only = {"Filter": {"Dimensions": {"Key": by, "Values": names}}}
    return _costs(access, now, dimension, only, gaps)


def _machine(usage: str) -> str:
    """``p5.48xlarge`` of ``EUC1-BoxUsage:p5.48xlarge``."""
    return usage.rpartition(":")[2]


def _costs(
    access: Access, now: datetime, dimension: str, more: Mapping[str, Any], gaps: list[Gap]
) -> Costs:
    """Of what was paid, and of machines that ran, at all."""
    asked = {**question(now, DAYS, dimension, ("UnblendedCost", "UsageQuantity")), **more}
    costs: dict[tuple[str, str], float] = defaultdict(float)
    used: dict[tuple[str, str], float] = defaultdict(float)
    for group in access.pages("", access.home, _CALL, asked):
        account, name = (*(str(key) for key in values(group, "Keys[]")), "", "")[:2]
        if not account:
            reason = "a row that names no account; the answer is malformed"
            gaps.append(Gap(what=f"{OPERATION} by {dimension}", reason=reason))
            continue
        costs[account, name] += _number(first_text(group, "Metrics.UnblendedCost.Amount"))
        used[account, name] += _number(first_text(group, "Metrics.UsageQuantity.Amount"))
    of_machines = "USAGE_TYPE" in (dimension, *values(more, "Filter.Dimensions.Key"))
    return {
        key: Paid(cost, used[key] if of_machines else 0.0)
        for key, cost in costs.items()
        if cost >= _LEAST or (of_machines and used[key] > 0)
    }


def _account(account: str, tags: dict[str, str]) -> Account:
    ident = NodeId(f"aws:account/{account}")
    first = next(iter(tags.values()), "")
    return Account(
        id=ident,
        kind="aws.account",
        name="",
        provider="aws",
        tags=tags,
        evidence=(
            Evidence(
                rule=OPERATION, source="aws", resource=ident, preview=f"{first} in {DAYS} days"
            ),
        ),
    )


def _named(account: str, costs: Costs) -> str:
    """The dearest first."""
    own = sorted(
        (-paid.cost, -paid.used, name) for (whose, name), paid in costs.items() if whose == account
    )
    return ", ".join(
        f"{name} {-cost:.2f} USD{f' ({-used:.0f} h)' if used else ''}"
        for cost, used, name in own[:_MOST_NAMED]
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
