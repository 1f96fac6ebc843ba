// The trials as a table. Only visible rows are built, so that ten thousand rows cost as much as forty.
import { byId, element, number, score, shown } from "./parts.js";

const ROW = 28, SPARE = 8;
const TITLES = { number: "trial", mean: "score", sd: "± sd", reason: "why" };
const FIRST = ["number", "state", "mean", "sd", "seconds"], LAST = ["engine", "reason"];
const sorting = { by: "number", down: true };
let trials = [], view = [], columns = [], numeric = new Set(), bestOf = null, metric = "score";

export function showTrials(all, names, best, of) {
  trials = all; bestOf = best; metric = of;
  const params = names.filter((name) => ![...FIRST, ...LAST, "reused"].includes(name) && varies(name));
  columns = [...FIRST, ...params, ...LAST].filter((name) => name !== "sd" || trials.some((row) => row.sd));
  numeric = new Set(columns.filter((name) => trials.some((row) => number(row[name]))));
  sort();
  head();
  body();
}
function varies(name) {
  const first = trials.length ? trials[0][name] : null;
  return trials.some((row) => row[name] !== first);
}
function sort() {
  const { by, down } = sorting, sign = down ? -1 : 1;
  view = [...trials].sort((a, b) => {
    const x = a[by], y = b[by], missing = (x === null || x === undefined) - (y === null || y === undefined);
    return missing || sign * (number(x) && number(y) ? x - y : String(x).localeCompare(String(y))) || b.number - a.number;
  });
}
// The shortest end of a parameter's name that no other has
const short = (name) => {
  const parts = name.split(/\.(?![^[]*\])/);
  for (let count = 2; count < parts.length; count++) {
    const end = parts.slice(-count).join(".");
    if (!/^\d/.test(end) && columns.every((other) => other === name || !other.endsWith(`.${end}`))) return end;
  }
  return name;
};
function head() {
  const line = element("tr");
  for (const name of columns) {
    const cell = element("th", undefined, numeric.has(name) ? "" : "text"), mark = sorting.by === name ? (sorting.down ? " ▾" : " ▴") : "";
    const button = element("button", (name === "mean" ? metric : TITLES[name] ?? short(name)) + mark);
    button.type = "button";
    button.title = name;
    cell.setAttribute("aria-sort", mark ? (sorting.down ? "descending" : "ascending") : "none");
    button.addEventListener("click", () => {
      sorting.down = sorting.by === name ? !sorting.down : true;
      sorting.by = name;
      byId("scroll").scrollTop = 0;
      sort(); head(); body();
    });
    cell.append(button);
    line.append(cell);
  }
  byId("table").tHead.replaceChildren(line);
}
function space(count) {
  const line = element("tr"), cell = element("td");
  cell.colSpan = Math.max(1, columns.length);
  cell.style.cssText = `height:${count * ROW}px;padding:0;border:0`;
  line.append(cell);
  return line;
}
const text = (row, name) => {
  if (name === "mean" || name === "sd") return score(row[name]);
  if (name === "seconds" && number(row.reused)) return `as ${row.reused}`;
  return name === "reason" || name === "engine" ? row[name] ?? "" : shown(row[name]);
};
function body() {
  const scroll = byId("scroll");
  const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - SPARE);
  const last = Math.min(view.length, first + Math.ceil(scroll.clientHeight / ROW) + 2 * SPARE);
  const lines = view.slice(first, last).map((row) => {
    const line = element("tr", undefined, row.number === bestOf ? "best" : "");
    for (const name of columns) {
      const cell = element("td", text(row, name), `${numeric.has(name) ? "" : "text "}${name === "state" ? row.state : name === "reason" ? "reason" : ""}`);
      if (name === "reason" && row.reason) cell.title = row.reason;
      line.append(cell);
    }
    return line;
  });
  byId("table").tBodies[0].replaceChildren(space(first), ...lines, space(Math.max(0, view.length - last)));
}
byId("scroll").addEventListener("scroll", () => requestAnimationFrame(body), { passive: true });
