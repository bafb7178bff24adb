"""Tables and documents as vendors' own consoles export them: what each tells, and that none of it
is refused."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.pipeline import scan
from scanner.kit.values import cell
from scanner.model.errors import Unavailable
from scanner.model.evidence import Cost, Ends, total_costs
from scanner.model.facts import Asset, Edge, Identity
from scanner.model.items import Activity, Gap, Item
from tests.connectors.consoles import edges, gaps, people, read, read_bytes, told

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


def test_the_audit_log_of_claude_in_the_zip_that_it_comes_in(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("audit_logs.csv", ANTHROPIC_AUDIT)
    items = read_bytes("anthropic", tmp_path, packed.getvalue(), "logs.zip")
    assert told(items) == told(read("anthropic", tmp_path, ANTHROPIC_AUDIT))
    bad = ANTHROPIC_AUDIT + "2026-11-20T09:30:00Z,,,,,,,,\n"
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("audit_logs.csv", bad)
    odd = read_bytes("anthropic", tmp_path, packed.getvalue(), "logs.zip")
    (gap,) = [one for one in odd if isinstance(one, Gap)]
    assert gap.what == "logs.zip:audit_logs.csv:8"


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
    "2026-11-21,cy,copilot,copilot_for_business,,0.03,user-months,19,0.63,0,0.63,,,acme\n"
    "2026-11-21,bo,actions,actions_linux,,20,minutes,0.01,0.2,0,0.2,,,acme\n"
)


def test_githubs_usage_report_tells_copilots_models_by_person(tmp_path: Path) -> None:
    items = read("github", tmp_path, COPILOT_USAGE)
    assert gaps(items) == []
    used = {
        (one.label, one.where, one.actor.id if one.actor else ""): (one.count, one.costs)
        for one in items
        if isinstance(one, Activity) and one.relation == "used_by"
    }
    bought = {(one.label, one.relation, one.actor.id if one.actor else "") for one in items
              if isinstance(one, Activity) and one.relation != "used_by"}  # fmt: skip
    assert bought == {("GitHub Copilot", "grants", "forge:@cy")}  # a seat is no use
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


# --- identity -------------------------------------------------------------------------------------

ONELOGIN = (
    "Date,Event,User,App,IP Address,Notes,Actor\n"
    "2026-11-20 10:00:00 UTC,User logged into app,ann@acme.com,Claude,1.1.1.1,,ann@acme.com\n"
    "2026-11-20 10:05:00 UTC,User failed to log into app,ann@acme.com,Claude,1.1.1.1,,\n"
    "2026-11-20 11:00:00 UTC,adm manually added user to app,bo@acme.com,Otter.ai,1.1.1.1,,adm\n"
    "2026-11-20 12:00:00 UTC,User was deleted,bo@acme.com,,1.1.1.1,,adm\n"
    "2026-11-20 13:00:00 UTC,Brand new event,bo@acme.com,ChatGPT,1.1.1.1,,\n"
)


def test_onelogins_events_in_words(tmp_path: Path) -> None:
    items = read("onelogin", tmp_path, ONELOGIN)
    assert gaps(items) == []
    assert {("Claude", "used_by", "ann@acme.com", 1), ("Claude", "", "ann@acme.com", 1),
            ("Otter.ai", "grants", "bo@acme.com", 1)} <= told(items)  # fmt: skip
    (left,) = [one for one in items if isinstance(one, Activity) and one.ends is Ends.ALL]
    assert left.rule == "user deleted"
    assert left.actor is not None
    assert left.actor.email == "bo@acme.com"
    (new,) = [one for one in items if isinstance(one, Activity) and one.is_guess]
    assert new.label == "ChatGPT"


PINGONE = (
    "Timestamp,Event Type,Description,Client,User Identity,Resource(s),Correlation ID,"
    "Result Status\n"
    "2026-11-20T10:00:00.000Z,User Access Allowed,x,ChatGPT,ann@acme.com,,c,Success\n"
    "2026-11-20T10:01:00.000Z,User Access Denied,x,ChatGPT,bo@acme.com,,c,Failed\n"
    "2026-11-20T10:02:00.000Z,Application Created,x,Admin Console,adm@acme.com,Otter.ai,c,Success\n"
    "2026-11-20T10:03:00.000Z,User Deleted,x,Admin Console,adm@acme.com,bo@acme.com,c,Success\n"
)


def test_pingones_audit_table(tmp_path: Path) -> None:
    items = read("pingone", tmp_path, PINGONE)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "used_by", "ann@acme.com", 1), ("ChatGPT", "", "bo@acme.com", 1),
        ("Otter.ai", "created_by", "adm@acme.com", 1), ("", "", "bo@acme.com", 1),
    }  # fmt: skip


OKTA_ASSIGNED = (
    "Application Name,Application ID,Status,Sign On Mode,User ID,User Login,User Assigned Date,"
    "Last Access\n"
    "ChatGPT,0oa1,ACTIVE,SAML_2_0,00u1,Ann@acme.com,2026-11-01,2026-11-20\n"
    "Claude,0oa2,INACTIVE,SAML_2_0,00u1,ann@acme.com,2026-11-02,\n"
)


def test_oktas_report_of_assignments(tmp_path: Path) -> None:
    items = read("okta", tmp_path, OKTA_ASSIGNED)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "grants", "ann@acme.com", 1), ("ChatGPT", "used_by", "ann@acme.com", 1),
        ("Claude", "", "ann@acme.com", 1),
    }  # fmt: skip
    found = {(one.rule, one.app_id, one.last_at) for one in items if isinstance(one, Activity)}
    assert ("report of last use", "okta:export/app/0oa1", "2026-11-20T00:00:00Z") in found
    used = read("okta", tmp_path, "Application,Unique users,Logins\nChatGPT,3,40\nIdle,0,0\n")
    assert told(used) == {("ChatGPT", "used_by", "", 40)}
    odd = read("okta", tmp_path, "Application,Colour\nChatGPT,red\n")
    assert gaps(odd) == ["not an Okta System Log event"]


# --- collaboration and business -------------------------------------------------------------------

ASANA = (
    "Created at,Event type,Event category,Actor name,Actor email,Resource type,Resource name,"
    "Resource gid\n"
    "2026-11-20T10:00:00Z,user_app_authorized,apps,Ann,ann@acme.com,app,ChatGPT,777\n"
    "2026-11-21T10:00:00Z,User app deauthorized,Apps,Ann,ann@acme.com,app,ChatGPT,777\n"
)


def test_asanas_audit_table(tmp_path: Path) -> None:
    items = read("asana", tmp_path, ASANA)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "grants", "ann@acme.com", 1), ("ChatGPT", "", "ann@acme.com", 1),
    }  # fmt: skip
    (ended,) = [one for one in items if isinstance(one, Activity) and not one.relation]
    assert (ended.rule, ended.ends) == ("user_app_deauthorized", Ends.OWN)


BOX = (
    "Date,User Name,User Email,IP Address,Action,Item Name,Item ID,Details,Service\n"
    "2026-11-20 08:00:00,Ann,ann@acme.com,192.0.2.1,Downloaded,plan.docx,1,,ChatGPT\n"
    "2026-11-20 08:01:00,Ann,ann@acme.com,192.0.2.1,Uploaded,a.docx,1,Service: Glean; x,\n"
    "2026-11-20 08:02:00,Ann,ann@acme.com,192.0.2.1,Downloaded,b.docx,1,,Box Web Application\n"
    "2026-11-20 08:03:00,Adm,adm@acme.com,192.0.2.1,App authorized,,1,Application: Otter.ai,\n"
)


def test_boxs_report_of_user_activity(tmp_path: Path) -> None:
    items = read("box", tmp_path, BOX)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "used_by", "ann@acme.com", 1), ("Glean", "used_by", "ann@acme.com", 1),
        ("Otter.ai", "grants", "adm@acme.com", 1),
    }  # fmt: skip
    ways = {one.label: (bool(one.reads), bool(one.writes)) for one in items
            if isinstance(one, Activity)}  # fmt: skip
    assert (ways["ChatGPT"], ways["Glean"]) == ((True, False), (False, True))
    assert "plan.docx" not in repr(items)


DROPBOX = (
    "Date and time,Event type,Description,Category,User,Email,Location,IP address\n"
    "2026-11-20 10:00:00,Linked app for member,Ann linked the app ChatGPT,Apps,Ann,ann@acme.com,"
    "DE,1.1.1.1\n"
    "2026-11-20 11:00:00,Linked app for team,Linked app Otter.ai for the team,Apps,Adm,"
    "adm@acme.com,DE,1.1.1.1\n"
    "2026-11-21 11:00:00,Unlinked app for team,Unlinked app Otter.ai for the team,Apps,Adm,"
    "adm@acme.com,DE,1.1.1.1\n"
    "2026-11-21 12:00:00,Edited file,plan.docx,Files,Ann,ann@acme.com,DE,1.1.1.1\n"
)


def test_dropboxs_report_with_users_and_descriptions(tmp_path: Path) -> None:
    items = read("dropbox", tmp_path, DROPBOX)
    assert gaps(items) == []
    assert told(items) == {
        ("ChatGPT", "grants", "ann@acme.com", 1), ("Otter.ai", "grants", "adm@acme.com", 1),
        ("Otter.ai", "", "adm@acme.com", 1),
    }  # fmt: skip
    assert [one.rule for one in items if isinstance(one, Activity) and one.ends is Ends.ALL] == [
        "Unlinked app for team"
    ]
    old = "Date,Member,Activity,Content\n2026-11-20,ann@acme.com,Linked app,Claude\n"
    assert told(read("dropbox", tmp_path, old)) == {("Claude", "grants", "ann@acme.com", 1)}


SERVICENOW = (
    "Name,Client ID,Type,Active,Created by,Created\n"
    "Claude,cid2,OAuth Client,true,bob,2026-11-01 10:00:00\n"
)


def test_servicenows_lists_by_their_labels(tmp_path: Path) -> None:
    (app,) = [one for one in read("servicenow", tmp_path, SERVICENOW) if isinstance(one, Activity)]
    assert (app.label, app.client_id, app.first_at) == ("Claude", "cid2", "2026-11-01T10:00:00Z")
    assert app.actor is not None
    assert app.actor.name == "bob"
    tokens = "OAuth Entity,User,Type,Created\nClaude,ann,Refresh,2026-11-02 10:00:00\n"
    (granted,) = [one for one in read("servicenow", tmp_path, tokens) if isinstance(one, Activity)]
    assert (granted.relation, [store.store_class for store in granted.reads]) == (
        "grants", ["tickets"],
    )  # fmt: skip
    uses = "Definition,Created by,Created,Error code\nSummarize,ann,2026-11-02 10:00:00,\n"
    (used,) = [one for one in read("servicenow", tmp_path, uses) if isinstance(one, Activity)]
    assert (used.relation, used.where) == ("used_by", "Summarize")
    users = "User ID,Name,Email,Active\nann,Ann Ash,ann@acme.com,true\n"
    assert "ann@acme.com" in people(read("servicenow", tmp_path, users))


def test_servicenows_other_tables_are_no_agents_and_no_skills(tmp_path: Path) -> None:
    groups = (
        "sys_id,name,active,description,manager,sys_created_by\n1,Payroll approvers,true,x,Ann,b\n"
    )
    goods = "sys_id,name,sys_created_by,price\n2,Standard Laptop,admin,900\n"
    for table in (groups, goods):
        items = read("servicenow", tmp_path, table, "a.csv")
        assert [one for one in items if isinstance(one, Asset)] == []
        assert gaps(items) == ["1 records are no rows of these tables"]
    agents = "sys_id,name,active,agent_role,sys_created_by\n3,Triage,true,helps,ada\n"
    (agent,) = [one for one in read("servicenow", tmp_path, agents, "b.csv")
                if isinstance(one, Asset)]  # fmt: skip
    assert agent.name == "Triage"


def test_what_the_tables_of_onelogin_and_dropbox_say_was_refused_lets_nobody_in(
    tmp_path: Path,
) -> None:
    rows = "".join(
        f"2026-11-01T10:00:00Z,{said},ann@acme.com,ChatGPT,ann@acme.com\n"
        for said in ("App login failed", "Application access revoked", "App access denied",
                     "USER_LOGGED_INTO_APP")
    )  # fmt: skip
    told = [one for one in read("onelogin", tmp_path, f"Date,Event,User,App,Actor\n{rows}", "o.csv")
            if isinstance(one, Activity)]  # fmt: skip
    assert [one.count for one in told if one.relation == "used_by"] == [1]
    assert not [one for one in told if one.relation == "grants"]
    rows = "".join(
        f"2026-11-01 10:00:00,ann@acme.com,{said},ChatGPT,\n"
        for said in ("Failed to link app", "Removed app", "Revoked app access",
                     "Disconnected app", "Changed app permissions", "Linked app to member account")
    )  # fmt: skip
    head = "Date,Member,Activity,Content,Description\n"
    told = [one for one in read("dropbox", tmp_path, head + rows, "d.csv")
            if isinstance(one, Activity)]  # fmt: skip
    assert [one.rule for one in told if one.relation] == ["Linked app to member account"]


def test_rows_of_openais_use_that_differ_by_size_or_kind_alone_all_count(tmp_path: Path) -> None:
    head = "start_time,end_time,project_id,model,"
    day = "1793491200,1793577600,proj_a,"
    images = f"{head}source,size,num_model_requests,images\n" + "".join(
        f"{day}dall-e-3,{how},{count},{count}\n"
        for how, count in (("image.generation,1024x1024", 10), ("image.generation,256x256", 20),
                           ("image.edit,1024x1024", 30))
    )  # fmt: skip
    chat = f"{head}num_model_requests,input_tokens,output_tokens\n{day},1000,5,5\n"
    vectors = f"{head}num_model_requests,input_tokens\n{day},77,5\n"
    assert _requests(read("openai", tmp_path, images, "i.csv")) == 60
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("completions.csv", chat)
        made.writestr("embeddings.csv", vectors)
    assert _requests(read_bytes("openai", tmp_path, packed.getvalue(), "use.zip")) == 1077
    with zipfile.ZipFile(packed, "a") as made:
        made.writestr("images.csv.gz", b"packed again")
    with pytest.raises(Unavailable, match=r"1 members are packed again .* such as images\.csv\.gz"):
        read_bytes("openai", tmp_path, packed.getvalue(), "more.zip")


@pytest.mark.parametrize("is_zip", [False, True])
def test_costs_by_project_and_by_line_are_the_same_money(tmp_path: Path, is_zip: bool) -> None:
    head, day = "start_time,end_time,", "1793491200,1793577600,"
    told = {
        "a.csv": f"{head}project_id,amount_value,amount_currency\n"
        f"{day}proj_a,100,usd\n{day}proj_b,50,usd\n",
        "b.csv": f"{head}line_item,amount_value,amount_currency\n"
        f"{day}gpt-5 input,90,usd\n{day}gpt-5 output,60,usd\n",
    }
    for name, text in told.items():
        (tmp_path / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as made:
        for name, text in told.items():
            made.writestr(name, text)
    config = tmp_path / "shadow-ai.toml"
    files = '"all.zip"' if is_zip else '"a.csv", "b.csv"'
    config.write_text(f'[sources.openai]\norganization = "acme"\nlive = false\nfiles = [{files}]\n')
    document = scan(load(config), url="sqlite://").document
    costs = [cost for one in document.assets for cost in one.costs]
    assert sum(Decimal(one.amount) for one in costs) == 150


def _requests(items: list[Item]) -> int:
    return sum(
        row.count for one in items if isinstance(one, Asset) and one.kind == "openai.project"
        for row in one.evidence
    )  # fmt: skip


def test_salesforces_oauth_usage_and_tokens_as_tables(tmp_path: Path) -> None:
    page = "Connected App,Description,User Count,Actions\nGong,,12,Block\nOtter.ai,,3,Blocked\n"
    found = {one.label: (one.relation, one.status) for one in read("salesforce", tmp_path, page)
             if isinstance(one, Activity)}  # fmt: skip
    assert found == {"Gong": ("contains", "12 users"), "Otter.ai": ("", "3 users, blocked")}
    tokens = ("AppName,UserId,UseCount,CreatedDate,LastUsedDate\n"
              "Claude,005x,7,2026-11-01T00:00:00Z,2026-11-20T00:00:00Z\n")  # fmt: skip
    used = read("salesforce", tmp_path, tokens)
    assert {one[:2] + one[3:] for one in told(used)} == {
        ("Claude", "grants", 1), ("Claude", "used_by", 7),
    }  # fmt: skip


def test_an_app_that_atlassians_table_names_in_its_activity(tmp_path: Path) -> None:
    text = ("Date,Location,IP address,Actor,Actor name,Actor email,Activity,Action,Product\n"
            "2026-11-20T10:00:00Z,,1.1.1.1,557:1,Ann,ann@acme.com,Installed app Claude for Jira,"
            "App installed,Jira\n")  # fmt: skip
    items = read("atlassian", tmp_path, text)
    assert gaps(items) == []
    assert told(items) == {("Claude", "grants", "ann@acme.com", 1)}


def test_tables_of_warehouses_without_people_or_names(tmp_path: Path) -> None:
    cortex = ("START_TIME,END_TIME,FUNCTION_NAME,MODEL_NAME,WAREHOUSE_ID,TOKEN_CREDITS,TOKENS\n"
              "2026-11-20 08:00:00.000 -0800,2026-11-20 09:00:00.000 -0800,COMPLETE,mistral-large2,"
              "1,0.5,1000\n")  # fmt: skip
    assert told(read("snowflake", tmp_path, cortex)) == {
        ("Cortex mistral-large2", "used_by", "", 1)
    }
    calls = ("account_id,workspace_id,databricks_request_id,requester,status_code,request_time,"
             "served_entity_id\na,1,d1,ann@acme.com,200,2026-11-20T10:00:00Z,se1\n"
             "a,1,d1,ann@acme.com,200,2026-11-20T10:00:00Z,se1\n"
             "a,1,d2,bo@acme.com,429,2026-11-20T10:00:00Z,se1\n")  # fmt: skip
    items = read("databricks", tmp_path, calls)
    assert gaps(items) == []
    assert {one[1:] for one in told(items)} == {
        ("used_by", "ann@acme.com", 1), ("", "bo@acme.com", 1),
    }  # fmt: skip
