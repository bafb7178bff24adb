"""What forges say in common, as facts: owners, variables, runners, environments, applications.

Pure. Values of variables end in :class:`Content`; nothing else holds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from scanner.kit.expressions import expression
from scanner.kit.forge.details import Where
from scanner.kit.values import text
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity, Content, Item, Place

_ACCELERATOR = expression(
    r"(?<![a-z0-9])(?:gpus?|[a-z]?gpu\d{0,2}|cuda\d*|nvidia|rocm|tpus?|gaudi\d?|inferentia\d?|"
    r"trainium\d?|neuron|[abh][12]00|h20|gb200|a10g?|a30|a40|l40?s?|t4g?|v100|p100|mi[23]\d\dx?|"
    r"rtx(?:[-_ ]?[a-z]?\d{3,4})?)(?![a-z0-9])",
    re.I,
)
_PRODUCTION = expression(r"(?<![a-z])(?:prod|prd|production|live)(?![a-z])", re.I)


def host_in(url: Any) -> str:
    """Host of a URL; empty for what nobody can visit."""
    try:
        given = text(url)
        return urlsplit(given if "://" in given else f"//{given}").hostname or ""
    except ValueError:
        return ""


def owned(
    where: Where, operation: str, person: Identity, role: str, confidence: Confidence
) -> Iterator[Item]:
    """``person`` answers for the subject, as the forge's roles say."""
    evidence = where.evidence(operation)
    yield person
    yield Edge(
        source=where.subject,
        target=person.id,
        relation=Relation.OWNED_BY,
        evidence=(evidence,),
        confidence=confidence,
        detail=role,
    )


def person(
    where: Where,
    operation: str,
    *,
    login: str = "",
    key: str = "",
    name: str = "",
    email: str = "",
    principal: PrincipalType = PrincipalType.HUMAN,
    is_active: bool = True,
) -> Identity:
    """By address, else by login as CODEOWNERS writes it, else by the forge's own key."""
    if email:
        ident = f"mailto:{email.lower()}"
    elif login:
        ident = f"forge:@{login.lower()}"
    else:
        ident = f"{where.source}:{where.host}/user/{key}"
    is_person = principal in (PrincipalType.HUMAN, PrincipalType.SERVICE)
    return Identity(
        id=NodeId(ident),
        kind=f"{where.source}.user" if is_person else f"{where.source}.team",
        name=name or login or email or key,
        principal_type=principal,
        email=email.lower(),
        is_active=is_active,
        evidence=(where.evidence(operation),),
    )


def variable(
    where: Where,
    operation: str,
    name: str,
    value: str = "",
    *,
    is_secret: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Item]:
    """A variable of pipelines: its name, and its value where the forge shows it, for the detector.
    One whose name or value speaks of AI is a slot of its own, with ``tags`` (masked, scope)."""
    if not name:
        return
    place = Place(subject=where.subject, resource=where.subject, path=f"variables/{name}")
    line = f"{name}={value}\n".encode("utf-8", "backslashreplace")
    plain = name.encode("utf-8", "backslashreplace")
    yield Content(place=place, data=plain, rule_sets=("names",))
    if value:
        yield Content(place=place, data=line)
    hits = where.examine(plain, "", ("names",))
    if not hits and not (value and where.examine(line, place.path, ("credentials", "usage"))):
        return
    said = {"secret": "true" if is_secret else "", **(tags or {})}
    evidence = where.evidence(operation)
    scope = (tags or {}).get("environment_scope", "")
    slot = Asset(
        id=NodeId(f"{where.subject}#variable/{name}" + (f"@{scope}" if scope else "")),
        kind=f"{where.source}.variable",
        name=name,
        asset_class=AssetClass.SECRET_SLOT,
        is_ai=False,
        tags={key: text for key, text in said.items() if text},
        evidence=(evidence,),
    )
    yield slot
    yield contains(where, slot.id, operation)


def contains(where: Where, part: NodeId, operation: str) -> Edge:
    return Edge(
        source=where.subject,
        target=part,
        relation=Relation.CONTAINS,
        evidence=(where.evidence(operation),),
    )


def runner(
    where: Where,
    operation: str,
    *,
    key: str,
    name: str,
    labels: Iterable[str],
    status: str = "",
    tags: Mapping[str, str] | None = None,
) -> Iterator[Item]:
    """A runner of one's own whose name or labels say that it has an accelerator; others are no
    AI's business."""
    shown = sorted({label for label in labels if label})
    found = {m[0].lower() for word in (*shown, name) for m in _ACCELERATOR.finditer(word)}
    if not found or not key:
        return
    ident = NodeId(f"{where.source}:{where.host}/runner/{key}")
    said = {"labels": ", ".join(shown), "accelerator": ", ".join(sorted(found)), **(tags or {})}
    yield Asset(
        id=ident,
        kind=f"{where.source}.runner",
        name=name or key,
        asset_class=AssetClass.COMPUTE,
        account=where.account,
        status=status,
        tags={key: value for key, value in said.items() if value},
        evidence=(where.evidence(operation),),
    )
    yield contains(where, ident, operation)


def environment(where: Where, operation: str, name: str, tier: str = "") -> Iterator[Item]:
    """Where a repository is deployed to; ``tier`` in the forge's words, where it has any. The
    repository is in production when one of its environments is."""
    if not name:
        return
    is_production = tier.casefold() == "production" if tier else bool(_PRODUCTION.search(name))
    ident = NodeId(f"{where.subject}#environment/{name}")
    yield Asset(
        id=ident,
        kind=f"{where.source}.environment",
        name=name,
        asset_class=AssetClass.OTHER,
        environment="production" if is_production else tier or name,
        is_ai=False,
        evidence=(where.evidence(operation),),
    )
    yield contains(where, ident, operation)


def application(
    where: Where,
    operation: str,
    *,
    key: str,
    label: str,
    hosts: Iterable[str] = (),
    client_id: str = "",
    scopes: Iterable[str] = (),
    created: str = "",
    status: str = "",
) -> Iterator[Activity]:
    """An application, integration, extension or web hook that is installed, for the catalogue."""
    if not key:
        return
    yield Activity(
        rule=operation,
        account=where.account,
        app_id=NodeId(f"{where.source}:{where.host}/app/{key}"),
        label=label,
        client_id=client_id,
        hosts=tuple(dict.fromkeys(host for host in hosts if host)),
        scopes=tuple(scopes),
        relation="contains",
        first_at=created,
        status=status,
        resource=where.subject,
    )
