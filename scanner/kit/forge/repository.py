"""A repository as a forge lists it, in words that all forges share. Pure: no network, no files."""

from __future__ import annotations

import msgspec

from scanner.model.base import NodeId
from scanner.model.errors import Unavailable
from scanner.model.keys import canonical_remote


class Repository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record of a listing. What a forge does not say stays at its default."""

    full_name: str
    """``org/name``; with nested groups ``group/subgroup/name``."""
    clone_url: str
    """Over http(s), without credentials (a user in it is left out when it is read)."""
    web_url: str = ""
    default_branch: str = ""
    """Short name (``main``), as HEAD of the clone will name it."""
    is_archived: bool = False
    is_fork: bool = False
    is_template: bool = False
    is_mirror: bool = False
    is_empty: bool = False
    """No commits: it is not cloned, and that is complete."""
    disabled: str = ""
    """Why the forge keeps it from everybody (a takedown, an unpaid bill), in its own words."""
    topics: tuple[str, ...] = ()
    visibility: str = ""
    """``public``, ``internal`` or ``private``."""
    pushed_at: str = ""
    """ISO 8601."""
    size_kib: int = 0
    """As the forge says it; 0: not said. An estimate: the clone has a limit of its own."""
    refs_mark: str = ""
    """Changes whenever any branch or tag changes, else stays: the same mark as last time spares
    the fetch. Empty where the forge says nothing that can be relied on (GitLab's last activity is
    rounded to the hour), and then every scan fetches."""
    key: str = ""
    """The forge's own id, which a renamed repository keeps."""

    @property
    def subject(self) -> NodeId:
        """The node: the same for every connector that meets this repository, and for local clones.
        Raises ``Unavailable`` when the clone URL names no place."""
        name = canonical_remote(self.clone_url)
        if not name:
            raise Unavailable(f"{self.full_name}: the forge gives no clone URL that can be read")
        return NodeId(f"git:{name}")


def encoded(repository: Repository) -> str:
    """As a shard's scope carries it."""
    return msgspec.json.encode(repository).decode()


def decoded(text: str) -> Repository:
    return msgspec.json.decode(text.encode(), type=Repository)
