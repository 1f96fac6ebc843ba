// What both halves of the page use: values, colours, numbers, formulas, a pen for canvases.
"use strict";
const byId = (name) => document.getElementById(name);
const data = JSON.parse(byId("data").textContent);
const listeners = [];  // drawn again when the size or the theme changes
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
function element(tag, text = "", kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}
function drawing(tag, properties) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  return made;
}
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
function shown(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value), rounded = Number(value.toPrecision(digits));
  if (size >= 1e-4 && size < 1e7) return String(rounded).replace("-", "−");
  const [front, power] = rounded.toExponential().split("e");
  return `${front.replace("-", "−")}·10${[...power.replace("+", "")].map((sign) => RAISED[sign]).join("")}`;
}
const signed = (value) => (value < 0 ? `(${shown(value)})` : shown(value));
const brief = (name, most = 14) => (name.length <= most ? name : `${name.slice(0, most - 1)}…`);
// A formula of text and subscripts: "z_2 = W_1 x" has lowered numbers
function formula(text) {
  const made = element("span", "", "math");
  for (const part of text.split(/(_[0-9]+)/)) made.append(part.startsWith("_") ? element("sub", part.slice(1)) : part);
  return made;
}
const line = (...parts) => {
  const made = element("div", "", "line");
  made.append(...parts.map((part) => (part instanceof Node ? part : formula(part))));
  return made;
};
function pen(canvas) {
  const box = canvas.getBoundingClientRect(), scale = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(box.width * scale));
  canvas.height = Math.max(1, Math.round(box.height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = color("quiet");
  return { context, width: box.width, height: box.height };
}
function ticks(low, high, most) {
  const rough = (high - low) / most, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * unit).find((part) => part >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(at * step);
  return found;
}
const rgb = (text) => [1, 3, 5].map((at) => parseInt((text.length === 4 ? `#${[...text.slice(1)].map((one) => one + one).join("")}` : text).slice(at, at + 2), 16));
const mixed = (one, other, share) => one.map((part, at) => Math.round(part + (other[at] - part) * share));
const VIRIDIS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"].map(rgb);
function viridis(share) {
  const at = Math.min(0.9999, Math.max(0, share)) * (VIRIDIS.length - 1);
  return mixed(VIRIDIS[Math.floor(at)], VIRIDIS[Math.floor(at) + 1], at % 1);
}
const classColour = (code) => data.colours[code % data.colours.length];
byId("theme").addEventListener("click", () => {
  document.documentElement.classList.toggle("dark");
  for (const listener of listeners) listener();
});
addEventListener("resize", () => { for (const listener of listeners) listener(); });
