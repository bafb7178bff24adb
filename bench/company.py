"""A company of 5,000 people, nine SaaS logs, and what the command says beside what was put in.

    python -m bench.company [--people 5000] [--events 400000] [--keep FOLDER]

Exports of nine products are written, each in a shape that its administrators get (lines of JSON,
packed, an answer of the API, a CSV of the console), with a known truth: who let which app in or
used it, when first and last. AI that the registry has, AI that it has not, and apps that are no AI
are mixed, and one that nobody knows but whose name says AI; people appear in several products under
one address, some with an account of their own; some take back what they let in. The whole command
is then run once; apps, people, the first and last second, personal accounts, how sure it is and
what the registry says are compared.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOMAIN = "acme.example"
T0, DAYS = 1_793_836_800, 25  # from 4 November 2026 on


@dataclass(frozen=True)
class App:
    name: str
    provider: str
    """Empty: no AI; ``?``: nobody knows it, and its name says AI."""
    ident: str = ""


CHATGPT = App("ChatGPT", "openai", "e0476654-c1d5-430b-ab80-70cbd947616a")
CLAUDE = App("Claude", "anthropic")
OTTER = App("Otter.ai", "otter")
FIREFLIES = App("Fireflies.ai", "fireflies")
PERPLEXITY = App("Perplexity", "perplexity")
READ = App("Read AI", "read_ai")
NOTES = App("Quillbee AI Notetaker", "?")
PAYROLL, LUNCH, WIKI = App("Payroll", ""), App("Lunch menu", ""), App("Wiki", "")
REGISTERED = ("openai",)
"""Providers whose use the registry covers."""


APPROVED = (
    "okta:export/app/0oaChatGPT", f"entra:acme.example/app/{CHATGPT.ident}",
    "salesforce:acme/app/chatgpt",
)  # fmt: skip
"""What the registry's one entry is bound to."""


@dataclass
class Seen:
    people: set[str] = field(default_factory=set)
    first: int = 1 << 40
    last: int = 0

    def add(self, person: str, at: int) -> None:
        self.people.add(person)
        self.first, self.last = min(self.first, at), max(self.last, at)


Truth = dict[tuple[str, str], Seen]
"""By source and app."""
Made = Callable[[int, str, App, int], Any]


def _iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _mail(person: str) -> str:
    """One in fifty has no account of the company's."""
    return f"{person}@{DOMAIN}" if int(person[1:]) % 50 else f"{person}.acme@gmail.com"


def _takes_back(person: str) -> bool:
    return int(person[1:]) % 10 == 3


def okta(n: int, person: str, app: App, at: int) -> Any:
    return {
        "actor": {"id": f"00u{person}", "type": "User", "alternateId": _mail(person),
                  "displayName": person},
        "client": {"ipAddress": "192.0.2.10", "userAgent": {"rawUserAgent": "Mozilla/5.0"}},
        "eventType": "user.authentication.sso", "outcome": {"result": "SUCCESS"},
        "published": _iso(at), "uuid": f"00000000-0000-4000-8000-{n:012d}", "version": "0",
        "target": [{"id": f"0oa{app.name}", "type": "AppInstance", "alternateId": app.name,
                    "displayName": app.name}],
    }  # fmt: skip


def entra(n: int, person: str, app: App, at: int) -> Any:
    return {
        "id": f"s{n}", "createdDateTime": _iso(at), "userPrincipalName": _mail(person),
        "userDisplayName": person, "userId": f"u-{person}",
        "appId": app.ident or f"00000000-0000-4000-9000-{abs(hash_of(app.name)):012d}",
        "appDisplayName": app.name, "status": {"errorCode": 0}, "ipAddress": "192.0.2.1",
        "clientAppUsed": "Browser", "isInteractive": True,
    }  # fmt: skip


def hash_of(name: str) -> int:
    return sum(map(ord, name))


