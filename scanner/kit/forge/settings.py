"""What a user may choose of cloning and reading repositories, the same for every forge."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Positive = Annotated[float, msgspec.Meta(gt=0)]


class GitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sources.<forge>.git]``."""

    clone: bool = True
    """Off: the forge's API alone is read, no repository."""
    history: bool = True
    """Read every object, not the default branch's files alone."""
    pull_requests: bool = False
    """Fetch the heads of pull or merge requests too: code of forks that nobody merged."""
    exclude: tuple[str, ...] = ()
    """Globs of paths that are not read in the tree."""
    max_file_mib: Annotated[int, msgspec.Meta(gt=0)] = 32
    """Larger texts are named as a gap."""
    cache_folder: str = ""
    """Where bare clones are kept; empty: the user's cache directory."""
    cache_gib: _Positive = 20.0
    """The least recently read clones go when there are more."""
    max_repository_gib: _Positive = 8.0
    """A larger clone is broken off and named."""
    free_disk_gib: Annotated[float, msgspec.Meta(ge=0)] = 2.0
    """A clone is broken off before less than this is free."""
    fetch_minutes: _Positive = 30.0
    """A fetch that takes longer is broken off."""
    ca_file: str = ""
    """PEM file of certificate authorities to trust instead of the system's (API and git)."""
