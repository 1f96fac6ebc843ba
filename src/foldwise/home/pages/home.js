// The lists of studies, models and jobs, read again every two seconds.
import { ago, badge, byId, element, fault, file, link, moment, number, score, seconds, shown, token } from "./parts.js";

const SECONDS_BETWEEN = 2;
const MANY = 200;  // lines of studies that are drawn; a filter finds the others

// A column: its title, and what a row has there as text, an element, or a list of them
const links = (row) => [
  ...row.files.map((path) => link(path.endsWith("compare.html") ? "compare" : path.endsWith("search.html") ? "search" : "step", file(path))),
  ...(row.mlflow ? [link("MLflow", row.mlflow.run)] : []),
];
const STUDIES = [
  ["study", (row) => link(row.name, `/study/${encodeURIComponent(row.name)}`, row.data ? `data ${row.data}` : "")],
  ["state", (row) => titled(badge(row.state), row.why || row.stage)],
  ["trials", (row) => (number(row.asked) ? `${row.trials} of ${row.asked}` : String(row.trials)), "n"],
  ["best", (row) => titled(element("span", score(row.best)), row.metric), "n"],
  ["corrected", (row) => (row.corrected ? titled(element("span", score(row.corrected[0])), `95 % interval ${score(row.corrected[1])} to ${score(row.corrected[2])}`) : "–"), "n"],
  ["holdout", (row) => score(row.holdout), "n"],
  ["metric", (row) => row.metric],
  ["verdict", (row) => (row.verdict ? titled(element("span", row.answer ?? "see the page"), row.verdict) : number(row.seconds_left) ? `about ${seconds(row.seconds_left)} left` : "–")],
  ["took", (row) => seconds(row.seconds), "n"],
  ["by", (row) => row.by ?? "–"],
  ["started", (row) => titled(element("span", ago(row.created)), moment(row.created))],
  ["pages", links],
];
const MODELS = [
  ["model", (row) => row.name],
  ["champion", (row) => (row.champion === null ? "–" : titled(element("span", `version ${row.champion}`), row.why ?? ""))],
  ["since", (row) => titled(element("span", ago(row.promoted)), moment(row.promoted))],
  ["challenger", (row) => (row.challenger === null ? "–" : `version ${row.challenger}`)],
  ["evidence", (row) => (number(row.evidence) ? `${shown(row.evidence)} of ${shown(row.needed)}` : number(row.p_value) ? `p = ${shown(row.p_value)}` : "–")],
  ["last retraining", (row) => (row.retrained ? titled(element("span", `${row.outcome} ${ago(row.retrained)}`), row.reason ?? "") : "–")],
  ["drift", (row) => (row.drift ? titled(element("span", `${row.drift.column} ${shown(row.drift.psi)}`, row.drift_is_strong ? "FAILED" : ""), "population stability index; above 0.25 strong") : "–")],
  ["made by", (row) => (row.study ? link(row.study, `/study/${encodeURIComponent(row.study)}`) : "–")],
  ["pages", (row) => (row.mlflow ? [link("MLflow", row.mlflow)] : [])],
];
const JOBS = [
  ["job", (row) => row.name],
  ["does", (row) => row.broken ?? row.door ?? "its file is gone"],
  ["when", (row) => (row.cron ? (row.enabled ? `${row.cron} ${row.time_zone}` : "disabled") : "–")],
  ["next", (row) => (row.next ? titled(element("span", ago(row.next)), moment(row.next)) : "–")],
  ["last", (row) => (row.last ? titled(element("span", ago(row.last)), moment(row.last)) : "–")],
  ["outcome", (row) => (row.state ? titled(badge(row.state), row.reason ?? "") : "–")],
  ["took", (row) => seconds(row.seconds), "n"],
  ["pages", (row) => (row.log ? [link("log", file(row.log))] : [])],
];
function titled(made, title) {
  if (title) made.title = title;
  return made;
}
function table(id, columns, rows, nothing) {
  const head = element("tr"), body = element("tbody"), top = element("thead");
  for (const [title, , kind] of columns) head.append(element("th", title, kind === "n" ? "" : "text"));
  top.append(head);
  for (const row of rows) {
    const line = element("tr");
    for (const [title, value, kind] of columns) {
      const cell = element("td", undefined, kind === "n" ? "" : "text");
      cell.dataset.of = title;
      cell.append(...[value(row)].flat());
      if (cell.textContent === "–") cell.classList.add("none");
      line.append(cell);
    }
    body.append(line);
  }
  if (!rows.length) {
    const cell = element("td", nothing, "text");
    cell.colSpan = columns.length;
    body.append(element("tr"));
    body.lastChild.append(cell);
  }
  byId(id).replaceChildren(top, body);
}
let found = null, last = "";
function draw() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = found.studies.filter((row) => {
    const text = `${row.name} ${row.state} ${row.metric} ${row.by ?? ""} ${row.data ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  byId("count").textContent = kept.length === found.studies.length ? kept.length : `${kept.length} of ${found.studies.length}`;
  table("studies", STUDIES, kept.slice(0, MANY), words.length ? "no study is like that" : "no study yet");
  table("models", MODELS, found.models, "no model is registered yet");
  table("jobs", JOBS, found.jobs, "no jobs");
}
async function read() {
  try {
    const answer = await fetch("/data");
    const text = await answer.text();
    fault(answer.ok ? null : text);
    if (answer.ok && text !== last) {
      last = text;
      found = JSON.parse(text);
      byId("runs").textContent = found.runs;
      byId("mlflow").hidden = !found.mlflow;
      if (found.mlflow) byId("mlflow").href = found.mlflow;
      draw();
      document.documentElement.dataset.drawn = "yes";
    }
  } catch {
    fault("the home does not answer; start it again with foldwise ui");
  }
  setTimeout(read, SECONDS_BETWEEN * 1000);
}
byId("filter").addEventListener("input", () => found && draw());
token();
read();
