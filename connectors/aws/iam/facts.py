"""A directory -> identities and edges: who may call AI, and what those that AI runs as may reach.

Told are roles that AI services, or services that run somebody's code, may assume, and whoever is
allowed to call or create AI. What they reach is told for the former alone: it is the data flow of
what runs as them. An administrator reaches everything and is told so once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.aws.iam.account import Directory, Everything, Principal
from connectors.aws.iam.evaluate import NOT_EVALUATED
from connectors.aws.iam.globs import is_wild
from connectors.aws.iam.places import Node, Reached, gathered
from connectors.aws.iam.table import Access, kinds
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

READ_BY = "iam:GetAccountAuthorizationDetails"
ROLE, USER, PROFILE = "aws.iam_role", "aws.iam_user", "aws.instance_profile"
EVERYTHING, MANY = "aws.everything", "aws.resources"
"""An administrator's reach; and what a wildcard stands for."""
KINDS = frozenset({ROLE, USER, PROFILE, EVERYTHING, MANY}) | kinds()
KEY_USER = "BedrockAPIKey-"
"""How the console names the users that it makes for keys."""
_GITHUB = "token.actions.githubusercontent.com"
"""https://docs.github.com/en/actions/reference/security/oidc tells its subjects."""
_MOST_EDGES = 1_000
"""Of one principal; AWS lets no more policies be attached than name a few hundred things."""
_SHOWN = 8
"""Members of a list that a person is shown."""
_RELATIONS: dict[Access, tuple[Relation, str]] = {
    "read": (Relation.READS_FROM, "may read"),
    "write": (Relation.WRITES_TO, "may write"),
    "call": (Relation.CALLS, "may call"),
}


def items(directory: Directory, holders: frozenset[str] = frozenset()) -> Iterator[Item]:
    """``holders``: names of users that are told because they hold a Bedrock API key."""
    told: set[str] = set()
    for one in sorted(directory.principals, key=lambda principal: principal.arn):
        for item in _of(one, directory, holders):
            if isinstance(item, DataStore):
                if item.id in told:
                    continue
                told.add(item.id)
            yield item


def _of(one: Principal, directory: Directory, holders: frozenset[str]) -> Iterator[Item]:
    is_workload = _is_workload(one, directory)
    is_holder = not one.is_role and (one.name in holders or one.name.startswith(KEY_USER))
    if one.is_service_linked:
        if is_workload:
            access = "service-linked role: its policy is AWS's own, and only the service assumes it"
            yield from _identity(one, directory, {"access": access}, is_workload)
        return
    everything = directory.everything(one)
    if everything is not None:
        limits = _limits(everything)
        access = f"administrator: reaches everything ({_short(everything.policy)})"
        said = {"access": f"{access}, but for {limits}" if limits else access}
        yield from _identity(one, directory, said, is_workload)
        if is_workload:
            yield from _everything(one, directory, everything)
        return
    found = gathered(directory.reach(one), directory.account, directory.table)
    calls = [reached for reached in found.values() if reached.access == "call"]
    creates = [reached for reached in found.values() if reached.access == "create"]
    if not (is_workload or is_holder or calls or creates):
        return
    tags = {"may_create": _listed(_spelled(r, directory) for r in creates)}
    if not one.knows_boundary:
        tags["access"] = "unknown: its permissions boundary could not be read"
    if is_workload:
        keys = [reached for reached in found.values() if reached.access == "decrypt"]
        tags["may_decrypt"] = _listed(_key(reached) for reached in keys)
    yield from _identity(one, directory, tags, is_workload)
    edges = [r for r in found.values() if r.access in _RELATIONS] if is_workload else calls
    yield from _edges(one, edges, directory)


def _is_workload(one: Principal, directory: Directory) -> bool:
    trusted = directory.table.trusted
    return (
        one.is_role
        and not one.trust.is_nobody
        and (one.trust.is_workload or any(name in trusted for name in one.trust.services))
    )


def _identity(
    one: Principal, directory: Directory, more: dict[str, str], is_workload: bool
) -> Iterator[Item]:
    trust = one.trust
    ours = {
        "path": one.path if one.path != "/" else "",
        "created_at": one.created_at,
        "last_used_at": one.last_used_at,
        "last_used_in": one.last_used_in,
        "assumed_by": _listed(trust.services),
        "trusted_accounts": _listed(trust.accounts),
        "trusted_principals": _listed(trust.principals),
        "trusted_identity_providers": _listed(trust.providers),
        "trusted_subjects": _listed(trust.subjects),
        "trust_conditions": _listed(trust.conditions),
        "trusts": _anyone(one),
        "policies_not_read": _listed(one.unknown),
        **more,
        "evaluation": NOT_EVALUATED,
    }
    evidence = _evidence(one)
    ident = NodeId(one.arn)
    is_program = is_workload or one.name.startswith(KEY_USER)
    yield Identity(
        id=ident,
        kind=ROLE if one.is_role else USER,
        name=one.name,
        principal_type=PrincipalType.SERVICE if is_program else PrincipalType.UNKNOWN,
        tags={**one.tags, **{f"iam:{key}": value for key, value in ours.items() if value}},
        evidence=(evidence,),
    )
    yield Edge(
        source=NodeId(f"aws:account/{directory.account}"),
        target=ident,
        relation=Relation.CONTAINS,
        evidence=(evidence,),
    )
    for profile in one.profiles:
        yield Identity(
            id=NodeId(profile), kind=PROFILE, name=profile.rpartition("/")[2],
            principal_type=PrincipalType.SERVICE, evidence=(evidence,),
        )  # fmt: skip
        yield Edge(source=NodeId(profile), target=ident, relation=Relation.RUNS_AS,
                   evidence=(evidence,))  # fmt: skip
    yield from _repositories(one, evidence)