def workspace(n: int, person: str, app: App, at: int) -> Any:
    scopes = ["https://www.googleapis.com/auth/drive.readonly", "https://mail.google.com/"]
    return {
        "kind": "admin#reports#activity", "etag": "x",
        "id": {"time": _iso(at), "uniqueQualifier": str(n), "applicationName": "token",
               "customerId": "C1"},
        "actor": {"email": _mail(person), "profileId": person.strip("p") or "1"},
        "events": [{"type": "auth", "name": "authorize", "parameters": [
            {"name": "client_id", "value": f"{hash_of(app.name)}-x.apps.googleusercontent.com"},
            {"name": "app_name", "value": app.name}, {"name": "client_type", "value": "WEB"},
            {"name": "scope", "multiValue": scopes},
        ]}],
    }  # fmt: skip


def microsoft365(n: int, person: str, app: App, at: int) -> Any:
    return {
        "Id": f"m{n}", "CreationTime": _iso(at)[:-1], "Operation": "FileAccessed", "RecordType": 6,
        "UserId": _mail(person), "Workload": "SharePoint", "ResultStatus": "",
        "ApplicationId": f"id-{app.name}", "ApplicationDisplayName": app.name,
        "ObjectId": "https://acme.sharepoint.com/sites/x/y.docx",
    }  # fmt: skip


def slack(n: int, person: str, app: App, at: int) -> Any:
    user = {"id": f"W{person}", "name": person, "email": _mail(person)}
    return {
        "id": f"k{n}", "date_create": at, "action": "app_installed",
        "actor": {"type": "user", "user": user},
        "entity": {"type": "app", "app": {"id": f"A{app.name}", "name": app.name, "scopes":
                                          ["channels:history", "files:read", "chat:write"]}},
        "context": {"ip_address": "192.0.2.1"}, "details": {},
    }  # fmt: skip


def salesforce(n: int, person: str, app: App, at: int) -> Any:
    return {
        "EVENT_TYPE": "ApiTotalUsage", "TIMESTAMP_DERIVED": _iso(at), "TIMESTAMP": "x",
        "REQUEST_ID": f"r{n}", "USER_ID": f"0055f{int(person[1:]):010d}",
        "CONNECTED_APP_NAME": app.name, "CONNECTED_APP_ID": f"0H4{app.name}",
        "USER_NAME": _mail(person), "HTTP_METHOD": "GET", "ENTITY_NAME": "Contact",
    }  # fmt: skip


def box(n: int, person: str, app: App, at: int) -> Any:
    return {
        "type": "event", "event_id": f"b{n}", "event_type": "DOWNLOAD", "created_at": _iso(at),
        "created_by": {"type": "user", "id": person, "name": person, "login": _mail(person)},
        "source": {"item_type": "file", "item_name": "pay.docx"},
        "additional_details": {"service_id": f"s-{app.name}", "service_name": app.name},
    }  # fmt: skip


def asana(n: int, person: str, app: App, at: int) -> Any:
    who = {"actor_type": "user", "gid": person[1:], "name": person, "email": _mail(person)}
    return {
        "gid": str(n), "created_at": _iso(at), "event_type": "app_authorized",
        "event_category": "apps", "actor": who, "details": {},
        "resource": {"resource_type": "app", "gid": str(hash_of(app.name)), "name": app.name},
        "context": {"context_type": "web", "client_ip_address": "203.0.113.9"},
    }  # fmt: skip


def zoom(n: int, person: str, app: App, at: int) -> Any:
    """Summaries of meetings by Zoom's own AI: there is one app."""
    return {
        "meeting_uuid": f"z{n}", "meeting_id": n, "meeting_topic": "x", "meeting_host_id": person,
        "meeting_host_email": _mail(person), "meeting_start_time": _iso(at),
        "meeting_end_time": _iso(at), "summary_start_time": _iso(at),
        "summary_end_time": _iso(at), "summary_created_time": _iso(at),
        "summary_last_modified_time": _iso(at),
    }  # fmt: skip


COMPANION = App("AI Companion", "zoom")


