"""Use and costs that AI vendors count, in files: buckets of their APIs, CSV of their dashboards."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.anthropic import CONNECTOR as ANTHROPIC
from connectors.cursor import CONNECTOR as CURSOR
from connectors.openai import CONNECTOR as OPENAI
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.errors import Unavailable
from scanner.model.evidence import Evidence, merge_evidence, total_costs
from scanner.model.facts import Asset, Edge, Relation
from scanner.model.items import Activity, Gap, Item, Remembered

DAY = 86_400
MONDAY = 1_793_059_200
AT = "2026-10-27T00:00:00Z"


def _read(connector: Any, folder: Path, text: str, name: str) -> list[Item]:
    (folder / name).write_text(text)
    config = connector.spec.config(organization="acme", live=False, files=(name,))
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=folder
    )
    (shard,) = connector.shards(ctx)
    return list(connector.collect(ctx, shard, None))


def _read_all(connector: Any, folder: Path, texts: dict[str, str]) -> list[Item]:
    """Of several files, each after those before it, as a scan does."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    config = connector.spec.config(organization="acme", live=False, files=tuple(texts))
    remembered: dict[Any, bytes] = {}
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=folder,
        recall=lambda shard: remembered.get(shard, b""),
    )  # fmt: skip
    found: list[Item] = []
    for shard in connector.shards(ctx):
        for one in connector.collect(ctx, shard, None):
            if isinstance(one, Remembered):
                remembered[shard.id] = one.data
            found.append(one)
    return found


def _counts(items: Iterable[Item], relation: Relation) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for one in items:
        if isinstance(one, Edge) and one.relation is relation:
            key = str(one.source), str(one.target)
            found[key] = found.get(key, 0) + sum(row.count for row in one.evidence)
    return found


def _cost(items: Iterable[Item]) -> dict[str, Decimal]:
    """Of each node, as the document tells it."""
    rows: dict[str, tuple[Evidence, ...]] = {}
    for one in items:
        if isinstance(one, Asset):
            rows[one.id] = merge_evidence(rows.get(one.id, ()), one.evidence, add_counts=True)
    return {ident: cost.amount for ident, told in rows.items() for cost in total_costs(told)}


def _gaps(items: Iterable[Item]) -> list[str]:
    return [one.reason for one in items if isinstance(one, Gap)]


def _edges(items: Iterable[Item]) -> dict[tuple[str, str, str], tuple[int, str]]:
    """Source, relation and target -> how much, and since when."""
    return {
        (str(one.source), str(one.relation), str(one.target)): (
            sum(row.count for row in one.evidence), one.evidence[0].first_at,
        )
        for one in items
        if isinstance(one, Edge) and one.relation is not Relation.CONTAINS
    }  # fmt: skip


def _completions(day: int, *results: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "bucket", "start_time": MONDAY + day * DAY, "end_time": MONDAY + (day + 1) * DAY,
        "results": [{"object": "organization.usage.completions.result", "input_tokens": 9,
                     "project_id": "proj_1", **one} for one in results],
    }  # fmt: skip


USED = [
    _completions(
        0,
        {"num_model_requests": 5, "user_id": "user_1", "api_key_id": "key_1", "model": "gpt-5"},
        {"num_model_requests": 2, "user_id": "user_2", "api_key_id": "key_1", "model": "gpt-5"},
    ),
    _completions(1, {"num_model_requests": 3, "user_id": "user_1", "api_key_id": "key_2",
                     "model": "o4"}),
    _completions(2),
]  # fmt: skip
PAGES = {
    "lines": "\n".join(map(json.dumps, USED)),
    "page": json.dumps({"object": "page", "data": USED, "has_more": False}),
    "array": json.dumps(USED, indent=1),
    "twice": "\n".join(map(json.dumps, [*USED, *USED])),
}


