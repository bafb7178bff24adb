"""``spdx``: a bill of materials as SPDX 3.0.1 JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/).
AI and dataset packages, what depends on what, and findings as annotations.

What a scan cannot know (when a model was released, where it is downloaded from) is left out, so the
document does not claim to conform to the AI and dataset profiles, whose classes it uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner import __version__
from scanner.emit.document import AssetRow, Document
from scanner.emit.formats.bill import Bill, Model, bill_of
from scanner.emit.formats.common import PROJECT, filled, identifier, moment, plain, told
from scanner.model.base import encode
from scanner.model.finding import Finding

VERSION = "3.0.1"
_CONTEXT = f"https://spdx.org/rdf/{VERSION}/spdx-context.jsonld"
_CREATION = "_:creation"
_TRAINED = ("derived_from",)
Part = dict[str, object]


def render(document: Document, system: str = "") -> Iterator[bytes]:
    bill = bill_of(document, system)
    stamp = moment(document.scan.finished)
    creation: Part = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": VERSION,
        "created": stamp.strftime("%Y-%m-%dT%H:%M:%SZ") if stamp else "1970-01-01T00:00:00Z",
        "createdBy": [_id("agent", "shadow-ai")],
    }
    parts = {str(part["spdxId"]): part for part in _parts(bill, document)}
    elements = sorted(parts)
    root = _id("sbom", bill.root, document.scan.id)
    about = _id("document", bill.root, document.scan.id)
    heads: list[Part] = [
        _element("SpdxDocument", about, name=plain(bill.name) or "-", rootElement=[root],
                 element=[root, *elements], profileConformance=["core", "software"]),
        _element("software_Sbom", root, rootElement=[_id("system", bill.root)], element=elements,
                 software_sbomType=["deployed"]),
    ]  # fmt: skip
    yield b'{"@context":' + encode(_CONTEXT) + b',"@graph":[\n' + encode(creation)
    for part in (*heads, *(parts[ident] for ident in elements)):
        yield b",\n" + encode(part)
    yield b"]}\n"


def _id(*parts: str) -> str:
    return f"urn:uuid:{identifier('spdx', *parts)}"


def _element(kind: str, ident: str, **fields: object) -> Part:
    return {"type": kind, "spdxId": ident, "creationInfo": _CREATION, **filled(fields)}


def _parts(bill: Bill, document: Document) -> Iterator[Part]:
    yield _element("SoftwareAgent", _id("agent", "shadow-ai"), name=f"shadow-ai {__version__}")
    yield _element(
        "software_Package", _id("system", bill.root), name=plain(bill.name) or "-",
        software_primaryPurpose="application",
    )  # fmt: skip
    names = {row.provider for row in bill.assets.values()} | set(bill.providers.values())
    names |= {model.provider for model in bill.models.values()}
    for name in filter(None, names):
        yield _element("Organization", _id("provider", name), name=plain(name) or "-")
    for row in bill.assets.values():
        yield _asset(row)
    for model in bill.models.values():
        yield _model(model)
    for ref, detail in bill.data.items():
        yield _element(
            "dataset_DatasetPackage", _id("node", ref), name=plain(ref) or "-",
            description=plain(detail), dataset_datasetType=["noAssertion"],
            software_primaryPurpose="data", externalIdentifier=_identifiers(ref),
        )  # fmt: skip
    yield from _relations(bill, document)
    for finding in document.findings:
        if finding.status.is_open and finding.asset in bill.assets:
            yield _annotation(finding)


def _asset(row: AssetRow) -> Part:
    owner = row.owners[0] if row.owners else None
    facts = {
        "owner": f"{owner.owner} ({owner.basis})" if owner else "",
        "registry": " ".join(filter(None, (row.registry.status, row.registry.entry))),
        "account": row.account, "region": row.region, "environment": row.environment,
        "exposure": ", ".join(row.exposure), "confidence": row.confidence,
    }  # fmt: skip
    return _element(
        "ai_AIPackage", _id("node", row.uid), name=plain(row.name) or "-",
        summary=plain(" ".join(filter(None, (row.kind, row.asset_class)))),
        comment="; ".join(f"{name}: {plain(value)}" for name, value in facts.items() if value),
        suppliedBy=_id("provider", row.provider) if row.provider else "",
        software_primaryPurpose="model" if row.asset_class == "model" else "application",
        ai_autonomyType="noAssertion",
        ai_useSensitivePersonalInformation="noAssertion",
        externalIdentifier=_identifiers(row.uid),
    )  # fmt: skip


def _model(model: Model) -> Part:
    return _element(
        "ai_AIPackage", _id("node", model.ref), name=plain(model.name) or "-",
        suppliedBy=_id("provider", model.provider) if model.provider else "",
        software_primaryPurpose="model", ai_useSensitivePersonalInformation="noAssertion",
        externalIdentifier=_identifiers(model.ref),
    )  # fmt: skip


def _identifiers(ref: str) -> list[Part]:
    return [{"type": "ExternalIdentifier", "externalIdentifierType": "other",
             "identifier": plain(ref) or "-", "issuingAuthority": PROJECT}]  # fmt: skip


def _relations(bill: Bill, document: Document) -> Iterator[Part]:
    models = {row.uid for row in bill.assets.values() if row.asset_class == "model"}
    trained = {
        (edge.source, edge.target) for edge in document.edges if edge.kind in _TRAINED
    }  # fmt: skip
    inputs = {(flow.asset, flow.data) for flow in bill.flows if flow.is_read}
    for source, targets in sorted(bill.needs.items()):
        by_kind: dict[str, list[str]] = {}
        for target in sorted(targets):
            if target in bill.providers:
                continue  # the package's own supplier
            kind = "dependsOn"
            if source == bill.root:
                kind = "contains"
            elif target in bill.data:
                learned = source in models and (source, target) in trained
                given = "hasInput" if (source, target) in inputs else "hasOutput"
                kind = "trainedOn" if learned else given
            by_kind.setdefault(kind, []).append(_id("node", target))
        origin = _id("system", bill.root) if source == bill.root else _id("node", source)
        for kind, ends in by_kind.items():
            yield _element(
                "Relationship", _id("relation", bill.root, source, kind), relationshipType=kind,
                to=ends, completeness="noAssertion" if bill.is_complete else "incomplete",
                **{"from": origin},
            )  # fmt: skip


def _annotation(finding: Finding) -> Part:
    said = plain(told(finding))
    return _element(
        "Annotation", _id("finding", finding.fingerprint), annotationType="review",
        subject=_id("node", finding.asset),
        statement=f"{finding.policy} ({finding.severity}, risk {finding.risk}): {said}",
        externalIdentifier=_identifiers(finding.fingerprint),
    )  # fmt: skip