def workspace_end(n: int, person: str, app: App, at: int) -> Any:
    event = workspace(n, person, app, at)
    event["events"][0] |= {"name": "revoke"}
    return event


@dataclass(frozen=True)
class Source:
    """``ended``: the event by which a person takes back what that person let in."""

    made: Made
    apps: tuple[App, ...]
    shape: str
    settings: str = 'organization = "acme"'
    ended: Made | None = None


SOURCES = {
    "okta": Source(okta, (CHATGPT, PERPLEXITY, PAYROLL, WIKI), "lines", ""),
    "entra": Source(entra, (CHATGPT, READ, PAYROLL), "page", 'tenant = "acme.example"'),
    "google_workspace": Source(workspace, (CLAUDE, OTTER, LUNCH), "packed",
                               'domain = "acme.example"', workspace_end),
    "microsoft365": Source(microsoft365, (CLAUDE, FIREFLIES, WIKI), "lines"),
    "slack": Source(slack, (CLAUDE, PERPLEXITY, LUNCH, NOTES), "array"),
    "salesforce": Source(salesforce, (CHATGPT, PAYROLL), "csv"),
    "box": Source(box, (CLAUDE, OTTER, WIKI, NOTES), "lines"),
    "asana": Source(asana, (CLAUDE, FIREFLIES, LUNCH), "lines"),
    "zoom": Source(zoom, (COMPANION,), "lines"),
}  # fmt: skip


def write(folder: Path, people: int, events: int) -> Truth:
    truth: Truth = defaultdict(Seen)
    for name, source in SOURCES.items():
        draw = random.Random(name)
        each = events // len(SOURCES)
        ended: set[tuple[str, App]] = set()

        def rows(name: str = name, source: Source = source, each: int = each,
                 draw: random.Random = draw,
                 ended: set[tuple[str, App]] = ended) -> Iterator[Any]:  # fmt: skip
            for n in range(each):
                app, person = draw.choice(source.apps), f"p{draw.randrange(people)}"
                at = T0 + draw.randrange(DAYS * 86_400)
                is_ended = source.ended is not None and _takes_back(person)
                if app.provider and is_ended:
                    ended.add((person, app))
                elif app.provider:
                    truth[name, app.name].add(_mail(person), at)
                yield source.made(n, person, app, at)
            for m, (person, app) in enumerate(sorted(ended, key=str) if source.ended else ()):
                assert source.ended is not None
                yield source.ended(each + m, person, app, T0 + DAYS * 86_400 + m % 3600)

        _store(
            folder / f"{name}.{'csv' if source.shape == 'csv' else 'json'}", source.shape, rows()
        )
    return truth


def _store(path: Path, shape: str, rows: Iterator[Any]) -> None:
    if shape == "csv":
        first = next(rows)
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(first))
            table.writeheader()
            table.writerow(first)
            table.writerows(rows)
    elif shape == "packed":
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    elif shape == "array":
        path.write_text(json.dumps(list(rows)))
    elif shape == "page":
        path.write_text(json.dumps({"@odata.context": "x", "value": list(rows)}))
    else:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def configure(folder: Path) -> None:
    lines = ['[registry]\nfiles = ["registry.yaml"]\n']
    for name, source in SOURCES.items():
        (file,) = folder.glob(f"{name}.*")
        live = "" if name == "okta" else "live = false\n"
        lines.append(f'[sources.{name}]\n{source.settings}\n{live}files = ["{file.name}"]\n')
    (folder / "shadow-ai.toml").write_text("\n".join(lines))
    bindings = "".join(f'      - {{type: id, value: "{one}"}}\n' for one in APPROVED)
    (folder / "registry.yaml").write_text(
        "entries:\n  - id: AIR-1\n    name: ChatGPT\n    owner: it@acme.example\n"
        "    stage: production\n    approved: {providers: [openai]}\n    bindings:\n" + bindings
    )


