"use strict";
// The graph: a map of units and vendors first, then the surroundings of one thing, or a path. Every
// place was found beforehand: here columns and rows that are drawn are only put close together.
(() => {
  const G = DATA.graph, MOST = 1500, STEP = 60, HITS = 20, SHELF = 60;
  const [ID, LABEL, TYPE, KIND, X, Y, CLASSES] = [0, 1, 2, 3, 4, 5, 6];
  const TYPES = { asset: ["ellipse", "#3454d1", "Asset"], credential: ["diamond", "#c2410c", "Key"],
    data_store: ["barrel", "#a16207", "Data store"], identity: ["round-triangle", "#15803d", "Person or role"],
    account: ["round-rectangle", "#5d6778", "Account"], provider: ["hexagon", "#7c3aed", "Vendor"],
    registry_entry: ["tag", "#be185d", "Registry entry"], unit: ["round-rectangle", "#0e7490", "Business unit"], unknown: ["ellipse", "#8a93a3", "Not described"] };
  const near = G.things.map(() => []);
  G.lines.forEach(([source, target], at) => { near[source].push(at); near[target].push(at); });
  const other = (line, end) => (G.lines[line][0] === end ? G.lines[line][1] : G.lines[line][0]);
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const say = (text) => { by("g-said").textContent = text; };
  const called = (at) => `${words(G.things[at][TYPE])}: ${G.things[at][LABEL]}`;
  const counted = (count) => `${count} asset${count === 1 ? "" : "s"}`;

  const style = () => [
    { selector: "node", style: { label: "data(label)", color: ink(), "font-size": 11, width: 22, height: 22,
      "text-valign": "bottom", "text-margin-y": 3, "text-wrap": "ellipsis", "text-max-width": 130,
      "min-zoomed-font-size": 5, "background-color": "#8a93a3" } },
    ...Object.entries(TYPES).map(([type, [shape, colour]]) => (
      { selector: `node[type = "${type}"]`, style: { shape, "background-color": colour } })),
    { selector: "node[?sensitive]", style: { "border-width": 3, "border-color": "#9b1c31" } },
    { selector: "node[size]", style: { width: "data(size)", height: "data(size)" } },
    { selector: "node.left", style: { "text-valign": "center", "text-halign": "left", "text-margin-x": -5, "text-margin-y": 0 } },
    { selector: "node.right", style: { "text-valign": "center", "text-halign": "right", "text-margin-x": 5, "text-margin-y": 0 } },
    { selector: "edge", style: { width: 1.4, "line-color": "#8a93a3", "target-arrow-color": "#8a93a3", opacity: 0.75,
      "target-arrow-shape": "triangle", "curve-style": "bezier", "arrow-scale": 0.8 } },
    { selector: "edge[wide]", style: { width: "data(wide)", "target-arrow-shape": "none", "curve-style": "straight" } },
    { selector: "edge[?sensitive]", style: { "line-color": "#9b1c31", "target-arrow-color": "#9b1c31" } },
    { selector: ".faint", style: { opacity: 0.18 } },
    { selector: "edge.way", style: { width: 4, "line-color": "#c2410c", "target-arrow-color": "#c2410c", opacity: 1,
      label: "data(relation)", "font-size": 9, color: ink(), "text-rotation": "autorotate", "text-margin-y": -7 } },
    { selector: "node.way", style: { "border-width": 3, "border-color": "#c2410c" } },
    { selector: "node.kind", style: { shape: "rectangle", width: 1, height: 1, "background-opacity": 0, "font-size": 15,
      "font-weight": 600, "text-valign": "center", "text-halign": "right", "text-max-width": 600 } },
    { selector: "node:selected", style: { "border-width": 4, "border-color": ink() } },
  ];
  const cy = cytoscape({ container: by("cy"), style: style(), minZoom: 0.05, maxZoom: 4, boxSelectionEnabled: false,
    autoungrabify: true });
  addEventListener("themechange", () => cy.style(style()));

  let drawn = new Set(), way = [], picked = -1, from = -1, mode = "map";

  function map() {
    mode = "map"; drawn = new Set(); way = []; pick(-1);
    const ends = new Map(), elements = [];
    for (const [at, cell] of G.map.entries()) {
      for (const [id, label, type] of [[`u:${cell.unit}`, cell.unit, "unit"],
        [`p:${cell.provider}`, cell.provider || "no vendor known", "provider"]]) {
        const end = ends.get(id) || { id, label, type, assets: 0, cells: [] };
        end.assets += cell.assets; end.cells.push(at); ends.set(id, end);
      }
      elements.push({ group: "edges", data: { id: `c${at}`, source: `u:${cell.unit}`, target: `p:${cell.provider}`,
        wide: 1 + 1.6 * Math.sqrt(cell.assets), sensitive: cell.is_sensitive, cell: at } });
    }
    const rows = Math.max([...ends.keys()].filter((id) => id[0] === "u").length, ends.size / 2, 2);
    for (const [id, end] of ends) {
      const [x, y] = G.places[id];
      elements.push({ group: "nodes", classes: end.type === "unit" ? "left" : "right",
        data: { ...end, label: `${end.label} (${end.assets})`, size: 16 + 4 * Math.sqrt(Math.min(end.assets, 120)) },
        position: { x: x * 520, y: y * rows * 46 } });
    }
    put(elements);
    say(`${G.map.length} uses of vendors by business units; choose one to see its assets`);
    const named = { unit: "Business unit", provider: "Vendor" };
    const order = [...ends.values()].sort((a, b) => (a.type < b.type) - (a.type > b.type) || b.assets - a.assets
      || a.label.localeCompare(b.label));
    side("Business units and vendors", order.map((end) => [`${named[end.type]}: ${end.label}: ${counted(end.assets)}`,
      () => open(end.cells)]));
  }

  function put(elements) {
    cy.elements().remove();
    cy.add(elements);
    cy.fit(undefined, 40);
    if (cy.zoom() > 1.6) { cy.zoom(1.6); cy.center(); }
  }

  function open(cells) {
    const members = cells.flatMap((at) => G.map[at].members);
    drawn = new Set(members.slice(0, MOST));
    way = []; picked = -1; mode = "part";
    const first = G.map[cells[0]], whose = cells.length > 1 ? "" : `${first.unit} and ${first.provider}: `;
    if (members.length > SHELF) {
      shelf();
      say(`${whose}${counted(members.length)}, by kind; choose one and expand it to see what is around it`
        + (members.length > MOST ? `; search finds the ${members.length - MOST} that are not drawn` : ""));
      return;
    }
    for (const member of [...drawn]) around(member, 8);
    part();
    say(`${whose}${counted(members.length)}, ${drawn.size} things drawn`);
  }

  function around(at, most = MOST) {
    let left = 0, added = 0;
    for (const line of near[at]) {
      const end = other(line, at);
      if (drawn.has(end)) continue;
      if (drawn.size < MOST && added < most) { drawn.add(end); added++; } else left++;
    }
    return left;
  }

  // Too many for lines between them to be followed: side by side, a block a kind, without lines.
  function shelf() {
    const kinds = new Map();
    for (const at of drawn) {
      const kind = G.things[at][KIND];
      if (!kinds.has(kind)) kinds.set(kind, []);
      kinds.get(kind).push(at);
    }
    const wide = Math.max(6, Math.ceil(Math.sqrt(drawn.size * 0.7))), elements = [];
    const items = [];
    let y = 0;
    for (const [kind, members] of [...kinds.entries()].sort((a, b) => b[1].length - a[1].length || a[0].localeCompare(b[0]))) {
      members.sort((a, b) => G.things[a][LABEL].localeCompare(G.things[b][LABEL]) || a - b);
      elements.push({ group: "nodes", classes: "kind", selectable: false, position: { x: -30, y: y - STEP * 0.7 },
        data: { id: `k${kind}`, label: `${kind} (${members.length})` } });
      items.push(...members.map((at) => [`${kind}: ${G.things[at][LABEL]}`, () => pick(at)]));
      members.forEach((at, i) => elements.push({ group: "nodes",
        position: { x: (i % wide) * 140, y: y + Math.floor(i / wide) * STEP },
        data: { id: `n${at}`, at, label: G.things[at][LABEL], type: G.things[at][TYPE], sensitive: Boolean(G.things[at][CLASSES]) } }));
      y += (Math.ceil(members.length / wide) + 1.4) * STEP;
    }
    mode = "shelf";
    put(elements);
    side(`${drawn.size} things drawn`, items);
  }

  // Columns keep the order in which they were placed; the empty ones fall out.
  function part() {
    const nodes = [...drawn], columns = new Map();
    for (const at of nodes) {
      const x = G.things[at][X];
      if (!columns.has(x)) columns.set(x, []);
      columns.get(x).push(at);
    }
    const elements = [], ordered = [...columns.entries()].sort((a, b) => a[0] - b[0]);
    const onWay = new Map(way.map((at, i) => [at, i]));
    const straight = way.length > 1 && nodes.length === way.length;
    let x = 0;
    for (const [, members] of ordered) {
      members.sort((a, b) => G.things[a][Y] - G.things[b][Y] || a - b);
      const deep = Math.max(1, Math.ceil(members.length / 28)), high = Math.ceil(members.length / deep);
      members.forEach((at, i) => {
        const thing = G.things[at];
        const position = straight ? { x: onWay.get(at) * 190, y: (onWay.get(at) % 2) * 46 }
          : { x: x + Math.floor(i / high) * 150, y: ((i % high) - (high - 1) / 2) * STEP };
        elements.push({ group: "nodes", position, data: { id: `n${at}`, at, label: thing[LABEL], type: thing[TYPE],
          sensitive: Boolean(thing[CLASSES]) }, classes: onWay.has(at) ? "way" : "" });
      });
      x += deep * 150 + 90;
    }
    const lines = new Set(nodes.flatMap((at) => near[at]));
    const together = (a, b) => onWay.has(a) && onWay.has(b) && Math.abs(onWay.get(a) - onWay.get(b)) === 1;
    for (const at of lines) {
      const [source, target, relation] = G.lines[at];
      if (!drawn.has(source) || !drawn.has(target) || source === target) continue;
      elements.push({ group: "edges", data: { id: `l${at}`, source: `n${source}`, target: `n${target}`,
        relation: words(relation), line: at }, classes: together(source, target) ? "way" : way.length ? "faint" : "" });
    }
    put(elements);
    if (way.length) cy.nodes().not(".way").addClass("faint");
    if (picked >= 0) cy.getElementById(`n${picked}`).select();
    list();
  }

  function ego(at) {
    mode = "part"; way = []; drawn = new Set([at]);
    let left = around(at, 300);
    if (drawn.size < 60) for (const one of [...drawn]) if (one !== at) left += around(one, 6);
    picked = at;
    part();
    pick(at);
    say(`${G.things[at][LABEL]} and what is around it: ${drawn.size} things drawn${left ? `, ${left} not; expand to go on` : ""}`);
  }

  function expand(at) {
    if (mode === "shelf") { ego(at); return; }
    const before = drawn.size, left = around(at);
    way = [];
    part();
    pick(at);
    say(`${drawn.size - before} more around ${G.things[at][LABEL]}${left ? `; ${left} do not fit (${MOST} at most)` : ""}`);
  }

  function show(found) {
    mode = "part"; way = found.nodes; drawn = new Set(way); picked = -1;
    part();
    side("The path, in order", way.map((at, i) => [`${i ? step(way[i - 1], at) : ""}${called(at)}`, () => pick(at)]));
    say(found.title);
  }

  // What joins one to the next, and which way it is told.
  function step(before, at) {
    const line = near[before].find((one) => other(one, before) === at);
    if (line === undefined) return "";
    return `${G.lines[line][0] === before ? "→" : "←"} ${words(G.lines[line][2])} `;
  }

  // The shortest chain of stated relations, in either direction.
  function between(start, goal) {
    const came = new Map([[start, -1]]);
    let front = [start];
    while (front.length && !came.has(goal)) {
      const next = [];
      for (const at of front) for (const line of near[at]) {
        const end = other(line, at);
        if (!came.has(end)) { came.set(end, at); next.push(end); }
      }
      front = next;
    }
    if (!came.has(goal)) { say("Nothing that was read joins the two"); return; }
    const nodes = [];
    for (let at = goal; at !== -1; at = came.get(at)) nodes.unshift(at);
    show({ nodes, title: `${nodes.length - 1} steps from ${G.things[start][LABEL]} to ${G.things[goal][LABEL]}, by relations in either direction` });
  }

  // Whoever works the list by keyboard stays in it: the focus goes to its new title.
  function titled(title, was_here) {
    const heading = make("h3", title, { tabindex: "-1" });
    by("g-side").prepend(heading);
    if (was_here) heading.focus();
  }

  function side(title, items) {
    const box = by("g-side"), was_here = box.contains(document.activeElement);
    box.replaceChildren(...items.slice(0, MOST).map(([text, act]) => {
      const button = make("button", text, { type: "button" });
      button.addEventListener("click", act);
      return button;
    }));
    titled(title, was_here);
    if (items.length > MOST) box.append(make("p", `and ${items.length - MOST} more`));
  }

  function list() {
    side(`${drawn.size} things drawn`, [...drawn].map((at) => [called(at), () => pick(at)]));
  }

  function pick(at) {
    picked = at;
    by("g-expand").disabled = by("g-from").disabled = at < 0;
    by("g-from").textContent = from >= 0 && at >= 0 && from !== at ? "Path to here" : "Path from here";
    if (at < 0) return;
    const thing = G.things[at];
    cy.elements().unselect();
    cy.getElementById(`n${at}`).select();
    side("Relations", near[at].map((line) => {
      const [source, target, relation, sure, basis] = G.lines[line];
      const text = `${source === at ? "→" : "←"} ${words(relation)} ${G.things[other(line, at)][LABEL]} (${sure}${basis ? `; ${basis}` : ""})`;
      return [text, () => ego(other(line, at))];
    }));
    const was_here = by("g-side").contains(document.activeElement);
    by("g-side").prepend(facts([["Type", words(thing[TYPE])], ["Kind", thing[KIND]],
      ["Data", thing[CLASSES]], ["Id", thing[ID]]]));
    const row = asset_of.get(thing[ID]);
    if (row) by("g-side").prepend(facts([["Owner", row.owner || "nobody"], ["Registry", words(row.registry)], ["Risk", row.risk]]));
    titled(thing[LABEL], was_here);
  }

  cy.on("tap", "node", (event) => {
    const data = event.target.data();
    if (mode === "map") open(data.cells); else if (data.at !== undefined) pick(data.at);
  });
  cy.on("dbltap", "node", (event) => {
    if (mode !== "map" && event.target.data("at") !== undefined) expand(event.target.data("at"));
  });
  cy.on("tap", "edge", (event) => {
    const data = event.target.data();
    if (mode === "map") { open([data.cell]); return; }
    const [source, target, relation, sure, basis] = G.lines[data.line];
    say(`${G.things[source][LABEL]} ${words(relation)} ${G.things[target][LABEL]}: ${sure}${basis ? `, ${basis}` : ""}`);
  });
  by("g-map").addEventListener("click", map);
  by("g-fit").addEventListener("click", () => cy.fit(undefined, 40));
  by("g-expand").addEventListener("click", () => expand(picked));
  by("g-from").addEventListener("click", () => {
    if (from >= 0 && from !== picked) { const start = from; from = -1; between(start, picked); return; }
    from = picked;
    say(`From ${G.things[from][LABEL]}: now choose where to, and press the button again`);
  });

  const low = G.things.map((thing) => `${thing[LABEL]}\n${thing[ID]}`.toLowerCase());
  const hits = (text) => {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean), found = [];
    for (let at = 0; at < low.length && found.length < HITS && wanted.length; at++) {
      if (wanted.every((word) => low[at].includes(word))) found.push(at);
    }
    return found;
  };
  by("g-find").addEventListener("input", () => {
    by("g-hits").replaceChildren(...hits(by("g-find").value).map((at) => make("option", G.things[at][LABEL], { value: G.things[at][ID] })));
  });
  const find = () => {
    const text = by("g-find").value, exact = G.things.findIndex((thing) => thing[ID] === text);
    const found = exact >= 0 ? [exact] : hits(text);
    if (!found.length) { if (text) say("Nothing is called so"); return; }
    const start = from;
    ego(found[0]);
    from = start;
    if (found.length > 1) side("Called so", found.map((at) => [called(at), () => ego(at)]));
  };
  by("g-find").addEventListener("change", find);
  G.ways.forEach((one, at) => by("g-ways").append(make("option", `${one.kind === "finding" ? "risk" : "flow"}: ${one.title}`, { value: at })));
  by("g-ways").addEventListener("change", () => { if (by("g-ways").value !== "") show(G.ways[Number(by("g-ways").value)]); });

  const SHAPES = { ellipse: "M6 1a5 5 0 1 0 .01 0Z", diamond: "M6 0 12 6 6 12 0 6Z", barrel: "M1 2Q6-1 11 2V10Q6 13 1 10Z",
    "round-triangle": "M6 1 12 11H0Z", "round-rectangle": "M0 2H12V10H0Z", hexagon: "M3 1H9L12 6 9 11H3L0 6Z", tag: "M0 2H8L12 6 8 10H0Z" };
  for (const [shape, colour, title] of Object.values(TYPES)) {
    const item = make("li", title), mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    mark.setAttribute("viewBox", "0 0 12 12"); mark.setAttribute("aria-hidden", "true");
    path.setAttribute("d", SHAPES[shape]); path.setAttribute("fill", colour);
    mark.append(path); item.prepend(mark); by("g-legend").append(item);
  }
  by("g-legend").append(make("li", "Red edge or rim: sensitive data"), make("li", "Width: number of assets"),
    make("li", "Orange: the chosen path"));
  if (G.left) by("g-legend").append(make("li", `${G.left} things far from any AI are not in this page`));
  window.graphView = { ego, expand, way: show, between, map, cy, drawn: () => drawn.size, way_nodes: () => way };
  map();
})();
