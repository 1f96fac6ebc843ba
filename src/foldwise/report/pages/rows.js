"use strict";
// The trials as rows, the rows selected, and the rows ticked. All other parts draw from these.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const element = (tag, text, kind) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const many = data.studies.length > 1;
const rows = [];
// The trials that a test over the folds cannot tell from the best of their study
const tied = data.studies.map((study) => new Set(study.ties));
data.studies.forEach((study, place) => {
  const t = study.trials;
  t.number.forEach((number, index) => {
    const row = { place, study: study.name, number, state: t.state[index], mean: t.mean[index], sd: t.sd[index],
      seconds: t.seconds[index], reason: t.reason[index] ?? (t.reused[index] === null ? "" : `as trial ${t.reused[index]}`) };
    row.marks = [tied[place].has(number) && "ring", study.model === number && "model"].filter(Boolean);
    for (const name in t.params) row[name] = t.params[name][index];
    for (const name in t.costs) row[name] = t.costs[name][index];
    rows.push(row);
  });
});
const lessIsBetter = data.studies[0].less_is_better;
const score = data.studies[0].metric;
const number = (value) => typeof value === "number";
const shown = (value) => {
  if (value === null || value === undefined) return "–";
  if (!number(value)) return String(value);
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 1e3 && Math.abs(value) < 1e7) return value.toFixed(0);
  if (Math.abs(value) < 1e-5 || Math.abs(value) >= 1e7) return value.toExponential(2);
  return value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))).replace(/\.?0+$/, "");
};
// The shortest unique end of a name, at least two parts long and never starting with a list index
const short = (name) => {
  const parts = name.split(/\.(?![^[]*\])/);  // not at a point in the name of an option, as in model[rate=0.5].units
  for (let count = 2; count < parts.length; count++) {
    const end = parts.slice(-count).join(".");
    if (!/^\d/.test(end) && data.parameters.every((other) => other === name || !other.endsWith(`.${end}`))) return end;
  }
  return name;
};
const better = (a, b) => (lessIsBetter ? a - b : b - a);
const ranked = rows.filter((row) => row.state === "COMPLETE" && number(row.mean)).sort((a, b) => better(a.mean, b.mean) || a.number - b.number);
ranked.forEach((row, index) => { row.rank = index / Math.max(1, ranked.length - 1); });
const label = (row) => (many ? `${row.study} ${row.number}` : `trial ${row.number}`);

const kept = { text: "", brushes: new Map(), sort: "mean", down: !lessIsBetter };
let view = [];
const ticked = ranked.slice(0, 2);
const listeners = [];
const changed = () => { select(); listeners.forEach((draw) => draw()); };

const SIGNS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
// `units>32 state=complete relu`: each word is a comparison with a column, or text to find in the row
function conditions(text) {
  return text.split(/\s+/).filter(Boolean).map((word) => {
    const found = /^([^<>=!]+)(<=|>=|!=|<|>|=)(.+)$/.exec(word);
    if (!found) {
      const wanted = word.toLowerCase();
      return (row) => data.columns.some((name) => shown(row[name]).toLowerCase().includes(wanted));
    }
    const [, asked, sign, value] = found;
    const name = column(asked);
    if (name === undefined) {
      const within = (row) => data.columns.some((other) => shown(row[other]).includes(word));
      if (rows.some(within)) return within;  // part of the name of an option, as in sgd momentum=0.9
      throw new Error(`no column has the name ${asked}`);
    }
    if (SIGNS[sign]) {
      if (!Number.isFinite(+value)) throw new Error(`${value} is not a number`);
      return (row) => number(row[name]) && SIGNS[sign](row[name], +value);
    }
    const equal = (row) => (number(row[name]) && value !== "" && Number.isFinite(+value) ? row[name] === +value : shown(row[name]).toLowerCase() === value.toLowerCase());
    return sign === "=" ? equal : (row) => !equal(row);
  });
}
const titles = { mean: score, study: "study", number: "trial", sd: "± sd", seconds: "seconds", reason: "why", state: "state" };
const title = (name) => titles[name] ?? short(name);
function column(asked) {
  const wanted = asked.toLowerCase();
  return data.columns.find((name) => name.toLowerCase() === wanted || (titles[name] ?? "").toLowerCase() === wanted)
    ?? data.columns.find((name) => name.toLowerCase().endsWith(`.${wanted}`));
}
function select() {
  let tests = [];
  byId("wrong").textContent = "";
  try { tests = conditions(kept.text); } catch (fault) { byId("wrong").textContent = fault.message; }
  for (const [name, brush] of kept.brushes) tests.push((row) => brush(row[name]));
  const name = kept.sort, down = kept.down ? -1 : 1;
  view = rows.filter((row) => tests.every((test) => test(row)));
  view.sort((a, b) => {
    const x = a[name], y = b[name], missing = (x === null || x === undefined) - (y === null || y === undefined);
    if (missing) return missing;
    const order = number(x) && number(y) ? x - y : String(x).localeCompare(String(y));
    return down * order || a.place - b.place || a.number - b.number;
  });
}
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// A canvas in device pixels, with a context in CSS pixels
function pen(canvas) {
  const { width, height } = canvas.getBoundingClientRect(), scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  return { context, width, height };
}
// About `about` round numbers between low and high
function ticks(low, high, about) {
  const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high; place++) found.push(place * step);
  return found;
}
