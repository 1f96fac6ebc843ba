// The step in numbers: forward, loss, backward, gradients, update, each as the lecture writes it.
const { step, network: net, about } = data;
const depth = step.layers.length, dropped = step.layers.some((layer) => layer.kept);
let row = 0, chosen = { layer: 0, unit: 0, input: 0 };  // input null is the bias

// Names: W_1 leads from x to layer 2
const isLast = (layer) => layer === depth - 1;
const aName = (layer) => (layer < 0 ? "x" : isLast(layer) ? "ŷ" : `a_${layer + 2}`);
const inName = (layer) => (layer > 0 && step.layers[layer - 1].kept ? `ã_${layer + 1}` : aName(layer - 1));
const f = (layer) => ({ sigmoid: "σ", linear: "" }[step.layers[layer].activation] ?? step.layers[layer].activation);
const SLOPES = {
  linear: ["1", () => 1], sigmoid: ["a (1 − a)", (z, a) => a * (1 - a)], tanh: ["1 − a²", (z, a) => 1 - a * a],
  relu: ["1 where z > 0, else 0", (z) => (z > 0 ? 1 : 0)], leaky_relu: [`1 where z > 0, else ${net.slope}`, (z) => (z > 0 ? 1 : net.slope)],
};
const inputsOf = (layer, at) => (layer === 0 ? step.x[at] : step.layers[layer - 1].a[at].map((a, unit) => a * (step.layers[layer - 1].kept?.[at][unit] ?? 1)));
const inputNames = (layer) => (layer === 0 ? net.inputs : step.layers[layer - 1].before.b.map((_, unit) => `${unit + 1}`));
const unitNames = (layer) => (isLast(layer) ? net.outputs : step.layers[layer].before.b.map((_, unit) => `${unit + 1}`));

function heat(cell, value, most) {
  if (!value) return;
  const share = Math.min(1, Math.abs(value) / (most || 1));
  cell.style.background = `color-mix(in srgb, ${value < 0 ? "var(--minus)" : "var(--plus)"} ${(share * 45).toFixed(0)}%, transparent)`;
}
// A table: names of columns, then [name of the row, values, pick] for each row
function table(columns, rows, corner = "") {
  const made = element("table"), head = element("tr"), box = element("div", "", "scroll");
  head.append(Object.assign(element("th"), { textContent: corner }), ...columns.map((name) => {
    const cell = element("th", brief(name, 16));
    cell.title = name;
    return cell;
  }));
  made.append(head);
  const most = Math.max(...rows.flatMap(([, values]) => values.map((value) => Math.abs(value ?? 0))));
  for (const [name, values, pick] of rows) {
    const down = element("tr"), first = element("th");
    first.append(formula(name));
    down.append(first, ...values.map((value, at) => {
      const cell = element("td", shown(value));
      cell.title = String(value);
      heat(cell, value, most);
      if (pick) pick(cell, at);
      return cell;
    }));
    made.append(down);
  }
  box.append(made);
  return box;
}
function matrix(layer, part) {
  const names = [...inputNames(layer), "b"];
  const rows = part.W.map((values, unit) => [unitNames(layer)[unit], [...values, part.b[unit]], (cell, at) => {
    const input = at < values.length ? at : null;
    cell.classList.add("pick");
    if (chosen.layer === layer && chosen.unit === unit && chosen.input === input) cell.classList.add("chosen");
    cell.addEventListener("click", () => { chosen = { layer, unit, input }; numbersAgain(); });
  }]);
  return table(names, rows, "unit");
}
const titled = (title, body) => {
  const made = element("div"), head = element("small");
  head.append(formula(title));
  made.append(head, body);
  return made;
};

