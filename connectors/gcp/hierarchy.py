"""Organizations, folders and projects, by Google's own client for them, and what each project uses.

google-cloud-resource-manager is imported when it is needed, and speaks REST through the same guard
as everything else: what is not a declared list is refused before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.gcp import answers, operations
from connectors.gcp.access import Access
from connectors.gcp.config import PUBLIC, GcpConfig
from connectors.gcp.pace import Waiting
from scanner.kit.contract import Operation
from scanner.kit.http import guarded, json_body
from scanner.kit.tables import first_text, values
from scanner.kit.values import iso
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Edge, Relation
from scanner.model.items import Gap, Item

if TYPE_CHECKING:
    from requests import Response

HOST = "cloudresourcemanager.googleapis.com"
KINDS = frozenset({"gcp.organization", "gcp.folder", "gcp.project"})
SERVICES = "serviceusage.services.list"
OPERATIONS = (
    Operation(id=f"GET //{HOST}/v3/folders", permission="resourcemanager.folders.list",
              reason="folders below the organization"),
    Operation(id=f"GET //{HOST}/v3/projects", permission="resourcemanager.projects.list",
              reason="projects of a folder or organization"),
    Operation(id=f"GET //{HOST}/v3/projects:search", permission="resourcemanager.projects.get",
              reason="projects that the credential sees"),
    Operation(id=f"GET //{HOST}/v3/projects/{{project}}", permission="resourcemanager.projects.get",
              reason="a project that is named in the configuration"),
)  # fmt: skip
_MOST_FOLDERS = 100_000


@dataclass(frozen=True)
class Project:
    id: str
    number: str
    name: str = ""
    parent: str = ""
    state: str = "ACTIVE"
    created: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    services: frozenset[str] | None = None
    """Names of the APIs that are enabled; None: they could not be told."""
    denied: str = ""
    """Why nothing of it could be read."""
    trouble: str = ""
    """Why its services could not be told; it is read all the same, and each of them asked."""
    refused: bool = False
    """That the trouble is a refusal."""


@dataclass
class Tree:
    projects: dict[str, Project] = field(default_factory=dict)
    folders: list[tuple[str, str, str]] = field(default_factory=list)
    """Name (``folders/1``), what people call it, and what it stands in."""
    gaps: list[Gap] = field(default_factory=list)

    @property
    def read(self) -> tuple[str, ...]:
        """Projects in which something may be."""
        return tuple(
            one.id for one in self.projects.values() if one.state == "ACTIVE" and not one.denied
        )

    @property
    def numbers(self) -> dict[str, str]:
        """Number of a project -> its id."""
        return {one.number: one.id for one in self.projects.values() if one.number}

    def upwards(self, unit: str) -> Iterator[str]:
        """``unit`` and all that it stands in, as far as it was listed."""
        above = {name: parent for name, _, parent in self.folders}
        seen: set[str] = set()
        while unit and unit not in seen:
            seen.add(unit)
            yield unit
            kind, _, ident = unit.partition("/")
            known = self.projects.get(ident) if kind == "projects" else None
            unit = known.parent if known else above.get(unit, "")


def tree(config: GcpConfig, access: Access) -> Tree:
    """Raises the source errors when nothing at all could be listed."""
    found = Tree()
    clients = _Clients(config, access)
    errors: list[SourceError] = []
    waiting = [f"organizations/{one}" for one in config.organizations]
    waiting += [f"folders/{one}" for one in config.folders]
    for root in waiting:
        found.folders.append((root, root.partition("/")[2], ""))
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_FOLDERS:
        # All of one depth at once: a tree is asked as often in a row as it is deep.
        level = [one for one in dict.fromkeys(waiting) if one not in seen]
        seen.update(level)
        waiting = []
        asked = [(what, parent) for parent in level for what in ("folders", "projects")]
        for (what, parent), (records, trouble) in zip(
            asked, access.pool.map(lambda one: clients.below(*one), asked), strict=True
        ):
            for one in records:
                if isinstance(one, Project):
                    found.projects[one.id] = one
                else:
                    found.folders.append((*one, parent))
                    waiting.append(one[0])
            if trouble is not None:
                errors.append(trouble)
                is_denied = isinstance(trouble, Denied)
                found.gaps.append(
                    Gap(what=f"{what} in {parent}", reason=str(trouble), denied=is_denied)
                )
    if any(one not in seen for one in waiting):
        found.gaps.append(Gap(what="folders", reason=f"there are more than {_MOST_FOLDERS}"))
    named = (_named(ident, clients) for ident in config.projects)
    found.projects |= {one.id: one for one in named}
    if not (config.organizations or config.folders or config.projects):
        found.projects = {one.id: one for one in clients.search()}
    if errors and not found.projects:
        raise errors[0]
    if not found.projects:
        # No credential reads an organization without one; what was known is not gone by that.
        raise Unavailable("Google lists no project: the credential may see none of them")
    _add_services(found, access)
    return found


def _named(ident: str, clients: _Clients) -> Project:
    """Named by the user: it is read all the same where it is not shown, as services may tell."""
    try:
        return clients.project(ident)
    except SourceError as error:
        return Project(ident, "", denied=str(error))


def _add_services(found: Tree, access: Access) -> None:
    waiting: dict[str, Future[Project]] = {
        ident: access.pool.submit(_with_services, one, access)
        for ident, one in found.projects.items()
        if one.state == "ACTIVE" and not one.denied
    }
    for ident, one in waiting.items():
        found.projects[ident] = one.result()


def _with_services(one: Project, access: Access) -> Project:
    asked = {"filter": "state:ENABLED", "pageSize": "200"}
    try:
        names = frozenset(
            _service(record)
            for page in access.pages(
                SERVICES, f"projects/{one.id}", "", one.id, asked, "services[]"
            )
            for record in values(page, "services[]")
        )
    except SourceError as error:
        return replace(one, trouble=str(error), refused=isinstance(error, Denied))
    return replace(one, services=names)


def _service(record: Any) -> str:
    name = first_text(record, "config.name") or first_text(record, "name").rpartition("/")[2]
    if not name:
        raise Unavailable(f"{SERVICES}: a record that names no service; the answer is malformed")
    return name


class _Clients:
    """Google's own clients, through the guard."""

    def __init__(self, config: GcpConfig, access: Access) -> None:
        from google.api_core.client_options import ClientOptions
        from google.cloud import resourcemanager_v3 as manager

        self._manager = manager
        base = config.endpoint_url.rstrip("/") if config.endpoint_url else ""
        plain = config.base(HOST)  # raises for a machine that was not agreed to
        options = ClientOptions(
            api_endpoint=base or None,
            universe_domain=None if base or config.universe == PUBLIC else config.universe,
        )

        def made(kind: Any) -> Any:
            client = kind(
                credentials=access.credentials(), transport="rest", client_options=options
            )
            declared = operations.of_host(OPERATIONS, HOST)
            session = guarded(client.transport._session, base or plain, declared)
            if access.config.quota_project:
                session.headers["x-goog-user-project"] = access.config.quota_project
            key = f"{access.payer(HOST)} {HOST}"
            for scheme, inner in list(session.adapters.items()):
                session.mount(scheme, Waiting(inner, access.pace, key, access.attempts, _check))
            return client

        self._projects = made(manager.ProjectsClient)
        self._folders = made(manager.FoldersClient)

    def below(self, what: str, parent: str) -> tuple[list[Any], SourceError | None]:
        """What of it could be listed, and why not all."""
        found: list[Any] = []
        try:
            # One by one: what came before a list broke stays.
            for one in self.folders(parent) if what == "folders" else self.projects(parent):
                found.append(one)  # noqa: PERF402
        except SourceError as error:
            return found, error
        return found, None

    def folders(self, parent: str) -> Iterator[tuple[str, str]]:
        asked = self._manager.ListFoldersRequest(parent=parent, page_size=100)
        for one in _told(
            f"folders of {parent}", "resourcemanager.folders.list",
            lambda: _records(self._folders.list_folders(asked), "folders"),
        ):  # fmt: skip
            yield one.name, one.display_name or one.name

    def projects(self, parent: str) -> Iterator[Project]:
        asked = self._manager.ListProjectsRequest(parent=parent, page_size=100, show_deleted=True)
        for one in _told(
            f"projects of {parent}", "resourcemanager.projects.list",
            lambda: _records(self._projects.list_projects(asked), "projects"),
        ):  # fmt: skip
            yield _project(one)

    def search(self) -> Iterator[Project]:
        asked = self._manager.SearchProjectsRequest(page_size=100)
        for one in _told(
            "projects", "resourcemanager.projects.get",
            lambda: _records(self._projects.search_projects(asked), "projects"),
        ):  # fmt: skip
            yield _project(one)

    def project(self, ident: str) -> Project:
        found = list(
            _told(f"project {ident}", "resourcemanager.projects.get",
                  lambda: [self._projects.get_project(name=f"projects/{ident}")])
        )  # fmt: skip
        return _project(found[0])


