"""The cascade of owners: its order, what is inherited, who has left, and how many are owned."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.assess.owning import coverage
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import OwnerBook, conflicts
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.rulebook.flows import FlowRules

SEEN = (Evidence(rule="r", source="t"),)


def _asset(ident: str, **fields: Any) -> Asset:
    return Asset(**{
        "id": NodeId(ident), "kind": "t.t", "asset_class": AssetClass.MODEL, "name": ident, **fields
    })  # fmt: skip


def _person(ident: str, email: str, kind: str = "okta.user", **fields: Any) -> Identity:
    return Identity(**{
        "id": NodeId(ident), "kind": kind, "name": ident, "email": email, "evidence": SEEN,
        "principal_type": PrincipalType.HUMAN, **fields,
    })  # fmt: skip


def _edge(source: str, relation: Relation, target: str, rule: str = "r", **fields: Any) -> Edge:
    return Edge(
        source=NodeId(source), target=NodeId(target), relation=relation,
        evidence=(Evidence(rule=rule, source="t"),), **fields,
    )  # fmt: skip


def _book(*facts: Fact) -> OwnerBook:
    return OwnerBook(AssetGraph((ShardId("s"), fact, True) for fact in facts))


def test_the_cascade_has_the_order_that_is_promised() -> None:
    book = _book(
        Account(id=NodeId("unit"), kind="t.unit", name="unit", provider="t",
                tags={"owner": "head"}),
        Account(id=NodeId("acc"), kind="t.acc", name="acc", provider="t",
                tags={"Owner": "dept", "CostCenter": "4711"}),
        _asset("repo", is_ai=False),
        _asset("ai", tags={"owner": "tagged"}, evidence=(
            Evidence(rule="r", source="t", author="author@x.example", commit="c" * 40),)),
        _person("maker", "maker@x.example"),
        _person("giver", "giver@x.example"),
        Identity(id=NodeId("forge:@acme/ml"), kind="github.team", name="ml",
                 principal_type=PrincipalType.TEAM),
        _edge("unit", Relation.CONTAINS, "acc"),
        _edge("acc", Relation.CONTAINS, "repo"),
        _edge("repo", Relation.CONTAINS, "ai"),
        _edge("repo", Relation.OWNED_BY, "mailto:code@x.example", "codeowners"),
        _edge("repo", Relation.OWNED_BY, "forge:@acme/ml"),
        _edge("repo", Relation.OWNED_BY, "mailto:often@x.example", "git-committer"),
        _edge("ai", Relation.CREATED_BY, "maker"),
        _edge("acc", Relation.OWNED_BY, "mailto:contact@x.example"),
        _edge("giver", Relation.GRANTS, "ai"),
    )  # fmt: skip

    claims = book.owners(NodeId("ai"), "registered")

    assert [(claim.basis, claim.owner) for claim in claims] == [
        ("tag", "tagged"),
        ("registry", "registered"),
        ("codeowners", "code@x.example"),
        ("repository-team", "ml"),
        ("creator", "maker@x.example"),
        ("git-committer", "often@x.example"),
        ("introduced-by", "author@x.example"),
        ("account-tag", "dept"),
        ("account-owner", "contact@x.example"),
        ("unit-owner", "head"),
        ("cost-centre", "cost centre 4711"),
        ("granted-by", "giver@x.example"),
    ]
    by_owner = {claim.owner: claim for claim in claims}
    assert by_owner["head"].via == ("unit", "acc", "repo", "ai")
    assert by_owner["tagged"].via == ()
    assert [claim.owner for claim in conflicts(claims)] == ["registered", "code@x.example", "ml"]


def test_a_leaver_owns_nothing_however_the_claim_is_written() -> None:
    book = _book(
        _asset("ai", tags={"owner": "Gone@x.example"}),
        _person("okta:1", "gone@x.example", is_active=False),
        _person("forge:@gone", "gone@x.example", kind="github.user"),
        _edge("ai", Relation.CREATED_BY, "forge:@gone"),
    )

    assert book.owners(NodeId("ai")) == ()
    assert [claim.basis for claim in book.leavers(NodeId("ai"))] == ["tag"]
    assert coverage([((), book.leavers(NodeId("ai")))]).left == 1


@pytest.mark.parametrize(
    ("written", "owns"),
    [
        ("Lena Berg", []),
        ("Berg, Lena", []),
        ("lena.berg", []),
        ("lena_berg_x_example", []),
        ("Lena Berg <lena.berg@x.example>", []),
        ("mailto:Lena.Berg@x.example", []),
        ("lena.berg+ai@x.example", []),
        ("lena.berg@x.example (ML)", []),
        ("ACME\\lena.berg", []),
        ("lena.berg@x.example, tom@x.example", ["tom@x.example"]),
        ("Lena Berg and Tom Day", ["Tom Day"]),
        ("Lena Berg/Tom Day", ["Tom Day"]),
        ("Lena Berg <lena@private.example>", []),
        ("Lena Berg (lena@private.example)", []),
        ("lena@private.example (Lena Berg)", []),
        ("Berg, Lena <lena@private.example>", []),
        ("tom@private.example, Lena Berg <lena@private.example>", ["tom@private.example"]),
        ("Lena Berg (ML)", []),
        ("ml-platform (Lena Berg)", []),
        ("owner: Lena Berg", []),
        ("CN=Lena Berg,OU=ML,DC=x,DC=example", []),
        ("Lena Berg, on leave", []),
        ("Lena Berg, R&D", []),
        ("Lena Berg, data-team", ["data-team"]),
        ("https://github.com/lena.berg", []),
        ("arn:aws:iam::1:user/lena.berg", []),
        ("https://github.com/tom-day", ["tom-day"]),
        ("https://chat.x.example/team/tom.day/", ["tom.day"]),
        ("Tom Day, R&D", ["Tom Day"]),
        ("Tom Day; Head of R&D", ["Tom Day"]),
        ("https://github.com/acme/nobody-known", ["https://github.com/acme/nobody-known"]),
        ("R&D", ["R&D"]),
        ("Priya Rao (lbrand)", ["Priya Rao (lbrand)"]),
        ("Berg & Sons", ["Berg & Sons"]),
        ("tom.day", ["tom.day"]),
        ("support", ["support"]),
    ],
)
def test_a_leaver_is_known_however_their_name_is_written(written: str, owns: list[str]) -> None:
    book = _book(
        _asset("ai", tags={"owner": written}),
        _person("okta:1", "lena.berg@x.example", name="Lena Berg", is_active=False),
        _person("okta:2", "tom@x.example", name="Tom Day"),
        _person("okta:3", "support@x.example", name="Support", is_active=False),
        _person("okta:4", "lbrand@x.example", name="Lea Brand", is_active=False),
        Identity(id=NodeId("t"), kind="github.team", name="data-team",
                 principal_type=PrincipalType.TEAM),
    )  # fmt: skip

    assert [claim.owner for claim in book.owners(NodeId("ai"))] == owns
    assert len(book.leavers(NodeId("ai"))) == ("erg" in written and "Sons" not in written)


def test_the_author_of_a_commit_has_left_whatever_address_they_wrote() -> None:
    said = Evidence(rule="r", source="t", author="Lena Berg <lena@private.example>", commit="c")
    book = _book(
        _asset("ai", evidence=(said,)),
        _person("okta:1", "lena.berg@x.example", name="Lena Berg", is_active=False),
    )

    assert book.owners(NodeId("ai")) == ()
    (claim,) = book.leavers(NodeId("ai"))
    assert claim.reason.endswith("it means lena.berg@x.example, who has left")


@pytest.mark.parametrize(
    ("name", "is_left"),
    [
        ("Jane Smith", False),
        ("Johanna Schmidt", False),
        ("John Smith", True),
        ("Smith, J.", True),
        ("John P. Sm\u00edth", True),
        ("jsmith", True),
        ("", True),
    ],
)
def test_a_login_is_nobody_s_who_has_another_full_name(name: str, is_left: bool) -> None:
    book = _book(
        _asset("ai"),
        _person("okta:1", "jsmith@x.example", name="John Smith", is_active=False),
        _person("forge:@jsmith", "", name=name, kind="github.user"),
        _edge("ai", Relation.OWNED_BY, "forge:@jsmith"),
    )

    assert bool(book.leavers(NodeId("ai"))) == is_left
    assert bool(book.owners(NodeId("ai"))) != is_left


def test_a_name_that_somebody_bears_who_is_still_there_is_no_leaver() -> None:
    book = _book(
        _asset("ai", tags={"owner": "Lena Berg"}),
        _person("okta:1", "lena.berg@x.example", name="Lena Berg", is_active=False),
        _person("okta:2", "lena.berg2@x.example", name="Lena Berg"),
    )

    assert [claim.owner for claim in book.owners(NodeId("ai"))] == ["Lena Berg"]


@pytest.mark.parametrize("kind", ["aws.identity_center_user", "google_workspace.user"])
def test_an_account_that_was_forgotten_keeps_nobody(kind: str) -> None:
    book = _book(
        _asset("ai", tags={"owner": "ada@x.example"}),
        _person("okta:1", "ada@x.example", is_active=False),
        _person("other:1", "ada@x.example", kind=kind),
    )

    assert book.owners(NodeId("ai")) == ()
    assert len(book.leavers(NodeId("ai"))) == 1


def test_which_directories_the_others_follow_is_data() -> None:
    facts: tuple[Fact, ...] = (
        _asset("ai", tags={"owner": "ada@x.example"}),
        _person("okta:1", "ada@x.example", is_active=False),
        _person("google:1", "ada@x.example", kind="google_workspace.user"),
    )
    rules = FlowRules(directories=(("google_workspace.*",), ("okta.*",)))
    graph = AssetGraph(((ShardId("s"), fact, True) for fact in facts), flows=rules)

    assert [claim.owner for claim in OwnerBook(graph).owners(NodeId("ai"))] == ["ada@x.example"]


def test_who_moved_to_another_directory_has_not_left() -> None:
    book = _book(
        _asset("ai", tags={"owner": "ada@x.example"}),
        _person("okta:1", "ada@x.example", is_active=False),
        _person("entra:1", "ada@x.example", kind="entra.user"),
    )

    assert [claim.owner for claim in book.owners(NodeId("ai"))] == ["ada@x.example"]


def test_a_person_is_told_with_their_team_where_one_source_says_one() -> None:
    team = {"kind": "github.team", "principal_type": PrincipalType.TEAM}
    facts = (
        _asset("ai", tags={"owner": "ada@x.example"}),
        _person("okta:1", "ada@x.example", tags={"department": "Research"}),
        _person("mailto:ada@x.example", "ada@x.example", kind="github.user"),
    )
    one = Identity(id=NodeId("t1"), name="ml-platform", **team)  # type: ignore[arg-type]
    two = Identity(id=NodeId("t2"), name="guild", **team)  # type: ignore[arg-type]
    first = _edge("t1", Relation.CONTAINS, "mailto:ada@x.example")
    second = _edge("t2", Relation.CONTAINS, "mailto:ada@x.example")

    assert _book(*facts).owners(NodeId("ai"))[0].team == "Research"
    assert _book(*facts, one, first).owners(NodeId("ai"))[0].team == "ml-platform"
    assert _book(*facts, one, two, first, second).owners(NodeId("ai"))[0].team == ""


def test_a_team_and_its_member_do_not_contradict_each_other() -> None:
    book = _book(
        _asset("ai", tags={"owner": "ada@x.example"}),
        _person("okta:1", "ada@x.example", tags={"department": "Research"}),
    )

    assert conflicts(book.owners(NodeId("ai"), "research")) == ()
    assert [c.owner for c in conflicts(book.owners(NodeId("ai"), "legal"))] == ["legal"]


def test_what_serves_or_made_a_thing_answers_for_it_with_the_way_told() -> None:
    book = _book(
        _asset("endpoint", tags={"owner": "fraud"}),
        _asset("config", is_ai=False),
        _asset("model"),
        _asset("job", tags={"owner": "trainers"}, is_ai=False),
        _edge("endpoint", Relation.CONFIGURED_BY, "config"),
        _edge("config", Relation.SERVES, "model"),
        _edge("model", Relation.CREATED_BY, "job"),
    )

    claims = book.owners(NodeId("model"))

    assert {(claim.owner, claim.basis, claim.via) for claim in claims} == {
        ("fraud", "related-owner", ("endpoint", "config", "model")),
        ("trainers", "related-owner", ("job", "model")),
    }
    assert book.owners(NodeId("endpoint"))[0].basis == "tag"
    assert not [c for c in book.owners(NodeId("endpoint")) if c.owner == "trainers"]


def test_an_owner_of_one_source_is_the_owner_of_the_thing_in_all() -> None:
    book = _book(
        _asset("git:r#endpoint/ai.x.example", kind="code.endpoint", name="ai.x.example",
               asset_class=AssetClass.MODEL_ENDPOINT),
        _asset("/subscriptions/1/ai", kind="azure.ai", aliases=("https://ai.x.example/",),
               asset_class=AssetClass.MODEL_ENDPOINT, tags={"owner": "platform"}, evidence=SEEN),
    )  # fmt: skip

    assert [c.owner for c in book.owners(NodeId("git:r#endpoint/ai.x.example"))] == ["platform"]


def test_a_program_that_made_it_comes_after_every_person() -> None:
    book = _book(
        _asset("ai", evidence=(
            Evidence(rule="r", source="t", author="ada@x.example", commit="c" * 40),)),
        _person("role", "", kind="aws.iam_role", principal_type=PrincipalType.SERVICE),
        _edge("ai", Relation.CREATED_BY, "role"),
    )  # fmt: skip

    assert [c.basis for c in book.owners(NodeId("ai"))] == ["introduced-by", "service-creator"]


def test_coverage_is_a_number_with_what_it_is_made_of() -> None:
    book = _book(
        _asset("a", tags={"owner": "one"}),
        _asset("b"),
        Credential(id=NodeId("k"), kind="credential.x", name="k", issuer="p", fingerprint="f"),
        _edge("k", Relation.STORED_IN, "a"),
    )
    found = coverage(
        (book.owners(NodeId(i)), book.leavers(NodeId(i))) for i in ("a", "b", "k")
    )  # fmt: skip

    assert (found.total, found.owned, found.basis) == (3, 2, {"holder-tag": 1, "tag": 1})
    assert round(found.share, 2) == 0.67


LEFT = _person("okta:1", "lena.berg@x.example", name="Lena Berg", is_active=False)


@pytest.mark.parametrize(
    "node",
    [
        _person("arn:aws:iam::1:user/lena.berg", "", kind="aws.iam_user", name="lena.berg"),
        _person("forge:@lena.berg", "", kind="github.user", name="Lena Berg"),
        _person("forge:@lena.berg", "", kind="github.user", name="lb"),
        _person("mailto:lena@private.example", "lena@private.example", kind="code.author",
                name="Lena Berg"),
        _person("arn:sts:Admin/lena.berg@x.example", "", kind="aws.assumed_role", name="Admin",
                principal_type=PrincipalType.SERVICE),
    ],
    ids=["iam user", "forge name", "forge login", "private mail", "session of a role"],
)  # fmt: skip
@pytest.mark.parametrize("relation", [Relation.CREATED_BY, Relation.OWNED_BY])
def test_a_leaver_owns_nothing_by_an_edge_to_another_account_of_theirs(
    node: Identity, relation: Relation
) -> None:
    book = _book(_asset("ai"), LEFT, node, _edge("ai", relation, node.id))

    assert book.owners(NodeId("ai")) == ()
    (claim,) = book.leavers(NodeId("ai"))
    assert "lena.berg@x.example, who has left" in claim.reason
    still = _person("okta:2", "l.berg@x.example", name="Lena Berg")
    namesake = _book(_asset("ai"), LEFT, still, node, _edge("ai", relation, node.id))
    if node.name == "Lena Berg":
        assert len(namesake.owners(NodeId("ai"))) == 1


def test_a_role_called_like_somebody_who_has_left_is_not_them() -> None:
    role = _person("role", "", kind="aws.iam_role", name="lena.berg",
                   principal_type=PrincipalType.SERVICE)  # fmt: skip
    book = _book(_asset("ai"), LEFT, role, _edge("ai", Relation.CREATED_BY, "role"))

    assert [claim.basis for claim in book.owners(NodeId("ai"))] == ["service-creator"]


def test_a_name_is_the_same_in_every_form_of_its_letters() -> None:
    left = _person("okta:1", "jm@x.example", name="Ju\u0308rgen Mu\u0308ller", is_active=False)
    book = _book(_asset("ai", tags={"owner": "J\u00fcrgen\u200b M\u00fcller"}), left)

    assert book.owners(NodeId("ai")) == ()
    assert len(book.leavers(NodeId("ai"))) == 1


@pytest.mark.parametrize(
    "text", ["unknown", "none", "-", "TBD", "n/a", "N.A.", "??", "<unassigned>", "Not_Assigned"]
)
def test_what_says_that_nobody_is_known_names_nobody(text: str) -> None:
    facts = (
        Account(id=NodeId("acc"), kind="t.acc", name="acc", provider="t",
                tags={"owner": text, "CostCenter": text}),
        _asset("ai", tags={"owner": text}, account="acc"),
    )  # fmt: skip

    assert _book(*facts).owners(NodeId("ai"), text) == ()
    team = Identity(id=NodeId("t"), kind="t.team", name="TBD", principal_type=PrincipalType.TEAM)
    named = _book(_asset("ai"), team, _edge("ai", Relation.OWNED_BY, "t"))
    assert [claim.owner for claim in named.owners(NodeId("ai"))] == ["TBD"]


PROGRAMS = [
    "noreply@anthropic.com", "cursoragent@cursor.com",
    "198982749+copilot@users.noreply.github.com", "project_12_bot_abc@noreply.gitlab.com",
    "action@github.com", "jenkins@localhost", "49699333+dependabot[bot]@users.noreply.github.com",
    "renovate-bot@x.example", "ci@x.example", "root@localhost.localdomain",
    "service_account_group_3_f0@noreply.gitlab.example", "@github-actions", "dependabot",
]  # fmt: skip


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_owns_nothing_by_tag_commit_or_edge(text: str) -> None:
    seen = (Evidence(rule="r", source="code", author=text, commit="c" * 40),)
    author = _person(f"mailto:{text}", text if "@" in text[1:] else "", kind="code.author",
                     name=text)  # fmt: skip
    book = _book(
        _asset("ai", tags={"owner": text}, evidence=seen), author,
        _edge("ai", Relation.OWNED_BY, author.id, rule="git-committer"),
        _edge("ai", Relation.CREATED_BY, author.id),
    )  # fmt: skip

    assert book.owners(NodeId("ai")) == ()


@pytest.mark.parametrize(
    "text",
    ["ada@x.example", "12+ada@users.noreply.github.com", "travis@x.example", "abbot@x.example",
     "claude.dubois@x.example", "123-ada@users.noreply.gitlab.com", "action-team@x.example"],
)  # fmt: skip
def test_people_whose_addresses_look_like_programs_own(text: str) -> None:
    assert [c.owner for c in _book(_asset("ai", tags={"owner": text})).owners(NodeId("ai"))] == [
        text
    ]


def test_somebody_to_ask_is_counted_apart_from_owners() -> None:
    committer = _edge("ai", Relation.OWNED_BY, "mailto:ada@x.example", rule="git-committer")
    book = _book(_asset("ai"), committer, _asset("b", tags={"owner": "info@x.example"}))
    found = coverage((book.owners(NodeId(i)), ()) for i in ("ai", "b"))

    assert (found.total, found.owned, found.guessed, found.share) == (2, 0, 1, 0.0)
