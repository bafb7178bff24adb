"""Tables and documents as vendors' own consoles export them: what each tells, and that none of it
is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from scanner.kit.values import cell
from scanner.model.evidence import Cost, total_costs
from scanner.model.facts import Asset, Edge, Identity
from scanner.model.items import Activity
from tests.connectors.consoles import edges, gaps, people, read, told

# --- AI vendors -----------------------------------------------------------------------------------

ANTHROPIC_COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed,api_key_id,api_key_status\n"
    "2026-11-20,Claude Sonnet 4,Default,ci,message,\u2264 200k,input_no_cache,3.25,3.25,token,,,"
    "apikey_1,active\n"
    "2026-11-20,Claude Sonnet 4,Default,ci,message,\u2264 200k,output,1.75,1.75,token,,,apikey_1,"
    "active\n"
    "2026-11-20,Claude Sonnet 4,Default,ci,message,\u2264 200k,output,1.75,1.75,token,,,apikey_1,"
    "active\n"
    "2026-11-21,Claude Haiku 4,Research,bot,message,\u2264 200k,output,0.10,0.10,token,,,,\n"
    "2026-11-22,Claude Haiku 4,Idle,bot,message,\u2264 200k,output,0,0,token,,,,\n"
)


def test_the_costs_of_anthropics_console(tmp_path: Path) -> None:
    items = read("anthropic", tmp_path, ANTHROPIC_COSTS)
    assert gaps(items) == []
    costs = {one.name: total_costs(one.evidence) for one in items if isinstance(one, Asset)}
    assert costs == {  # the row that is there twice counts once
        "acme, default workspace": (Cost(currency="USD", amount=Decimal("5.00")),),
        "Research": (Cost(currency="USD", amount=Decimal("0.10")),),
    }
    assert ("anthropic:workspace/acme/default", "authenticates_with",
            "anthropic:key/apikey_1") in edges(items)  # fmt: skip
    bad = ANTHROPIC_COSTS.splitlines()[0] + "\n2026-11-20,m,Default,,,,,none,,,,,,\n"
    assert len(gaps(read("anthropic", tmp_path, bad))) == 1


_ANN = "{'name': 'Ann', 'uuid': 'u-1', 'metadata': {'email_address': 'Ann@acme.com'}}"
ANTHROPIC_AUDIT = "\n".join((
    "created_at,actor_info,event,event_info,entity_info,ip_address,device_id,user_agent,"
    "client_platform",
    f'2026-11-20T08:00:00Z,"{_ANN}",conversation_created,{{}},'
    "\"{'type': 'chat_conversation', 'uuid': 'c1', 'name': None}\",192.0.2.1,d,UA,",
    f'2026-11-20T08:01:00Z,"{_ANN}",user_signed_in_sso,"{{\'domain\': \'acme.com\'}}",,192.0.2.1,'
    "d,UA,",
    f'2026-11-20T09:00:00Z,"{_ANN}",integration_user_connected,{{}},'
    "\"{'type': 'integration', 'uuid': 'i1', 'name': 'Google Drive'}\",192.0.2.1,d,UA,",
    f'2026-11-20T09:10:00Z,"{_ANN}",user_attempted_magic_link_verification,'
    "\"{'is_successful': False}\",,192.0.2.1,d,UA,",
    f'2026-11-20T09:20:00Z,"{_ANN}",org_user_invite_re_sent,'
    "\"{'invited_email_address': 'bo@acme.com'}\",,192.0.2.1,d,UA,",
    f'2026-11-20T09:30:00Z,"{_ANN}",conversation_deleted,{{}},,192.0.2.1,d,UA,',
    "",
))  # fmt: skip


def test_the_audit_log_of_claude_enterprise(tmp_path: Path) -> None:
    items = read("anthropic", tmp_path, ANTHROPIC_AUDIT)
    assert gaps(items) == []
    used = {one for one in told(items) if one[1]}
    assert used == {
        ("Claude of acme", "used_by", "ann@acme.com", 1),
        ("Claude with Google Drive of acme", "grants", "ann@acme.com", 1),
    }
    rules = {one.rule for one in items if isinstance(one, Activity)}
    assert {"claude_chat_created", "sso_login_succeeded", "claude_chat_deleted",
            "magic_link_login_failed (failed)"} <= rules  # fmt: skip
    (way,) = [one for one in items if isinstance(one, Activity) and one.relation == "grants"]
    assert [store.store_class for store in way.reads] == ["files"]
    assert "bo@acme.com" in people(items)


def test_an_audit_log_of_claude_in_json_and_of_a_new_event(tmp_path: Path) -> None:
    record = {
        "created_at": "2026-11-20T08:00:00Z", "actor_info": {"uuid": "u-9"},
        "event": "robot_assembled", "event_info": None, "entity_info": {"name": "secret plan"},
    }  # fmt: skip
    items = read("anthropic", tmp_path, json.dumps(record), "log.jsonl")
    assert gaps(items) == ["1 events are of types not known here: robot_assembled"]
    assert "secret plan" not in repr(items)


def test_members_of_claude(tmp_path: Path) -> None:
    items = read(
        "anthropic", tmp_path, "Name,Email,Role,Status,Seat Tier\nAnn,ann@acme.com,Owner,Active,"
        "Premium\n,nobody,User,Active,Standard\n",
    )  # fmt: skip
    assert people(items) == {
        "ann@acme.com": {"role": "Owner", "seat": "Premium", "status": "Active"},
    }
    assert len(gaps(items)) == 1


CHATGPT_USERS = (
    "cadence,period_start,period_end,account_id,public_id,name,email,role,user_role,department,"
    "groups,user_status,created_or_invited_date,is_active,first_day_active_in_period,"
    "last_day_active_in_period,messages,messages_rank,model_to_messages,gpt_messages,"
    "gpts_messaged,last_day_active\n"
    "Monthly,2026-10-01,2026-10-31,a1,user-1,Ann,Ann@acme.com,,owner,,,enabled,2026-01-01,1,"
    "2026-10-02,2026-10-30,25,1,\"{'gpt-5': 20, 'o4': 5}\",0,0,2026-10-30\n"
    "Monthly,2026-10-01,2026-10-31,a1,user-1,Ann,Ann@acme.com,,owner,,,enabled,2026-01-01,1,"
    "2026-10-02,2026-10-30,25,1,\"{'gpt-5': 20, 'o4': 5}\",0,0,2026-10-30\n"
    "Monthly,2026-10-01,2026-10-31,a1,,Bo,bo@acme.com,,standard-user,,,pending,2026-10-01,0,,,"
    "0.0,,{},0,0,\n"
)


def test_the_people_of_a_chatgpt_workspace(tmp_path: Path) -> None:
    items = read("openai", tmp_path, CHATGPT_USERS)
    assert gaps(items) == []
    assert told(items) == {("ChatGPT of acme", "used_by", "ann@acme.com", 25)}
    (used,) = [one for one in items if isinstance(one, Activity)]
    assert used.thing is not None
    assert used.thing.models == ("gpt-5", "o4")
    assert (used.first_at, used.last_at) == ("2026-10-02T00:00:00Z", "2026-10-30T00:00:00Z")
    assert people(items)["bo@acme.com"] == {"role": "standard-user", "status": "pending"}


def test_the_gpts_of_a_chatgpt_workspace(tmp_path: Path) -> None:
    items = read(
        "openai", tmp_path,
        "cadence,period_start,period_end,account_id,gpt_id,gpt_name,config_type,gpt_description,"
        "gpt_url,gpt_creator_public_id,gpt_creator_email,is_active,first_day_active_in_period,"
        "last_day_active_in_period,messages_workspace,unique_messagers_workspace\n"
        "Weekly,2026-11-01,2026-11-07,a1,g-1,Contracts,live,private words,https://chatgpt.com/g/1,"
        "user-1,ann@acme.com,1,2026-11-02,2026-11-05,12,3\n",
    )  # fmt: skip
    assert gaps(items) == []
    assert told(items) == {
        ("Contracts", "created_by", "ann@acme.com", 1), ("Contracts", "used_by", "", 12),
    }  # fmt: skip
    assert "private words" not in repr(items)


@pytest.mark.parametrize(("said", "means"), [
    ("{'a': None, 'b': [True, \"it's\"]}", {"a": None, "b": [True, "it's"]}),
    ('{"a": null}', {"a": None}),
    ({"a": 1}, {"a": 1}),
    ("{'a': 'C:\\\\\\\\d'}", {"a": "C:\\\\d"}),
    ("{'a': '\\d'}", None),
    ("{'a': print(1)}", None),
    ("{[]: 1}", None),
    ("{'a'", None),
    ("[" * 500 + "]" * 500 + "'", None),
    ("{'a': '" + "x" * 30_000 + "'}", None),
    ("plain words", None),
    ("", None),
])  # fmt: skip
def test_a_cell_that_python_wrote(said: object, means: object) -> None:
    assert cell(said) == means


OPENROUTER = (
    "generation_id,created_at,cost_total,cost_web_search,tokens_prompt,tokens_completion,"
    "model_permaslug,provider_name,variant,cancelled,user,app_name,api_key_name\n"
    "gen-1,2026-11-20 08:00:00.000,0.01,0,10,20,anthropic/claude-4-sonnet,Anthropic,standard,"
    "false,,Cline,ci\n"
    "gen-1,2026-11-20 08:00:00.000,0.01,0,10,20,anthropic/claude-4-sonnet,Anthropic,standard,"
    "false,,Cline,ci\n"
    "gen-2,2026-11-21 08:00:00.000,0.02,0,10,20,anthropic/claude-4-sonnet,Anthropic,standard,"
    "false,,Cline,ci\n"
    "gen-3,2026-11-21 08:00:00.000,0,0,10,20,openai/gpt-5,OpenAI,free,false,,,\n"
)


def test_the_activity_of_openrouter_request_by_request(tmp_path: Path) -> None:
    items = read("openrouter", tmp_path, OPENROUTER)
    assert gaps(items) == []
    rows = {one.where: one for one in items if isinstance(one, Activity)}
    assert {where: one.count for where, one in rows.items()} == {
        "anthropic/claude-4-sonnet by Anthropic key ci from Cline": 2,
        "openai/gpt-5 by OpenAI": 1,
    }
    first = rows["anthropic/claude-4-sonnet by Anthropic key ci from Cline"]
    assert first.costs == (Cost(currency="USD", amount=Decimal("0.03")),)
    assert first.first_at == "2026-11-20T08:00:00Z"
    bad = OPENROUTER.splitlines()[0] + "\ngen-9,soon,1,0,1,1,m,p,,,,,\n"
    assert len(gaps(read("openrouter", tmp_path, bad))) == 1


CURSOR_DAYS = (
    "Date,User ID,Email,Is Active,Chat Suggested Lines Added,Agent Requests,Ask Requests,"
    "Most Used Model,Client Version\n"
    "2026-11-20T00:00:00.000Z,user_1,Ann@acme.com,true,10,4,1,claude-4.5-sonnet,2.0\n"
    "2026-11-21T00:00:00.000Z,user_1,ann@acme.com,true,10,2,,gpt-5,2.0\n"
    "2026-11-21T00:00:00.000Z,user_2,bo@acme.com,false,0,0,0,,2.0\n"
)


def test_the_days_and_members_of_cursors_dashboard(tmp_path: Path) -> None:
    items = read("cursor", tmp_path, CURSOR_DAYS)
    assert gaps(items) == []
    assert told(items) == {("Cursor of acme", "used_by", "ann@acme.com", 7)}
    members = read("cursor", tmp_path, "Name,Email,Role\nAnn,ann@acme.com,Admin\n,,Member\n")
    assert people(members) == {"ann@acme.com": {"role": "Admin"}}
    assert len(gaps(members)) == 1


# --- forges ---------------------------------------------------------------------------------------


COPILOT_SEATS = (
    "Report Time,Login,Last Authenticated At,Last Activity At,Last Surface Used,Organization\n"
    "2026-11-25T00:00:00Z,ann,2026-11-24T00:00:00Z,2026-11-24T08:00:00Z,vscode/1.99.3/chat/1,acme\n"
    "2026-11-25T00:00:00Z,ann,2026-11-24T00:00:00Z,2026-11-24T08:00:00Z,vscode/1.99.3/chat/1,acme\n"
    "2026-11-25T00:00:00Z,bo,,None,None,acme\n"
)


def test_copilots_activity_report_is_its_list_of_seats(tmp_path: Path) -> None:
    items = read("github", tmp_path, COPILOT_SEATS)
    assert gaps(items) == []
    (used,) = [one for one in items if isinstance(one, Edge) and one.relation == "used_by"]
    assert (used.source, used.target) == ("github:github.com/acme/copilot", "forge:@ann")
    assert (used.detail, used.evidence[0].last_at) == ("vscode", "2026-11-24T08:00:00Z")
    seats = {one.id for one in items if isinstance(one, Identity)}
    assert seats == {"forge:@ann", "forge:@bo"}
    (app,) = {one.id: one for one in items if isinstance(one, Asset)}.values()
    assert (app.name, app.provider) == ("GitHub Copilot", "github_copilot")


COPILOT_USAGE = (
    "date,username,product,sku,model,quantity,unit_type,applied_cost_per_quantity,gross_amount,"
    "discount_amount,net_amount,exceeds_quota,total_monthly_quota,organization\n"
    "2026-11-20,ann,copilot,copilot_premium_request,Claude Sonnet 4,4.0,requests,0.04,0.16,0,0.16,"
    "False,300,acme\n"
    "2026-11-21,ann,copilot,copilot_premium_request,Claude Sonnet 4,0.33,requests,0.04,0.01,0.01,0,"
    "False,300,acme\n"
    "2026-11-21,bo,models,models_inference,,2,units,0.01,0.02,0,0.02,,,acme\n"
    "2026-11-21,bo,actions,actions_linux,,20,minutes,0.01,0.2,0,0.2,,,acme\n"
)


def test_githubs_usage_report_tells_copilots_models_by_person(tmp_path: Path) -> None:
    items = read("github", tmp_path, COPILOT_USAGE)
    assert gaps(items) == []
    used = {
        (one.label, one.where, one.actor.id if one.actor else ""): (one.count, one.costs)
        for one in items
        if isinstance(one, Activity)
    }
    assert used == {
        ("GitHub Copilot", "Claude Sonnet 4", "forge:@ann"):
            (5, (Cost(currency="USD", amount=Decimal("0.16")),)),
        ("GitHub Models", "", "forge:@bo"): (2, (Cost(currency="USD", amount=Decimal("0.02")),)),
    }  # fmt: skip
    old = (
        "Timestamp,User,Model,Requests Used,Exceeds Monthly Quota,Total Monthly Quota\n"
        "2026-11-20T08:00:00Z,ann,gpt-5,1.00,False,300\nsoon,ann,gpt-5,1,False,300\n"
    )
    first = read("github", tmp_path, old)
    assert [one.label for one in first if isinstance(one, Activity)] == ["GitHub Copilot"]
    assert gaps(first) == ["1 records are no audit events"]


# --- Google Workspace -----------------------------------------------------------------------------

GOOGLE_OAUTH = (
    "Date,Event,Description,Actor,Application name,Application ID,Client type,Scope,API name,"
    "Method,Number of response bytes,IP address,Product\n"
    "2026-11-20T08:00:00Z,Authorized,x,Ann@acme.com,ChatGPT,7737.apps.googleusercontent.com,WEB,"
    '"https://www.googleapis.com/auth/drive.readonly, openid",,,,192.0.2.1,DRIVE\n'
    "2026-11-21T08:00:00Z,API call,x,ann@acme.com,ChatGPT,7737.apps.googleusercontent.com,WEB,,"
    "drive,drive.files.get,12345,192.0.2.1,DRIVE\n"
    "2026-11-22T08:00:00Z,Revoked,x,bo@acme.com,ChatGPT,7737.apps.googleusercontent.com,WEB,,,,,,\n"
)


def test_googles_oauth_log_whose_person_is_the_actor(tmp_path: Path) -> None:
    items = read("google_workspace", tmp_path, GOOGLE_OAUTH)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "grants", "ann@acme.com", 1),
        ("ChatGPT", "used_by", "ann@acme.com", 1),
        ("ChatGPT", "", "bo@acme.com", 1),
    }
    (way,) = [one for one in items if isinstance(one, Activity) and one.relation == "grants"]
    assert [store.store_class for store in way.reads] == ["files"]
    (used,) = [one for one in items if isinstance(one, Activity) and one.relation == "used_by"]
    assert used.bytes_up == 12345


def test_googles_accessed_apps_by_either_header(tmp_path: Path) -> None:
    items = read(
        "google_workspace", tmp_path,
        "App name,App ID,App type,Requested services,Users,Access,Verified\n"
        'Otter.ai,111-x.apps.googleusercontent.com,Web,"Calendar, Drive",12,Limited,Yes\n'
        "Read AI,112-x.apps.googleusercontent.com,Web,Drive,1,Blocked,Yes\n",
    )  # fmt: skip
    assert gaps(items) == []
    found = {one.label: one for one in items if isinstance(one, Activity)}
    assert (found["Otter.ai"].status, found["Otter.ai"].client_id) == (
        "12 users, Limited, Calendar, Drive", "111-x.apps.googleusercontent.com",
    )  # fmt: skip
    assert (found["Otter.ai"].relation, found["Read AI"].relation) == ("contains", "")


def test_googles_list_of_users(tmp_path: Path) -> None:
    items = read(
        "google_workspace", tmp_path,
        "First Name [Required],Last Name [Required],Email Address [Required],"
        "Org Unit Path [Required],Status [READ ONLY],Last Sign In [READ ONLY]\n"
        "Ann,Ash,Ann@acme.com,/Sales,Active,2026-11-20 08:00:00\n"
        "Bo,Birch,bo@acme.com,/,Suspended,Never logged in\nC,C,none,/,Active,\n",
    )  # fmt: skip
    assert people(items) == {
        "ann@acme.com": {"org_unit": "/Sales", "last_sign_in": "2026-11-20T08:00:00Z"},
        "bo@acme.com": {"org_unit": "/", "status": "suspended"},
    }
    assert {one.name for one in items if isinstance(one, Identity)} == {"Ann Ash", "Bo Birch"}
    assert len(gaps(items)) == 1
