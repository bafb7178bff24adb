"""What one person or place takes back ends nobody else's access, by the logs of the sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from connectors.asana import event as asana
from connectors.atlassian.events import event as atlassian
from connectors.atlassian.events import jira
from connectors.auth0.events import event as auth0
from connectors.dropbox.records import event as dropbox
from connectors.dropbox.records import row as dropbox_row
from connectors.entra.events import audit as entra
from connectors.github.audit import Reader
from connectors.google_workspace.events import happened as google
from connectors.jumpcloud.records import event as jumpcloud
from connectors.microsoft365.events import happened as microsoft365
from connectors.okta.events import Aggregate
from connectors.onelogin import event as onelogin
from connectors.pingone.records import event as pingone
from connectors.zendesk.records import event as zendesk
from connectors.zendesk.records import row as zendesk_row
from connectors.zoom.events import operation as zoom
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.folding import Fold
from scanner.kit.forge.details import Where
from scanner.kit.forge.events import Rows
from scanner.kit.named import gone
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook

Event = tuple[str, str, str]
"""What was done, by whom and where."""


def _one(record: Any, domain: str) -> Any:
    (event,) = google(record, domain) or ()
    return event


def _google(at: str, what: str, who: str, where: str) -> Any:
    told: dict[str, str] = {"client_id": "c1", "app_name": "Otter.ai"}
    report = "token"
    if what.isupper():
        report = "admin"
        told = {"OAUTH2_APP_ID": "c1", "OAUTH2_APP_NAME": "Otter.ai", "API_CLIENT_NAME": "c1",
                "ORG_UNIT_NAME": where}  # fmt: skip
    return _one(
        {
            "id": {"time": at, "uniqueQualifier": at, "applicationName": report},
            "actor": {"email": f"{who}@acme.com", "profileId": who},
            "events": [{"name": what, "parameters": [
                {"name": name, "value": value} for name, value in told.items()]}],
        },
        "acme.com",
    )  # fmt: skip


def _dropbox(at: str, what: str, who: str, _: str) -> Any:
    user = {".tag": "team_member", "team_member_id": who}
    return dropbox(
        {
            "timestamp": at, "event_type": {".tag": what}, "event_category": {".tag": "apps"},
            "actor": {".tag": "user", "user": user},
            "details": {"app_info": {"app_id": "c1", "display_name": "Claude"}},
        },
        "acme",
    )  # fmt: skip


def _atlassian(at: str, what: str, who: str, where: str) -> Any:
    site = [{"id": where, "type": "sites"}] if where else []
    return atlassian(
        {
            "id": at,
            "attributes": {
                "time": at, "action": what, "actor": {"id": who}, "container": site,
                "context": [{"id": "c1", "type": "app", "attributes": {"name": "Claude"}}],
            },
        },
        "acme",
    )  # fmt: skip


def _entra(at: str, what: str, who: str, _: str) -> Any:
    scope = [{"displayName": "DelegatedPermissionGrant.Scope", "newValue": '"Calendars.Read"'}]
    return entra(
        {
            "id": at, "activityDisplayName": what, "activityDateTime": at, "result": "success",
            "initiatedBy": {"user": {"id": who, "userPrincipalName": f"{who}@acme.com"}},
            "targetResources": [{"id": "sp1", "type": "ServicePrincipal", "displayName": "Otter.ai",
                                 "modifiedProperties": scope if "onsent" in what else []}],
        },
        "acme", lambda _: None,
    )  # fmt: skip


def _okta(at: str, what: str, who: str, _: str) -> Any:
    found = Aggregate("acme.okta.com")
    found.add(
        {
            "uuid": at, "eventType": what, "published": at, "outcome": {"result": "SUCCESS"},
            "actor": {"id": who, "type": "User", "alternateId": f"{who}@acme.com"},
            "target": [{"id": "c1", "type": "AppInstance", "displayName": "Claude"}],
        }
    )  # fmt: skip
    return at, at, tuple(found.rows.values())


def _github(at: str, what: str, who: str, _: str) -> Any:
    org = NodeId("github:github.com/acme")
    where = Where("github", "github.com", org, org, "acme", {}, lambda *_: ())
    event = Reader(where).event(
        {"action": what, "actor": who, "name": "Claude", "created_at": at, "_document_id": at}
    )
    assert event is not None
    rows = Rows(where)
    rows.add(event)
    return at, at, tuple(rows.found.values())


@pytest.mark.parametrize(
    ("told", "granted", "ending", "left"),
    [
        (_google, "authorize", ("revoke", "ann", ""), {"ben"}),
        (_google, "authorize", ("REMOVE_API_CLIENT_ACCESS", "adm", ""), {"ann", "ben"}),
        (_google, "authorize", ("ADD_TO_BLOCKED_OAUTH2_APPS", "adm", "Sales"), {"ann", "ben"}),
        (_google, "authorize", ("ADD_TO_BLOCKED_OAUTH2_APPS", "adm", "acme.com"), set()),
        (_dropbox, "app_link_user", ("app_unlink_user", "ann", ""), {"ben"}),
        (_dropbox, "app_link_user", ("app_unlink_team", "adm", ""), {"ann", "ben"}),
        (_dropbox, "app_link_member", ("app_unlink_member", "ann", ""), {"ben"}),
        (_entra, "Consent to application", ("Remove service principal", "adm", ""), set()),
        (_entra, "Consent to application", ("Disable service principal", "adm", ""), set()),
        (_entra, "Consent to application", ("Hard delete service principal", "adm", ""), set()),
        (_entra, "Consent to application", ("Enable service principal", "adm", ""), {"ann", "ben"}),
        (
            _okta,
            "app.oauth2.as.consent.grant",
            ("application.lifecycle.deactivate", "adm", ""),
            set(),
        ),
        (
            _okta,
            "app.oauth2.as.consent.grant",
            ("application.lifecycle.activate", "adm", ""),
            {"ann", "ben"},
        ),
        (
            _github,
            "oauth_authorization.create",
            ("oauth_authorization.destroy", "ann", ""),
            {"ben"},
        ),
        (
            _github,
            "integration_installation.create",
            ("integration_installation.destroy", "adm", ""),
            set(),
        ),
        (
            _github,
            "integration_installation.create",
            ("integration_installation.suspend", "adm", ""),
            set(),
        ),
        (_dropbox, "app_link_team", ("app_unlink_team", "adm", ""), set()),
        (_atlassian, "app_installed", ("app_uninstalled", "adm", "s1"), {"ben"}),
        (_atlassian, "app_installed", ("app_uninstalled", "adm", ""), {"ann", "ben"}),
    ],
    ids=lambda one: "" if callable(one) else str(sorted(one) if isinstance(one, set) else one),
)
def test_who_is_left(
    told: Callable[..., Any], granted: str, ending: Event, left: set[str], rulebook: Rulebook
) -> None:
    events = (granted, "ann", "s1"), (granted, "ben", "s2"), ending
    fold, catalogue = Fold(), Catalogue(rulebook)
    for day, one in enumerate(events, start=1):
        happened = told(f"2026-11-{day:02}T09:00:00Z", *one)
        for activity in happened[2]:
            fold.add(activity)
    source = told.__name__.strip("_")
    facts = [
        (ShardId("x:log"), fact, True)
        for one in fold.take() if isinstance(one, Activity)
        for fact in facts_of(one, catalogue, source)
    ]  # fmt: skip
    edges = AssetGraph(facts).edges.values()
    named = (one.source.rpartition("/")[2] for one in edges if one.relation is Relation.GRANTS)
    assert {one.removeprefix("forge:@").partition("@")[0] for one in named} == left


@pytest.mark.parametrize(
    ("told", "granted", "pauses", "resumes"),
    [
        (_entra, "Consent to application", "Disable service principal",
         "Enable service principal"),
        (_entra, "Consent to application", "Remove service principal",
         "Restore service principal"),
        (_okta, "app.oauth2.as.consent.grant", "application.lifecycle.deactivate",
         "application.lifecycle.activate"),
        (_github, "integration_installation.create", "integration_installation.suspend",
         "integration_installation.unsuspend"),
    ],
)  # fmt: skip
def test_what_is_enabled_again_stands_again_with_what_it_had(
    told: Callable[..., Any], granted: str, pauses: str, resumes: str, rulebook: Rulebook
) -> None:
    names = (granted, pauses, resumes, pauses)
    events = [told(f"2026-11-0{n}T09:00:00Z", name, "ann", "") for n, name in enumerate(names, 1)]
    for count, stands in ((1, True), (2, False), (3, True), (4, False)):
        for order in (events[:count], events[:count][::-1]):
            graph = _graph_of(told.__name__.strip("_"), order, rulebook)
            is_there = any(one.relation is Relation.GRANTS for one in graph.edges.values())
            assert is_there is stands


def _seat(day: int, what: str, user: str = "") -> Any:
    """Of Copilot, dealt with by the administrator adm."""
    at = f"2026-11-{day:02}T09:00:00Z"
    org = NodeId("github:github.com/acme")
    where = Where("github", "github.com", org, org, "acme", {}, lambda *_: ())
    event = Reader(where).event(
        {"action": f"copilot.{what}", "actor": "adm", "user": user, "created_at": at,
         "_document_id": f"{at}{user}"}
    )  # fmt: skip
    assert event is not None
    rows = Rows(where)
    rows.add(event)
    return at, at, tuple(rows.found.values())


@pytest.mark.parametrize(
    ("ending", "left"),
    [
        ((), {"ann", "ben"}),
        (("cfb_seat_cancelled", "ann"), {"ben"}),
        (("cfb_seat_cancelled_by_staff", "ann"), {"ben"}),
        (("cfb_seat_assignment_unassigned", "ann"), {"ben"}),
        (("cfb_seat_cancelled", ""), {"ann", "ben"}),
        (("access_revoked", ""), set()),
    ],
)
def test_a_seat_of_copilot_is_no_use_and_ends_when_it_is_taken_away(
    ending: tuple[str, str] | tuple[()], left: set[str], rulebook: Rulebook
) -> None:
    given = ("cfb_seat_assignment_created", "ann"), ("cfb_seat_added", "ben")
    events = [_seat(1, *one) for one in given]
    events += [_seat(2, *ending)] if ending else []
    for order in (events, events[::-1]):
        graph = _graph_of("github", order, rulebook)
        edges = graph.edges.values()
        assert not [one for one in edges if one.relation is Relation.USED_BY]
        holders = {one.source for one in edges if one.relation is Relation.GRANTS}
        assert holders == {f"forge:@{one}" for one in left}
        assert "github:github.com/acme/copilot" in graph.nodes


@pytest.mark.parametrize("what", ["content_exclusion_changed", "cfb_seat_management_changed",
                                  "cfb_org_settings_changed", "cfb_seat_added"])  # fmt: skip
def test_what_an_administrator_sets_of_copilot_is_nobodys_use(
    what: str, rulebook: Rulebook
) -> None:
    graph = _graph_of("github", [_seat(1, what)], rulebook)
    copilot = graph.nodes[NodeId("github:github.com/acme/copilot")]
    assert isinstance(copilot, Asset)
    assert copilot.is_ai
    relations = {one.relation for one in graph.edges.values()}
    assert relations == {Relation.CONTAINS, Relation.CALLS}


def _graph_of(source: str, happened: Iterable[Any], rulebook: Rulebook) -> AssetGraph:
    fold, catalogue = Fold(), Catalogue(rulebook)
    for event in happened:
        for activity in event[2]:
            fold.add(activity)
    return AssetGraph(
        (ShardId("x:log"), fact, True)
        for one in fold.take() if isinstance(one, Activity)
        for fact in facts_of(one, catalogue, source)
    )  # fmt: skip


def test_what_was_taken_back_does_not_come_with_a_narrower_consent(rulebook: Rulebook) -> None:
    def consent(day: int, name: str, *scopes: str) -> Any:
        at = f"2026-11-{day:02}T09:00:00Z"
        return _one(
            {
                "id": {"time": at, "uniqueQualifier": at, "applicationName": "token"},
                "actor": {"email": "ann@acme.com", "profileId": "ann"},
                "events": [{"name": name, "parameters": [
                    {"name": "client_id", "value": "c1"}, {"name": "app_name", "value": "ChatGPT"},
                    {"name": "scope", "multiValue": list(scopes)}]}],
            },
            "acme.com",
        )  # fmt: skip

    events = [
        consent(
            1, "authorize", "https://mail.google.com/", "https://www.googleapis.com/auth/drive"
        ),
        consent(2, "revoke", "https://mail.google.com/", "https://www.googleapis.com/auth/drive"),
        consent(3, "authorize", "openid"),
    ]
    for order in (events, events[::-1]):
        edges = _graph_of("google_workspace", order, rulebook).edges.values()
        assert {one.relation for one in edges} & {Relation.READS_FROM, Relation.WRITES_TO} == set()
        (grant,) = (one for one in edges if one.relation is Relation.GRANTS)
        assert grant.detail == "openid"
    added = [events[0], consent(2, "authorize", "openid")]  # nothing was taken back
    for order in (added, added[::-1]):
        edges = _graph_of("google_workspace", order, rulebook).edges.values()
        (grant,) = (one for one in edges if one.relation is Relation.GRANTS)
        assert len(grant.detail.split()) == 3
    before = _graph_of("google_workspace", events[:1], rulebook).edges.values()
    assert {one.relation for one in before} >= {Relation.READS_FROM, Relation.WRITES_TO}


@pytest.mark.parametrize(
    ("rule", "is_end"),
    [
        ("audit.Remove service principal", True), ("audit.Hard delete service principal", True),
        ("audit.Delete application", True), ("Remove service principal.", True),
        ("audit.Remove service principal credentials", False),
        ("audit.Delete application password for user", False),
        ("audit.Update application", False),
    ],
)  # fmt: skip
def test_an_application_that_an_administrator_removes_from_entra_is_gone(
    rulebook: Rulebook, rule: str, is_end: bool
) -> None:
    admin, ann = (
        Identity(id=NodeId(f"entra:acme/user/{name}"), kind="entra.user", name=name,
                 principal_type=PrincipalType.HUMAN)
        for name in ("admin", "ann")
    )  # fmt: skip
    consent, removal = (
        Activity(
            rule=what, actor=who, relation=relation, first_at=at, last_at=at, label="Otter.ai",
            account=NodeId("entra:acme"), app_id=NodeId("entra:acme/app/1"),
        )
        for what, who, relation, at in (
            ("audit.Consent to application", ann, "grants", "2026-11-01T09:00:00Z"),
            (rule, admin, "", "2026-11-03T09:00:00Z"),
        )
    )  # fmt: skip
    graph = _graph_of("entra", [("", "", (consent, removal))], rulebook)
    stands = any(one.relation is Relation.GRANTS for one in graph.edges.values())
    assert stands is not is_end


def _left_google(at: str, what: str) -> Any:
    return _one(
        {
            "id": {"time": at, "uniqueQualifier": at, "applicationName": "admin"},
            "actor": {"email": "adm@acme.com", "profileId": "adm"},
            "events": [{"type": "USER_SETTINGS", "name": what,
                        "parameters": [{"name": "USER_EMAIL", "value": "ann@acme.com"}]}],
        },
        "acme.com",
    )  # fmt: skip


def _left_okta(at: str, what: str) -> Any:
    found = Aggregate("acme.okta.com")
    found.add(
        {
            "uuid": at, "eventType": what, "published": at, "outcome": {"result": "SUCCESS"},
            "actor": {"id": "adm", "type": "User", "alternateId": "adm@acme.com"},
            "target": [{"id": "ann", "type": "User", "alternateId": "ann@acme.com"}],
        }
    )  # fmt: skip
    return at, at, tuple(found.rows.values())


def _left_entra(at: str, what: str) -> Any:
    return entra(
        {
            "id": at, "activityDisplayName": what, "activityDateTime": at, "result": "success",
            "initiatedBy": {"user": {"id": "adm", "userPrincipalName": "adm@acme.com"}},
            "targetResources": [{"id": "ann", "type": "User", "userPrincipalName": "ann@acme.com",
                                 "modifiedProperties": []}],
        },
        "acme", lambda _: None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("granting", "granted", "leaving", "ending", "resuming"),
    [
        (_google, "authorize", _left_google, "SUSPEND_USER", "UNSUSPEND_USER"),
        (_google, "authorize", _left_google, "ARCHIVE_USER", "UNARCHIVE_USER"),
        (_google, "authorize", _left_google, "DELETE_USER", "UNDELETE_USER"),
        (_okta, "app.oauth2.as.consent.grant", _left_okta, "user.lifecycle.suspend",
         "user.lifecycle.unsuspend"),
        (_okta, "app.oauth2.as.consent.grant", _left_okta, "user.lifecycle.deactivate", ""),
        (_okta, "app.oauth2.as.consent.grant", _left_okta, "user.lifecycle.delete.initiated", ""),
        (_entra, "Consent to application", _left_entra, "Disable account", "Enable account"),
        (_entra, "Consent to application", _left_entra, "Delete user", "Restore user"),
        (_entra, "Consent to application", _left_entra, "Hard Delete user", ""),
    ],
)  # fmt: skip
def test_with_a_person_who_is_let_in_no_more_ends_what_that_person_has_let_in(
    granting: Callable[..., Any], granted: str, leaving: Callable[..., Any], ending: str,
    resuming: str, rulebook: Rulebook,
) -> None:  # fmt: skip
    source = granting.__name__.strip("_").replace("google", "google_workspace")
    events = [
        granting("2026-11-01T09:00:00Z", granted, "ann", ""),
        granting("2026-11-02T09:00:00Z", granted, "ben", ""),
        leaving("2026-11-03T09:00:00Z", ending),
    ]
    names = {True: {"ann", "ben"}, False: {"ben"}}
    for more, is_back in (([], False), ([resuming], True)) if resuming else (([], False),):
        told = [*events, *(leaving("2026-11-04T09:00:00Z", name) for name in more)]
        for order in (told, told[::-1]):
            edges = _graph_of(source, order, rulebook).edges.values()
            whose = {
                one.source.rpartition("/")[2].partition("@")[0]
                for one in edges if one.relation is Relation.GRANTS
            }  # fmt: skip
            assert whose == names[is_back]
            assert not [one for one in edges if one.target.endswith(("/ann", "/ann@acme.com"))
                        and one.relation is Relation.CONTAINS]  # fmt: skip


@pytest.mark.parametrize(
    "granted",
    [
        lambda: _google("2026-11-01T09:00:00Z", "ADD_TO_TRUSTED_OAUTH2_APPS", "ann", "acme.com"),
        lambda: _okta("2026-11-01T09:00:00Z", "app.oauth2.admin.consent.grant", "ann", ""),
        lambda: _entra(
            "2026-11-01T09:00:00Z", "Add app role assignment to service principal", "ann", ""
        ),
        lambda: auth0(
            {"type": "sapi", "date": "2026-11-01T09:00:00Z", "log_id": "1",
             "description": "Create a client grant", "details": {
                 "request": {"method": "post", "path": "/api/v2/client-grants",
                             "auth": {"user": {"user_id": "ann"}},
                             "body": {"client_id": "c1", "audience": "https://api.acme.com",
                                      "scope": ["read:users"]}},
                 "response": {"body": {"name": "Claude"}}}},
            "acme",
        ),
    ],
)  # fmt: skip
def test_what_an_administrator_has_let_in_for_others_stays_when_the_administrator_goes(
    granted: Callable[[], Any], rulebook: Rulebook
) -> None:
    event = granted()
    whose = next(one.actor for one in event[2] if one.actor)
    account = event[2][0].account
    left = gone(account, "user.lifecycle.deactivate", whose, Ends.ALL, "2026-11-03T09:00:00Z")
    edges = _graph_of("x", [event, ("", "", left)], rulebook).edges.values()
    assert [one for one in edges if one.relation is Relation.GRANTS]


def test_what_a_person_grants_after_coming_back_stands(rulebook: Rulebook) -> None:
    events = [
        _okta("2026-11-01T09:00:00Z", "app.oauth2.as.consent.grant", "ann", ""),
        _left_okta("2026-11-02T09:00:00Z", "user.lifecycle.deactivate"),
        _okta("2026-11-03T09:00:00Z", "app.oauth2.as.consent.grant", "ann", ""),
    ]
    for count, stands in ((1, True), (2, False), (3, True)):
        edges = _graph_of("okta", events[:count], rulebook).edges.values()
        assert any(one.relation is Relation.GRANTS for one in edges) is stands


OF_PEOPLE = [
    (
        onelogin,
        {"event_type_id": 15, "user_id": 7, "user_name": "Ann", "actor_user_id": 1,
         "created_at": "2026-11-03T09:00:00Z"},
        Ends.PAUSED, "7",
    ),
    (
        onelogin,
        {"event_type_id": "17", "user_id": 7, "created_at": "2026-11-03T09:00:00Z"},
        Ends.ALL, "7",
    ),
    (
        jumpcloud,
        {"event_type": "user_delete", "timestamp": "2026-11-03T09:00:00Z", "success": True,
         "resource": {"id": "7", "type": "user", "username": "ann"}},
        Ends.ALL, "7",
    ),
    (
        jumpcloud,
        {"event_type": "user_update", "timestamp": "2026-11-03T09:00:00Z", "success": True,
         "changes": [{"field": "suspended", "from": False, "to": True}],
         "resource": {"id": "7", "type": "user", "username": "ann"}},
        Ends.PAUSED, "7",
    ),
    (
        jumpcloud,
        {"event_type": "user_update", "timestamp": "2026-11-03T09:00:00Z", "success": True,
         "changes": [{"field": "state", "from": "SUSPENDED", "to": "ACTIVATED"}],
         "resource": {"id": "7", "type": "user", "username": "ann"}},
        Ends.RESUMED, "7",
    ),
    (
        auth0,
        {"type": "sdu", "date": "2026-11-03T09:00:00Z", "log_id": "1", "user_id": "auth0|7"},
        Ends.ALL, "auth0|7",
    ),
    (
        auth0,
        {"type": "sapi", "date": "2026-11-03T09:00:00Z", "log_id": "1",
         "description": "Delete a User", "user_id": "google-apps|adm@acme.com",
         "details": {"request": {"method": "delete", "path": "/api/v2/users/auth0%7C7",
                                 "body": {}}, "response": {"statusCode": 204, "body": {}}}},
        Ends.ALL, "auth0|7",
    ),
    (
        auth0,
        {"type": "sapi", "date": "2026-11-03T09:00:00Z", "log_id": "1",
         "description": "Update a User", "details": {"request": {
             "method": "patch", "path": "/api/v2/users/auth0%7C7", "body": {"blocked": True}}}},
        Ends.PAUSED, "auth0|7",
    ),
    (
        auth0,
        {"type": "sapi", "date": "2026-11-03T09:00:00Z", "log_id": "1",
         "description": "Delete a Client", "details": {"request": {
             "method": "delete", "path": "/api/v2/clients/c1", "body": {}}}},
        Ends.ALL, "c1",
    ),
    (
        pingone,
        {"id": "1", "recordedAt": "2026-11-03T09:00:00Z", "action": {"type": "USER.DELETED"},
         "actors": {"user": {"id": "1"}}, "result": {"status": "SUCCESS"},
         "resources": [{"type": "USER", "id": "7", "name": "ann"}]},
        Ends.ALL, "7",
    ),
    (
        microsoft365,
        {"Id": "1", "CreationTime": "2026-11-03T09:00:00", "Operation": "Disable account.",
         "ResultStatus": "Success", "UserId": "adm@acme.com", "ObjectId": "ann@acme.com",
         "Target": [], "ModifiedProperties": []},
        Ends.PAUSED, "ann@acme.com",
    ),
]  # fmt: skip
"""By https://developers.onelogin.com/api-docs/1/events/event-resource,
https://docs.jumpcloud.com/api/insights/directory/1.0/index.html,
https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes and
https://developer.pingidentity.com/pingone-api/platform/audit-activities.html."""


