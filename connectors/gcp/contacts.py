"""Essential contacts: whom somebody has named for technical or security matters of a project, or of
a folder or organization, for all that stands in it.

https://cloud.google.com/resource-manager/docs/managing-notification-contacts
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.errors import Disabled
from connectors.gcp.hierarchy import project_id, unit_id
from connectors.gcp.principals import member
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tables import first_text, values
from scanner.model.evidence import Evidence
from scanner.model.facts import Relation
from scanner.model.items import Item

OF = {
    "projects": "essentialcontacts.projects.contacts.list",
    "folders": "essentialcontacts.folders.contacts.list",
    "organizations": "essentialcontacts.organizations.contacts.list",
}
REASONS = {op: f"who answers for {kind}" for kind, op in OF.items()}
_CATEGORIES = frozenset({"ALL", "TECHNICAL", "SECURITY"})


def items(access: Access, unit: str, numbers: Mapping[str, str]) -> Iterator[Item]:
    """Of ``projects/p``, ``folders/1`` or ``organizations/1``. Raises the source errors;
    ``NotEnabled`` where a project itself lacks the API."""
    kind, _, ident = unit.partition("/")
    op = OF[kind]
    rule = operations.operation_id(op)
    node = project_id(ident) if kind == "projects" else unit_id(unit)
    try:
        for page in access.pages(op, unit, "", ident, {"pageSize": "100"}, "contacts[]"):
            for one in values(page, "contacts[]"):
                told = {str(name) for name in values(one, "notificationCategorySubscriptions[]")}
                person = member(f"user:{first_text(one, 'email')}")
                if person is None or not told & _CATEGORIES:
                    continue
                evidence = Evidence(rule=rule, source="gcp", resource=unit)
                said = f"contact for {', '.join(sorted(told)).casefold()}"
                yield person
                yield edge_of(node, person.id, Relation.OWNED_BY, evidence, said)
    except Disabled as error:
        own = [number for number, name in numbers.items() if name == ident]
        raise error.of(ident, *own) from error
