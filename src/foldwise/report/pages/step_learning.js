// The network, its boundary and its curves after the chosen epoch.
const { kept, weights, best } = data.epochs;
const slider = byId("epoch");
slider.max = kept.length - 1;
const nowEpoch = () => kept[Number(slider.value)];

// Places of the units, a column a layer
const columns = [data.network.inputs, ...weights[0].map((layer) => layer.b)].map((units) => units.length);
const NODE = 8, LEFT = 120, RIGHT = 92, GAP = Math.max(24, Math.min(54, 310 / Math.max(...columns))), TALL = Math.max(...columns) * GAP + 26;
const WIDE = LEFT + RIGHT + Math.max(150, (columns.length - 1) * 120);
const unitAt = (layer, unit) => [
  LEFT + (layer / (columns.length - 1)) * (WIDE - LEFT - RIGHT),
  20 + (TALL - 26) / 2 + (unit - (columns[layer] - 1) / 2) * GAP,
];
const svg = byId("network");
svg.setAttribute("viewBox", `0 0 ${WIDE} ${TALL}`);
const lines = [], rings = [];
weights[0].forEach((layer, place) => layer.W.forEach((row, unit) => row.forEach((_, input) => {
  const [x1, y1] = unitAt(place, input), [x2, y2] = unitAt(place + 1, unit);
  const made = drawing("line", { x1: x1 + NODE, y1, x2: x2 - NODE, y2, "stroke-linecap": "round" });
  made.append(drawing("title", {}));
  svg.append(made);
  lines.push({ made, place, unit, input });
})));
columns.forEach((count, layer) => {
  const [across] = unitAt(layer, 0), above = drawing("text", { x: across, y: 11, "text-anchor": "middle" });
  above.textContent = layer === 0 ? "x" : layer === columns.length - 1 ? "ŷ" : `a${"₀₁₂₃₄₅₆₇₈₉"[layer + 1]}`;
  svg.append(above);
  for (let unit = 0; unit < count; unit += 1) {
    const [cx, cy] = unitAt(layer, unit), made = drawing("circle", { cx, cy, r: NODE });
    made.append(drawing("title", {}));
    svg.append(made);
    rings.push({ made, layer, unit });
    const last = layer === columns.length - 1, name = layer === 0 ? data.network.inputs[unit] : last ? data.network.outputs[unit] : "";
    if (!name) continue;
    const text = drawing("text", { x: cx + (last ? NODE + 5 : -NODE - 5), y: cy + 4, "text-anchor": last ? "start" : "end" });
    text.textContent = brief(name);
    text.append(drawing("title", {}));
    text.lastChild.textContent = name;
    svg.append(text);
  }
});
function network() {
  const now = weights[Number(slider.value)];
  const most = Math.max(1e-9, ...weights.at(-1).flatMap((layer) => layer.W.flat()).map(Math.abs), ...now.flatMap((layer) => layer.W.flat()).map(Math.abs));
  for (const { made, place, unit, input } of lines) {
    const value = now[place].W[unit][input], share = Math.abs(value) / most;
    made.setAttribute("stroke", color(value < 0 ? "minus" : "plus"));
    made.setAttribute("stroke-width", (0.3 + 4.2 * share).toFixed(2));
    made.setAttribute("stroke-opacity", (0.15 + 0.75 * share).toFixed(2));
    made.firstChild.textContent = `weight ${shown(value)}`;
  }
  for (const { made, layer, unit } of rings) {
    const bias = layer ? now[layer - 1].b[unit] : 0;
    made.setAttribute("stroke", !layer || bias === 0 ? color("line") : color(bias < 0 ? "minus" : "plus"));
    made.firstChild.textContent = layer ? `bias ${shown(bias)}` : data.network.inputs[unit];
  }
}

