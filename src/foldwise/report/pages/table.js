// The table. Only visible rows are built, so that ten thousand rows cost as much as forty.
const ROW = 28, SPARE = 8;
const numeric = new Set(data.columns.filter((name) => rows.some((row) => number(row[name]))));
// Scores and deviations have as many decimals as the best score with four significant digits
const decimals = ranked.length ? Math.max(0, 3 - Math.floor(Math.log10(Math.abs(ranked[0].mean) || 1))) : 4;
const rounded = (value) => {
  if (!number(value) || decimals >= 7 || Math.abs(value) >= 1e7) return shown(value);
  return value !== 0 && Math.abs(value) < 10 ** -decimals ? shown(value) : value.toFixed(decimals);
};
const cellText = (row, name) => (name === "mean" || name === "sd" ? rounded(row[name]) : shown(row[name]));
function head() {
  const line = element("tr");
  line.append(element("th", "", "text"));
  for (const name of data.columns) {
    const cell = element("th", undefined, numeric.has(name) ? "" : "text");
    const button = element("button", title(name) + (kept.sort === name ? (kept.down ? " ▾" : " ▴") : ""));
    button.type = "button";
    button.title = name in titles ? "" : name;
    button.dataset.column = name;
    cell.setAttribute("aria-sort", kept.sort === name ? (kept.down ? "descending" : "ascending") : "none");
    button.addEventListener("click", () => {
      kept.down = kept.sort === name ? !kept.down : name === "mean" && !lessIsBetter;
      kept.sort = name;
      byId("scroll").scrollTop = 0;
      changed();
      document.querySelector(`[data-column="${CSS.escape(name)}"]`).focus();
    });
    cell.append(button);
    line.append(cell);
  }
  byId("table").tHead.replaceChildren(line);
}
// A ring: within noise of the best; a diamond: the trial that became the model
const MARKS = { ring: "within noise of the best", model: "the model" };
const mark = (kind) => {
  const sign = element("i", undefined, kind);
  sign.title = MARKS[kind];
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", MARKS[kind]);
  return sign;
};
function legend() {
  const kinds = Object.keys(MARKS).filter((kind) => rows.some((row) => row.marks.includes(kind)));
  byId("marks").replaceChildren(...kinds.flatMap((kind) => [mark(kind), `${MARKS[kind]} `]));
}
function space(count) {
  const line = element("tr"), cell = element("td");
  cell.colSpan = data.columns.length + 1;
  cell.style.cssText = `height:${count * ROW}px;padding:0;border:0`;
  line.append(cell);
  return line;
}
function body() {
  const scroll = byId("scroll");
  const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - SPARE);
  const last = Math.min(view.length, first + Math.ceil(scroll.clientHeight / ROW) + 2 * SPARE);
  const lines = view.slice(first, last).map((row) => {
    const line = element("tr", undefined, row === ranked[0] ? "best" : "");
    const box = element("input");
    box.type = "checkbox";
    box.checked = ticked.includes(row);
    box.setAttribute("aria-label", `tick ${label(row)}`);
    box.addEventListener("change", () => {
      if (box.checked) ticked.push(row); else ticked.splice(ticked.indexOf(row), 1);
      curves(); difference(); parallel();
    });
    const tick = element("td", undefined, "text");
    tick.append(box);
    line.append(tick);
    for (const name of data.columns) {
      const cell = element("td", cellText(row, name), (numeric.has(name) ? "" : "text ") + (name === "state" ? row.state : name === "reason" ? "reason" : ""));
      if (name === "number") cell.append(...row.marks.map(mark));
      if (name === "reason") cell.title = row.reason;
      if (name === "reason" && !row.reason) cell.textContent = "";
      line.append(cell);
    }
    return line;
  });
  byId("table").tBodies[0].replaceChildren(space(first), ...lines, space(view.length - last));
  byId("count").textContent = view.length === rows.length ? `${rows.length}` : `${view.length} of ${rows.length}`;
}
byId("scroll").addEventListener("scroll", () => requestAnimationFrame(body), { passive: true });
let typing = 0;
byId("filter").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => { kept.text = event.target.value; byId("scroll").scrollTop = 0; changed(); }, 120);
});
byId("clear").addEventListener("click", () => {
  kept.text = byId("filter").value = "";
  kept.brushes.clear();
  spans.clear();
  changed();
});
listeners.push(head, body);
legend();
