// SPDX-License-Identifier: Apache-2.0
// status_assets.hpp: style and script of the status page.
#pragma once

#include <string_view>

namespace redstart::inline v0::http {

// Contrast of all texts is 4.5:1 or more in both schemes.
inline constexpr std::string_view status_style = R"css(
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--text:#1b1f24;--muted:#57606a;--line:#d8dee4;
--good:#1a7f37;--warning:#9a6700;--bad:#c31d26;--accent:#0a66c2}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--card:#161b22;--text:#e6edf3;--muted:#9aa4ae;--line:#30363d;
--good:#4ac26b;--warning:#e3b341;--bad:#ff8a80;--accent:#6cb6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:22px;padding-bottom:14px}
h1{margin:0;font-size:22px;display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;overflow-wrap:anywhere}
h1 [data-level]{font-size:14px;font-weight:600;border:1px solid currentColor;border-radius:999px;padding:2px 12px 2px 10px}
header p{margin:6px 0 0;color:var(--muted)}
#summary:empty{display:none}
table{width:100%;border-collapse:separate;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:10px}
thead th{font-size:12px;font-weight:600;color:var(--muted);text-align:left;padding:10px 12px;white-space:nowrap}
tbody th,tbody td{padding:12px 12px 4px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
tbody th{font-weight:600;overflow-wrap:anywhere}
tbody th small{display:block;font-weight:400;color:var(--muted)}
td{font-variant-numeric:tabular-nums}
tr.notes td{border-top:0;padding:0 12px 12px}
[data-level=good]{color:var(--good)}
[data-level=warning]{color:var(--warning)}
[data-level=bad]{color:var(--bad)}
[data-level=good]::before,[data-level=warning]::before,[data-level=bad]::before{content:"";display:inline-block;width:8px;height:8px;
margin:0 6px 1px 0;border-radius:50%;background:currentColor}
dl{margin:0;font-size:13px;display:grid;grid-template-columns:6.5em 1fr;gap:2px 12px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere;min-width:0}
dd::before{display:none!important}
svg{display:block;width:110px;height:22px;margin-top:2px}
polyline{fill:none;stroke:var(--accent);stroke-width:1.5;vector-effect:non-scaling-stroke}
body.stale main{opacity:.45}
footer{padding-top:14px;padding-bottom:28px;color:var(--muted);font-size:13px}
@media (max-width:820px){
header,main,footer{padding-left:12px;padding-right:12px}
table,tbody,tr,th,td{display:block}
table{background:none;border:0}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;margin-bottom:12px}
tbody th,tbody td,tr.notes td{border:0;padding:0}
tbody th{font-size:17px;margin-bottom:8px}
tbody th small{display:inline;margin-left:8px;font-size:13px}
tbody tr:not(.notes){display:grid;grid-template-columns:repeat(6,1fr);gap:10px 12px}
tbody tr:not(.notes) th{grid-column:1/-1;margin:0}
tbody tr:not(.notes) td{grid-column:span 3}
tbody tr:not(.notes) td[data-label^=p]{grid-column:span 2}
td[data-label]::before{content:attr(data-label);display:block;font-size:12px;color:var(--muted)}
dl{margin-top:12px;padding-top:10px;border-top:1px solid var(--line);grid-template-columns:1fr;gap:0}
dt{font-size:12px;margin-top:5px}
}
)css";

