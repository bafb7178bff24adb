"""Risk, 0 to 100: a published sum, every point with its reason; confidence never hides harm."""

from __future__ import annotations

from scanner.graph.exposed import openness
from scanner.model.evidence import Confidence, Setting
from scanner.model.facts import Asset, Credential
from scanner.rulebook.policy import Severity

BASE = {
    Severity.INFO: 5,
    Severity.LOW: 20,
    Severity.MEDIUM: 40,
    Severity.HIGH: 65,
    Severity.CRITICAL: 85,
}
PRODUCTION = 10
EXPOSED = 10
CREDENTIAL_IN_PRODUCTION = 10
ONLY_OUTSIDE_PRODUCTION = -15
DOUBT = {Confidence.LOW: -15, Confidence.MEDIUM: -5}


def risk(
    severity: Severity, node: Asset | Credential | None, confidence: Confidence
) -> tuple[int, list[str]]:
    """The score, and the parts it is made of."""
    score = BASE[severity]
    factors = [f"severity {severity} {score}"]

    def add(points: int, reason: str) -> None:
        nonlocal score
        if points:
            score += points
            factors.append(f"{reason} {points:+d}")

    if isinstance(node, Asset) and node.environment.casefold() in ("prod", "production"):
        add(PRODUCTION, "production environment")
    open_to_all = openness(node)
    if open_to_all:
        add(EXPOSED, f"reachable: {', '.join(open_to_all)}")
    settings = {item.context for item in node.evidence} if node is not None else set()
    if isinstance(node, Credential) and Setting.PRODUCTION in settings:
        add(CREDENTIAL_IN_PRODUCTION, "key in present code or settings")
    elif settings and not settings & {Setting.PRODUCTION, Setting.HISTORY}:
        add(ONLY_OUTSIDE_PRODUCTION, "only in tests, examples or documentation")
    add(DOUBT.get(confidence, 0), f"confidence {confidence}")
    return max(0, min(100, score)), factors