@pytest.mark.parametrize(("read", "record", "ends", "whom"), OF_PEOPLE)
def test_other_sources_tell_who_is_let_in_no_more(
    read: Callable[..., Any], record: dict[str, Any], ends: Ends, whom: str, rulebook: Rulebook
) -> None:
    _, at, (one,) = read(record, "acme")
    assert at == "2026-11-03T09:00:00Z"
    (edge,) = facts_of(one, Catalogue(rulebook), "x")
    assert isinstance(edge, Edge)
    assert edge.target.endswith(f"/{whom}")
    assert [(row.ends, row.last_at) for row in edge.evidence] == [(ends, at)]


def _zoom(day: int, who: str, detail: str) -> Any:
    return zoom(
        {"time": f"2026-11-{day:02}T09:00:00Z", "operator": f"{who}@acme.com", "action": "Update",
         "category_type": "Account", "operation_detail": detail},
        "acme",
    )  # fmt: skip


def _zendesk(day: int, who: str, done: str, item: str = "App: Claude") -> Any:
    return zendesk(
        {"id": str(day), "created_at": f"2026-11-{day:02}T09:00:00Z", "actor_id": who,
         "action": done, "source_label": item,
         "source_type": "oauth_token" if "Token" in item else "apps/installation"},
        "acme",
    )  # fmt: skip