@pytest.mark.parametrize("shape", PAGES)
def test_buckets_of_openais_use_add_up_once_each(tmp_path: Path, shape: str) -> None:
    items = _read(OPENAI, tmp_path, PAGES[shape], "use.json")
    assert _gaps(items) == []
    assert _edges(items) == {
        ("openai:project/proj_1", "calls", "provider:openai"): (10, AT),
        ("openai:project/proj_1", "used_by", "openai:identity/user_1"): (8, AT),
        ("openai:project/proj_1", "used_by", "openai:identity/user_2"): (2, AT),
        ("openai:project/proj_1", "authenticates_with", "openai:key/key_1"): (7, AT),
        ("openai:project/proj_1", "authenticates_with", "openai:key/key_2"):
            (3, "2026-10-28T00:00:00Z"),
    }  # fmt: skip
    (project,) = [one for one in items if isinstance(one, Asset)]
    assert project.models == ("gpt-5", "o4")


def test_the_dashboards_csv_of_openais_use(tmp_path: Path) -> None:
    text = (
        "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,"
        "api_key_id,model,batch,input_tokens,output_tokens\n"
        f"{MONDAY},{MONDAY + 60},,,proj_1,3.0,user_1,key_1,gpt-5,False,100,20\n"
        f"{MONDAY},{MONDAY + 60},,,proj_1,1,user_1,key_2,gpt-5,False,100,20\n"
        f"{MONDAY},{MONDAY + 60},,,proj_1,1,user_1,key_2,gpt-5,False,100,20\n"
    )
    items = _read(OPENAI, tmp_path, text, "completions_usage.csv")
    assert _gaps(items) == []
    quiet = f"start_time,end_time,start_time_iso,end_time_iso\n{MONDAY},{MONDAY + 60},a,b\n"
    nothing = _read(OPENAI, tmp_path, quiet, "quiet.csv")
    assert (_gaps(nothing), _edges(nothing)) == ([], {})
    assert _edges(items)["openai:project/proj_1", "used_by", "openai:identity/user_1"] == (4, AT)


def test_openais_costs_tell_on_which_days_a_project_was_charged(tmp_path: Path) -> None:
    bucket = {
        "object": "bucket", "start_time": MONDAY, "end_time": MONDAY + DAY,
        "results": [{"object": "organization.costs.result", "line_item": "gpt-5, input",
                     "amount": {"value": 0.06, "currency": "usd"}, "project_id": "proj_1"}],
    }  # fmt: skip
    row = (
        "start_time,end_time,amount_value,amount_currency,line_item,project_id,project_name\n"
        f'{MONDAY + DAY},{MONDAY + 2 * DAY},1.23,usd,"gpt-5, output",proj_1,P\n'
        f"{MONDAY},{MONDAY + DAY},none,usd,gpt-5,proj_1,P\n"
    )
    key = ("openai:project/proj_1", "calls", "provider:openai")
    assert _edges(_read(OPENAI, tmp_path, json.dumps(bucket), "a.json")) == {key: (1, AT)}
    items = _read(OPENAI, tmp_path, row, "b.csv")
    assert _edges(items) == {key: (1, "2026-10-28T00:00:00Z")}
    assert len(_gaps(items)) == 1
    assert {one.name for one in items if isinstance(one, Asset) and one.id == key[0]} == {"P"}


def _tokens(day: int, **more: Any) -> dict[str, Any]:
    return {
        "starting_at": f"2026-11-0{day}T00:00:00Z", "ending_at": f"2026-11-0{day + 1}T00:00:00Z",
        "results": [{"uncached_input_tokens": 10, "output_tokens": 5, "workspace_id": "wrkspc_1",
                     "api_key_id": "apikey_1", "model": "claude-opus", **more}],
    }  # fmt: skip


