"""One self-contained page: no script, no font and no image from anywhere; everything escaped.

Numbers, the worst findings and what was not read stand in it as text; its tables and its graph are
drawn by its own script from the rows that it holds. It asks no network, and its policy forbids it.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from scanner.emit import charts
from scanner.emit.document import Document
from scanner.emit.markup import escape
from scanner.emit.metrics_text import section
from scanner.emit.owned import owned
from scanner.emit.picture import Picture
from scanner.emit.rows import data_of, unit
from scanner.emit.trend import Point
from scanner.model.coverage import earlier
from scanner.model.finding import Finding

WORST = 10
_MOST_UNREAD = 200
NOTHING = "'none'"
_READ = frozenset({"complete", "not_enabled"})

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


def render_html(
    document: Document,
    picture: Picture | None = None,
    points: Sequence[Point] = (),
    live: str = "",
) -> str:
    """The page of one scan. ``picture``: its graph, left out without; ``points``: of earlier scans;
    ``live``: links to other scans, as HTML, where the page is served."""
    styles = [STYLE, web("page.css"), web("cytoscape.css")]
    scripts = [web("tables.js")]
    if picture is not None:
        scripts = [web("cytoscape-3.35.0.min.js"), web("tables.js"), web("graph.js")]
    open_findings = [f for f in document.findings if f.status.is_open]
    ids = ("page-style", "page-layout", "__________cytoscape_stylesheet")
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        f"<meta http-equiv='Content-Security-Policy' content=\"{policy(styles, scripts)}\">",
        "<title>Shadow AI report</title>",
        *(f"<style id='{one}'>{style}</style>" for one, style in zip(ids, styles, strict=True)),
        "</head><body><a class='skip' href='#inventory'>Skip to the table</a><main>",
        "<header><h1>Shadow AI report</h1>",
        "<button id='theme' type='button' hidden>Light or dark</button></header>",
        f"<p class='sub'>Scan {escape(document.scan.id)}, finished "
        f"{escape(document.scan.finished)}</p>",
        live,
        _cards(document, open_findings),
        "<div class='two'><section><h2>Trend</h2>",
        charts.trend(points) if points else "<p class='dim'>One scan only: no trend yet.</p>",
        "</section>",
        "<section id='coverage'><h2>What was read, and what was not</h2>",
        _coverage(document),
        "</section></div>",
        _breakdown(document, picture),
        section(document.metrics),
        f"<h2>The worst {min(len(open_findings), WORST)}</h2>",
        _worst(document, open_findings, picture),
        web("graph.html") if picture is not None else "",
        web("tables.html"),
        _registry(document),
        _frameworks(open_findings, document),
        _warnings(document),
        "</main>",
        f"<script type='application/json' id='data'>{data_of(document, picture)}</script>",
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>\n",
    ]
    return "".join(parts)


def policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """Nothing from anywhere, and of what stands in the page only these texts."""
    said = {"style-src": styles, "script-src": scripts}
    named = "; ".join(
        f"{key} {' '.join(_hash(text) for text in texts) or NOTHING}" for key, texts in said.items()
    )
    return f"default-src 'none'; {named}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def web(name: str) -> str:
    """A file that is a part of the page."""
    text = (files("scanner.emit") / "web" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _breakdown(document: Document, picture: Picture | None) -> str:
    """Unregistered AI, by whom it comes from, who has it, and what it is given."""
    shadow = [
        row
        for row in document.assets
        if row.type == "asset" and row.registry.status == "unregistered"
    ]
    classes = picture.classes if picture else {}
    counts = (
        ("provider", Counter(row.provider or "not known" for row in shadow)),
        ("business unit", Counter(unit(row, picture) for row in shadow)),
        ("class of data", Counter(
            name for row in shadow for name in classes.get(row.uid, ("none known",)))),
    )  # fmt: skip
    cells = "".join(
        f"<section class='card'><h3>By {name}</h3>{charts.bars(count, f'Shadow AI by {name}')}"
        "</section>"
        for name, count in counts
    )
    flows = ""
    if picture is not None and picture.flows:
        flows = f"<details><summary>Data flows</summary>{charts.sankey(picture.flows)}</details>"
    return f"<h2>Shadow AI: {len(shadow)} unregistered</h2><div class='three'>{cells}</div>{flows}"


def _worst(document: Document, findings: Sequence[Finding], picture: Picture | None) -> str:
    names = {row.uid: row.name for row in document.assets}
    way_of = _Ways(names, picture)
    rows = []
    for f in sorted(findings, key=lambda f: -f.risk)[:WORST]:
        way = way_of(f.path or (f.asset,))
        rows.append((
            str(f.risk), _tag(f.severity),
            f"{escape(f.title)}<br><span class='dim'>{escape(f.remedy)}</span>", way,
            escape(f.owner or "nobody"), _tag(str(f.status)),
        ))  # fmt: skip
    header = ("Risk", "Severity", "Finding", "Path", "Owner", "Status")
    return _table(header, rows, "No open findings.")


class _Ways:
    """Paths as people read them: each thing with its type, and what joins it to the next, as a role
    is often called like the function that runs as it."""

    def __init__(self, names: dict[str, str], picture: Picture | None) -> None:
        things = picture.things if picture else ()
        self._names = names | {thing.id: thing.label for thing in things}
        self._types = {thing.id: thing.type.replace("_", " ") for thing in things}
        self._joins: dict[tuple[str, str], str] = {}
        for line in picture.lines if picture else ():
            ends = things[line.source].id, things[line.target].id
            self._joins.setdefault(ends, f"{line.relation.replace('_', ' ')} →")
            self._joins.setdefault(ends[::-1], f"← {line.relation.replace('_', ' ')}")

    def __call__(self, path: Sequence[str]) -> str:
        shown = []
        for before, ident in zip(("", *path), path, strict=False):
            join = self._joins.get((before, ident), "→" if before else "")
            kind = self._types.get(ident, "") if len(path) > 1 else ""
            dim = " ".join(escape(word) for word in (join, kind) if word)
            said = escape(self._names.get(ident, ident))
            shown.append(f"<span class='dim'>{dim}</span> {said}" if dim else said)
        return "<br>".join(shown)


def _frameworks(findings: Sequence[Finding], document: Document) -> str:
    """Open findings by control; no finding says nothing of a control that no rule asks about."""
    asked = Counter(control for row in document.policies for control in row.controls)
    found = Counter(control for finding in findings for control in finding.controls)
    frames = sorted({control.partition(":")[0] for control in (*asked, *found)})
    parts = []
    for frame in frames:
        rows = [
            (escape(control.partition(":")[2]), str(found[control]), str(asked[control]))
            for control in sorted({*asked, *found})
            if control.partition(":")[0] == frame
        ]
        total = sum(found[c] for c in found if c.partition(":")[0] == frame)
        parts.append(
            f"<details><summary>{escape(frame)}: {len(rows)} controls, {total} findings</summary>"
            f"{_table(('Control', 'Open findings', 'Rules that ask'), rows, '')}</details>"
        )
    return "<h2>Frameworks</h2>" + "".join(parts) if parts else ""


def _warnings(document: Document) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in document.warnings)
    return f"<h2>Warnings</h2><ul>{lines}</ul>" if lines else ""


def _cards(document: Document, findings: Sequence[Finding]) -> str:
    assets = [row for row in document.assets if row.type == "asset"]
    keys = [row for row in document.assets if row.type == "credential"]
    status = Counter(row.registry.status for row in assets)
    found = owned(document)
    wanted = [row for row in document.coverage if row.status != "left_out"]
    read = sum(row.status in _READ for row in wanted)
    rows = (
        (str(len(assets)), "AI assets"),
        (str(status["unregistered"]), "of them unregistered"),
        (str(len(keys)), "AI credentials"),
        (str(len(findings)), "open findings"),
        (f"{found.yes}/{found.of}", f"{found.what} with an owner"),
        (f"{read}/{len(wanted)}", "shards read completely"),
    )
    cells = "".join(
        f"<div class='card'><b>{escape(number)}</b><span>{escape(label)}</span></div>"
        for number, label in rows
    )
    return f"<div class='cards'>{cells}</div>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    # On a narrow screen a row stands as a card (page.css), and is still a table to a screen reader.
    body = "".join(
        "<tr role='row'>"
        + "".join(
            f"<td role='cell' data-head='{escape(name, quote=True)}'><div>{cell}</div></td>"
            for name, cell in zip(header, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return f"<p class='dim'>{escape(empty)}</p>"
    head = "".join(f"<th role='columnheader'>{escape(name)}</th>" for name in header)
    return (
        f"<div class='scroll'><table class='stack' role='table'><thead role='rowgroup'>"
        f"<tr role='row'>{head}</tr></thead><tbody role='rowgroup'>{body}</tbody></table></div>"
    )


def _tag(word: str) -> str:
    safe = escape(word, quote=True)
    return f"<span class='tag {safe}'>{safe.replace('_', ' ')}</span>"


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
    wanted = [row for row in document.coverage if row.status != "left_out"]
    unread = [row for row in wanted if row.status not in _READ]
    rows = [
        (f"<code>{escape(r.shard)}</code>", _tag(r.status), escape(r.reason))
        for r in unread[:_MOST_UNREAD]
    ]
    left = len(document.coverage) - len(wanted)
    note = (
        f"<p class='dim'>{len(wanted) - len(unread)} of {len(wanted)} shards were read completely"
        f"{f'; {left} left out by the configuration' if left else ''}.</p>"
    )
    if old := earlier(row.read_at for row in document.coverage):
        note += f"<p class='dim'>{escape(old)}: their sources were not due.</p>"
    if len(unread) > _MOST_UNREAD:
        note += f"<p class='dim'>{len(unread) - _MOST_UNREAD} more were not read.</p>"
    chart = charts.coverage((row.source, row.status) for row in document.coverage)
    table = _table(("Shard", "Status", "Reason"), rows, "Nothing was left out.")
    is_open = " open" if len(unread) <= 6 else ""
    summary = f"<summary>Not read: {len(unread)}</summary>"
    return f"{note}{chart}<details{is_open}>{summary}{table}</details>"
