"""Inventories of devices: which AI is installed on what, by whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.logs.installed import inventory_formats, inventory_of
from scanner.model.evidence import Confidence
from scanner.model.facts import Edge
from tests.connectors.logs.conftest import Read, Told

CLAUDE = "fcoeoabgfenejglbffodgkkbkcdhcgfn"
"""https://chromewebstore.google.com/detail/fcoeoabgfenejglbffodgkkbkcdhcgfn"""
OTHER = "ghbmnnjooekpmoecnnnilnnbdlolhkhi"
EXTENSION = "Claude in Chrome (extension)"


def osquery(table: str, action: str = "added", user: str = "", **columns: str) -> dict[str, object]:
    """https://osquery.readthedocs.io/en/stable/deployment/logging/"""
    return {"name": f"pack_it_{table}", "hostIdentifier": "LAPTOP-7", "calendarTime":
            "Sat Nov 28 10:00:00 2026 UTC", "unixTime": 1795860000, "epoch": 0, "counter": 0,
            "decorations": {"hostname": "laptop-7", "username": user},
            "columns": columns, "action": action}  # fmt: skip


DEFENDER = "DeviceId,BrowserName,ExtensionId,ExtensionName,ExtensionVersion,ExtensionRisk\n"
"""https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-devicetvmbrowserextensions-table"""
SOFTWARE = "Timestamp,DeviceId,DeviceName,OSPlatform,SoftwareVendor,SoftwareName,SoftwareVersion\n"
JAMF = {
    "totalCount": 1, "results": [{
        "id": "1", "general": {"name": "MacBook-1", "reportDate": "2026-11-28T10:00:00Z"},
        "userAndLocation": {"username": "anna", "email": "anna@example.com"},
        "applications": [
            {"name": "Claude.app", "path": "/Applications/Claude.app", "version": "1.1",
             "bundleId": "com.anthropic.claudefordesktop"},
            {"name": "Safari.app", "version": "26", "bundleId": "com.apple.Safari"},
        ],
    }],
}  # fmt: skip
"""https://developer.jamf.com/jamf-pro/reference/get_v1-computers-inventory"""


def lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