def test_buckets_of_anthropics_use_and_costs(tmp_path: Path) -> None:
    idle = _tokens(3, uncached_input_tokens=0, output_tokens=0)
    charged = {"amount": "123.45", "currency": "USD", "workspace_id": None, "description": "Opus"}
    cost = {**_tokens(4), "results": [charged]}
    page = {"data": [_tokens(1), _tokens(2, model="claude-haiku"), _tokens(2, model="claude-haiku"),
                     idle, cost], "has_more": False}  # fmt: skip
    items = _read(ANTHROPIC, tmp_path, json.dumps(page), "use.json")
    assert _gaps(items) == []
    first = "2026-11-01T00:00:00Z"
    assert _edges(items) == {
        ("anthropic:workspace/wrkspc_1", "calls", "provider:anthropic"): (2, first),
        ("anthropic:workspace/wrkspc_1", "authenticates_with", "anthropic:key/apikey_1"):
            (2, first),
        ("anthropic:workspace/acme/default", "calls", "provider:anthropic"):
            (1, "2026-11-04T00:00:00Z"),
    }  # fmt: skip
    models = {one.id: one.models for one in items if isinstance(one, Asset)}
    assert models["anthropic:workspace/wrkspc_1"] == ("claude-haiku", "claude-opus")  # type: ignore[index]


def test_the_consoles_csv_of_anthropics_use(tmp_path: Path) -> None:
    text = (
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
        "usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens\n"
        "2026-11-01,claude-opus,ci,Default,standard,<= 200k,100,0,50\n"
        "2026-11-02,claude-opus,ci,Default,standard,<= 200k,100,0,50\n"
        "2026-11-02,claude-haiku,bot,Research,standard,<= 200k,0,7,0\n"
        "2026-11-03,claude-haiku,bot,Idle,standard,<= 200k,0,0,0\n"
    )
    items = _read(ANTHROPIC, tmp_path, text, "usage.csv")
    assert _gaps(items) == []
    found = {one.name: one for one in items if isinstance(one, Asset)}
    assert {name: one.models for name, one in found.items()} == {
        "acme, default workspace": ("claude-opus",), "Research": ("claude-haiku",),
    }  # fmt: skip
    (row,) = found["acme, default workspace"].evidence
    assert (row.count, row.path, row.last_at) == (2, "key ci", "2026-11-02T00:00:00Z")


def test_the_dashboards_csv_of_cursor_tells_requests_by_person(tmp_path: Path) -> None:
    text = (
        "Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Output Tokens,Total Tokens,Cost\n"
        '"2026-11-10T10:00:00.000Z",Ann@acme.com,Included,claude-sonnet,No,1,2,3,0.12\n'
        '"2026-11-10T11:00:00.000Z",ann@acme.com,Included,gpt-5,No,1,2,3,0.12\n'
        '"2026-11-10T12:00:00.000Z",ben@acme.com,"Errored, No Charge",gpt-5,No,0,0,0,0\n'
    )
    items = _read(CURSOR, tmp_path, text, "usage-events.csv")
    assert _gaps(items) == []
    told = {(one.rule, one.actor.email if one.actor else ""): one
            for one in items if isinstance(one, Activity)}  # fmt: skip
    used = told["usage events", "ann@acme.com"]
    assert (used.count, used.first_at) == (2, "2026-11-10T10:00:00Z")
    assert used.thing is not None
    assert used.thing.models == ("claude-sonnet", "gpt-5")
    assert told["usage events (failed)", "ben@acme.com"].relation == ""


