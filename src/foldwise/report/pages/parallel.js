// One line per trial across its parameters and its score. A line passes below the axis of a parameter that the trial lacks.
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
const TOP = 52, SIDE = 70, FOOT = 52, ROOM = 56, spans = new Map();
byId("parallel").style.minWidth = `${2 * SIDE + (axes.length - 1) * ROOM}px`;
let frame = { width: 0, height: 0 };
const across = (place) => (axes.length < 2 ? frame.width / 2 : SIDE + (place * (frame.width - 2 * SIDE)) / (axes.length - 1));
const bottom = () => frame.height - FOOT;
const down = (axis, value) => (value === null || value === undefined ? frame.height - 22 : bottom() - axis.share(value) * (bottom() - TOP));
// 101 colours from the worst to the best
function ramp() {
  const stops = ["low", "middle", "high"].map((name) => [1, 3, 5].map((at) => parseInt(color(name).slice(at, at + 2), 16)));
  return Array.from({ length: 101 }, (_, hundredth) => {
    const at = hundredth / 50, from = Math.min(1, Math.floor(at));
    return `rgb(${stops[from].map((part, place) => Math.round(part + (stops[from + 1][place] - part) * (at - from))).join()})`;
  });
}
function trace(context, row) {
  context.beginPath();
  axes.forEach((axis, place) => context[place ? "lineTo" : "moveTo"](across(place), down(axis, row[axis.name])));
  context.stroke();
}
function parallel() {
  const { context, width, height } = pen(byId("parallel"));
  frame = { width, height };
  const colors = ramp(), faint = Math.max(0.07, Math.min(0.9, 60 / Math.max(1, view.length)));
  const order = [...view].sort((a, b) => (b.rank ?? 2) - (a.rank ?? 2));  // the best on top
  // About ten trials always stand out, the best tenth is warm, and the rest is background
  order.forEach((row, place) => {
    const first = row.rank === undefined ? 0 : Math.exp((place + 1 - order.length) / 10);
    const warmth = row.rank === undefined ? 0 : Math.max((1 - row.rank) ** 4, Math.exp((-row.rank * ranked.length) / 5));
    context.globalAlpha = faint + (0.9 - faint) * first;
    context.lineWidth = 1 + 0.8 * first;
    context.strokeStyle = colors[Math.round(100 * warmth)];
    trace(context, row);
  });
  context.globalAlpha = 1;
  ticked.forEach((row, place) => {
    for (const [colour, wide] of [[color("panel"), 5], [tint(place), 2.5]]) { context.strokeStyle = colour; context.lineWidth = wide; trace(context, row); }
  });
  const room = (width - 2 * SIDE) / Math.max(1, axes.length - 1), names = axes.map((axis) => title(axis.name));
  const rows = names.some((name) => context.measureText(name).width > room - 8) ? 2 : 1;
  axes.forEach((axis, place) => {
    const x = across(place);
    context.strokeStyle = color("ink");
    context.lineWidth = 1;
    context.beginPath(); context.moveTo(x, TOP); context.lineTo(x, bottom()); context.stroke();
    context.fillStyle = color("ink");
    context.textAlign = "center";
    write(context, ending(context, names[place], rows * room - 8), x, rows === 2 && place % 2 ? 29 : 14);
    context.fillStyle = color("quiet");
    const ends = axis.low === axis.high ? [[axis.low, TOP - 7]] : [[axis.high, TOP - 7], [axis.low, bottom() + 15]];
    if (!axis.words && axis.all.length) for (const [value, y] of ends) write(context, shown(value), x, y);
    if (axis.absent) write(context, "absent", x, height - 7);
    context.textAlign = "left";
    const step = Math.ceil(axis.all.length / 14);
    if (axis.words) axis.all.forEach((value, nth) => { if (nth % step === 0) write(context, beginning(context, shown(value), Math.max(30, room - 12)), x + 6, down(axis, value) + 4); });
    const span = spans.get(axis.name);
    if (span) {
      context.fillStyle = color("accent"); context.globalAlpha = 0.3;
      context.fillRect(x - 7, Math.min(...span), 14, Math.abs(span[1] - span[0]));
      context.globalAlpha = 1;
    }
  });
}
// Text over lines is readable only with an outline in the background colour
function write(context, text, x, y) {
  context.strokeStyle = color("panel");
  context.lineWidth = 5;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
// A value cut at its end, and a name cut at its beginning, since its last part is the most telling
function beginning(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  while (text.length > 2 && context.measureText(`${text}…`).width > room) text = text.slice(0, -1);
  return `${text}…`;
}
function ending(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  while (text.length > 2 && context.measureText(`…${text}`).width > room) text = text.slice(1);
  return `…${text}`;
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
  if (!held) {
    const [x] = point(event), place = nearest(x);
    byId("parallel").title = Math.abs(across(place) - x) < 25 ? axes[place].name.replace(/^mean$/, score) : "";
    return;
  }
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
