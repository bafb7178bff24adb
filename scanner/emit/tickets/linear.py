"""Linear, by its GraphQL API.

https://linear.app/developers/graphql; names by the published schema
(https://github.com/linear/linear, packages/sdk/src/schema.graphql). Linear takes the ids of new
issues and comments from the caller: ours are made of what they are about, so that none can be made
twice. Its Markdown keeps no hidden mark, so the description names the key; it stays as it was made.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import requests

from scanner.emit.tickets import markdown
from scanner.emit.tickets.content import Routing, Ticket, rows
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import (
    Busy,
    Made,
    Refused,
    SinkError,
    There,
    Unclear,
    Wrote,
    marks,
    mildest,
)

_REFERENCES = "@#"
_PAGE = 100
_MARKS = 20
"""Keys that one query names; of one key there are few issues."""
_PRIORITY = {"critical": 1, "high": 2, "medium": 3, "low": 4, "info": 0}
_DONE = ("completed", "canceled", "duplicate")

_STATES = """query States($ids: [ID!]!) {
  issues(filter: {id: {in: $ids}}, includeArchived: true, first: 100) {
    nodes { id url trashed title priority dueDate state { type } } } }"""
_FIND = """query Find($team: String!, $marks: [IssueFilter!]!) {
  issues(filter: {team: {key: {eq: $team}}, or: $marks}, includeArchived: true,
         orderBy: createdAt, first: 100) {
    nodes { id url trashed description priority state { type } } } }"""
_TEAM = """query Team($key: String!) {
  teams(filter: {key: {eq: $key}}, first: 1) { nodes { id } } }"""
_WORKFLOW = """query Workflow($team: ID!) {
  workflowStates(filter: {team: {id: {eq: $team}}}, first: 100) {
    nodes { id name type position } } }"""
_USER = """query User($email: String!) {
  users(filter: {email: {eq: $email}, active: {eq: true}}, first: 2) { nodes { id } } }"""
_LABELS = """query Labels($names: [String!]!) {
  issueLabels(filter: {name: {in: $names}}, first: 100) { nodes { id name } } }"""
_SAID = """query Said($id: ID!) {
  comments(filter: {id: {eq: $id}}, first: 1) { nodes { id } } }"""
_COMMENTS = """query Comments($issue: ID!, $after: String) {
  comments(filter: {issue: {id: {eq: $issue}}}, first: 100, after: $after) {
    nodes { id body createdAt } pageInfo { endCursor hasNextPage } } }"""
_CREATE = """mutation issueCreate($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { id url } } }"""
_UPDATE = """mutation issueUpdate($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success } }"""
_COMMENT = """mutation commentCreate($input: CommentCreateInput!) {
  commentCreate(input: $input) { success } }"""


class LinearConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    team: str
    """Key of the team, such as SEC."""
    url: str = "https://api.linear.app"
    close_state: str = ""
    """Name of the state that closes; empty: the team's first completed one."""
    reopen_state: str = ""
    """Empty: the first unstarted one, else of the backlog."""


def rate_limited(answer: requests.Response) -> bool:
    """https://linear.app/developers/rate-limiting: HTTP 400 with a code in the body."""
    return answer.status_code == 400 and '"RATELIMITED"' in answer.text


