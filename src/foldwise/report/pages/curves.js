// Curves of the ticked trials, one plot for losses and one for a metric. Their data are parsed when the first curve is drawn.
// Colours that differ on light and dark backgrounds, and from the colours of scores
const TINTS = ["#2f81d6", "#1c9e5b", "#a259d9", "#d6478f", "#12a0b5", "#8f8a00", "#5f6bd8", "#96705a", "#6a9e2c", "#7f8896"];
const tint = (place) => TINTS[place % TINTS.length];
let curveData = null;
const curvesOf = (row) => {
  curveData ??= JSON.parse(byId("curve-data").textContent);
  return curveData[row.place][row.number] ?? {};
};
function curves() {
  folds();
  plot("curves", byId("curve").value, byId("log").checked);
  if (data.metrics.length) plot("metrics", `val_${byId("metric").value}+${byId("metric").value}`, false);
  byId("legend").replaceChildren(...ticked.map((row, place) => {
    const entry = element("button", `${label(row)}  ${number(row.mean) ? rounded(row.mean) : row.state}  ×`), mark = element("i");
    entry.type = "button";
    entry.title = `untick ${label(row)}`;
    entry.addEventListener("click", () => { ticked.splice(ticked.indexOf(row), 1); body(); curves(); difference(); parallel(); });
    mark.style.background = tint(place);
    entry.prepend(mark);
    return entry;
  }));
}
// The first of the wanted curves is solid, the second dashed
function plot(canvas, wanted, log) {
  const { context, width, height } = pen(byId(canvas));
  const drawn = ticked.map((row, place) => ({ row, place, lines: wanted.split("+").map((name) => curvesOf(row)[name]).filter(Boolean) }));
  let epochs = 1, low = Infinity, high = -Infinity;
  for (const { lines } of drawn) for (const [at, values] of lines) values.forEach((value, index) => {
    if (!number(value) || (log && value <= 0)) return;
    epochs = Math.max(epochs, at[index]); low = Math.min(low, value); high = Math.max(high, value);
  });
  context.fillStyle = color("quiet");
  if (low > high) { context.fillText(ticked.length ? "these trials have no such curve" : "tick trials in the table", 20, 30); return; }
  const left = 60, base = height - 30, scale = log ? Math.log : (value) => value;
  const [from, to] = [scale(low), scale(high)];
  const x = (epoch) => left + ((epoch - 1) / Math.max(1, epochs - 1)) * (width - left - 15);
  const y = (value) => (to === from ? base / 2 : base - ((scale(value) - from) / (to - from)) * (base - 15));
  const even = [0, 0.25, 0.5, 0.75, 1].map((part) => from + part * (to - from)).map(log ? Math.exp : (value) => value);
  context.strokeStyle = color("line");
  context.textAlign = "right";
  for (const value of to === from ? [low] : log ? even : ticks(low, high, 6)) {
    context.beginPath(); context.moveTo(left, y(value)); context.lineTo(width - 15, y(value)); context.stroke();
    context.fillText(shown(value), left - 6, y(value) + 4);
  }
  context.textAlign = "center";
  const marks = epochs < 2 ? [1] : [1, ...ticks(2, epochs, 6).filter((epoch) => Number.isInteger(epoch) && x(epoch) > left + 30)];
  for (const epoch of marks) context.fillText(String(epoch), x(epoch), height - 14);
  context.textAlign = "right"; context.fillText("epoch", left - 12, height - 14);
  for (const { place, lines } of drawn) lines.forEach(([at, values], kind) => {
    context.strokeStyle = tint(place); context.lineWidth = 1.8; context.setLineDash(kind ? [5, 4] : []);
    context.beginPath();
    let started = false;
    values.forEach((value, index) => {
      if (!number(value) || (log && value <= 0)) { started = false; return; }
      context[started ? "lineTo" : "moveTo"](x(at[index]), y(value)); started = true;
    });
    context.stroke(); context.setLineDash([]);
  });
}
const choose = (select, value, text) => {
  const option = element("option", text);
  option.value = value;
  byId(select).append(option);
};
for (const [value, text] of [["val_loss+loss", "validation loss (training dashed)"], ["val_loss", "validation loss"], ["loss", "training loss"], ["learning_rate", "learning rate"]]) choose("curve", value, text);
for (const name of data.metrics) choose("metric", name, name);
byId("beside").hidden = !data.metrics.length;  // studies of earlier versions may have none
for (const select of ["curve", "metric"]) byId(select).addEventListener("change", curves);
byId("log").addEventListener("change", curves);
listeners.push(curves);
