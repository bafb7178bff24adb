"""``stix``: a STIX 2.1 bundle (https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html), for
platforms that share what is known of an estate. Assets, keys and data stores are infrastructure,
owners and providers identities, and a finding is a note about its asset: STIX has no word for a
finding of governance. A resolved one is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.emit.document import AssetRow, Document
from scanner.emit.formats.bill import bill_of
from scanner.emit.formats.common import filled, identifier, listed, moment, plain, told
from scanner.model.finding import Finding, FindingStatus

_CONFIDENCE = {"low": 25, "medium": 50, "high": 75, "certain": 100}
Part = dict[str, object]


class _Bundle:
    """Objects by id, each once, of one creator; with the scan's times where they have none."""

    def __init__(self, document: Document) -> None:
        self.now = _stamp(document.scan.finished)
        self.author = ""
        self.objects: dict[str, Part] = {}

    def add(self, kind: str, key: str, *, first: str = "", last: str = "", **fields: Any) -> str:
        """The object's id. ``key`` alone decides it."""
        ident = f"{kind}--{identifier('stix', kind, key)}"
        if ident not in self.objects:
            created = min(_stamp(first) if first else self.now, self.now)
            modified = max(created, _stamp(last) if last else created)
            self.objects[ident] = {
                "type": kind, "spec_version": "2.1", "id": ident, "created": created,
                "modified": modified,
                **filled({"created_by_ref": self.author if ident != self.author else "", **fields}),
            }  # fmt: skip
        return ident


def render(document: Document) -> Iterator[bytes]:
    bundle = _Bundle(document)
    bundle.author = bundle.add(
        "identity", "estate", name="AI estate", identity_class="organization"
    )
    for row in document.assets:
        _asset(bundle, row)
    _flows(bundle, document)
    for finding in document.findings:
        _note(bundle, finding, document)
    ident = f"bundle--{identifier('stix', document.scan.id)}"
    rows = (bundle.objects[key] for key in sorted(bundle.objects))
    return listed({"type": "bundle", "id": ident}, "objects", rows)


def _stamp(text: str) -> str:
    found = moment(text)
    return found.strftime("%Y-%m-%dT%H:%M:%S.000Z") if found else "1970-01-01T00:00:00.000Z"


def _asset(bundle: _Bundle, row: AssetRow) -> None:
    facts = {
        "kind": row.kind, "account": row.account, "region": row.region,
        "environment": row.environment, "models": ", ".join(row.models),
        "registry": " ".join(filter(None, (row.registry.status, row.registry.entry))),
    }  # fmt: skip
    firsts = [seen.first_seen for seen in row.evidence if moment(seen.first_seen)]
    asset = _infrastructure(
        bundle, row.uid, row.name, first=min(firsts, default=""),
        description="; ".join(f"{name}: {plain(value)}" for name, value in facts.items() if value),
        confidence=_CONFIDENCE.get(row.confidence),
        labels=["shadow-ai", row.type],
    )  # fmt: skip
    if row.owners:
        owner = row.owners[0].owner
        _relate(bundle, asset, _identity(bundle, owner, "unknown"), "owned by")
    if plain(row.provider):
        _relate(bundle, asset, _identity(bundle, row.provider, "organization"), "supplied by")


def _infrastructure(bundle: _Bundle, uid: str, name: str, *, first: str = "", **fields: Any) -> str:
    return bundle.add(
        "infrastructure", uid, first=first, name=plain(name) or plain(uid) or "-",
        infrastructure_types=["unknown"],
        external_references=[{"source_name": "shadow-ai", "external_id": plain(uid) or "-"}],
        **fields,
    )  # fmt: skip


def _identity(bundle: _Bundle, name: str, kind: str) -> str:
    address = plain(name) if "@" in name else ""
    return bundle.add(
        "identity", f"{kind} {name}", name=plain(name) or "-", identity_class=kind,
        contact_information=address,
    )  # fmt: skip


def _relate(bundle: _Bundle, source: str, target: str, how: str, kind: str = "related-to") -> None:
    bundle.add(
        "relationship", f"{source} {how} {target}", relationship_type=kind, source_ref=source,
        target_ref=target, description=how,
    )  # fmt: skip


def _flows(bundle: _Bundle, document: Document) -> None:
    bill = bill_of(document)
    names = {row.uid: row.name for row in bill.assets.values()}
    for flow in bill.flows:
        asset = _infrastructure(bundle, flow.asset, names[flow.asset])
        data = _infrastructure(bundle, flow.data, flow.data, labels=["shadow-ai", "data"])
        _relate(bundle, asset, data, "reads" if flow.is_read else "writes", "uses")


def _note(bundle: _Bundle, finding: Finding, document: Document) -> None:
    about = f"infrastructure--{identifier('stix', 'infrastructure', finding.asset)}"
    bundle.add(
        "note", finding.fingerprint, first=finding.first_seen, last=document.scan.finished,
        abstract=plain(finding.title), content=plain(told(finding)) or finding.policy,
        object_refs=[about if about in bundle.objects else bundle.author],
        labels=[finding.policy, finding.severity, str(finding.status)],
        confidence=_CONFIDENCE.get(finding.confidence),
        revoked=finding.status is FindingStatus.RESOLVED or None,
        external_references=[{"source_name": "shadow-ai", "external_id": finding.fingerprint}],
    )  # fmt: skip