const LOSSES = {
  binary_crossentropy: "loss = −( y log ŷ + (1 − y) log(1 − ŷ) )", categorical_crossentropy: "loss = −Σ y log ŷ",
  mse: "loss = (ŷ − y)²", mae: "loss = |ŷ − y|",
};
function lastDelta() {
  const pair = `${net.loss} ${net.output}`, name = `δ_${depth + 1}`;
  if (["binary_crossentropy sigmoid", "categorical_crossentropy softmax"].includes(pair)) return `${name} = ŷ − y`;
  if (pair === "mse linear") return `${name} = ${net.outputs.length > 1 ? `2/${net.outputs.length} ·` : "2"} (ŷ − y)`;
  return `${name} = ∂loss/∂z_${depth + 1}`;
}

function forward(to) {
  to.append(element("h3", "Forward"), line("x and y of this row, as the network sees them"));
  to.append(table(net.inputs, [["x", step.x[row]]]), table(net.outputs, [["y", step.y[row]]]));
  step.layers.forEach((layer, place) => {
    const z = `z_${place + 2}`, out = `${aName(place)} = ${f(place) ? `${f(place)}(${z})` : z}`;
    const keeps = layer.kept ? `,  ã_${place + 2} = ${aName(place)} ⊙ m  (dropout)` : "";
    to.append(line(`${z} = W_${place + 1} ${inName(place)} + b_${place + 1},  ${out}${keeps}`));
    const values = [[z, layer.z[row]], [aName(place), layer.a[row]]];
    if (layer.kept) values.push(["m", layer.kept[row]]);
    const side = element("div", "", "side");
    side.append(titled(`W_${place + 1} and b_${place + 1}`, matrix(place, layer.before)), titled("this row", table(unitNames(place), values)));
    to.append(side);
  });
}
const isPenalised = (own) => Object.keys(own).length > 0;
function loss(to) {
  to.append(element("h3", "Loss"), line(LOSSES[net.loss] ?? `loss = ${net.loss}`, ` = ${shown(step.losses[row], 6)} for this row`));
  const weighed = step.weight ? "weighted " : "";
  let text = `cost = ${weighed}mean over the ${step.rows} rows of the batch = ${shown(step.mean, 6)}`;
  if (net.penalties.some(isPenalised)) {
    const alike = net.penalties.every((own) => JSON.stringify(own) === JSON.stringify(net.penalties[0]));
    const words = (own, w) => Object.entries(own).map(([name, value]) => `${shown(value)} Σ ${name === "l1" ? `|${w}|` : `${w}²`}`);
    const names = (alike ? words(net.penalties[0], "w") : net.penalties.flatMap((own, place) => words(own, `W_${place + 1}`))).join(" + ");
    text = `cost = ${weighed}mean over the ${step.rows} rows + ${names} = ${shown(step.mean, 6)} + ${shown(step.penalty, 6)} = ${shown(step.cost, 6)}`;
  }
  to.append(line(text));
  if (step.weight) to.append(line(`weight of this row: ${shown(step.weight[row])}`));
}
function backward(to) {
  to.append(element("h3", "Backward"));
  for (let place = depth - 1; place >= 0; place -= 1) {
    const layer = step.layers[place], slope = SLOPES[layer.activation], mask = layer.kept ? " ⊙ m" : "";
    const text = isLast(place) ? lastDelta() : `δ_${place + 2} = δ_${place + 3} W_${place + 2}${mask} ⊙ a_${place + 2}′`;
    to.append(line(text, isLast(place) || !slope ? "" : `,  a′ = ${slope[0]}`));
    const values = [[`δ_${place + 2}`, layer.delta[row]]];
    if (!isLast(place) && slope) values.unshift(["a′", layer.z[row].map((z, unit) => slope[1](z, layer.a[row][unit]))]);
    to.append(table(unitNames(place), values));
  }
}
function penaltyOf(place) {
  const { l1, l2 } = net.penalties[place];
  return (l1 ? ` + ${shown(l1)} sign(W_${place + 1})` : "") + (l2 ? ` + ${shown(2 * l2)} W_${place + 1}` : "");
}
function gradients(to) {
  to.append(element("h3", "Gradients"));
  step.layers.forEach((layer, place) => {
    to.append(line(`∂cost/∂W_${place + 1} = mean over the rows of δ_${place + 2} ${inName(place)}${step.weight ? " × weight" : ""}${penaltyOf(place)},  ∂cost/∂b_${place + 1} = mean of δ_${place + 2}`));
    to.append(matrix(place, layer.gradient));
  });
}
const rate = step.rate, given = net.optimizer;
const RULES = {
  sgd: ["w ← w − α g"],
  momentum: ["v ← β v − α g,  w ← w + v", "The lecture's V ← β V + (1 − β) g, w ← w − α′ V is the same with α′ = α / (1 − β) and v = −α′ V."],
  nesterov: ["v ← β v − α g,  w ← w + β v − α g"],
  rmsprop: ["S ← β S + (1 − β) g²,  w ← w − α g / √(S + ε)"],
  adam: ["m ← β_1 m + (1 − β_1) g,  v ← β_2 v + (1 − β_2) g²", "m̂ = m / (1 − β_1ᵗ),  v̂ = v / (1 − β_2ᵗ),  w ← w − α m̂ / (√v̂ + ε̂),  ε̂ = ε / √(1 − β_2ᵗ)"],
};
const rule = given.kind === "sgd" && given.momentum ? (given.nesterov ? "nesterov" : "momentum") : given.kind;
function settingsLine() {
  const names = { momentum: "β", rho: "β", beta_1: "β_1", beta_2: "β_2", epsilon: "ε" };
  const parts = Object.entries(given).filter(([name, value]) => names[name] && value !== 0).map(([name, value]) => `${names[name]} = ${shown(value)}`);
  return [`α = ${shown(rate)}`, ...parts, ...(rule === "adam" ? [`t = ${step.number}`] : [])].join(",  ");
}
function update(to) {
  to.append(element("h3", `Update (${given.kind}${rule === given.kind ? "" : `, ${rule}`})`));
  if (net.written_out) for (const text of RULES[rule]) to.append(line(text));
  else to.append(line("The rule of this optimizer, with these options, is not written out here; see Keras."));
  to.append(line(settingsLine()));
  step.layers.forEach((layer, place) => {
    const side = element("div", "", "side");
    side.append(titled(`W_${place + 1} and b_${place + 1} before`, matrix(place, layer.before)), titled("after, from the engine", matrix(place, layer.after)));
    to.append(side);
  });
}