// The boundary
const plane = data.plane, several = data.about.labels.length > 2, numbers = data.about.labels.length === 0;
// Of two classes, the probability of the second at a place of the grid
const second = (bytes, place) => (256 * bytes[place] + bytes[plane.size * plane.size + place]) / 65535;
function shades(bytes) {
  const size = plane.size, image = new ImageData(size, size), middle = rgb(color("middle"));
  const [low, high] = [classColour(0), classColour(1)].map(rgb);
  for (let row = 0; row < size; row += 1) for (let at = 0; at < size; at += 1) {
    const from = row * size + at, to = 4 * ((size - 1 - row) * size + at), value = numbers || several ? bytes[from] / 255 : second(bytes, from);
    let tone;
    if (numbers) tone = viridis(value);
    else if (several) {
      const classes = data.about.labels.length, share = (bytes[size * size + from] / 255 - 1 / classes) / (1 - 1 / classes);
      tone = mixed(middle, rgb(classColour(bytes[from])), 0.1 + 0.65 * Math.max(0, share));
    } else tone = value < plane.threshold ? mixed(middle, low, 0.75 * (1 - value / plane.threshold)) : mixed(middle, high, 0.75 * (value - plane.threshold) / (1 - plane.threshold));
    image.data.set([...tone, 255], to);
  }
  return image;
}
// The line on which a probability is `level`, square by square: (x, y) in steps of the grid, two ends a piece
function border(bytes, level) {
  const size = plane.size, pieces = [], at = (column, row) => second(bytes, row * size + column) - level;
  for (let row = 0; row + 1 < size; row += 1) for (let column = 0; column + 1 < size; column += 1) {
    const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]], crossed = [];
    corners.forEach(([x, y], place) => {
      const [toX, toY] = corners[(place + 1) % 4], from = at(x, y), to = at(toX, toY);
      if (from < 0 === to < 0) return;
      const share = from / (from - to);
      crossed.push([x + share * (toX - x), y + share * (toY - y)]);
    });
    for (let place = 0; place + 1 < crossed.length; place += 2) pieces.push([crossed[place], crossed[place + 1]]);
  }
  return pieces;
}
function boundary() {
  if (!plane) return;
  const { context, width, height } = pen(byId("boundary"));
  const left = 46, base = height - 34, right = width - 8, top = 8;
  const bytes = Uint8Array.from(atob(plane.shades[Number(slider.value)]), (sign) => sign.charCodeAt(0));
  const small = document.createElement("canvas");
  small.width = small.height = plane.size;
  small.getContext("2d").putImageData(shades(bytes), 0, 0);
  context.imageSmoothingEnabled = !several;
  context.drawImage(small, left, top, right - left, base - top);
  const x = (value) => left + ((value - plane.x[0]) / (plane.x[1] - plane.x[0])) * (right - left);
  const y = (value) => base - ((value - plane.y[0]) / (plane.y[1] - plane.y[0])) * (base - top);
  context.textAlign = "center";
  for (const value of ticks(...plane.x, 5)) context.fillText(shown(Number(value.toPrecision(6))), x(value), base + 15);
  context.fillText(brief(plane.across, 40), (left + right) / 2, base + 30);
  context.textAlign = "right";
  for (const value of ticks(...plane.y, 5)) context.fillText(shown(Number(value.toPrecision(6))), left - 5, y(value) + 4);
  context.save();
  context.translate(11, (top + base) / 2); context.rotate(-Math.PI / 2); context.textAlign = "center";
  context.fillText(brief(plane.up, 34), 0, 0);
  context.restore();
  context.save();
  context.beginPath(); context.rect(left, top, right - left, base - top); context.clip();
  if (!numbers && !several) {
    const place = ([column, row]) => [left + (column / (plane.size - 1)) * (right - left), base - (row / (plane.size - 1)) * (base - top)];
    context.strokeStyle = color("ink"); context.lineWidth = 1.6;
    context.beginPath();
    for (const [from, to] of border(bytes, plane.threshold)) { context.moveTo(...place(from)); context.lineTo(...place(to)); }
    context.stroke();
  }
  plane.dots.forEach((dots, set) => dots.forEach(([across, up, truth]) => {
    context.beginPath();
    if (set) { context.moveTo(x(across), y(up) - 5); context.lineTo(x(across) + 5, y(up)); context.lineTo(x(across), y(up) + 5); context.lineTo(x(across) - 5, y(up)); context.closePath(); }
    else context.arc(x(across), y(up), 3.2, 0, 7);
    context.fillStyle = numbers ? `rgb(${viridis((truth - plane.low) / (plane.high - plane.low || 1))})` : classColour(truth);
    context.fill();
    context.lineWidth = set ? 1.4 : 0.8;
    context.strokeStyle = set ? color("ink") : "#fff";
    context.stroke();
  }));
  context.restore();
}
if (plane) {
  byId("boundary-title").textContent = numbers ? `Prediction of ${data.about.target}` : "Decision boundary";
  byId("boundary-note").textContent = plane.held;
  const entry = (text, kind, tone) => {
    const made = element("span"), mark = element("i", "", kind);
    if (tone) mark.style.background = tone;
    made.append(mark, text);
    return made;
  };
  byId("classes").append(
    ...(numbers ? [entry(shown(plane.low), "square", `rgb(${viridis(0)})`), entry(shown(plane.high), "square", `rgb(${viridis(1)})`)]
      : data.about.labels.slice(0, 12).map((name, code) => entry(brief(name, 24), "square", classColour(code)))),
    ...[entry("training rows", "hollow"), entry("validation rows", "diamond")].slice(0, plane.dots.length));
} else byId("with-boundary").remove();