def _check(answer: Response) -> None:
    """The client itself takes what it does not know for an empty list."""
    path = urlsplit(answer.url).path
    name = path.rpartition("/")[2].partition(":")[0]
    items = f"{name}[]" if name in ("folders", "projects") else ""
    answers.check(json_body(answer), items, f"GET {path}")


def _records(pager: Any, name: str) -> Iterator[Any]:
    """The client itself would follow a token that repeats for ever."""
    seen: set[str] = set()
    for page in pager.pages:
        yield from getattr(page, name)
        token = str(page.next_page_token)
        if token and token in seen:
            raise Unavailable(f"list of {name}: the source repeats a page token")
        seen.add(token)


def _told(what: str, permission: str, ask: Callable[[], Any]) -> Iterator[Any]:
    """The records; what goes wrong in words of ours."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]
    from requests import RequestException

    try:
        yield from ask()
    except (exceptions.Forbidden, exceptions.Unauthorized, GoogleAuthError) as error:
        said = " ".join(str(error).split())[:300]
        raise Denied(f"{what}: {said}; grant {permission}") from error
    except exceptions.TooManyRequests as error:
        raise Throttled(f"{what}: {' '.join(str(error).split())[:300]}") from error
    except (exceptions.GoogleAPIError, ParseError, RequestException, ValueError) as error:
        raise Unavailable(f"{what}: {' '.join(str(error).split())[:300]}") from error


def _project(one: Any) -> Project:
    return Project(
        id=str(one.project_id),
        number=str(one.name).partition("/")[2],
        name=str(one.display_name or one.project_id),
        parent=str(one.parent),
        state=str(getattr(one.state, "name", one.state)),
        created=iso(one.create_time) if one.create_time else "",
        labels=tuple(sorted((str(key), str(value)) for key, value in one.labels.items())),
    )


def units(found: Tree) -> Iterator[Item]:
    """Organizations and folders, each holding what stands in it."""
    for name, called, above in found.folders:
        ident = unit_id(name)
        evidence = Evidence(rule="GET /v3/folders", source="gcp", resource=name)
        kind = "gcp.organization" if name.startswith("organizations/") else "gcp.folder"
        yield Account(
            id=ident, kind=kind, name=called, provider="google_cloud",
            parent=unit_id(above) if above else None, evidence=(evidence,),
        )  # fmt: skip
        if above:
            yield Edge(
                source=unit_id(above), target=ident, relation=Relation.CONTAINS,
                evidence=(evidence,),
            )  # fmt: skip
    yield from found.gaps


def account(one: Project, environment: str) -> Iterator[Item]:
    ident = project_id(one.id)
    evidence = Evidence(rule="GET /v3/projects", source="gcp", resource=f"projects/{one.id}")
    yield Account(
        id=ident, kind="gcp.project", name=one.name or one.id, provider="google_cloud",
        parent=unit_id(one.parent) if one.parent else None, environment=environment,
        tags=dict(one.labels), evidence=(evidence,),
    )  # fmt: skip
    if one.parent:
        yield Edge(
            source=unit_id(one.parent), target=ident, relation=Relation.CONTAINS,
            evidence=(evidence,),
        )  # fmt: skip
    if one.trouble:
        yield Gap(what=f"enabled services of {one.id}", reason=one.trouble, denied=one.refused)


def is_listed(config: GcpConfig, one: Project) -> bool:
    """Whether a folder or organization has named it: then it is gone when it is named no more. What
    a credential sees of itself says nothing of what it sees no longer."""
    return bool(config.organizations or config.folders) and one.id not in config.projects


def scopes(config: GcpConfig, found: Tree) -> tuple[str, ...]:
    """What searches of the whole are asked of: whatever the configuration names, or each project
    by itself."""
    above = [f"organizations/{one}" for one in config.organizations]
    above += [f"folders/{one}" for one in config.folders]
    alone = config.projects if above else found.read
    return (*above, *(f"projects/{one}" for one in alone if one in found.read))


def project_id(ident: str) -> NodeId:
    return NodeId(f"gcp:project/{ident}")


def unit_id(name: str) -> NodeId:
    return NodeId(f"gcp:{name}")
