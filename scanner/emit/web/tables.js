"use strict";
// The table of all assets and findings: filtered and sorted as arrays, drawn as one scrolls.
// Names are hostile: text reaches the page by textContent alone.
const DATA = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const make = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const words = (text) => String(text || "").replaceAll("_", " ");
const ROW = 34, SPARE = 8, PRINTED = 1000;
const SEVERITY = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };

const VIEWS = {
  assets: {
    rows: DATA.assets,
    columns: [["name", "Asset"], ["provider", "Provider"], ["unit", "Business unit"],
      ["owner", "Owner"], ["registry", "Registry"], ["data", "Data"], ["risk", "Risk"]],
    filters: [["type", "Type"], ["provider", "Provider"], ["unit", "Business unit"], ["registry", "Registry"],
      ["owned", "Owner"]],
    sort: ["risk", -1],
  },
  findings: {
    rows: DATA.findings,
    columns: [["severity", "Severity"], ["risk", "Risk"], ["title", "Finding"], ["owner", "Owner"],
      ["unit", "Business unit"], ["status", "Status"], ["first", "First seen"]],
    filters: [["severity", "Severity"], ["status", "Status"], ["policy", "Policy"], ["provider", "Provider"],
      ["unit", "Business unit"]],
    sort: ["risk", -1],
  },
};
for (const view of Object.values(VIEWS)) {
  for (const row of view.rows) {
    row.owned = row.owner ? "has one" : "nobody";
    row.risk = row.risk || 0;
    row.text = [row.name, row.title, row.id, row.kind, row.provider, row.unit, row.account, row.where, row.owner,
      row.data, row.models, row.policy, row.asset, (row.evidence || []).join(" ")].join("\n").toLowerCase();
  }
}
const asset_of = new Map(DATA.assets.map((row) => [row.id, row]));
const finding_of = new Map(DATA.findings.map((row) => [row.id, row]));

let view = VIEWS.assets, name = "assets", shown = [], active = 0, chosen = {};

function compare(key, turn) {
  return (a, b) => {
    let one = a[key] ?? "", other = b[key] ?? "";
    if (key === "severity") { one = SEVERITY[one] ?? -1; other = SEVERITY[other] ?? -1; }
    if (typeof one === "number" && typeof other === "number") return (one - other) * turn;
    one = String(one); other = String(other);
    return (one < other ? -1 : one > other ? 1 : 0) * turn;
  };
}

function refresh() {
  const wanted = by("t-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const set = Object.entries(chosen).filter(([, value]) => value !== "");
  shown = view.rows.filter((row) => set.every(([key, value]) => (row[key] || "none") === value)
    && wanted.every((word) => row.text.includes(word)));
  shown.sort(compare(...view.sort));
  active = 0;
  by("t-space").style.height = `${shown.length * ROW}px`;
  by("t-body").scrollTop = 0;
  by("table").setAttribute("aria-rowcount", shown.length + 1);
  by("t-said").textContent = `${shown.length} of ${view.rows.length} ${name}`;
  draw();
}

function draw() {
  const body = by("t-body"), space = by("t-space");
  const first = Math.max(0, Math.floor(body.scrollTop / ROW) - SPARE);
  const last = Math.min(shown.length, Math.ceil((body.scrollTop + body.clientHeight) / ROW) + SPARE);
  const lines = [], drawn = [];
  for (let at = first; at < last; at++) drawn.push(at);
  // The chosen row is always there, also out of sight: what tells of it names an element.
  if (shown.length && (active < first || active >= last)) drawn.push(active);
  for (const at of drawn) {
    const row = shown[at];
    const line = make("div", undefined, { role: "row", class: `row ${name}`, id: `row-${at}`,
      "aria-rowindex": at + 2, "aria-selected": String(at === active) });
    line.style.top = `${at * ROW}px`;
    line.dataset.at = at;
    for (const [key] of view.columns) {
      const cell = make("div", undefined, { role: "gridcell" });
      const value = row[key] || (key === "owner" ? "nobody" : key === "risk" ? "0" : "");
      if ((key === "severity" || key === "status" || key === "registry") && value) {
        const tag = make("span", words(value));
        tag.className = "tag";
        if (/^[a-z_]+$/.test(value)) tag.classList.add(value);
        cell.append(tag);
      } else cell.textContent = value;
      cell.title = value;
      line.append(cell);
    }
    lines.push(line);
  }
  space.replaceChildren(...lines);
  const grid = by("table");
  if (shown.length) grid.setAttribute("aria-activedescendant", `row-${active}`);
  else grid.removeAttribute("aria-activedescendant");
}

function head() {
  const line = make("div", undefined, { role: "row", class: `row ${name}`, "aria-rowindex": 1 });
  for (const [key, title] of view.columns) {
    const [sorted, turn] = view.sort;
    const cell = make("div", undefined, { role: "columnheader",
      "aria-sort": sorted !== key ? "none" : turn > 0 ? "ascending" : "descending" });
    const button = make("button", title + (sorted !== key ? "" : turn > 0 ? " ▲" : " ▼"), { type: "button" });
    button.dataset.key = key;
    button.addEventListener("click", () => {
      view.sort = [key, view.sort[0] === key ? -view.sort[1] : key === "risk" || key === "severity" ? -1 : 1];
      head();
      refresh();
      by("t-head").querySelectorAll("button").forEach((b) => b.dataset.key === key && b.focus());
    });
    cell.append(button);
    line.append(cell);
  }
  by("t-head").replaceChildren(line);
}

function filters() {
  chosen = {};
  const made = view.filters.map(([key, title]) => {
    const counts = new Map();
    for (const row of view.rows) counts.set(row[key] || "none", (counts.get(row[key] || "none") || 0) + 1);
    const select = make("select", undefined, { "aria-label": title });
    select.dataset.key = key;
    select.append(make("option", `${title}: all`, { value: "" }));
    for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 300)) {
      select.append(make("option", `${words(value)} (${count})`, { value }));
    }
    select.addEventListener("change", () => { chosen[key] = select.value; refresh(); });
    return select;
  });
  by("t-filters").replaceChildren(...made);
}

