"""Essential contacts: whom an organization has named for a project's technical or security matters.

https://cloud.google.com/resource-manager/docs/managing-notification-contacts
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.hierarchy import project_id
from connectors.gcp.policies import member
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tables import first_text, values
from scanner.model.evidence import Evidence
from scanner.model.facts import Relation
from scanner.model.items import Item

CONTACTS = "essentialcontacts.projects.contacts.list"
REASONS = {CONTACTS: "who answers for a project"}
_CATEGORIES = frozenset({"ALL", "TECHNICAL", "SECURITY"})


def items(access: Access, project: str) -> Iterator[Item]:
    """Raises the source errors."""
    rule = operations.operation_id(CONTACTS)
    asked = {"pageSize": "100"}
    of = f"projects/{project}"
    for page in access.pages(CONTACTS, of, "", project, asked, "contacts[]"):
        for one in values(page, "contacts[]"):
            told = {str(name) for name in values(one, "notificationCategorySubscriptions[]")}
            person = member(f"user:{first_text(one, 'email')}")
            if person is None or not told & _CATEGORIES:
                continue
            evidence = Evidence(rule=rule, source="gcp", resource=f"projects/{project}")
            yield person
            yield edge_of(
                project_id(project), person.id, Relation.OWNED_BY, evidence,
                f"contact for {', '.join(sorted(told)).casefold()}",
            )  # fmt: skip
