// The page of a study. The server sends everything first, then what changed; a lost connection is opened again by the browser.
import { badge, byId, element, fault, file, link, megabytes, moment, number, score, seconds, token } from "./parts.js";
import { drawCurves, drawScores } from "./draw.js";
import { showTrials } from "./table.js";

const name = byId("name").textContent, place = `/study/${encodeURIComponent(name)}`;
const ENDED = ["finished", "stopped", "failed", "died"];
const STAGES = { start: "starting", search: "searching", certificate: "certifying", refit: "refitting", baselines: "baselines", figures: "figures", register: "registering", publish: "publishing" };
const trials = new Map();
let study = null, live = null, files = "";

function take(change) {
  study = change.study;
  live = change.live;
  if (change.whole) trials.clear();
  for (const cells of change.rows) {
    const row = {};
    study.columns.forEach((column, index) => { row[column] = cells[index] ?? null; });
    trials.set(row.number, row);
  }
  state();
  numbers();
  curves();
  log();
  pages();
  if (change.rows.length || change.whole) drawTrials();
  document.documentElement.dataset.drawn = "yes";
}
const best = () => {
  let found = null;
  for (const row of trials.values()) if (row.state === "COMPLETE" && number(row.mean) && (found === null || (study.less_is_better ? row.mean < found.mean : row.mean > found.mean) || (row.mean === found.mean && row.number < found.number))) found = row;
  return found;
};
function drawTrials() {
  const all = [...trials.values()], top = best();
  showTrials(all, study.columns, study.best_trial ?? top?.number, study.metric);
  drawScores(all, study.less_is_better);
  byId("count").textContent = all.length;
}
function state() {
  const shown = badge(study.state);
  shown.id = "state";
  byId("state").replaceWith(shown);
  const asked = live?.stop_requested ? "asked to stop: it ends after the running trial. " : "";
  byId("why").textContent = asked + (study.why || (["stopped", "failed"].includes(study.state) && live ? "the same command continues it" : ""));
  byId("stop").hidden = !live?.can_stop;
  byId("stop").disabled = Boolean(live?.stop_requested);
  if (!live?.can_stop) byId("ask").hidden = true;
  byId("verdict").hidden = !study.verdict;
  byId("verdict").textContent = study.verdict ? `Verdict: ${study.verdict}` : "";
}
function numbers() {
  const asked = study.asked, done = trials.size, top = best(), runs = !ENDED.includes(study.state);
  byId("done").textContent = number(asked) ? `${done} of ${asked}` : done;
  byId("bar").max = asked || 1;
  byId("bar").value = Math.min(done, asked || 1);
  byId("best").textContent = top ? score(top.mean) : "–";
  byId("best-of").textContent = top ? `best ${study.metric}, trial ${top.number}` : `best ${study.metric}`;
  byId("left").textContent = runs ? seconds(live?.seconds_left) : study.seconds !== null ? seconds(study.seconds) : "–";
  byId("left").nextElementSibling.textContent = runs || study.seconds === null ? "left" : "taken";
  byId("stage").textContent = live && study.state !== "finished" ? STAGES[live.stage] ?? live.stage : study.state;
  byId("load").textContent = live && number(live.load) ? live.load.toFixed(1) : "–";
  byId("load-of").textContent = live?.cores ? `load of ${live.cores} cores` : "load";
  byId("memory").textContent = live ? megabytes(live.memory) : "–";
  byId("memory-of").textContent = live && number(live.free) ? `memory, ${megabytes(live.free)} free` : "memory";
}
function curves() {
  byId("running").hidden = !live?.can_stop;
  if (!live?.can_stop) return;
  const found = live.curves, select = byId("curve");
  const names = found ? [...new Set(found.names.map((one) => one.replace(/^val_/, "")))] : [];
  if (names.length && names.join() !== [...select.options].map((option) => option.value).join()) {
    const chosen = select.value;
    select.replaceChildren(...names.map((one) => { const option = element("option", one); option.value = one; return option; }));
    select.value = names.includes(chosen) ? chosen : names.includes("loss") ? "loss" : names[0];
  }
  byId("running-trial").textContent = number(live.trial) ? `Trial ${live.trial}` : "Between trials";
  const folds = found?.folds ?? [], latest = folds[folds.length - 1];
  const of = found && found.trial !== live.trial ? `trial ${found.trial}: ` : "";
  byId("running-of").textContent = !latest ? "" : of + (folds.length === 1 ? `fold ${latest.fold + 1}, epoch ${latest.epochs}` : `${folds.length} folds, epoch ${latest.epochs}`);
  drawCurves(found, select.value);
}
function log() {
  const box = byId("log"), lines = live ? live.log.join("\n") : "no lines: an older foldwise ran this study";
  if (box.textContent === lines) return;
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.textContent = lines;
  if (follows) box.scrollTop = box.scrollHeight;
  byId("log-of").textContent = live ? `the last ${live.log.length} lines of process ${live.pid} on ${live.host}` : "";
}
function pages() {
  const now = JSON.stringify([study.files, study.mlflow, study.state]);
  if (now === files) return;
  files = now;
  const html = study.files.filter((path) => path.endsWith(".html") || path.endsWith(".json"));
  const made = html.map((path) => link(path.split("/").slice(2).join("/"), file(path)));
  if (study.mlflow) for (const [title, address] of Object.entries(study.mlflow)) made.push(link(`MLflow: ${title}`, address));
  byId("links").replaceChildren(...made);
  const pictures = study.files.filter((path) => path.endsWith(".png"));
  byId("pictures").hidden = !pictures.length;
  byId("figures").replaceChildren(...pictures.map((path) => {
    const around = link("", file(path)), picture = element("img");
    picture.src = file(path);
    picture.loading = "lazy";
    picture.alt = path.split("/").pop().replace(".png", "").replaceAll("_", " ");
    around.append(picture, element("span", picture.alt));
    return around;
  }));
  const goes = ["stopped", "failed", "died"].includes(study.state) ? `; continue with ${study.command}` : "";
  byId("foot").textContent = `started ${moment(study.created)}${study.by ? ` by ${study.by}` : ""}${goes}`;
}
async function stop() {
  const known = token();
  if (!known) { byId("ask").hidden = false; byId("token").focus(); return; }
  const answer = await fetch(`${place}/stop`, { method: "POST", headers: { "X-Foldwise-Token": known } });
  if (answer.ok) { fault(null); byId("stop").disabled = true; byId("ask").hidden = true; return; }
  if (answer.status === 403) { sessionStorage.removeItem("foldwise-token"); byId("ask").hidden = false; }
  fault(await answer.text());
}
byId("stop").addEventListener("click", stop);
byId("ask").addEventListener("submit", (event) => { event.preventDefault(); token(byId("token").value.trim()); byId("token").value = ""; stop(); });
byId("curve").addEventListener("change", curves);
const draw = () => { if (study) { curves(); drawScores([...trials.values()], study.less_is_better); } };
addEventListener("resize", draw);  // the button of the theme sends it too
new ResizeObserver(draw).observe(byId("scores"));  // it widens when no trial runs any more
token();

// A hidden tab is not connected: a browser opens six connections to a server at most.
let events = null;
function connect() {
  events?.close();
  events = null;
  if (document.hidden) return;
  events = new EventSource(`${place}/events`);
  events.addEventListener("message", (event) => { fault(null); take(JSON.parse(event.data)); });
  events.addEventListener("fault", (event) => fault(JSON.parse(event.data)));
  events.addEventListener("gone", () => { events.close(); fault("the study was removed"); });
  events.addEventListener("error", () => fault("the home does not answer; this page goes on by itself when it is back"));
  events.addEventListener("open", () => fault(null));
}
document.addEventListener("visibilitychange", connect);
connect();