// One weight from its sum to its new value
const cellOf = (part, { unit, input }) => (input === null ? part.b[unit] : part.W[unit][input]);
function written(to) {
  const { layer: place, unit, input } = chosen, layer = step.layers[place], below = inputsOf(place, row);
  const name = input === null ? `b of unit ${unitNames(place)[unit]}` : `w from ${inputNames(place)[input]} to unit ${unitNames(place)[unit]}`;
  const g = cellOf(layer.gradient, chosen), before = cellOf(layer.before, chosen), after = cellOf(layer.after, chosen);
  const terms = layer.before.W[unit].map((w, at) => `${signed(w)}·${signed(below[at])}`);
  const sum = terms.length > 8 ? [...terms.slice(0, 7), "…"] : terms;
  to.append(element("strong", `Written out: ${name}, layer ${place + 1}`));
  to.append(line(`z_${place + 2} = ${sum.join(" + ")} + ${signed(layer.before.b[unit])} = ${shown(layer.z[row][unit], 6)}`));
  to.append(line(`${aName(place)} = ${shown(layer.a[row][unit], 6)},  δ_${place + 2} = ${shown(layer.delta[row][unit], 6)}`));
  const own = layer.delta[row][unit] * (input === null ? 1 : below[input]);
  const more = input !== null && isPenalised(net.penalties[place]) ? " with the penalty" : "";
  to.append(line(`this row: δ${input === null ? "" : ` · ${inName(place)}`} = ${shown(own, 6)};  mean over ${step.rows} rows${more}: g = ${shown(g, 6)}`));
  const slot = (which) => layer.remembered[which] && [0, 1].map((at) => cellOf(layer.remembered[which][at], chosen));
  if (!net.written_out) { to.append(line(`w: ${shown(before, 6)} → ${shown(after, 6)}`)); return; }
  if (rule === "sgd") to.append(line(`w ← ${shown(before, 6)} − ${shown(rate)}·${signed(g)} = ${shown(after, 6)}`));
  else if (rule === "momentum" || rule === "nesterov") {
    const [old, now] = slot("momentum");
    to.append(line(`v ← ${shown(given.momentum)}·${signed(old)} − ${shown(rate)}·${signed(g)} = ${shown(now, 6)}`));
    to.append(line(rule === "momentum" ? `w ← ${shown(before, 6)} + ${signed(now)} = ${shown(after, 6)}`
      : `w ← ${shown(before, 6)} + ${shown(given.momentum)}·${signed(now)} − ${shown(rate)}·${signed(g)} = ${shown(after, 6)}`));
  } else if (rule === "rmsprop") {
    const [old, now] = slot("velocity");
    to.append(line(`S ← ${shown(given.rho)}·${signed(old)} + ${shown(1 - given.rho)}·${signed(g)}² = ${shown(now, 6)}`));
    to.append(line(`w ← ${shown(before, 6)} − ${shown(rate)}·${signed(g)} / √(${shown(now, 6)} + ε) = ${shown(after, 6)}`));
  } else if (rule === "adam") {
    const [m, mNow] = slot("momentum"), [v, vNow] = slot("velocity"), one = 1 - given.beta_1 ** step.number, two = 1 - given.beta_2 ** step.number;
    to.append(line(`m ← ${shown(given.beta_1)}·${signed(m)} + ${shown(1 - given.beta_1)}·${signed(g)} = ${shown(mNow, 6)},  v ← ${shown(given.beta_2)}·${signed(v)} + ${shown(1 - given.beta_2)}·${signed(g)}² = ${shown(vNow, 6)}`));
    to.append(line(`m̂ = ${shown(mNow / one, 6)},  v̂ = ${shown(vNow / two, 6)},  w ← ${shown(before, 6)} − ${shown(rate)}·${signed(mNow / one)} / (√${shown(vNow / two, 6)} + ε̂) = ${shown(after, 6)}`));
  }
}

