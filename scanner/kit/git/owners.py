"""Who a repository says it belongs to: CODEOWNERS, and failing that who commits to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.errors import Unavailable
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation

_PLACES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_RECENT_COMMITS = 300


def owners(root: Path, git: Git | None, repository: NodeId) -> Iterator[Identity | Edge]:
    """Identities and OWNED_BY edges, the surest first."""
    for place in _PLACES:
        path = root / place
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="replace")
            for line, name in code_owners(text):
                yield from _claim(repository, name, "codeowners", place, line, Confidence.HIGH)
            break
    if git is not None:
        for name in _committers(git):
            yield from _claim(repository, name, "git-committer", "", 0, Confidence.LOW)


def code_owners(text: str) -> list[tuple[int, str]]:
    """(line, owner) of the last rule that covers everything; CODEOWNERS lets the last match win
    (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/
    customizing-your-repository/about-code-owners)."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.partition("#")[0].split()
        if len(fields) > 1 and fields[0] in ("*", "/", "/**", "**"):
            found = [(number, field) for field in fields[1:] if "@" in field]
    return found


def _committers(git: Git) -> list[str]:
    """The address behind most of the recent commits; bots do not own."""
    try:
        lines = git.text("log", f"-{_RECENT_COMMITS}", "--no-merges", "--format=%ae").split("\n")
    except Unavailable:
        return []
    people = Counter(a.strip().lower() for a in lines if "@" in a and "[bot]" not in a)
    return [address for address, _ in people.most_common(1)]


def _claim(
    repository: NodeId, name: str, rule: str, path: str, line: int, confidence: Confidence
) -> Iterator[Identity | Edge]:
    is_team = name.startswith("@") and "/" in name
    is_mail = not name.startswith("@")
    ident = NodeId(f"mailto:{name.lower()}" if is_mail else f"forge:{name.lower()}")
    evidence = Evidence(
        rule=rule, source="code", resource=repository, path=path, line=line, confidence=confidence
    )
    yield Identity(
        id=ident,
        kind="code.team" if is_team else "code.author",
        name=name,
        principal_type=PrincipalType.TEAM if is_team else PrincipalType.HUMAN,
        email=name.lower() if is_mail else "",
        evidence=(evidence,),
    )
    yield Edge(
        source=repository,
        target=ident,
        relation=Relation.OWNED_BY,
        evidence=(evidence,),
        confidence=confidence,
    )
