"""People, and which applications each has let in.

https://developers.google.com/workspace/admin/directory/reference/rest/v1/tokens/list: one call a
person, no pages; many are on their way at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from connectors.google_workspace.access import OPERATIONS, TOKENS, USERS, Access
from connectors.google_workspace.names import SOURCE, USER, account, app_id, domain_id, person
from connectors.google_workspace.names import user_id as _user_id
from connectors.google_workspace.scopes import data_of
from scanner.kit.http import Missing
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity, Gap, Item

_LIST, _TOKENS = OPERATIONS[0], OPERATIONS[1]
_AHEAD = 4
"""Calls that wait in line for each that is on its way."""
_REFUSED_AT_FIRST = 20
"""Refusals without one answer, after which nobody else is asked for."""


@dataclass(frozen=True)
class User:
    key: str
    """The profile's id, or the address."""
    mail: str
    identity: Identity


def users(access: Access, customer: str, domain: str) -> Iterator[User | None]:
    """Everyone who is not deleted; None for a record that is none. Raises the source errors."""
    query = {"customer": customer, "maxResults": "500", "projection": "basic", "orderBy": "email"}
    for record in access.listed(_LIST, USERS, query, "users"):
        yield user_of(record, domain)


def user_of(record: Any, domain: str) -> User | None:
    record = mapping(record)
    mail, ident = text(record.get("primaryEmail")).casefold(), text(record.get("id"))
    if "@" not in mail:
        return None
    suspended, archived = record.get("suspended") is True, record.get("archived") is True
    node = _user_id(domain, mail, ident)
    told = {
        "org_unit": text(record.get("orgUnitPath")),
        "status": "suspended" if suspended else "archived" if archived else "",
        "administrator": "true" if record.get("isAdmin") is True else "",
        "last_sign_in": stamp(record.get("lastLoginTime")),
    }
    evidence = Evidence(
        rule=f"GET {USERS}", source=SOURCE, resource=node,
        first_at=stamp(record.get("creationTime")),
    )  # fmt: skip
    identity = Identity(
        id=node,
        kind=USER,
        name=text(mapping(record.get("name")).get("fullName")) or mail,
        principal_type=PrincipalType.HUMAN,
        email=mail,
        is_active=not (suspended or archived),
        tags={key: value for key, value in told.items() if value},
        evidence=(evidence,),
    )
    return User(ident or mail, mail, identity)


def people(access: Access, customer: str, domain: str) -> Iterator[Item]:
    odd = 0
    for one in users(access, customer, domain):
        if one is None:
            odd += 1
            continue
        yield one.identity
        yield Edge(
            source=domain_id(domain), target=one.identity.id, relation=Relation.CONTAINS,
            evidence=one.identity.evidence,
        )  # fmt: skip
    yield account(domain, f"GET {USERS}")
    if odd:
        yield Gap(what=f"GET {USERS}", reason=f"{odd} records are no users")


@dataclass
class _Trouble:
    """Of one error's family: how many, and the first."""

    count: int = 0
    first: SourceError | None = None
    who: list[str] = field(default_factory=list)


def grants(access: Access, customer: str, domain: str, parallel: int) -> Iterator[Item]:
    """Whom each person lets in. Who cannot be read is told in one gap; when nobody can, the error
    is raised."""
    denied, failed = _Trouble(), _Trouble()
    read = odd = 0
    with ThreadPoolExecutor(parallel, thread_name_prefix="workspace") as pool:
        try:
            for one, answer in _answers(access, pool, customer, domain, parallel * _AHEAD):
                try:
                    found = answer.result()
                except Missing:
                    continue  # deleted since the list was read
                except SourceError as error:
                    trouble = denied if isinstance(error, Denied) else failed
                    trouble.count += 1
                    trouble.first = trouble.first or error
                    if not read and denied.count >= _REFUSED_AT_FIRST:
                        raise
                    continue
                read += 1
                for record in found:
                    if (grant := grant_of(record, one.mail, one.key, domain)) is None:
                        odd += 1
                    else:
                        yield grant
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for trouble in (denied, failed):
        if trouble.first is not None and not read:
            raise trouble.first
        if trouble.first is not None:
            yield Gap(
                what=f"grants of {trouble.count} people", reason=str(trouble.first),
                denied=trouble is denied,
            )  # fmt: skip
    if odd:
        yield Gap(what=f"GET {TOKENS}", reason=f"{odd} records are no grants")


def _answers(
    access: Access, pool: ThreadPoolExecutor, customer: str, domain: str, ahead: int
) -> Iterator[tuple[User, Future[list[Any]]]]:
    """In the order of the list, with a bounded number of calls ahead."""
    line: deque[tuple[User, Future[list[Any]]]] = deque()
    for one in users(access, customer, domain):
        if one is None:
            continue  # told by the list of people
        line.append((one, pool.submit(_tokens, access, one.key)))
        if len(line) >= ahead:
            yield line.popleft()
    yield from line


def _tokens(access: Access, key: str) -> list[Any]:
    path = TOKENS.replace("{user}", quote(key, safe=""))
    page = access.get(_TOKENS, path, {})
    found = page.get("items", [])
    if not isinstance(found, list) or not ("items" in page or text(page.get("kind"))):
        raise Unavailable(f"GET {TOKENS}: the answer has no list `items`")
    return found


def grant_of(record: Any, mail: str, key: str, domain: str) -> Activity | None:
    """What one person has granted to one application."""
    given: Mapping[str, Any] = mapping(record)
    client, label = text(given.get("clientId")), text(given.get("displayText"))
    who = person(domain, mail, key)
    if not client or who is None:
        return None
    scopes = [found for one in items(given.get("scopes")) if (found := text(one))]
    reads, writes = data_of(scopes, domain)
    return Activity(
        rule=f"GET {TOKENS}",
        actor=who,
        account=domain_id(domain),
        app_id=app_id(domain, client, label),
        label=label,
        client_id=client,
        scopes=tuple(sorted(set(scopes))),
        relation="grants",
        reads=reads,
        writes=writes,
        status="not registered with Google" if given.get("anonymous") is True else "",
    )
