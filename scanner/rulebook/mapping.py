"""How a registry that is kept elsewhere is read as entries of ours: data, a file a registry.

Owns the types of ``rules/registries/*.yaml``; a mapping of your own is the same file in a place of
your own. Says nothing about matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RegistryError
from scanner.model.registry import BindingType, OwnerRole
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.load import bundled
from scanner.rulebook.types import NonEmpty


class Take(Model, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Where a value comes from: the first of these columns (or JSONPaths, which begin with ``$``)
    that is filled."""

    from_: str | tuple[str, ...] = ()
    values: dict[str, str] = {}
    """Their words -> ours, compared without case, odd spaces and outline letters. Empty: as it
    is. A word that is not among them is told and leaves the field unknown."""
    split: str = ""
    """Characters at which one cell is several values."""
    join: str | None = None
    """Take all filled columns, with this between them, instead of the first."""
    default: str = ""
    """What a record that says nothing gets. To be used where a registry means it so; blank stays
    unknown otherwise."""
    template: str = ""
    """``{}`` is replaced by the value: a short id becomes the key that the source shows."""


From = str | Take
"""A column's name, or more."""


class BindingMap(Model, frozen=True, kw_only=True):
    type: BindingType
    value: From


class OwnerMap(Model, frozen=True, kw_only=True):
    ref: From
    role: OwnerRole = OwnerRole.ACCOUNTABLE


class AssessmentMap(Model, frozen=True, kw_only=True):
    """One assessment a record; with ``each`` (a JSONPath to records of their own) as many as it
    holds, and the other paths start there."""

    each: str = ""
    type: str | Take = "impact"
    """A word of ours, or where it is taken from."""
    framework: str | Take = ""
    status: From | None = None
    result: From | None = None
    at: From | None = None
    expires_at: From | None = None
    ref: From | None = None
    by: From | None = None


class AttestationMap(Model, frozen=True, kw_only=True):
    each: str = ""
    vendor: From
    type: str | Take
    """A word of ours, or where it is taken from."""
    at: From | None = None
    expires_at: From | None = None
    ref: From | None = None
    data_classes: From | None = None


class Identity(Model, frozen=True, kw_only=True):
    """What tells one record from another."""

    id: str | tuple[str, ...] = "id"
    """Column of the registry's own id; the first that is filled."""
    join: str = ""
    """The id is made of all of them, lower case, with this between them."""
    organization: str = ""
    """Column of the organization within which ids say something."""
    or_of: tuple[str, ...] = ()
    """Columns that stand in where the id is blank or stands at several records. Without them such
    a record is refused."""
    prefix: str = ""
    """Before every id, so that ids of several registries do not meet."""


class Paging(Model, frozen=True, kw_only=True):
    """How a list goes on."""

    style: Literal["none", "token", "offset", "page", "link", "after_last"] = "none"
    """``token``: the answer holds what to send next; ``link``: it holds the next address (or its
    header ``Link`` does); ``offset`` and ``page`` count until an answer holds no record;
    ``after_last``: the last record's key is sent next, so that nothing is lost while the list
    changes."""
    parameter: str = ""
    """Its name in the query, or (dotted) in the body where the call has one. For ``after_last``
    the placeholder ``{after}`` in the query is filled instead."""
    next: str = ""
    """JSONPath of the token, of the link, or (``after_last``) of the key in a record."""
    after: str = "{}"
    """``after_last``: what stands for ``{after}``, with ``{}`` for the key."""
    first: int = 0
    """The first offset or page."""


class Call(Model, frozen=True, kw_only=True):
    """One list of a server."""

    name: NonEmpty
    method: Literal["GET", "POST"] = "GET"
    """``POST`` only for searches: it is declared and can change nothing by its documentation."""
    path: NonEmpty
    """May hold ``{setting}`` and a query."""
    permission: NonEmpty
    query: dict[str, str] = {}
    """Values may hold ``{setting}``, ``{since}``, ``{after}``; an empty one is not sent."""
    body: str = ""
    """JSON, for ``POST``; may hold ``{setting}``."""
    records: NonEmpty = "$"
    """JSONPath of the records in an answer; it must be there, if only empty."""
    bare: tuple[str, ...] | None = None
    """All that an answer without ``records`` may hold, where a server leaves an empty list out.
    Absent: it never does."""
    tables: str = ""
    """JSONPath of HTML in a record: each row of its tables is a record instead."""
    paging: Paging = Paging()
    since: str = ""
    """What stands for ``{since}`` when only changes are asked for, with ``{}`` for the time."""
    since_form: Literal["iso", "ms", "sql"] = "iso"
    changed_at: str = ""
    """JSONPath of when a record last changed: its details are read again only then."""
    newest_first: bool = False
    """The list is sorted by ``changed_at``, so that reading stops at what is known."""
    optional: bool = False
    """An answer 404 means that this server has no such list."""
    detail: str = ""
    """A path, with ``{id}``, that is read for every record; its answer is ``detail`` in it."""
    detail_id: str = ""
    """JSONPath of that id in a record."""


