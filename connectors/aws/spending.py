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
from typing import Any

from connectors.aws.access import Access
from connectors.aws.bills import OPERATION, question
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
_LEAST = 0.005
"""Less than half a cent is nothing."""
_MOST_NAMED = 20


def spending(access: Access, now: datetime) -> Iterator[Item]:
    """Accounts that pay for AI, with what for and in which regions. Raises the source errors."""
    gaps: list[Gap] = []
    by_service = _costs(access, now, "SERVICE", {}, gaps)
    paid = {key: cost for key, cost in by_service.items() if _AI.search(key[1])}
    if not paid:
        yield from gaps
        return
    services = sorted({service for _, service in paid})
    wanted = {"Dimensions": {"Key": "SERVICE", "Values": services}}
    by_region = _costs(access, now, "REGION", {"Filter": wanted}, gaps)
    yield from gaps
    for account in sorted({account for account, _ in paid}):
        yield _account(account, paid, by_region)


def _costs(
    access: Access, now: datetime, dimension: str, more: Mapping[str, Any], gaps: list[Gap]
) -> dict[tuple[str, str], float]:
    """(account, value of the dimension) -> what was paid, of what was paid at all."""
    asked = {**question(now, DAYS, dimension, ("UnblendedCost",)), **more}
    found: dict[tuple[str, str], float] = defaultdict(float)
    for group in access.pages("", access.home, _CALL, asked):
        account, name = (*(str(key) for key in values(group, "Keys[]")), "", "")[:2]
        if not account:
            reason = "a row that names no account; the answer is malformed"
            gaps.append(Gap(what=f"{OPERATION} by {dimension}", reason=reason))
            continue
        found[account, name] += _number(first_text(group, "Metrics.UnblendedCost.Amount"))
    return {key: cost for key, cost in found.items() if cost >= _LEAST}


def _account(
    account: str,
    paid: Mapping[tuple[str, str], float],
    by_region: Mapping[tuple[str, str], float],
) -> Account:
    ident = NodeId(f"aws:account/{account}")
    services, regions = _named(account, paid), _named(account, by_region)
    said = f"{services} in {DAYS} days"
    return Account(
        id=ident,
        kind="aws.account",
        name="",
        provider="aws",
        tags={"ai spending": services, "ai spending by region": regions},
        evidence=(Evidence(rule=OPERATION, source="aws", resource=ident, preview=said),),
    )


def _named(account: str, costs: Mapping[tuple[str, str], float]) -> str:
    """The dearest first."""
    own = sorted((-cost, name) for (whose, name), cost in costs.items() if whose == account)
    return ", ".join(f"{name} {-cost:.2f} USD" for cost, name in own[:_MOST_NAMED])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