# what the file holds, and (who, what): how sure
CASES: dict[str, tuple[str, dict[tuple[str, str], Confidence]]] = {
    "osquery, browser extensions": (
        lines(osquery("chrome_extensions", name="Claude", identifier=CLAUDE, username="anna"),
              osquery("chrome_extensions", name="Google Docs Offline", identifier=OTHER),
              osquery("chrome_extensions", "removed", name="Monica",
                      identifier="ofpnmcalabcbjgholdjcjblkibolbppb")),
        {("laptop-7", EXTENSION): Confidence.CERTAIN, ("anna", EXTENSION): Confidence.CERTAIN}),
    "osquery, a snapshot of editor extensions": (
        lines({"name": "vscode_extensions", "hostIdentifier": "h1", "action": "snapshot",
               "unixTime": 1795860000, "snapshot": [
                   {"name": "saoudrizwan.claude-dev", "publisher": "saoudrizwan", "version": "3"},
                   {"name": "copilot-chat", "publisher": "GitHub", "version": "1"},
                   {"name": "rust-lang.rust-analyzer", "publisher": "rust-lang"}]}),
        {("h1", "Cline (extension)"): Confidence.CERTAIN,
         ("h1", "GitHub Copilot (extension)"): Confidence.CERTAIN}),
    "osquery, applications, programs and processes": (
        lines(osquery("apps", name="LM Studio.app", bundle_identifier="ai.elementlabs.lmstudio"),
              osquery("programs", name="Cursor (User)", publisher="Anysphere"),
              osquery("processes", name="ollama", path="/usr/local/bin/ollama"),
              osquery("processes", name="bash", path="/bin/bash", cmdline="echo ollama"),
              osquery("programs", name="Claude Monet Screensaver")),
        {("laptop-7", "LM Studio (application)"): Confidence.CERTAIN,
         ("laptop-7", "Cursor (application)"): Confidence.MEDIUM,
         ("laptop-7", "Ollama (program that ran)"): Confidence.MEDIUM}),
    "Defender, browser extensions": (
        DEFENDER + f"d1,chrome,{CLAUDE},Claude,1.0,Low\nd1,chrome,{OTHER},ChatGPT,1.0,Low\n",
        {("d1", EXTENSION): Confidence.CERTAIN}),
    "Defender, software": (
        SOFTWARE + "2026-11-28T10:00:00Z,d1,laptop-1,Windows11,ollama,ollama,0.20\n"
        "2026-11-28T10:00:00Z,d1,laptop-1,Windows11,mozilla,firefox,140\n",
        {("laptop-1", "Ollama (application)"): Confidence.MEDIUM}),
    "Defender, JSON": (
        lines({"DeviceId": "d1", "DeviceName": "laptop-1", "SoftwareVendor": "x", "SoftwareName":
               "LM Studio 0.3.5"}),
        {("laptop-1", "LM Studio (application)"): Confidence.MEDIUM}),
    "CrowdStrike": (
        lines({"event_simpleName": "InstalledBrowserExtension", "aid": "a1", "ComputerName": "PC-1",
               "timestamp": "1795860000000", "BrowserExtensionId": CLAUDE, "BrowserExtensionName":
               "Claude", "UserName": "anna"},
              {"event_simpleName": "ProcessRollup2", "aid": "a1", "FileName": "ollama.exe"}),
        {("pc-1", EXTENSION): Confidence.CERTAIN, ("anna", EXTENSION): Confidence.CERTAIN,
         ("a1", "Ollama (program that ran)"): Confidence.MEDIUM}),
    "Defender, processes": (
        "Timestamp,DeviceName,ActionType,FileName,FolderPath,ProcessCommandLine\n"
        "2026-11-28T10:00:00Z,d1,ProcessCreated,ollama.exe,C:\\x\\ollama.exe,ollama serve\n"
        "2026-11-28T10:00:00Z,d1,ProcessCreated,cmd.exe,C:\\x\\cmd.exe,ollama.exe serve\n",
        {("d1", "Ollama (program that ran)"): Confidence.MEDIUM}),
    # https://learn.microsoft.com/en-us/intune/intune-service/fundamentals/reports-export-graph-available-reports
    "Intune, table": (
        "ApplicationKey,ApplicationName,ApplicationPublisher,ApplicationVersion,DeviceId,DeviceName,"
        "EmailAddress,UserName\nk,ChatGPT,OpenAI,1.2,i1,PC-2,Ben@example.com,Ben\n"
        "k,Goose Game,Panic,1.2,i1,PC-2,ben@example.com,Ben\n",
        {("pc-2", "ChatGPT (application)"): Confidence.MEDIUM,
         ("ben@example.com", "ChatGPT (application)"): Confidence.MEDIUM}),
    "Intune, Graph": (
        json.dumps({"value": [
            {"displayName": "Windsurf", "version": "1", "sizeInByte": 0, "deviceCount": 12,
             "managedDevices": [{"deviceName": "PC-3", "userPrincipalName": "ben@example.com"}]},
            {"displayName": "Word", "version": "1", "sizeInByte": 0, "deviceCount": 12}]}),
        {("pc-3", "Windsurf (application)"): Confidence.MEDIUM,
         ("ben@example.com", "Windsurf (application)"): Confidence.MEDIUM}),
    "Jamf": (
        json.dumps(JAMF),
        {("macbook-1", "Claude (application)"): Confidence.CERTAIN,
         ("anna@example.com", "Claude (application)"): Confidence.CERTAIN}),
    "Chrome, table": (
        "id,name,num_permissions,num_installed,num_disabled,num_forced,permissions,installed\n"
        f'{CLAUDE},Claude,3,2,0,0,"tabs, storage","laptop-1, laptop-2"\n{OTHER},Docs,1,1,0,0,,x\n',
        {("laptop-1", EXTENSION): Confidence.CERTAIN,
         ("laptop-2", EXTENSION): Confidence.CERTAIN}),
}  # fmt: skip