def _zendesk_row(day: int, who: str, done: str) -> Any:
    return zendesk_row(
        {"Time": f"2026-11-{day:02}T09:00:00Z", "Actor": who, "Item": "App: Claude",
         "Activity": done},
        "acme",
    )  # fmt: skip


def _dropbox_row(day: int, who: str, done: str) -> Any:
    return dropbox_row(
        {"Date": f"2026-11-{day:02}T09:00:00Z", "Member": f"{who}@acme.com", "Activity": done,
         "Content": "Claude"},
        "acme",
    )  # fmt: skip


def _jira(day: int, who: str, summary: str) -> Any:
    return jira(
        {"id": day, "created": f"2026-11-{day:02}T09:00:00.000+0000", "summary": summary,
         "authorAccountId": who, "category": "apps",
         "objectItem": {"id": "c1", "name": "Claude", "typeName": "APP"}},
        "acme",
    )  # fmt: skip


def _asana(day: int, who: str, kind: str) -> Any:
    return asana(
        {"gid": f"{day}", "created_at": f"2026-11-{day:02}T09:00:00Z", "event_type": kind,
         "event_category": "apps", "actor": {"actor_type": "user", "gid": who},
         "resource": {"resource_type": "app", "gid": "c1", "name": "Claude"}},
        "acme",
    )  # fmt: skip