// All texts get into the page by textContent, never as HTML.
inline constexpr std::string_view status_script = R"js(
(() => {
'use strict';
const period = 2000, points = 60;
const table = document.getElementById('databases');
const bodies = new Map([...table.tBodies].map(body => [body.dataset.name, body]));
const last = new Map();
const by = id => document.getElementById(id);

function element(name, text) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  return node;
}
function show(node, value) {
  if (node.textContent !== value.text) node.textContent = value.text;
  if (node.dataset.level !== value.level) node.dataset.level = value.level;
}
function bodyOf(database, columns) {
  const known = bodies.get(database.name);
  if (known) return known;
  const body = element('tbody'), row = body.insertRow(), head = element('th', database.name);
  body.dataset.name = database.name;
  head.scope = 'row';
  if (database.required) head.append(element('small', 'required'));
  row.append(head);
  for (const column of columns) {
    const cell = row.insertCell();
    cell.dataset.label = column.label;
    cell.append(element('span'));
  }
  const notes = body.insertRow(), cell = notes.insertCell();
  notes.className = 'notes';
  cell.colSpan = columns.length + 1;
  cell.append(element('dl'));
  table.append(body);
  bodies.set(database.name, body);
  return body;
}
function rateText(rate) {
  return rate < 9.95 && rate > 0 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en-US');
}
// The rate since the last answer; undefined if there is none, or if counters began again.
function rateOf(database, counter, uptime) {
  const before = last.get(database.name);
  const time = before ? uptime - before.uptime : 0;
  if (!(time > 0) || database[counter] < before[counter]) return undefined;
  return (database[counter] - before[counter]) / time;
}
function draw(cell, values) {
  const space = 'http://www.w3.org/2000/svg';
  let svg = cell.querySelector('svg');
  if (!svg) {
    if (!values.some(value => value > 0)) return;
    svg = document.createElementNS(space, 'svg');
    svg.setAttribute('viewBox', '0 0 ' + (points - 1) + ' 20');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(document.createElementNS(space, 'polyline'));
    cell.append(svg);
  }
  const most = Math.max(...values), step = (points - 1) / (values.length - 1);
  const at = (value, i) => (i * step).toFixed(1) + ',' + (19 - 18 * value / most).toFixed(1);
  svg.firstChild.setAttribute('points', most > 0 && values.length > 1 ? values.map(at).join(' ') : '');
}
function showNotes(list, notes) {
  const text = JSON.stringify(notes);
  if (list.dataset.notes === text) return;
  list.dataset.notes = text;
  list.replaceChildren(...notes.flatMap(note => {
    const value = element('dd', note.text);
    value.dataset.level = note.level;
    return [element('dt', note.label), value];
  }));
}
function showDatabase(database, columns, uptime) {
  const body = bodyOf(database, columns), cells = body.rows[0].cells;
  const state = {uptime, commands: database.commands, errors: database.errors, values: last.get(database.name)?.values ?? []};
  database.cells.forEach((value, i) => {
    const counter = columns[i].rate, cell = cells[i + 1];
    const rate = counter ? rateOf(database, counter, uptime) : undefined;
    if (rate !== undefined) value = {text: rateText(rate), level: counter === 'errors' && rate > 0 ? 'bad' : 'plain'};
    show(cell.querySelector('span'), value);
    if (counter !== 'commands' || rate === undefined) return;
    state.values = [...state.values, rate].slice(-points);
    draw(cell, state.values);
  });
  last.set(database.name, state);
  showNotes(body.querySelector('dl'), database.notes);
}
function showAll(data) {
  show(by('health'), data.health);
  by('summary').textContent = data.summary;
  by('checked').textContent = data.checked || 'never';
  for (const database of data.databases) showDatabase(database, data.columns, data.uptime);
  for (const [name, body] of bodies) {
    if (data.databases.some(database => database.name === name)) continue;
    body.remove();
    bodies.delete(name);
    last.delete(name);
  }
}
async function refresh() {
  const giveUp = new AbortController(), timer = setTimeout(() => giveUp.abort(), 5000);
  try {
    const answer = await fetch('status.json', {cache: 'no-store', signal: giveUp.signal});
    if (!answer.ok) throw new Error(answer.status);
    showAll(await answer.json());
    document.body.classList.remove('stale');
    by('live').textContent = 'updated ' + new Date().toLocaleTimeString();
  } catch {
    document.body.classList.add('stale');
    by('live').textContent = 'the service does not answer; these figures are old';
  }
  clearTimeout(timer);
  setTimeout(refresh, document.hidden ? 5 * period : period);
}
refresh();
})();
)js";

}  // namespace redstart::inline v0::http
