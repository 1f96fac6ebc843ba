// Two plots: the scores of all trials, and the curves of the running one.
import { byId, number, shown } from "./parts.js";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
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
function ticks(low, high, about) {
  const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high; place++) found.push(+(place * step).toPrecision(12));
  return found;
}
const LEFT = 62, RIGHT = 14, TOP = 12, BELOW = 30;
// Axes between bounds; what turns values into places
function axes({ context, width, height }, [first, last], [low, high], across) {
  const x = (value) => LEFT + ((value - first) / Math.max(1e-12, last - first)) * (width - LEFT - RIGHT);
  const y = (value) => (high === low ? (height - BELOW) / 2 : height - BELOW - ((value - low) / (high - low)) * (height - BELOW - TOP));
  context.strokeStyle = color("line");
  context.fillStyle = color("quiet");
  context.textAlign = "right";
  for (const value of high === low ? [low] : ticks(low, high, 5)) {
    context.beginPath(); context.moveTo(LEFT, y(value)); context.lineTo(width - RIGHT, y(value)); context.stroke();
    context.fillText(shown(value), LEFT - 6, y(value) + 4);
  }
  context.textAlign = "center";
  const marks = last > first ? ticks(first, last, Math.max(2, Math.floor((width - LEFT) / 80))).filter(Number.isInteger) : [first];
  for (const value of marks) context.fillText(String(value), x(value), height - 12);
  context.textAlign = "right";
  context.fillText(across, LEFT - 12, height - 12);
  return { x, y };
}
function nothing(at, sentence) {
  at.context.fillStyle = color("quiet");
  at.context.fillText(sentence, 20, 30);
}
export function drawScores(trials, lessIsBetter) {
  const at = pen(byId("scores")), ended = trials.filter((trial) => trial.state === "COMPLETE" && number(trial.mean)).sort((a, b) => a.number - b.number);
  if (!ended.length) { nothing(at, "no trial is complete yet"); return; }
  const sorted = ended.map((trial) => trial.mean).sort((a, b) => a - b);
  let [low, high] = [sorted[0], sorted[sorted.length - 1]];
  const usual = sorted[Math.floor(sorted.length * (lessIsBetter ? 0.95 : 0.05))];  // a few very bad scores would flatten all others
  if (sorted.length > 20) { if (lessIsBetter) high = Math.min(high, usual + (usual - low)); else low = Math.max(low, usual - (high - usual)); }
  const { x, y } = axes(at, [0, Math.max(1, trials.reduce((most, trial) => Math.max(most, trial.number), 0))], [low, high], "trial");
  const { context } = at, size = ended.length > 2000 ? 1.5 : ended.length > 300 ? 2.2 : 3.2;
  context.fillStyle = color("accent");
  context.globalAlpha = ended.length > 300 ? 0.5 : 0.75;
  for (const trial of ended) {
    const place = y(Math.min(high, Math.max(low, trial.mean)));
    context.beginPath(); context.arc(x(trial.number), place, size, 0, 7); context.fill();
  }
  context.globalAlpha = 1;
  context.strokeStyle = color("good");
  context.lineWidth = 2;
  context.beginPath();
  let best = null;
  for (const trial of ended) {
    const before = best;
    if (best === null || (lessIsBetter ? trial.mean < best : trial.mean > best)) best = trial.mean;
    if (before === null) context.moveTo(x(trial.number), y(best));
    else { context.lineTo(x(trial.number), y(before)); context.lineTo(x(trial.number), y(best)); }
  }
  context.lineTo(x(trials.reduce((most, trial) => Math.max(most, trial.number), 0)), y(best));
  context.stroke();
}
// The epochs of a fold's points
const epochs = (fold) => {
  const found = [];
  for (let epoch = 0; epoch < fold.epochs - 1; epoch += fold.step) found.push(epoch + 1);
  if (fold.epochs) found.push(fold.epochs);
  return found;
};
export function drawCurves(curves, name) {
  const at = pen(byId("curves"));
  if (!curves) { nothing(at, "no curves yet; trials in other processes show none"); return; }
  const wanted = [`val_${name}`, name].filter((one) => curves.names.includes(one));
  let low = Infinity, high = -Infinity, last = 1;
  for (const fold of curves.folds) {
    last = Math.max(last, fold.epochs);
    for (const one of wanted) for (const value of fold[one] ?? []) if (number(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  }
  if (low > high) { nothing(at, "the first epochs are running"); return; }
  const { x, y } = axes(at, [1, Math.max(2, last)], [low, high], "epoch"), { context } = at;
  wanted.forEach((one, kind) => {
    const sums = new Map();
    context.strokeStyle = color(kind || wanted.length === 1 && one === name ? "middle" : "accent");
    context.setLineDash(one === name ? [5, 4] : []);
    const stroke = (points) => {
      context.beginPath();
      points.forEach(([epoch, value], place) => context[place ? "lineTo" : "moveTo"](x(epoch), y(value)));
      context.stroke();
    };
    context.globalAlpha = 0.4;
    for (const fold of curves.folds) {
      const places = epochs(fold), points = (fold[one] ?? []).map((value, place) => [places[place], value]).filter((point) => number(point[1]));
      stroke(points);
      for (const [epoch, value] of points) sums.set(epoch, [...(sums.get(epoch) ?? []), value]);
    }
    context.globalAlpha = 1;
    context.lineWidth = 2.4;
    if (curves.folds.length > 1) stroke([...sums].filter(([, own]) => own.length === curves.folds.length).sort((a, b) => a[0] - b[0]).map(([epoch, own]) => [epoch, own.reduce((a, b) => a + b) / own.length]));
    context.lineWidth = 1;
    context.setLineDash([]);
  });
}
