"""The rows of the page's tables and all that its script knows, as JSON that may stand in HTML."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from scanner.emit.document import AssetRow, Document, EvidenceRow
from scanner.emit.markup import plain
from scanner.emit.picture import Picture
from scanner.model.base import Model
from scanner.model.finding import Finding

_MOST_EVIDENCE = 6


class _Asset(Model, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    type: str
    kind: str
    provider: str = ""
    unit: str = ""
    account: str = ""
    where: str = ""
    owner: str = ""
    reason: str = ""
    registry: str = ""
    entry: str = ""
    confidence: str = ""
    data: str = ""
    exposure: str = ""
    models: str = ""
    risk: int = 0
    findings: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    more: int = 0
    node: int = -1


class _Finding(Model, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    severity: str
    risk: int = 0
    title: str
    owner: str = ""
    status: str
    provider: str = ""
    unit: str = ""
    account: str = ""
    first: str = ""
    policy: str = ""
    remedy: str = ""
    detail: str = ""
    used: str = ""
    factors: tuple[str, ...] = ()
    controls: str = ""
    asset: str = ""
    name: str = ""
    node: int = -1
    way: tuple[int, ...] = ()


def data_of(document: Document, picture: Picture | None) -> str:
    """In JSON without ``<``, ``>`` and ``&``: no name can end the element that holds it."""
    number = {thing.id: at for at, thing in enumerate(picture.things)} if picture else {}
    of_asset: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in document.findings:
        if finding.status.is_open:
            of_asset[finding.asset].append(finding)
    names = {row.uid: row.name for row in document.assets}
    told = {
        "assets": [_asset(row, of_asset[row.uid], picture, number) for row in document.assets],
        "findings": [_finding(row, names, picture, number) for row in document.findings],
        "graph": picture and {
            "things": picture.things, "lines": picture.lines, "map": picture.map,
            "places": picture.map_places, "ways": picture.ways, "left": picture.left_out,
        },
    }  # fmt: skip
    text = plain(msgspec.json.encode(told).decode())
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def unit(row: AssetRow, picture: Picture | None) -> str:
    found = picture.units.get(row.uid, "") if picture else ""
    return found or row.account or "not known"


def _asset(
    row: AssetRow, findings: list[Finding], picture: Picture | None, number: dict[str, int]
) -> _Asset:
    first = row.owners[0] if row.owners else None
    classes = picture.classes.get(row.uid, ()) if picture else ()
    return _Asset(
        id=row.uid, name=row.name, type=row.type, kind=row.kind, provider=row.provider,
        unit=unit(row, picture), account=row.account,
        where=" ".join(filter(None, (row.region, row.environment))),
        owner=first.owner if first else "", reason=first.reason if first else "",
        registry=row.registry.status if row.type == "asset" else "", entry=row.registry.entry,
        confidence=row.confidence, data=", ".join(classes),
        exposure=", ".join(row.exposure), models=", ".join(row.models),
        risk=max((finding.risk for finding in findings), default=0),
        findings=tuple(finding.fingerprint for finding in findings),
        evidence=tuple(_place(item) for item in row.evidence[:_MOST_EVIDENCE]),
        more=max(0, len(row.evidence) - _MOST_EVIDENCE), node=number.get(row.uid, -1),
    )  # fmt: skip


def _finding(
    finding: Finding, names: dict[str, str], picture: Picture | None, number: dict[str, int]
) -> _Finding:
    return _Finding(
        id=finding.fingerprint, severity=finding.severity, risk=finding.risk, title=finding.title,
        owner=finding.owner, status=str(finding.status), provider=finding.provider,
        unit=(picture.units.get(finding.asset, "") if picture else "") or finding.account,
        account=finding.account, first=finding.first_seen[:10], policy=finding.policy,
        remedy=finding.remedy, detail=finding.detail, used=finding.last_used,
        factors=finding.risk_factors,
        controls=", ".join(finding.controls), asset=finding.asset,
        name=names.get(finding.asset, finding.asset), node=number.get(finding.asset, -1),
        way=tuple(number[ident] for ident in finding.path if ident in number),
    )  # fmt: skip


def _place(item: EvidenceRow) -> str:
    where = f"{item.path}:{item.line}" if item.path and item.line else item.path
    if item.commit:
        where += f" @ {item.commit[:12]}"
    said = (where or item.resource, item.rule, item.context, item.confidence, item.preview)
    return " · ".join(part for part in said if part)
