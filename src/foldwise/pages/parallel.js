// A line a trial across its parameters and its score. What a trial does not have stands below the axis.
const axes = [...data.varying, "mean"].map((name) => {
  const values = rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined);
  const words = !values.every(number);
  const all = [...new Set(values)];
  const absent = rows.some((row) => row[name] === null || row[name] === undefined);
  if (words) all.sort((a, b) => String(a).localeCompare(String(b)));
  let low = Infinity, high = -Infinity;
  if (!words) for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  const log = !words && data.log.includes(name) && low > 0;
  const share = (value) => {
    if (words) return all.length < 2 ? 0.5 : all.indexOf(value) / (all.length - 1);
    if (high === low) return 0.5;
    return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  };
  return { name, words, all, low, high, log, share, absent };
});
const TOP = 40, SIDE = 70, GAP = 26, spans = new Map();
let frame = { width: 0, height: 0 };
const across = (place) => (axes.length < 2 ? frame.width / 2 : SIDE + (place * (frame.width - 2 * SIDE)) / (axes.length - 1));
const bottom = () => frame.height - 24 - GAP;
const down = (axis, value) => (value === null || value === undefined ? frame.height - 20 : bottom() - axis.share(value) * (bottom() - TOP));
function blend(share, low, high) {
  const parts = [low, high].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return `rgb(${parts[0].map((part, at) => Math.round(part + (parts[1][at] - part) * share)).join()})`;
}
function trace(context, row) {
  context.beginPath();
  axes.forEach((axis, place) => context[place ? "lineTo" : "moveTo"](across(place), down(axis, row[axis.name])));
  context.stroke();
}
function parallel() {
  const { context, width, height } = pen(byId("parallel"));
  frame = { width, height };
  const low = color("low"), high = color("high");
  context.lineWidth = 1;
  context.globalAlpha = Math.max(0.12, Math.min(0.9, 60 / Math.max(1, view.length)));
  const order = [...view].sort((a, b) => (b.rank ?? 2) - (a.rank ?? 2));  // the best on top
  for (const row of order) {
    context.strokeStyle = row.rank === undefined ? low : blend((1 - row.rank) ** 2, low, high);
    trace(context, row);
  }
  context.globalAlpha = 1;
  context.lineWidth = 2.5;
  ticked.forEach((row, place) => { context.strokeStyle = tint(place); trace(context, row); });
  axes.forEach((axis, place) => {
    const x = across(place);
    context.strokeStyle = color("ink");
    context.lineWidth = 1;
    context.beginPath(); context.moveTo(x, TOP); context.lineTo(x, bottom()); context.stroke();
    context.fillStyle = color("ink");
    context.textAlign = "center";
    const title = titles[axis.name] ?? axis.name.split(".").slice(-2).join(".");
    write(context, fitted(context, title, (width - SIDE) / axes.length), x, place % 2 && axes.length > 8 ? 28 : 14);
    context.fillStyle = color("quiet");
    context.textAlign = "left";
    const marks = axis.words ? axis.all : axis.low === axis.high ? [axis.low] : [axis.low, axis.high];
    for (const value of marks.length > 14 ? [marks[0], marks.at(-1)] : marks) write(context, fitted(context, shown(value), 90), x + 5, down(axis, value) + 4);
    if (axis.absent) write(context, "–", x + 5, height - 16);
    const span = spans.get(axis.name);
    if (span) {
      context.fillStyle = color("accent"); context.globalAlpha = 0.3;
      context.fillRect(x - 7, Math.min(...span), 14, Math.abs(span[1] - span[0]));
      context.globalAlpha = 1;
    }
  });
}
// Words over lines are read only with the page's own colour behind them
function write(context, text, x, y) {
  context.strokeStyle = color("panel");
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  while (text.length > 3 && context.measureText(`${text}…`).width > room) text = text.slice(0, -1);
  return `${text}…`;
}
let held = null;
const nearest = (x) => axes.reduce((best, _, place) => (Math.abs(across(place) - x) < Math.abs(across(best) - x) ? place : best), 0);
const point = (event) => { const box = byId("parallel").getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
byId("parallel").addEventListener("pointerdown", (event) => {
  const [x, y] = point(event), axis = axes[nearest(x)];
  if (Math.abs(across(axes.indexOf(axis)) - x) > 25) return;
  held = { axis, from: y };
  byId("parallel").setPointerCapture(event.pointerId);
});
byId("parallel").addEventListener("pointermove", (event) => {
  if (!held) return;
  spans.set(held.axis.name, [held.from, point(event)[1]]);
  parallel();
});
byId("parallel").addEventListener("pointerup", () => {
  if (!held) return;
  const { axis } = held, span = spans.get(axis.name);
  held = null;
  if (!span || Math.abs(span[1] - span[0]) < 4) { spans.delete(axis.name); kept.brushes.delete(axis.name); changed(); return; }
  const [from, to] = [Math.min(...span), Math.max(...span)];
  kept.brushes.set(axis.name, (value) => { const y = down(axis, value); return y >= from - 1 && y <= to + 1; });
  changed();
});
byId("parallel").addEventListener("dblclick", (event) => {
  const { name } = axes[nearest(point(event)[0])];
  spans.delete(name); kept.brushes.delete(name);
  changed();
});
listeners.push(parallel);
