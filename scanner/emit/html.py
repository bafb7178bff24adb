"""One self-contained page: no script, no font and no image from anywhere; everything escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from scanner.emit.document import AssetRow, Document
from scanner.emit.metrics_text import section
from scanner.model.finding import Finding

STYLE = """
:root{--ink:#1c2330;--dim:#5d6778;--line:#dfe3ea;--bg:#f6f7f9;--card:#fff;--accent:#3454d1;
--critical:#9b1c31;--high:#c2410c;--medium:#a16207;--low:#0e7490;--info:#5d6778;--ok:#15803d}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;margin:0 0 2px}h2{font-size:17px;margin:34px 0 10px}
.sub{color:var(--dim);margin:0 0 20px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:28px;line-height:1.15}.card span{color:var(--dim);font-size:13px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:8px 12px;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:12px;text-transform:uppercase;letter-spacing:.04em;color:var(--dim);background:#fafbfc}
tr:last-child td{border-bottom:0}
td{overflow-wrap:anywhere}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--dim)}
.tag{display:inline-block;border-radius:999px;padding:1px 9px;font-size:12px;font-weight:600;
color:#fff;background:var(--info);white-space:nowrap}
.critical{background:var(--critical)}.high{background:var(--high)}.medium{background:var(--medium)}
.low{background:var(--low)}.registered,.complete,.found{background:var(--ok)}
.unregistered,.failed,.denied,.not_found{background:var(--high)}
.drifted,.ambiguous,.partial,.duplicate{background:var(--medium)}.probable,.held{background:var(--low)}
.dim{color:var(--dim);font-size:13px}
details summary{cursor:pointer;color:var(--accent)}
@media print{body{background:#fff}.card,.scroll{break-inside:avoid}}
"""


def render_html(document: Document) -> str:
    """The page of one scan."""
    open_findings = [f for f in document.findings if f.status.is_open]
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        "<meta http-equiv='Content-Security-Policy' "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Shadow AI report</title><style>{STYLE}</style></head><body><main>",
        "<h1>Shadow AI report</h1>",
        f"<p class='sub'>Scan {escape(document.scan.id)}, finished "
        f"{escape(document.scan.finished)}</p>",
        _cards(document, open_findings),
        section(document.metrics),
        "<h2>Findings</h2>",
        _findings(open_findings),
        "<h2>AI inventory</h2>",
        _assets(document.assets),
        _registry(document),
        "<h2>What was read, and what was not</h2>",
        _coverage(document),
        "</main></body></html>\n",
    ]
    return "".join(parts)


def _cards(document: Document, findings: Sequence[Finding]) -> str:
    assets = [row for row in document.assets if row.type == "asset"]
    keys = [row for row in document.assets if row.type == "credential"]
    status = Counter(row.registry.status for row in assets)
    owned = sum(bool(row.owners) for row in document.assets)
    read = sum(row.status in ("complete", "not_enabled") for row in document.coverage)
    rows = (
        (str(len(assets)), "AI assets"),
        (str(status["unregistered"]), "of them unregistered"),
        (str(len(keys)), "AI credentials"),
        (str(len(findings)), "open findings"),
        (f"{owned}/{len(document.assets)}", "with an owner"),
        (f"{read}/{len(document.coverage)}", "shards read completely"),
    )
    cells = "".join(
        f"<div class='card'><b>{escape(number)}</b><span>{escape(label)}</span></div>"
        for number, label in rows
    )
    return f"<div class='cards'>{cells}</div>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return f"<p class='dim'>{escape(empty)}</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return (
        f"<div class='scroll'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _tag(word: str) -> str:
    safe = escape(word, quote=True)
    return f"<span class='tag {safe}'>{safe.replace('_', ' ')}</span>"


def _findings(findings: Sequence[Finding]) -> str:
    rows = [
        (
            _tag(f.severity),
            str(f.risk),
            f"{escape(f.title)}<br><span class='dim'>{escape(f.remedy)}</span>",
            escape(f.owner or "nobody"),
            _tag(str(f.status)),
            f"<span class='dim'>{escape(f.first_seen[:10])}</span>",
            f"{escape(f.policy)}<br><code>{escape(f.fingerprint)}</code>",
        )
        for f in findings
    ]
    header = ("Severity", "Risk", "Finding", "Owner", "Status", "First seen", "Policy")
    return _table(header, rows, "No open findings.")


def _assets(assets: Sequence[AssetRow]) -> str:
    rows = [
        (
            f"{escape(a.name)}<br><code>{escape(a.uid)}</code>{_places(a)}",
            escape(a.provider),
            escape(" ".join(filter(None, (a.account, a.region, a.environment)))),
            escape(a.owners[0].owner) + f"<br><span class='dim'>{escape(a.owners[0].reason)}</span>"
            if a.owners
            else "nobody",
            _tag(a.registry.status)
            + (
                f"<br><span class='dim'>{escape(a.registry.entry)}</span>"
                if a.registry.entry
                else ""
            ),
            escape(a.confidence),
        )
        for a in assets
    ]
    header = ("Asset", "Provider", "Where", "Owner", "Registry", "Confidence")
    return _table(header, rows, "No AI was found.")


def _places(asset: AssetRow) -> str:
    if not asset.evidence:
        return ""
    lines = "".join(
        f"<li><code>{escape(_place(e.path, e.line, e.commit) or e.resource)}</code> "
        f"{escape(e.rule)} <span class='dim'>{escape(e.context)}, {escape(e.confidence)}"
        f"{escape(' · ' + e.preview if e.preview else '')}</span></li>"
        for e in asset.evidence[:12]
    )
    more = (
        f"<li class='dim'>and {len(asset.evidence) - 12} more</li>"
        if len(asset.evidence) > 12
        else ""
    )
    count = len(asset.evidence)
    summary = f"<summary>{count} {'piece' if count == 1 else 'pieces'} of evidence</summary>"
    return f"<details>{summary}<ul>{lines}{more}</ul></details>"


def _place(path: str, line: int, commit: str) -> str:
    where = f"{path}:{line}" if path and line else path
    return f"{where} @ {commit[:12]}" if commit else where


def _registry(document: Document) -> str:
    if not document.registry:
        return ""
    rows = [
        (
            f"{escape(row.id)}<br>{escape(row.name)}",
            escape(row.owner or "-"),
            escape(row.stage or "-"),
            " ".join(_tag(outcome) for outcome in row.outcomes) or "-",
            str(len(row.assets)),
            escape(row.detail or ", ".join(row.duplicates)),
        )
        for row in document.registry
    ]
    header = ("Entry", "Owner", "Stage", "Outcome", "Assets", "Detail")
    return "<h2>Registry</h2>" + _table(header, rows, "")


def _coverage(document: Document) -> str:
    unread = [
        row
        for row in document.coverage
        if row.status not in ("complete", "not_enabled", "left_out")
    ]
    read = len(document.coverage) - len(unread)
    rows = [(f"<code>{escape(r.shard)}</code>", _tag(r.status), escape(r.reason)) for r in unread]
    note = f"<p class='dim'>{read} of {len(document.coverage)} shards were read completely.</p>"
    return note + _table(("Shard", "Status", "Reason"), rows, "Nothing was left out.")