function show(which) {
  view = VIEWS[which];
  name = which;
  for (const one of Object.keys(VIEWS)) by(`t-${one}`).setAttribute("aria-pressed", String(one === which));
  by("t-detail").replaceChildren();
  head();
  filters();
  refresh();
}

function facts(pairs) {
  const list = make("dl");
  for (const [title, value] of pairs) {
    if (value === "" || value === undefined || value === null) continue;
    list.append(make("dt", title), make("dd", Array.isArray(value) ? value.join("\n") : value));
  }
  return list;
}

function lines(title, items) {
  const made = make("div");
  if (!items || !items.length) return made;
  const list = make("ul");
  for (const item of items) list.append(make("li", item));
  made.append(make("h3", title), list);
  return made;
}

function detail(row) {
  const box = by("t-detail");
  if (!row) return;
  const title = make("h3", row.name && !row.title ? row.name : row.title);
  const parts = [title];
  if (row.title) {
    parts.push(facts([["About", row.name], ["Risk", `${row.risk} (${row.severity})`], ["Owner", row.owner || "nobody"],
      ["Key last used", row.used], ["Remedy", row.remedy], ["Detail", row.detail], ["Policy", row.policy], ["Controls", row.controls],
      ["Fingerprint", row.id]]), lines("Why so risky", row.factors));
  } else {
    parts.push(facts([["Id", row.id], ["Kind", row.kind], ["Provider", row.provider], ["Account", row.account],
      ["Where", row.where], ["Owner", row.owner || "nobody"], ["Because", row.reason], ["Registry", words(row.registry)],
      ["Entry", row.entry], ["Reached", row.exposure], ["Models", row.models], ["Data", row.data],
      ["Confidence", row.confidence]]),
    lines("Open findings", (row.findings || []).map((id) => (finding_of.get(id) || {}).title || id)),
    lines("Evidence", [...(row.evidence || []), ...(row.more ? [`and ${row.more} more`] : [])]));
  }
  if (window.graphView && (row.way || row.node >= 0)) {
    const button = make("button", row.way ? "Show the path in the graph" : "Show in the graph", { type: "button" });
    button.addEventListener("click", () => {
      if (row.way) window.graphView.way({ title: row.title, nodes: row.way });
      else window.graphView.ego(row.node);
      by("graph").scrollIntoView();
    });
    parts.push(button);
  }
  box.replaceChildren(...parts);
}

function go(at) {
  if (!shown.length) return;
  active = Math.max(0, Math.min(shown.length - 1, at));
  const body = by("t-body"), top = active * ROW;
  if (top < body.scrollTop) body.scrollTop = top;
  if (top + ROW > body.scrollTop + body.clientHeight) body.scrollTop = top + ROW - body.clientHeight;
  draw();
}

by("t-body").addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
by("table").addEventListener("keydown", (event) => {
  if (event.target !== by("table")) return; // a button of the head has keys of its own
  const page = Math.floor(by("t-body").clientHeight / ROW) - 1;
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
    Home: -shown.length, End: shown.length }[event.key];
  if (step) { event.preventDefault(); go(active + step); }
  if (event.key === "Enter") detail(shown[active]);
});
by("t-body").addEventListener("click", (event) => {
  const line = event.target.closest(".row");
  if (!line) return;
  by("table").focus({ preventScroll: true });
  go(Number(line.dataset.at));
  detail(shown[active]);
});
let waiting = 0;
by("t-search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 80); });
by("t-clear").addEventListener("click", () => { by("t-search").value = ""; filters(); refresh(); });
by("t-assets").addEventListener("click", () => show("assets"));
by("t-findings").addEventListener("click", () => show("findings"));

// On paper there is no scrolling and nothing to open: all that is closed is opened, and both lists
// are plain tables, the one that is looked at as it was chosen.
let opened = [];
function plain(which) {
  const seen = VIEWS[which], chosen_rows = which === name ? shown : seen.rows;
  const table = make("table"), top = make("tr"), rows = chosen_rows.slice(0, PRINTED);
  for (const [, title] of seen.columns) top.append(make("th", title));
  table.append(make("caption", `${words(which)}: ${chosen_rows.length} of ${seen.rows.length}`), top);
  for (const row of rows) {
    const line = make("tr");
    for (const [key] of seen.columns) line.append(make("td", row[key] || ""));
    table.append(line);
  }
  const parts = [table];
  if (chosen_rows.length > rows.length) parts.push(make("p", `and ${chosen_rows.length - rows.length} more`));
  return parts;
}
addEventListener("beforeprint", () => {
  by("t-print").replaceChildren(...Object.keys(VIEWS).flatMap(plain));
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => {
  by("t-print").replaceChildren();
  for (const one of opened) one.open = false;
});

const theme = by("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  dispatchEvent(new Event("themechange"));
});
show("assets");