// Curves
for (const note of document.querySelectorAll(".judged")) note.textContent = `training solid, ${data.about.judged} dashed`;
function curve(canvas, name) {
  const { context, width, height } = pen(canvas);
  const { epochs, values } = data.curves, left = 54, base = height - 26, right = width - 12;
  const both = [values[name], values[`val_${name}`]], known = both.flat().filter((value) => Number.isFinite(value));
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (low === high) { low -= 0.5; high += 0.5; }
  const last = epochs.at(-1);
  const x = (epoch) => left + (epoch / last) * (right - left), y = (value) => base - ((value - low) / (high - low)) * (base - 12);
  context.strokeStyle = color("line"); context.textAlign = "right";
  for (const value of ticks(low, high, 5)) {
    context.beginPath(); context.moveTo(left, y(value)); context.lineTo(right, y(value)); context.stroke();
    context.fillText(shown(Number(value.toPrecision(6))), left - 6, y(value) + 4);
  }
  context.textAlign = "center";
  for (const epoch of ticks(0, last, 6)) if (Number.isInteger(epoch)) context.fillText(String(epoch), x(epoch), height - 10);
  context.textAlign = "left"; context.fillText("epoch", 4, height - 10);
  both.forEach((line, place) => {
    if (!line) return;
    context.strokeStyle = color(place ? "minus" : "plus"); context.lineWidth = 2; context.setLineDash(place ? [6, 4] : []);
    context.beginPath();
    line.forEach((value, at) => context[at ? "lineTo" : "moveTo"](x(epochs[at]), y(value)));
    context.stroke();
  });
  context.setLineDash([]); context.lineWidth = 1.5; context.strokeStyle = color("ink");
  context.beginPath(); context.moveTo(x(nowEpoch()), 6); context.lineTo(x(nowEpoch()), base); context.stroke();
}
// A panel for each metric that was followed
const panel = byId("with-metric");
const metrics = Object.keys(data.curves.values).filter((name) => !["loss", "learning_rate"].includes(name) && !name.startsWith("val_")).map((name) => {
  const made = panel.cloneNode(true), canvas = made.querySelector("canvas");
  made.removeAttribute("id");
  made.querySelector("span").textContent = name;
  canvas.setAttribute("aria-label", `${name} over epochs`);
  panel.before(made);
  return { name, canvas };
});
panel.remove();

function learning() {
  const epoch = nowEpoch();
  byId("now").textContent = `epoch ${epoch} of ${kept.at(-1)}${epoch === best ? ", kept" : epoch ? "" : ", first weights"}`;
  network();
  boundary();
  curve(byId("loss"), "loss");
  for (const { name, canvas } of metrics) curve(canvas, name);
}
let timer = null;
function stop() { clearInterval(timer); timer = null; byId("play").textContent = "play"; }
byId("play").addEventListener("click", () => {
  if (timer) { stop(); return; }
  if (Number(slider.value) === kept.length - 1) slider.value = 0;
  byId("play").textContent = "stop";
  timer = setInterval(() => {
    slider.value = Number(slider.value) + 1;
    learning();
    if (Number(slider.value) === kept.length - 1) stop();
  }, 150);
});
slider.addEventListener("input", () => { if (timer) stop(); learning(); });
slider.value = kept.length - 1;
listeners.push(learning);
learning();