_ON, _OFF = "from Off to On", "from On to Off"


@pytest.mark.parametrize(
    ("told", "granted", "ending", "left"),
    [
        (_zoom, (f"Meeting Summary with AI Companion: {_ON}",),
         (f"Meeting Summary with AI Companion: {_OFF}",), set()),
        (_zoom, (f"Meeting Summary with AI Companion: {_ON}",),
         (f"AI Companion for Team Chat: {_OFF}",), {"ann", "ben"}),
        (_zoom, (f"Meeting Summary with AI Companion: {_ON}",),
         ("Meeting Summary with AI Companion: retention from 7 to 30",), {"ann", "ben"}),
        (_zendesk, ("create",), ("destroy",), set()),
        (_zendesk, ("create", "Token: Claude"), ("destroy", "Token: Claude"), {"ann", "ben"}),
        (_zendesk_row, ("Created",), ("Deleted",), set()),
        (_zendesk_row, ("Created",), ("Uninstalled",), set()),
        (_dropbox_row, ("Linked app for team",), ("Unlinked app for team",), set()),
        (_dropbox_row, ("Linked app",), ("Unlinked app for team",), {"ann", "ben"}),
        (_dropbox_row, ("Linked app",), ("Unlinked app",), {"ann", "ben"}),
        (_jira, ("App installed",), ("App uninstalled",), set()),
        (_asana, ("app_authorized",), ("app_blocked",), set()),
        (_asana, ("app_authorized",), ("app_unblocked",), {"ann", "ben"}),
    ],
)  # fmt: skip
def test_what_an_administrator_ends_ends_as_widely_as_it_holds(
    told: Callable[..., Any], granted: tuple[str, ...], ending: tuple[str, ...], left: set[str],
    rulebook: Rulebook,
) -> None:  # fmt: skip
    events = [told(1, "ann", *granted), told(2, "ben", *granted), told(3, "adm", *ending)]
    for order in (events, events[::-1]):
        edges = _graph_of("x", order, rulebook).edges.values()
        whose = {
            one.source.rpartition("/")[2].partition("@")[0]
            for one in edges if one.relation is Relation.GRANTS
        }  # fmt: skip
        assert whose == left


