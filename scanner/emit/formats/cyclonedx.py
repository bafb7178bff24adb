"""``cyclonedx``: a bill of materials for AI as CycloneDX 1.7 (https://cyclonedx.org/docs/1.7/json/):
models with a model card, systems, data, and services with what flows to and from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import quote

from scanner import __version__
from scanner.emit.document import AssetRow, Document, EvidenceRow
from scanner.emit.formats.bill import Bill, Flow, Model, bill_of
from scanner.emit.formats.common import filled, identifier, is_in_code, moment, plain
from scanner.model.base import encode

_SPEC = "1.7"
_SERVICES = ("saas_app", "model_endpoint")
_MOST_OCCURRENCES = 100
_UNKNOWN = "unclassified"
Part = dict[str, object]


def render(document: Document, system: str = "") -> Iterator[bytes]:
    bill = bill_of(document, system)
    flows: dict[str, list[Flow]] = defaultdict(list)
    for flow in bill.flows:
        flows[flow.asset].append(flow)
    components = [
        *(_component(row, flows[row.uid]) for row in bill.assets.values() if not _is_service(row)),
        *(_model(model) for model in bill.models.values()),
        *(_data(ref, detail) for ref, detail in bill.data.items()),
    ]
    services = [
        *(_service(row, flows[row.uid]) for row in bill.assets.values() if _is_service(row)),
        *(_provider(ref, name) for ref, name in bill.providers.items()),
    ]
    stamp = moment(document.scan.finished)
    metadata = {
        "tools": {"components": [
            {"type": "application", "name": "shadow-ai", "version": __version__}
        ]},
        "component": {"type": "application", "bom-ref": bill.root, "name": plain(bill.name) or "-"},
        "properties": [_property("scan", document.scan.id)],
    }  # fmt: skip
    if stamp:
        metadata["timestamp"] = stamp.strftime("%Y-%m-%dT%H:%M:%SZ")
    body: Part = {
        "$schema": f"http://cyclonedx.org/schema/bom-{_SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": _SPEC,
        "serialNumber": f"urn:uuid:{identifier('cyclonedx', bill.root, document.scan.id)}",
        "version": 1,
        "metadata": metadata,
        "compositions": [{
            "aggregate": "unknown" if bill.is_complete else "incomplete",
            "assemblies": [bill.root],
        }],
    }  # fmt: skip
    lists = {
        "components": components,
        "services": services,
        "dependencies": _dependencies(bill),
    }
    yield encode(body)[:-1]
    for name, rows in lists.items():
        yield b',"' + name.encode() + b'":['
        yield b",\n".join(encode(row) for row in sorted(rows, key=_order)) + b"]"
    yield b"}\n"


def _order(row: Part) -> str:
    return str(row.get("bom-ref") or row.get("ref"))


def _is_service(row: AssetRow) -> bool:
    return row.asset_class in _SERVICES


def _component(row: AssetRow, flows: list[Flow]) -> Part:
    is_model = row.asset_class == "model"
    part = filled({
        "type": "machine-learning-model" if is_model else "application",
        "bom-ref": row.uid,
        "name": plain(row.name) or row.uid,
        "description": row.kind,
        "supplier": filled({"name": plain(row.provider)}),
        "evidence": _evidence(row),
        "externalReferences": _repositories(row),
        # Only services have data flows in CycloneDX.
        "properties": [*_properties(row), *sorted(map(_moved, flows), key=str)],
    })  # fmt: skip
    if is_model:
        reads = sorted({flow.data for flow in flows if flow.is_read})
        part["modelCard"] = filled({
            "modelParameters": filled({"datasets": [{"ref": ref} for ref in reads]}),
            "properties": [_property("models", name) for name in sorted(row.models)],
        })  # fmt: skip
    return part


def _model(model: Model) -> Part:
    return filled({
        "type": "machine-learning-model",
        "bom-ref": model.ref,
        "name": plain(model.name) or "-",
        "supplier": filled({"name": plain(model.provider)}),
        "isExternal": True,
        "modelCard": {"properties": [_property("named-by", "what uses it")]},
    })  # fmt: skip


def _data(ref: str, detail: str) -> Part:
    name = plain(ref) or "-"
    held = filled({"type": "other", "name": name, "description": plain(detail)})
    return {"type": "data", "bom-ref": ref, "name": name, "data": [held]}


def _service(row: AssetRow, flows: list[Flow]) -> Part:
    told = [_flow(flow) for flow in sorted(flows, key=lambda f: (f.data, f.is_read))]
    return filled({
        "bom-ref": row.uid,
        "name": plain(row.name) or row.uid,
        "description": row.kind,
        "provider": filled({"name": plain(row.provider)}),
        "trustZone": "public" if "public" in row.exposure else "",
        "data": told,
        "properties": _properties(row),
    })  # fmt: skip


def _flow(flow: Flow) -> Part:
    end = "source" if flow.is_read else "destination"
    return {
        "flow": "inbound" if flow.is_read else "outbound",
        "classification": _UNKNOWN,
        "name": plain(flow.data) or "-",
        end: [_address(flow.data)],
    }


def _moved(flow: Flow) -> Part:
    return _property("reads" if flow.is_read else "writes", flow.data)


def _provider(ref: str, name: str) -> Part:
    return {
        "bom-ref": ref,
        "name": plain(name) or "-",
        "provider": {"name": plain(name) or "-"},
        "x-trust-boundary": True,
        "data": [{"flow": "bi-directional", "classification": _UNKNOWN}],
    }


def _evidence(row: AssetRow) -> Part:
    places = {
        (plain(seen.resource), plain(seen.path), seen.line): seen
        for seen in row.evidence
        if seen.resource or seen.path
    }
    return filled(
        {"occurrences": [_occurrence(seen) for seen in places.values()][:_MOST_OCCURRENCES]}
    )


def _occurrence(seen: EvidenceRow) -> Part:
    where = plain(" ".join(filter(None, (seen.resource, seen.path)))) or "-"
    part: Part = {"location": where}
    if seen.line and seen.path:
        part["line"] = seen.line
    if seen.rule:
        part["additionalContext"] = plain(seen.rule)
    return part


def _repositories(row: AssetRow) -> list[Part]:
    names = {
        seen.resource.removeprefix("git:")
        for seen in row.evidence
        if is_in_code(seen) and seen.resource.startswith("git:") and "/" in seen.resource
    }
    return [
        {"type": "vcs", "url": f"https://{quote(name, safe='/.-_~')}"} for name in sorted(names)
    ]


def _properties(row: AssetRow) -> list[Part]:
    owner = row.owners[0] if row.owners else None
    told = {
        "account": row.account, "region": row.region, "environment": row.environment,
        "class": row.asset_class, "confidence": row.confidence, "exposure": "; ".join(row.exposure),
        "owner": owner.owner if owner else "", "owner-basis": owner.basis if owner else "",
        "registry-status": row.registry.status, "registry-entry": row.registry.entry,
        "registry-drift": "; ".join(row.registry.drift),
    }  # fmt: skip
    return [_property(name, value) for name, value in sorted(told.items()) if value]


def _property(name: str, value: str) -> Part:
    return {"name": f"shadow-ai:{name}", "value": plain(value)}


def _address(ref: str) -> str:
    """A URI: what flows is named by its own where it has one."""
    if ref.startswith(("arn:", "https:")):
        return quote(ref, safe=":/.-_~")
    return f"urn:shadow-ai:{quote(ref, safe='')}"


def _dependencies(bill: Bill) -> list[Part]:
    everything = sorted({*bill.needs, *bill.assets, *bill.models, *bill.data, *bill.providers})
    return [
        filled({"ref": ref, "dependsOn": sorted(bill.needs.get(ref, ()))}) for ref in everything
    ]