function numbersAgain() {
  const to = byId("numbers"), box = byId("written");
  const scrolled = [...document.querySelectorAll("#numbers .scroll")].map((part) => part.scrollLeft);
  to.replaceChildren();
  box.replaceChildren();
  written(box);
  for (const part of [forward, loss, backward, gradients, update]) part(to);
  document.querySelectorAll("#numbers .scroll").forEach((part, at) => { part.scrollLeft = scrolled[at] ?? 0; });
}
const rowSelect = byId("row");
step.x.forEach((_, at) => {
  const source = step.source ? `, row ${step.source[at]} of the source, from 0` : "";
  rowSelect.append(Object.assign(element("option", `${at + 1} of ${step.rows}${source}`), { value: at }));
});
rowSelect.addEventListener("change", () => { row = Number(rowSelect.value); numbersAgain(); });
byId("about").textContent = [
  about.labels.length ? `${about.task} of ${about.target} (${about.labels.slice(0, 6).join(", ")})` : `regression of ${about.target}`,
  `fold ${about.fold} of ${about.folds}`, `engine ${about.engine}`, `${given.kind}, learning rate ${shown(rate)}`, `loss ${net.loss}`,
  `${about.metric} of the fold ${shown(about.score)}`,
].join(" · ");
byId("which").textContent = `step ${step.number}: batch ${step.batch} of ${step.batches} in epoch ${step.epoch}, ${step.rows} rows`;
byId("checked").textContent = [
  data.replay.same ? "The trial was trained again and equals its record bit for bit." : `The trial was trained again; scores differ from its record by up to ${shown(data.replay.apart)}.`,
  step.apart === null ? "" : `The engine's new weights differ from the formulas below by at most ${shown(step.apart, 2)}.`,
  step.x.length < step.rows ? `The first ${step.x.length} of ${step.rows} rows can be chosen; gradients are over all.` : "",
  dropped ? "Dropout left out units at random in this step; m holds its factors." : "",
].join(" ");
numbersAgain();
