// The cards of the studies, the difference of two trials, how trials ended, where the time went; then the first drawing.
function cards() {
  byId("studies").replaceChildren(...data.studies.map((study) => {
    const card = element("div", undefined, "card"), t = study.trials;
    const count = (state) => t.state.filter((one) => one === state).length;
    if (many) card.append(element("p", study.name, "verdict"));
    if (study.verdict) card.append(element("p", study.verdict, "verdict"));
    card.append(element("p", `${study.metric}, ${study.direction}d ${study.same_rows ? "on the training rows" : `over ${study.folds} fold${study.folds === 1 ? "" : "s"}`}; ${t.number.length} trials: ${count("COMPLETE")} complete, ${count("STOPPED")} stopped, ${count("FAILED")} failed`));
    for (const rival of study.baselines) card.append(element("p", `baseline ${rival.name}: ${rounded(rival.mean)}${study.folds > 1 ? ` ± ${rounded(rival.sd)}` : ""}${rival.holdout === null ? "" : `, holdout ${rounded(rival.holdout)}`}`));
    for (const sentence of study.unfinished) card.append(element("p", `baseline ${sentence}`));
    if (study.links?.length) card.append(links(study.links));
    return card;
  }));
}
function links(all) {
  const line = element("p", undefined, "links");
  for (const [text, address] of all) {
    const link = element("a", text);
    link.href = address;
    line.append(link);
  }
  return line;
}
// What is judged on the training rows is not called validation.
if (data.studies.every((study) => study.same_rows)) for (const option of byId("curve").options) option.textContent = option.textContent.replace("validation", "same rows'");
function difference() {
  const [one, other] = ticked, place = byId("difference");
  if (!other) { place.replaceChildren(element("p", "tick two trials in the table")); return; }
  const of = (row) => ({ ...data.studies[row.place].fixed, ...Object.fromEntries(data.parameters.filter((name) => row[name] !== null && row[name] !== undefined).map((name) => [name, row[name]])) });
  const [a, b] = [of(one), of(other)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
  if (!names.length) { place.replaceChildren(element("p", "these two have the same configuration")); return; }
  const table = element("table"), line = element("tr");
  for (const text of ["", label(one), label(other)]) line.append(element("th", text, text ? "" : "text"));
  table.append(line);
  for (const [name, ...values] of [...names.map((name) => [name, shown(a[name]), shown(b[name])]), [score, rounded(one.mean), rounded(other.mean)]]) {
    const entry = element("tr");
    entry.append(element("td", name, "text"), ...values.map((value) => element("td", value)));
    table.append(entry);
  }
  place.replaceChildren(table);
}
function ends() {
  const groups = new Map();
  for (const row of rows) {
    const why = row.state === "COMPLETE" ? (row.reason ? "reused the result of an equal trial" : "trained") : row.reason.split(":")[0];
    const key = `${row.state}\n${why}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  const table = element("table");
  for (const [key, members] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    const [state, why] = key.split("\n"), line = element("tr");
    line.append(element("td", state, `text ${state}`), element("td", why, "text"), element("td", String(members.length)));
    line.append(element("td", state === "COMPLETE" ? "" : `${label(members[0])}: ${members[0].reason}`, "text reason"));
    table.append(line);
  }
  byId("ends").replaceChildren(table);
}
function time() {
  const groups = data.studies.map((study) => [
    many ? `the job ${study.name}` : "the job",
    ["data", "search", "refit", "baselines"].filter((part) => number(study.seconds[part])).map((part) => [part, study.seconds[part]]),
  ]);
  const taken = (state) => rows.filter((row) => row.state === state).reduce((sum, row) => sum + (row.seconds || 0), 0);
  groups.push(["all trials", ["COMPLETE", "STOPPED", "FAILED"].map((state) => [state.toLowerCase(), taken(state)]).filter(([, seconds]) => seconds)]);
  groups.push(["the slowest trials", [...rows].sort((a, b) => b.seconds - a.seconds).slice(0, 5).map((row) => [label(row), row.seconds])]);
  byId("time").replaceChildren(...groups.filter(([, bars]) => bars.length).flatMap(([heading, bars]) => {
    const most = Math.max(...bars.map(([, seconds]) => seconds), 1e-9);
    return [element("p", heading, "heading"), ...bars.map(([text, seconds]) => bar(text, seconds, seconds / most))];
  }));
}
function bar(text, seconds, share) {
  const line = element("div", undefined, "bar"), mark = element("i"), room = element("div");
  mark.style.width = `${100 * share}%`;
  room.append(mark);
  line.append(element("span", text), room, element("b", `${seconds < 100 ? seconds.toFixed(1) : Math.round(seconds)} s`));
  return line;
}
const root = document.documentElement;
byId("theme").addEventListener("click", () => { root.classList.toggle("dark"); changed(); });
window.addEventListener("resize", () => { parallel(); curves(); body(); });
listeners.push(difference);
cards(); ends(); time(); changed();
root.dataset.drawn = String(Math.round(performance.now()));
