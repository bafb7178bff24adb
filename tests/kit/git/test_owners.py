"""Which of several CODEOWNERS counts is the forge's own rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.kit.git.owners import owners
from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.facts import Edge
from tests.conftest import Repository

EVERYWHERE = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


@pytest.mark.parametrize(
    ("source", "subject", "there", "expected"),
    [
        ("github", "git:ghe.corp.example/a/b", EVERYWHERE, ".github/CODEOWNERS"),
        ("github", "git:github.com/a/b", EVERYWHERE[::2], "CODEOWNERS"),
        ("github", "git:github.com/a/b", EVERYWHERE[2:], "docs/CODEOWNERS"),
        ("gitlab", "git:code.example/a/b", EVERYWHERE, "CODEOWNERS"),
        ("gitlab", "git:code.example/a/b", EVERYWHERE[1:], "docs/CODEOWNERS"),
        ("gitlab", "git:code.example/a/b", EVERYWHERE[1::2], ".gitlab/CODEOWNERS"),
        ("gitea", "git:code.example/a/b", (".gitea/CODEOWNERS",), ".gitea/CODEOWNERS"),
        ("bitbucket", "git:code.example/a/b", (".bitbucket/CODEOWNERS",), ".bitbucket/CODEOWNERS"),
        ("code", "git:github.com/a/b", EVERYWHERE, ".github/CODEOWNERS"),
        ("code", "git:gitlab.com/a/b", EVERYWHERE, "CODEOWNERS"),
        ("code", "path:/srv/b", EVERYWHERE[2:], "docs/CODEOWNERS"),
    ],
)
@pytest.mark.parametrize("is_bare", [True, False], ids=["bare", "checked-out"])
def test_the_forges_own_order(
    repository: Repository, source: str, subject: str, there: tuple[str, ...], expected: str,
    is_bare: bool,
) -> None:  # fmt: skip
    for place in there:
        repository.write(place, f"* @{place.replace('/', '-').lower()}\n")
    repository.commit()
    root, git = Path(repository.root), Git(repository.root)

    found = owners(root, git, NodeId(subject), is_bare=is_bare, source=source)

    said = [e for e in found if isinstance(e, Edge) and e.evidence[0].rule == "codeowners"]
    assert [edge.evidence[0].path for edge in said] == [expected]