def _updated(day: int, is_suspended: bool) -> Any:
    return jumpcloud(
        {"event_type": "user_update", "timestamp": f"2026-11-{day:02}T09:00:00Z", "id": f"{day}",
         "changes": [{"field": "suspended", "from": not is_suspended, "to": is_suspended}],
         "success": True, "resource": {"id": "7", "type": "user", "username": "ann"}},
        "acme",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "stands"),
    [((True,), False), ((True, False), True), ((True, False, True), False),
     ((False, True), False), ((True, False, True, False), True)],
)  # fmt: skip
def test_one_type_of_event_that_tells_of_an_end_and_of_its_being_taken_back_keeps_both(
    days: tuple[bool, ...], stands: bool, rulebook: Rulebook
) -> None:
    granted = jumpcloud(
        {"event_type": "association_change", "timestamp": "2026-11-01T09:00:00Z", "id": "g",
         "association": {"op": "add", "connection": {
             "from": {"type": "user", "object_id": "7"},
             "to": {"type": "application", "object_id": "c1", "name": "Claude"}}}},
        "acme",
    )  # fmt: skip
    events = [granted, *(_updated(day, one) for day, one in enumerate(days, 2))]
    for order in (events, events[::-1]):
        edges = _graph_of("jumpcloud", order, rulebook).edges.values()
        assert any(one.relation is Relation.GRANTS for one in edges) is stands


def test_what_one_administrator_switches_on_and_off_is_off(rulebook: Rulebook) -> None:
    what = "Meeting Summary with AI Companion"
    events = [_zoom(1, "adm", f"{what}: {_ON}"), _zoom(2, "adm", f"{what}: {_OFF}")]
    for order in (events, events[::-1]):
        edges = _graph_of("zoom", order, rulebook).edges.values()
        assert not [one for one in edges if one.relation is Relation.GRANTS]