def scan(folder: Path) -> tuple[dict[str, Any], float, float]:
    """The document, seconds, and the highest memory in MiB."""
    began = time.perf_counter()
    done = subprocess.Popen(
        [sys.executable, "-m", "scanner", "scan", "--json"], cwd=folder, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    out = done.stdout.read() if done.stdout else b""
    _, _, used = os.wait4(done.pid, 0)
    return json.loads(out), time.perf_counter() - began, used.ru_maxrss / 1024


def rows(document: dict[str, Any], truth: Truth) -> Iterator[tuple[tuple[str, ...], bool]]:
    """A row for each source and app that uses AI, and whether it is what was put in."""
    assets = {one["uid"]: one for one in document["assets"]}
    people: dict[str, set[str]] = defaultdict(set)
    times: dict[str, list[str]] = defaultdict(list)
    data: dict[str, set[str]] = defaultdict(set)
    for edge in document["edges"]:
        app = edge["source"] if edge["source"] in assets else edge["target"]
        if app not in assets:
            continue
        other = edge["target"] if app == edge["source"] else edge["source"]
        if edge["kind"] in ("used_by", "grants"):
            people[app].add(other)
            for seen in edge["evidence"]:
                times[app] += [seen["first_seen"], seen["last_seen"]]
        elif edge["kind"] in ("reads_from", "writes_to"):
            data[app].add(other.rpartition("#")[2].rpartition("/")[2])
    by_name = {(one["kind"].partition(".")[0], one["name"]): one for one in assets.values()}
    left = set(assets)
    for (source, app), seen in sorted(truth.items()):
        name = "Zoom AI Companion of acme" if source == "zoom" else app
        found = by_name.get((source, name))
        if found is None:
            yield (source, app, "missing"), False
            continue
        uid = found["uid"]
        left.discard(uid)
        status = found["registry"]["status"]
        first, last = min(times[uid], default=""), max(times[uid], default="")
        provider = next(a.provider for a in (*SOURCES[source].apps,) if a.name == app)
        personal = sum(not one.endswith(f"@{DOMAIN}") for one in seen.people)
        right = (
            len(people[uid]) == len(seen.people)
            and found["tenancy"].get("personal", 0) == personal
            and (provider != "?" or (found["provider"], found["confidence"]) == ("", "low"))
            and (first, last) == (_iso(seen.first), _iso(seen.last))
            and (status == "registered") == (provider in REGISTERED)
        )
        yield (
            source, app, found["provider"], f"{len(people[uid]):,}", f"{len(seen.people):,}",
            str(found["tenancy"].get("personal", 0)), found["confidence"],
            ", ".join(sorted(data[uid])), first[:10], last[:10], status,
        ), right  # fmt: skip
    for uid in sorted(left):
        yield ("-", assets[uid]["name"], "not put in"), False


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--keep", type=Path, help="leave the files there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = given.keep or Path(scratch)
        place.mkdir(exist_ok=True, parents=True)
        truth = write(place, given.people, given.events)
        configure(place)
        size = sum(one.stat().st_size for one in place.glob("*.*")) / 1e6
        document, seconds, memory = scan(place)
    print("| source | app | provider | people | put in | personal | sure | data | first | last | "
          "registry |")  # fmt: skip
    print("| --- | --- | --- | ---: | ---: | ---: | --- | --- | --- | --- | --- |")
    wrong = 0
    for cells, right in rows(document, truth):
        print(f"| {' | '.join(cells)} |{'' if right else ' WRONG'}")
        wrong += not right
    unread = [one for one in document["coverage"] if one["status"] != "complete"]
    print(
        f"{given.events:,} events of {len(SOURCES)} sources ({size:.0f} MB), "
        f"{given.people:,} people: {seconds:.1f} s, {memory:.0f} MiB; {wrong} rows wrong, "
        f"{len(unread)} shards not complete"
    )
    for one in unread[:5]:
        print(f"  {one['shard']}: {one['status']}: {one['reason']}")
    sys.exit(bool(wrong or unread))


if __name__ == "__main__":
    main()