class Server(Model, frozen=True, kw_only=True):
    """What must be asked, and how one signs in."""

    auth: Literal["bearer", "basic", "header", "none"] = "bearer"
    auth_header: str = "Authorization"
    auth_scheme: str = "Bearer"
    token_variable: str = ""
    """Environment variable that holds the token by default; not set, nothing is sent."""
    base: str = ""
    """The vendor's own address, where there is but one."""
    headers: dict[str, str] = {}
    settings: dict[str, str | None] = {}
    """Settings that the paths need -> their default; null: must be given."""
    calls: Annotated[tuple[Call, ...], msgspec.Meta(min_length=1)]


class Files(Model, frozen=True, kw_only=True):
    """Records that stand in files of a folder (a clone of a repository)."""

    globs: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)]
    form: Literal["front_matter", "yaml", "json"]
    """``front_matter``: YAML between two lines ``---`` at a text's beginning; the rest is
    ``text``."""


class RegistryMap(Model, frozen=True, kw_only=True):
    """A kind of registry: how it is asked where it is a server, and which of its words are ours."""

    id: NonEmpty
    name: NonEmpty
    reference: NonEmpty
    """Page that describes its fields."""
    checked_at: str = ""
    note: str = ""
    identity: Identity = Identity()
    header_row: bool = True
    dates: Literal["", "dmy", "mdy"] = ""
    """How days and months stand in 03/04/2026; empty: as the records together show. What neither
    tells is told and left unknown."""
    fields: dict[str, From]
    """Field of ours (``name``, ``stage``, ``approved.regions``, ``stage_dates.production``,
    ``value_metrics.hours_saved``) -> where it is taken from."""
    owners: tuple[OwnerMap, ...] = ()
    bindings: tuple[BindingMap, ...] = ()
    assessments: tuple[AssessmentMap, ...] = ()
    attestations: tuple[AttestationMap, ...] = ()
    keep: tuple[str, ...] | None = None
    """Other columns kept as extensions; absent: all."""
    only: dict[str, tuple[str, ...]] = {}
    """Records that count: column or path -> values, of which one must be there."""
    server: Server | None = None
    files: Files | None = None

    def columns(self) -> frozenset[str]:
        """Every column that a field is taken from."""
        ident = self.identity
        own = (ident.id,) if isinstance(ident.id, str) else ident.id
        rows = (*self.owners, *self.bindings, *self.assessments, *self.attestations)
        takes = [*self.fields.values(), *(getattr(r, n) for r in rows for n in r.__struct_fields__)]
        taken = {column for take in takes for column in _columns_of(take)}
        return frozenset(taken | {*own, ident.organization})


def _columns_of(take: object) -> tuple[str, ...]:
    if isinstance(take, Take):
        return (take.from_,) if isinstance(take.from_, str) else take.from_
    return (take,) if isinstance(take, str) else ()


def bundled_maps() -> Iterator[RegistryMap]:
    """All, in order of their ids."""
    for path in sorted((bundled() / "registries").glob("*.yaml")):
        yield read_yaml(path, RegistryMap, RegistryError)


def registry_map(name: str, folder: Path | None = None) -> RegistryMap:
    """A bundled mapping by its id, or a file (a name that ends in ``.yaml``, relative to
    ``folder``). Raises ``RegistryError``."""
    if name.endswith((".yaml", ".yml")):
        return read_yaml((folder or Path()) / name, RegistryMap, RegistryError)
    path = bundled() / "registries" / f"{name}.yaml"
    if "/" in name or not path.is_file():
        known = ", ".join(sorted(p.stem for p in (bundled() / "registries").glob("*.yaml")))
        raise RegistryError(
            f"`{name}`: no such kind of registry; there are {known}, or name a file that ends in "
            ".yaml"
        )
    return read_yaml(path, RegistryMap, RegistryError)
