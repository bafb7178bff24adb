"""Who a repository says it belongs to: CODEOWNERS, and failing that who commits to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scanner.kit.bots import is_program
from scanner.kit.expressions import expression
from scanner.kit.git.identity import tree_of
from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.errors import Unavailable
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation

_PLACES = {
    # https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-file-location
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    # https://docs.gitlab.com/user/project/codeowners/#codeowners-file
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
    # https://docs.gitea.com/usage/code-owners
    "gitea": (
        "CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS", ".forgejo/CODEOWNERS",
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/set-up-and-use-code-owners/
    "bitbucket": (".bitbucket/CODEOWNERS", "CODEOWNERS"),
}  # fmt: skip
"""Where each forge looks, the first that is there counts."""
_ANYWHERE = tuple(dict.fromkeys(place for places in _PLACES.values() for place in places))
_RECENT_COMMITS = 300
_MOST_BYTES = 3 << 20
"""GitHub reads no larger file."""
_SECTION = expression(r"\^?\[(?P<name>[^\]]+)\](?:\[\d*\])?(?P<owners>(?:\s+\S+)*)\s*\Z")
_EVERYTHING = ("*", "/", "/*", "/**", "**", "/**/*", "**/*")


def owners(
    root: Path, git: Git | None, repository: NodeId, *, is_bare: bool = False, source: str = "code"
) -> Iterator[Identity | Edge]:
    """Identities and OWNED_BY edges, the surest first. ``is_bare``: CODEOWNERS is read from the
    objects of the default branch; ``source``: the connector that says so."""
    places = _places(source, repository)
    found = _in_objects(git, places) if git is not None and is_bare else _in_files(root, places)
    if found is not None:
        place, text = found
        for line, name in code_owners(text):
            yield from _claim(
                repository, name, "codeowners", place, line, Confidence.HIGH, source=source
            )
    if git is not None:
        for name in _committers(git):
            yield from _claim(
                repository, name, "git-committer", "", 0, Confidence.LOW, source=source
            )


def _places(source: str, repository: NodeId) -> tuple[str, ...]:
    """Of the forge that it was read from; of a local clone, of the one that its remote names."""
    host = repository.partition(":")[2].partition("/")[0]
    named = (forge for forge in _PLACES if forge in host.lower())
    return _PLACES.get(source) or _PLACES.get(next(named, ""), _ANYWHERE)


def _in_files(root: Path, places: tuple[str, ...]) -> tuple[str, str] | None:
    for place in places:
        path = root / place
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                return place, file.read(_MOST_BYTES).decode("utf-8", "replace")
    return None


def _in_objects(git: Git, places: tuple[str, ...]) -> tuple[str, str] | None:
    """The same of a bare repository. An object that is not there is told by who reads the tree."""
    try:
        revision = tree_of(git).revision
        if not revision:
            return None
        blobs: dict[str, str] = {}
        for record in git.lines("ls-tree", "-z", revision, "--", *places, separator=b"\0"):
            facts, _, path = record.partition("\t")
            mode, kind, oid = facts.split()
            if kind == "blob" and mode != "120000":
                blobs[path] = oid
        for place in filter(blobs.__contains__, places):
            if git.sizes([blobs[place]]).get(blobs[place], _MOST_BYTES) < _MOST_BYTES:
                for _, data in git.contents([blobs[place]]):
                    return place, (data or b"").decode("utf-8", "replace")
    except Unavailable:
        return None
    return None


def code_owners(text: str) -> list[tuple[int, str]]:
    """(line, owner) of the last rule that covers everything; CODEOWNERS lets the last match win
    (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/
    customizing-your-repository/about-code-owners). With GitLab's sections
    (https://docs.gitlab.com/user/project/codeowners/reference/) the last of each counts, and a
    rule without owners has those of its section."""
    found: dict[str, list[tuple[int, str]]] = {"": []}
    section, inherited = "", list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.partition("#")[0].strip()
        heading = _SECTION.match(plain)
        if heading:
            section = heading["name"].strip().casefold()  # sections of one name are one
            inherited = heading["owners"].split()
            continue
        fields = plain.split()
        if fields and fields[0] in _EVERYTHING:
            names = fields[1:] or inherited
            found[section] = [(number, name) for name in names if _is_owner(name)]
    everyone = dict[str, int]()
    for rules in found.values():
        for number, name in rules:
            everyone.setdefault(name, number)
    return [(number, name) for name, number in everyone.items()]


def _is_owner(name: str) -> bool:
    """A person, a team or an address; not a GitLab role (``@@maintainers``)."""
    return "@" in name and not name.startswith("@@")


def _committers(git: Git) -> list[str]:
    """The address behind most of the recent commits; programs do not own."""
    try:
        lines = git.text("log", f"-{_RECENT_COMMITS}", "--no-merges", "--format=%ae").split("\n")
    except Unavailable:
        return []
    people = Counter(a.strip().lower() for a in lines if "@" in a and not is_program(a))
    return [address for address, _ in people.most_common(1)]


def _claim(
    repository: NodeId,
    name: str,
    rule: str,
    path: str,
    line: int,
    confidence: Confidence,
    *,
    source: str,
) -> Iterator[Identity | Edge]:
    is_team = name.startswith("@") and "/" in name
    is_mail = not name.startswith("@")
    ident = NodeId(f"mailto:{name.lower()}" if is_mail else f"forge:{name.lower()}")
    evidence = Evidence(
        rule=rule, source=source, resource=repository, path=path, line=line, confidence=confidence
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
