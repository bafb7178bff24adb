"""Microsoft 365 Copilot: agents and apps of its catalogue, and who used it in which app, when last.

https://learn.microsoft.com/microsoft-365/copilot/extensibility/copilot-apis-overview: both need a
licence; of people without one no report tells. No prompt and no answer is ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.entra.access import COPILOT_USE, PACKAGES, Access, path_of
from connectors.entra.names import SOURCE, account, app_id, person, tenant_id, user_id
from connectors.entra.scopes import DATA
from scanner.kit.told import gap
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Activity, Gap, Item

PROVIDER = "microsoft_copilot"
PACKAGE = "entra.copilot_package"
PRODUCT = "entra.copilot"
_PERIOD = "D90"
_AI_ELEMENTS = ("agent", "copilot", "bot")
"""Words in the kinds of a package's elements that make it one of AI."""
_APPS = {
    "copilotChat": ("Chat", ""),
    "microsoftTeamsCopilot": ("Teams", "chat"),
    "wordCopilot": ("Word", "files"),
    "excelCopilot": ("Excel", "files"),
    "powerPointCopilot": ("PowerPoint", "files"),
    "outlookCopilot": ("Outlook", "mail"),
    "oneNoteCopilot": ("OneNote", "notes"),
    "loopCopilot": ("Loop", "files"),
}
"""Beginning of a report's field -> the app, and the data it sees there."""


def copilot(access: Access, tenant: str) -> Iterator[Item]:
    """Packages and use. What may not be read is a gap; when neither may, the error is raised."""
    errors: list[tuple[str, SourceError]] = []
    for rule, read in ((PACKAGES.id, _packages), (COPILOT_USE.id, _use)):
        try:
            yield from read(access, tenant)
        except SourceError as error:
            errors.append((rule, error))
    if len(errors) == 2:
        raise errors[0][1]
    yield account(tenant, PACKAGES.id)
    for rule, trouble in errors:
        yield gap(rule, trouble)


def _packages(access: Access, tenant: str) -> Iterator[Item]:
    odd = 0
    for record in access.listed(PACKAGES, path_of(PACKAGES), {}):
        found = list(package(record, tenant, PACKAGES.id))
        odd += not found
        yield from found
    if odd:
        yield Gap(what=PACKAGES.id, reason=f"{odd} records are malformed")


def package(record: Any, tenant: str, rule: str) -> Iterator[Item]:
    """An agent is AI by what it is; of another app the catalogue judges."""
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("displayName"))
    if not ident or not name:
        return
    elements = [text(one) for one in items(given.get("elementTypes"))]
    blocked = "blocked" if given.get("isBlocked") is True else ""
    created = stamp(given.get("createdDateTime"))
    if not any(word in one.casefold() for one in elements for word in _AI_ELEMENTS):
        app = text(given.get("appId")).casefold()
        yield Activity(
            rule=rule, account=tenant_id(tenant), app_id=app_id(tenant, app or ident), label=name,
            client_id=app, relation="contains", first_at=created, status=blocked,
        )  # fmt: skip
        return
    node = NodeId(f"{SOURCE}:{tenant}/copilot/package/{ident}")
    evidence = Evidence(rule=rule, source=SOURCE, resource=node, first_at=created)
    told = {
        "publisher": text(given.get("publisher")),
        "package_type": text(given.get("type")),
        "elements": ", ".join(elements),
        "available_to": text(given.get("availableTo")),
        "deployed_to": text(given.get("deployedTo")),
        "version": text(given.get("version")),
    }
    yield Asset(
        id=node,
        kind=PACKAGE,
        name=name,
        asset_class=AssetClass.AGENT,
        provider=PROVIDER,
        account=tenant_id(tenant),
        created_at=created,
        status=blocked,
        tags={key: value for key, value in told.items() if value},
        evidence=(evidence,),
    )
    yield Edge(
        source=tenant_id(tenant), target=node, relation=Relation.CONTAINS, evidence=(evidence,)
    )
    owner = text(given.get("ownerId"))
    if owner:
        yield Edge(
            source=node, target=user_id(tenant, owner), relation=Relation.OWNED_BY,
            evidence=(evidence,),
        )  # fmt: skip


def _use(access: Access, tenant: str) -> Iterator[Item]:
    path = path_of(COPILOT_USE, period=_PERIOD)
    for record in access.listed(COPILOT_USE, path, {"$format": "application/json"}):
        yield from used(mapping(record), tenant, COPILOT_USE.id)


def used(given: Mapping[str, Any], tenant: str, rule: str) -> Iterator[Activity]:
    """When somebody last used it in each app: of how often the report tells nothing."""
    mail = text(given.get("userPrincipalName"))
    who = person(tenant, "", mail, text(given.get("displayName")))
    for field, (app, noun) in _APPS.items():
        at = stamp(given.get(f"{field}LastActivityDate"))
        if at:
            yield Activity(
                rule=rule,
                actor=who,
                account=tenant_id(tenant),
                app_id=product(tenant, app).id,
                label=f"Copilot in {app}",
                relation="used_by",
                last_at=at,
                first_at=at,
                thing=product(tenant, app),
                reads=(DATA.store(noun, tenant),) if noun else (),
            )


def product(tenant: str, app: str) -> Asset:
    return Asset(
        id=NodeId(f"{SOURCE}:{tenant}/copilot/{app.casefold().replace(' ', '-')}"),
        kind=PRODUCT,
        name=f"Microsoft 365 Copilot in {app} of {tenant}",
        asset_class=AssetClass.SAAS_APP,
        provider=PROVIDER,
        account=tenant_id(tenant),
    )
