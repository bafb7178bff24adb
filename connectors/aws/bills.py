"""What Cost Explorer is asked: what each account of the caller's bill used, by one more dimension.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html: a call
costs a cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

OPERATION = "ce:GetCostAndUsage"


def question(now: datetime, days: int, dimension: str, metrics: Sequence[str]) -> dict[str, Any]:
    """Of the last ``days``, today included."""
    return {
        "TimePeriod": {
            "Start": (now - timedelta(days=days)).date().isoformat(),
            "End": (now + timedelta(days=1)).date().isoformat(),
        },
        "Granularity": "MONTHLY",
        "Metrics": list(metrics),
        "GroupBy": [
            {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
            {"Type": "DIMENSION", "Key": dimension},
        ],
    }
