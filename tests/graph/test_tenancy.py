"""Whose account uses AI: the company's, a person's own, or nobody can say."""

from __future__ import annotations

import pytest

from scanner.graph import tenancy
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)

APP = NodeId("x:app/chatgpt")
LISTED = (Evidence(rule="users", source="okta"),)


def _graph(*facts: Fact) -> AssetGraph:
    app = Asset(id=APP, kind="x.app", name="ChatGPT", asset_class=AssetClass.SAAS_APP)
    return AssetGraph((ShardId("x"), fact, True) for fact in (app, *facts))


def _user(mail: str, **more: object) -> Identity:
    settings = {"principal_type": PrincipalType.HUMAN, "kind": "x.user", **more}
    return Identity(id=NodeId(f"x:user/{mail}"), name=mail, email=mail, **settings)  # type: ignore[arg-type]


def _uses(*users: Identity) -> list[Fact]:
    ways = [Relation.USED_BY, Relation.GRANTS]
    return [
        *users,
        *(Edge(source=APP, target=one.id, relation=ways[0]) for one in users[::2]),
        *(Edge(source=one.id, target=APP, relation=ways[1]) for one in users[1::2]),
    ]


def test_consumer_mail_is_personal_and_the_directorys_domains_are_the_companys() -> None:
    listed = {"kind": "okta.user", "evidence": LISTED}
    users = [
        _user("ann@acme.com"), _user("ann@gmail.com"), _user("Ben@Mail.ACME.com"),
        _user("ben@yahoo.co.uk"), _user("eve@partner.com"), _user("kim@notacme.com"),
        _user("job@acme.com.iam.example", principal_type=PrincipalType.SERVICE),
    ]  # fmt: skip
    graph = _graph(
        _user("boss@acme.com", **listed),
        _user("own@gmail.com", **listed),
        _user("guest@partner.com", tags={"user_type": "Guest"}, **listed),
        *_uses(*users),
    )
    told = {
        edge.target if edge.source == APP else edge.source: str(edge.tenancy)
        for edge in graph.edges.values()
    }
    assert [told[one.id] for one in users] == [
        "corporate", "personal", "corporate", "personal", "unknown", "unknown", "unknown",
    ]  # fmt: skip
    assert tenancy.at(graph, APP) == {"corporate": 2, "personal": 2, "unknown": 3}
    assert tenancy.personal(graph, APP) == (users[1].id, users[3].id)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("google_workspace", "chrome.CONTENT_TRANSFER")], "unknown"),
        ([("logs", "logs.proxy"), ("google_workspace", "chrome.CONTENT_TRANSFER")], "unknown"),
        ([("microsoft365", "GET /beta/security/dataDiscovery/cloudAppDiscovery/x")], "unknown"),
        ([("google_workspace", "token.authorize")], "corporate"),
        ([("google_workspace", "chrome.LOGIN_EVENT"), ("okta", "user.authentication.sso")],
         "corporate"),
        ([], "corporate"),
    ],
)  # fmt: skip
def test_who_visits_an_ai_has_not_said_with_which_account(
    rows: list[tuple[str, str]], told: str
) -> None:
    ann, own = _user("ann@acme.com"), _user("ann@gmail.com")
    seen = tuple(Evidence(rule=rule, source=source) for source, rule in rows)
    edges = [Edge(source=APP, target=one.id, relation=Relation.USED_BY, evidence=seen)
             for one in (ann, own)]  # fmt: skip
    boss = _user("boss@acme.com", kind="okta.user", evidence=LISTED)
    assert tenancy.at(_graph(boss, ann, own, *edges), APP) == {told: 1, "personal": 1}


def test_a_workspace_is_named_by_its_domain_and_without_a_directory_nothing_is_guessed() -> None:
    ann = _user("ann@acme.com")
    assert tenancy.at(_graph(*_uses(ann)), APP) == {"unknown": 1}
    domain = Account(
        id=NodeId("google_workspace:acme.com"), kind="google_workspace.domain", name="acme.com",
        provider="google",
    )  # fmt: skip
    assert tenancy.at(_graph(domain, *_uses(ann)), APP) == {"corporate": 1}