class LinearSink:
    two_way = True
    settles = timedelta(minutes=1)

    def __init__(self, config: LinearConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._routing = routing
        self._api = api
        self._team_id = ""
        self._workflow: list[dict[str, Any]] = []
        self._users: dict[str, str] = {}
        self._labels: list[str] | None = None

    def _ask(self, query: str, **variables: Any) -> Any:
        is_change = query.startswith("mutation")
        lost: type[SinkError] = Unclear if is_change else Busy
        name = query.split("(", maxsplit=1)[0].split()[1]
        body = {"query": query, "variables": variables, "operationName": name}
        answer = self._api.call("POST", "/graphql", body=body, is_read=not is_change)
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors:
            told = "; ".join(str(one.get("message", "")) for one in errors)[:300]
            codes = {str(one.get("extensions", {}).get("code", "")) for one in errors}
            if "INTERNAL_SERVER_ERROR" in codes:
                raise lost(f"{name}: {told}")
            raise Refused(f"{name}: {told}")
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise lost(f"{name}: the answer has no data")
        (found,) = data.values()
        if is_change and not found.get("success"):
            raise Refused(f"{name}: without success")
        return found

    # --- reading ---------------------------------------------------------------------------------

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        found = {str(one["id"]): one for one in self._issues(sorted(set(made.values())))}
        if not found.keys() >= set(made.values()):
            self._team()  # refuses where we may not see it: its issues would look deleted
        return {key: _state(found.get(ident)) for key, ident in made.items()}

    def _issues(self, idents: list[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(idents), _PAGE):
            yield from self._ask(_STATES, ids=idents[start : start + _PAGE])["nodes"]

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        """By the key in its description, the newest first, else by the id that it would have been
        made with."""
        found: dict[str, There] = {}
        wanted = sorted(keys)
        for start in range(0, len(wanted), _MARKS):
            some = wanted[start : start + _MARKS]
            marks = [{"description": {"contains": _mark(key)}} for key in some]
            nodes = self._ask(_FIND, team=self._config.team, marks=marks)["nodes"]
            for one in nodes:
                said = str(one.get("description") or "")
                for key in some:
                    if not one.get("trashed") and _mark(key) in said:
                        found.setdefault(key, _there(one))
        by_ident = {self._ident(key, ""): key for key in wanted if key not in found}
        for one in self._issues(sorted(by_ident)):
            if not one.get("trashed"):
                found[by_ident[str(one["id"])]] = _there(one)
        return found

    def attempts(self, external_id: str) -> Sequence[str]:
        found: list[tuple[str, str]] = []
        after = None
        while True:
            page = self._ask(_COMMENTS, issue=external_id, after=after)
            found += [(str(one["createdAt"]), str(one["body"])) for one in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        return marks(said for _, said in sorted(found, key=lambda one: one[0]))

    def _ident(self, *parts: str) -> str:
        told = "\n".join((self._config.team, *parts)).encode()
        return str(uuid.UUID(bytes=hashlib.sha256(told).digest()[:16], version=4))

    def _team(self) -> str:
        if not self._team_id:
            nodes = self._ask(_TEAM, key=self._config.team)["nodes"]
            if not nodes:
                raise Refused(f"there is no team {self._config.team} that this token may see")
            self._team_id = str(nodes[0]["id"])
        return self._team_id

    def _person(self, owner: str) -> str:
        """The one active user with the address that is configured or that the owner is."""
        address = self._routing.people.get(owner, owner)
        if "@" not in address:
            return ""
        if address not in self._users:
            nodes = self._ask(_USER, email=address)["nodes"]
            self._users[address] = str(nodes[0]["id"]) if len(nodes) == 1 else ""
        return self._users[address]

    def _label_ids(self) -> list[str]:
        """Of those of our labels that are there."""
        if self._labels is None:
            names = list(self._routing.labels)
            nodes = self._ask(_LABELS, names=names)["nodes"] if names else []
            first = {str(one["name"]): str(one["id"]) for one in reversed(nodes)}
            self._labels = sorted(first.values())
        return self._labels

    # --- writing ---------------------------------------------------------------------------------

    def create(self, ticket: Ticket, formerly: str) -> Made:
        ident = self._ident(ticket.key, formerly)
        wanted: dict[str, Any] = {
            "id": ident,
            "teamId": self._team(),
            "title": ticket.title,
            "description": _text(ticket, formerly),
            **_urgency(ticket),
        }
        if person := self._person(ticket.owner):
            wanted["assigneeId"] = person
        if labels := self._label_ids():
            wanted["labelIds"] = labels
        try:
            return _made(self._ask(_CREATE, input=wanted)["issue"])
        except Refused:
            for one in self._issues([ident]):  # made before, by whoever knows nothing of it now
                if not one.get("trashed"):
                    return _made(one)
            raise

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        """The description may hold what people wrote: it stays, and a comment tells what is now."""
        now = next(self._issues([external_id]), None)
        if now is None:
            raise Refused(f"{external_id}: it is not there")
        was = {"title": before.title, "priority": _PRIORITY.get(before.severity, 0),
               "dueDate": before.due}  # fmt: skip
        wanted = {"title": ticket.title, **_urgency(ticket)}
        changes = {
            name: value
            for name, value in wanted.items()
            if (now.get(name) or type(value)()) == was[name]
        }
        if changes:
            self._ask(_UPDATE, id=external_id, input=changes)
        said = f"What the scanner sees now:\n\n{markdown.items(rows(ticket), _plain)}"
        self._say(external_id, said, attempt)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self.comment(external_id, f"Closed by the shadow AI scanner: {reason}", attempt)
        self._move(external_id, self._config.close_state, "close_state", ("completed",))

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        kinds = ("unstarted", "backlog", "triage")
        self._move(external_id, self._config.reopen_state, "reopen_state", kinds)
        self.comment(external_id, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        self._say(external_id, _plain(text), attempt)

    def _say(self, external_id: str, said: str, attempt: str) -> None:
        wanted = {"issueId": external_id, "body": f"{said}\n\n{_mark(attempt)}"}
        if attempt:
            wanted["id"] = self._ident(external_id, attempt)
            if self._ask(_SAID, id=wanted["id"])["nodes"]:
                return
        self._ask(_COMMENT, input=wanted)

    def _move(self, external_id: str, name: str, setting: str, kinds: tuple[str, ...]) -> None:
        if not self._workflow:
            nodes = self._ask(_WORKFLOW, team=self._team())["nodes"]
            self._workflow = sorted(nodes, key=lambda one: float(one["position"]))
        for kind in kinds:
            for one in self._workflow:
                if one["name"] == name if name else one["type"] == kind:
                    self._ask(_UPDATE, id=external_id, input={"stateId": one["id"]})
                    return
        there = ", ".join(str(one["name"]) for one in self._workflow)
        raise Refused(f"{external_id}: no state that fits ({there}); set `{setting}`")


def _state(issue: Mapping[str, Any] | None) -> Remote:
    if issue is None:
        return Remote.MISSING
    if issue.get("trashed"):
        return Remote.GONE
    return Remote.CLOSED if issue["state"]["type"] in _DONE else Remote.OPEN


def _there(issue: Mapping[str, Any]) -> There:
    return There(_made(issue), _state(issue), mildest(_PRIORITY, int(issue.get("priority") or 0)))


def _made(issue: Any) -> Made:
    return Made(str(issue["id"]), str(issue.get("url", "")))


def _mark(key: str) -> str:
    return f"(shadow-ai {key})"


def _urgency(ticket: Ticket) -> dict[str, Any]:
    fields: dict[str, Any] = {"priority": _PRIORITY.get(ticket.severity, 0)}
    if ticket.due:
        fields["dueDate"] = ticket.due
    return fields


def _text(ticket: Ticket, formerly: str) -> str:
    before = f"Formerly {formerly}\n\n" if formerly else ""
    return f"{before}{markdown.items(rows(ticket), _plain)}\n\n{_mark(ticket.key)}"


def _plain(text: str) -> str:
    """An address of Linear's own would be a mention."""
    return markdown.plain(text.replace("linear.app", "linear\u200b.app"), _REFERENCES)