def told_of(told: Told) -> dict[tuple[str, str], Confidence]:
    names = {asset.id: asset.name for asset in told.assets.values()}
    who = {person.id: person.name for person in told.people.values()}
    return {
        (who[item.target], names[item.source]): item.evidence[0].confidence
        for item in told.items
        if isinstance(item, Edge) and item.relation == "used_by"
    }


@pytest.mark.parametrize("case", CASES)
def test_what_is_installed_on_what_by_whom(tmp_path: Path, read: Read, case: str) -> None:
    text, expected = CASES[case]
    (tmp_path / "inventory").write_text(text)
    told = read("inventory")
    assert told_of(told) == expected
    assert all(asset.provider for asset in told.assets.values())
    assert not told.gaps


def test_the_browsers_own_report_counts_devices(tmp_path: Path, read: Read) -> None:
    """https://developers.google.com/chrome/management/reference/rest/v1/customers.reports/countInstalledApps"""
    (tmp_path / "apps.json").write_text(json.dumps({"installedApps": [
        {"appId": CLAUDE, "displayName": "Claude", "browserDeviceCount": "41"},
        {"appId": OTHER, "displayName": "Docs", "browserDeviceCount": "9"}]}))  # fmt: skip
    (thing,) = read("apps.json").assets.values()
    assert (thing.name, thing.evidence[0].count, thing.provider) == (EXTENSION, 41, "anthropic")


def test_every_inventory_has_a_case_and_a_page() -> None:
    found = {
        layout.format.name for text, _ in CASES.values() if (layout := inventory_of(text.encode()))
    }
    assert found == {one.name for one in inventory_formats()}
    assert all(one.reference for one in inventory_formats())


@pytest.mark.parametrize(
    "text",
    ["app id,name,device name,user,url\n1,x,laptop-1,anna,https://api.openai.com/v1/responses\n",
     "src ip,dst ip,src port,dst port,bytes,hostname,user\n10.0.0.5,192.0.2.3,51000,443,9,"
     "api.openai.com,anna\n"],
)  # fmt: skip
def test_a_table_that_names_hosts_is_a_log(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "proxy.csv").write_text(text)
    told = read("proxy.csv")
    assert {who for who, _ in told.use} == {"anna"}


def test_an_inventory_that_was_read_is_not_read_again(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "osquery.log"
    record = osquery("chrome_extensions", name="Claude", identifier=CLAUDE)
    log.write_text(lines(record))
    (tmp_path / "jamf.json").write_text(json.dumps(JAMF))
    first = read(".")
    with log.open("a") as more:
        more.write(lines({**record, "hostIdentifier": "h9", "decorations": {}}))
    second = read(".", since=first.cursor)
    assert set(told_of(second)) == {("h9", EXTENSION)}


@pytest.mark.parametrize(
    "text",
    ['{"installedApps":[1,null,{"appId":[]}]}', '{"installedApps":', '{"installedApps":{}}',
     '{"results":[{"applications":[{"bundleId":{}}],"userAndLocation":[]}]}',
     DEFENDER + "," * 900 + "\n" + CLAUDE, '{"hostIdentifier":1,"snapshot":[[],1],"x":"ollama"}\n',
     '{"hostIdentifier":"h","columns":"ollama"}\n', '[{"displayName":"Claude","deviceCount":-1}]'],
    ids=range(8),
)  # fmt: skip
def test_what_is_broken_harms_nothing(tmp_path: Path, read: Read, text: str) -> None:
    (tmp_path / "inventory").write_text(text)
    assert not told_of(read("inventory"))