def _repositories(one: Principal, evidence: Evidence) -> Iterator[Item]:
    """Whose workflows may assume the role, where that is said by name."""
    if not any(name.endswith(_GITHUB) for name in one.trust.providers):
        return
    for subject in sorted(one.trust.subjects):
        family, _, rest = subject.partition(":")
        name = rest.partition(":")[0]
        if family == "repo" and name.count("/") == 1 and not is_wild(name):
            yield Edge(
                source=NodeId(f"git:github.com/{name}"),
                target=NodeId(one.arn),
                relation=Relation.RUNS_AS,
                confidence=Confidence.HIGH,
                detail=f"its workflows may assume the role: {subject}",
                evidence=(evidence,),
            )


def _anyone(one: Principal) -> str:
    if one.trust.is_nobody:
        return "nobody: denied to everybody"
    said = "any AWS principal" if one.trust.is_anyone else ""
    if said and one.trust.conditions:
        said += " that meets the conditions"
    return said + (" (with denials)" if said and one.trust.has_denials else "")


def _edges(one: Principal, found: list[Reached], directory: Directory) -> Iterator[Item]:
    if len(found) > _MOST_EDGES:
        reason = f"its policies name {len(found)} things; the first {_MOST_EDGES} are told"
        yield Gap(what=f"reach of {one.arn}", reason=reason)
    evidence = _evidence(one)
    for reached in found[:_MOST_EDGES]:
        if reached.node.thing.kind or not (reached.node.is_one or reached.node.thing.provider):
            yield _store(reached.node, directory)
        relation, verb = _RELATIONS[reached.access]
        yield Edge(
            source=NodeId(one.arn),
            target=NodeId(reached.node.id),
            relation=relation,
            confidence=Confidence.HIGH if reached.sure else Confidence.MEDIUM,
            detail=f"{verb}: {_detail(reached, directory)}; {NOT_EVALUATED}",
            evidence=(evidence,),
        )


def _store(node: Node, directory: Directory) -> DataStore:
    """What many roles reach is one node; a single thing that has another lister has its there."""
    thing = node.thing
    is_own = node.is_one and ":s3:::" not in node.id and f":{directory.account}:" in node.id
    return DataStore(
        id=NodeId(node.id),
        kind=thing.kind if node.is_one else MANY,
        name=node.name,
        store_class=thing.store_class,
        account=NodeId(f"aws:account/{directory.account}") if is_own else None,
        evidence=(Evidence(rule=READ_BY, source="aws", resource=node.id),),
    )


def _limits(everything: Everything) -> str:
    said = []
    if everything.unless:
        said.append(f"denials that depend on the request (by {_listed(everything.unless)})")
    if everything.unknown:
        said.append(f"what policies deny that could not be read ({_listed(everything.unknown)})")
    return " and ".join(said)


def _everything(one: Principal, directory: Directory, by: Everything) -> Iterator[Item]:
    ident, limits = NodeId(f"aws:{directory.account}/everything"), _limits(by)
    yield DataStore(
        id=ident,
        kind=EVERYTHING,
        name=f"everything in account {directory.account}",
        store_class="account",
        account=NodeId(f"aws:account/{directory.account}"),
        evidence=(Evidence(rule=READ_BY, source="aws", resource=ident),),
    )
    for relation, _ in (_RELATIONS["read"], _RELATIONS["write"]):
        yield Edge(
            source=NodeId(one.arn),
            target=ident,
            relation=relation,
            confidence=Confidence.MEDIUM if limits else Confidence.HIGH,
            detail="; ".join(
                filter(None, (f"administrator ({_short(by.policy)})", limits, NOT_EVALUATED))
            ),
            evidence=(_evidence(one),),
        )


def _evidence(one: Principal) -> Evidence:
    return Evidence(rule=READ_BY, source="aws", resource=one.arn)


def _detail(reached: Reached, directory: Directory) -> str:
    said = _spelled(reached, directory)
    if reached.within and not reached.is_whole:
        said += f" on {_listed(reached.within)}"
    if reached.conditional & ~reached.sure:
        some = directory.table.named(reached.conditional & ~reached.sure)
        which = "" if not reached.sure else f" {_listed(_bare(name) for name in some)}"
        said += f"; conditional:{which} by {_listed(reached.why)}"
    if reached.excluded:
        said += f"; except {_listed(reached.excluded)}"
    return said


def _spelled(reached: Reached, directory: Directory) -> str:
    """``s3: GetObject, PutObject``."""
    services: dict[str, list[str]] = {}
    for name in directory.table.named(reached.sure | reached.conditional):
        services.setdefault(name.partition(":")[0], []).append(_bare(name))
    return "; ".join(f"{service}: {', '.join(names)}" for service, names in services.items())


def _key(reached: Reached) -> str:
    said = reached.node.id if reached.node.is_one else reached.node.name
    return said if reached.sure else f"{said} (conditional by {_listed(reached.why)})"


def _bare(action: str) -> str:
    return action.partition(":")[2]


def _short(policy: str) -> str:
    return policy.rpartition("/")[2]


def _listed(several: Iterable[str]) -> str:
    found = sorted(set(several))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
