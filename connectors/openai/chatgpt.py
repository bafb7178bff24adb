"""What a workspace of ChatGPT Enterprise, Edu or Business exports of its use: a table of people and
one of GPTs, by week or month.

https://help.openai.com/en/articles/10875114 says where; which columns they have, programs that read
them do (cadence, period_start, email, user_status, messages, model_to_messages as Python writes a
dict, last_day_active and others; of GPTs gpt_id, gpt_name, gpt_creator_email, messages_workspace).
No message, project or description of a GPT is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.openai.admin import org_id, who_id
from scanner.kit.folding import mark_of
from scanner.kit.overlooked import Happened
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import cell, mapping, size, text, when
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Fact, Identity, PrincipalType
from scanner.model.items import Activity

WORKSPACE, GPT = "openai.chatgpt", "openai.gpt"
KINDS = frozenset({WORKSPACE, GPT, "openai.user"})
_MOST_TEXT = 120
_FIRST = ("first_day_active_in_period", "period_start")
_LAST = ("last_day_active_in_period", "last_day_active", "period_end")


def _workspace(org: str, models: tuple[str, ...] = ()) -> Asset:
    return Asset(
        id=NodeId(f"{org_id(org)}/chatgpt"), kind=WORKSPACE, name=f"ChatGPT of {org}",
        asset_class=AssetClass.SAAS_APP, provider="openai", account=org_id(org), models=models,
    )  # fmt: skip


def _person(ident: str, mail: str, name: str = "", **more: Any) -> Identity | None:
    """By the id that the API's lists have, else by address."""
    address = mail.casefold() if "@" in mail else ""
    if not ident and not address:
        return None
    return Identity(
        id=who_id(ident or address), kind="openai.user", name=name or address or ident,
        email=address, principal_type=PrincipalType.HUMAN, **more,
    )  # fmt: skip


def _rule(what: str, record: Mapping[str, Any]) -> str:
    """Weeks and months tell the same messages: each is evidence of its own."""
    cadence = column(record, "cadence").casefold()[:20]
    return f"{what}, {cadence}" if cadence else what


def _whole(value: str) -> int:
    """A table writes `3.0`."""
    return size(value.partition(".")[0])


def is_user(record: Mapping[str, Any]) -> bool:
    """Of the table of people."""
    return has_columns(record, ("email", "messages")) and (
        has_columns(record, ("last_day_active",)) or has_columns(record, ("user_status",))
    )


def user(record: Mapping[str, Any], org: str) -> Happened | None:
    """A person's period, which counts once; who has sent nothing is a member and no use."""
    mail, status = column(record, "email"), column(record, "user_status")
    role = column(record, "user_role", "role")
    seat = column(record, "seat_type")
    ident = column(record, "public_id")
    node = who_id(ident or mail.casefold())
    rule = _rule("ChatGPT user report", record)
    tags = {"role": role, "status": status, "seat": seat,
            "last_active_at": when(column(record, "last_day_active"))}  # fmt: skip
    who = _person(
        ident, mail, column(record, "name"), tags={key: said for key, said in tags.items() if said},
        is_active=status.casefold() not in ("disabled", "deactivated", "deleted"),
        evidence=(Evidence(rule=rule, source="openai", resource=node),),
    )  # fmt: skip
    if who is None:
        return None
    begin = when(column(record, "period_start"))
    first = when(column(record, *_FIRST))
    last = when(column(record, *_LAST)) or first
    told: list[Activity | Fact] = [who]
    count = _whole(column(record, "messages"))
    if count:
        sent = mapping(cell(column(record, "model_to_messages")))
        models = tuple(sorted({cut(text(name), _MOST_TEXT) for name in sent} - {""}))
        told.append(_activity(_workspace(org, models), rule, org, who, count, first, last))
    return mark_of(("chatgpt user", rule, begin, node)), last or begin, tuple(told)


def is_gpt(record: Mapping[str, Any]) -> bool:
    """Of the table of GPTs."""
    return has_columns(record, ("gpt_id", "gpt_name"))


def gpt(record: Mapping[str, Any], org: str) -> Happened | None:
    """A GPT's period: whose it is, and how many messages it had; by whom it does not tell."""
    ident, name = column(record, "gpt_id"), cut(column(record, "gpt_name"), _MOST_TEXT)
    if not ident:
        return None
    rule = _rule("ChatGPT GPT report", record)
    node = NodeId(f"openai:gpt/{ident}")
    tags = {"state": column(record, "config_type"),
            "people": column(record, "unique_messagers_workspace")}  # fmt: skip
    thing = Asset(
        id=node, kind=GPT, name=name or ident, asset_class=AssetClass.AGENT, provider="openai",
        account=org_id(org), tags={key: said for key, said in tags.items() if said},
    )  # fmt: skip
    begin = when(column(record, "period_start"))
    first = when(column(record, *_FIRST))
    last = when(column(record, *_LAST)) or first
    who = _person(column(record, "gpt_creator_public_id"), column(record, "gpt_creator_email"))
    told: list[Activity | Fact] = []
    if who is not None:
        told.append(_activity(thing, rule, org, who, 1, begin, begin, relation="created_by"))
    count = _whole(column(record, "messages_workspace"))
    if count or who is None:
        told.append(_activity(thing, rule, org, None, max(1, count), first, last,
                              relation="used_by" if count else ""))  # fmt: skip
    return mark_of(("chatgpt gpt", rule, begin, node)), last or begin, tuple(told)


def _activity(
    thing: Asset, rule: str, org: str, who: Identity | None, count: int, first: str, last: str,
    relation: str = "used_by",
) -> Activity:  # fmt: skip
    return Activity(
        rule=rule, account=org_id(org), app_id=thing.id, label=thing.name, thing=thing, actor=who,
        relation=relation, count=count, first_at=first, last_at=last,
    )  # fmt: skip