_BY_PERSON = [
    _completions(0, {"num_model_requests": 5, "user_id": "user_1", "model": "gpt-5"},
                 {"num_model_requests": 2, "user_id": "user_2", "model": "gpt-5"}),
]  # fmt: skip
_BY_PROJECT = [
    _completions(0, {"num_model_requests": 4, "model": "gpt-5", "service_tier": "flex"},
                 {"num_model_requests": 5, "model": "gpt-5", "service_tier": "default"}),
    _completions(0, {"num_model_requests": 3, "project_id": "proj_2"}),
    _completions(1, {"num_model_requests": 8}),
]  # fmt: skip
_TOTAL = [
    _completions(0, {"num_model_requests": 13, "project_id": None}),
    _completions(1, {"num_model_requests": 8, "project_id": None}),
    _completions(2, {"num_model_requests": 6, "project_id": None}),
]  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_a_day_that_several_exports_tell_counts_by_the_finest_and_what_is_left_by_the_others(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    """By person 7 of project 1; by project 9 of it, 3 of another; as a whole 13: one is nobody's.
    The days after are told by one or two of them."""
    told = {"a": _BY_PERSON, "b": _BY_PROJECT, "c": _TOTAL}
    texts = {f"{one}.jsonl": "\n".join(map(json.dumps, told[one])) for one in order}
    items = _read_all(OPENAI, tmp_path, texts)
    assert _counts(items, Relation.CALLS) == {
        ("openai:project/proj_1", "provider:openai"): 7 + 2 + 8,
        ("openai:project/proj_2", "provider:openai"): 3,
        ("openai:organization/acme/no-project", "provider:openai"): 1 + 6,
    }
    assert _counts(items, Relation.USED_BY) == {
        ("openai:project/proj_1", "openai:identity/user_1"): 5,
        ("openai:project/proj_1", "openai:identity/user_2"): 2,
    }


def test_two_exports_of_the_same_groups_hide_nothing_of_a_third(tmp_path: Path) -> None:
    fine = "\n".join(map(json.dumps, _BY_PERSON))
    coarse = json.dumps(_completions(0, {"num_model_requests": 9}))
    items = _read_all(OPENAI, tmp_path, {"a.json": fine, "b.json": fine, "c.json": coarse})
    assert _counts(items, Relation.CALLS)["openai:project/proj_1", "provider:openai"] == 9


_COST_HEADER = "start_time,end_time,amount_value,amount_currency,line_item,project_id\n"


@pytest.mark.parametrize("is_first", [True, False])
def test_costs_by_line_and_as_a_whole_are_one_bill(tmp_path: Path, is_first: bool) -> None:
    day = f"{MONDAY},{MONDAY + DAY}"
    lines = f'{_COST_HEADER}{day},12.50,usd,"gpt, input",proj_1\n'
    whole = f"{_COST_HEADER}{day},12.75,usd,,proj_1\n{day},2.00,usd,,proj_2\n"
    total = f"{_COST_HEADER}{day},14.75,usd,,\n"
    texts = {"lines.csv": lines, "whole.csv": whole, "total.csv": total}
    if not is_first:
        texts = dict(reversed(texts.items()))
    items = _read_all(OPENAI, tmp_path, texts)
    assert _gaps(items) == []
    assert _cost(items) == {
        "openai:project/proj_1": Decimal("12.75"), "openai:project/proj_2": Decimal("2.00"),
    }  # fmt: skip


@pytest.mark.parametrize("is_first", [True, False])
def test_anthropics_days_and_costs_count_once_however_they_are_grouped(
    tmp_path: Path, is_first: bool
) -> None:
    def cost(amount: str, **more: Any) -> dict[str, Any]:
        return {**_tokens(4), "results": [{"amount": amount, "currency": "USD", **more}]}

    fine = [_tokens(1), cost("100", workspace_id="wrkspc_1", description="Opus")]
    coarse = [_tokens(1, workspace_id=None, api_key_id=None), cost("100"),
              _tokens(2, workspace_id=None, api_key_id=None)]  # fmt: skip
    texts = {"fine.json": json.dumps(fine), "coarse.json": json.dumps(coarse)}
    if not is_first:
        texts = dict(reversed(texts.items()))
    items = _read_all(ANTHROPIC, tmp_path, texts)
    assert _gaps(items) == []
    assert _counts(items, Relation.CALLS) == {
        ("anthropic:workspace/wrkspc_1", "provider:anthropic"): 1 + 1,
        ("anthropic:workspace/acme/default", "provider:anthropic"): 1,
    }
    assert _cost(items) == {"anthropic:workspace/wrkspc_1": Decimal(1)}


def test_an_export_beside_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "use.json").write_text(json.dumps(_TOTAL))
    config = OPENAI.spec.config(organization="acme", live=False, files=("use.json", "away.json"))
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=tmp_path
    )
    first, second = OPENAI.shards(ctx)
    items = list(OPENAI.collect(ctx, first, None))
    assert sum(_counts(items, Relation.CALLS).values()) == 27
    with pytest.raises(Unavailable, match="no such file"):
        list(OPENAI.collect(ctx, second, None))
