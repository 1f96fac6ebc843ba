"use strict";
// The plots are plain values. The colours of the theme are filled in here: INK is the colour of text, SCORE the ramp of scores.
const plots = JSON.parse(document.getElementById("plots").textContent);
const root = document.documentElement;
const THEMES = {
  light: { ink: "#1c2430", back: "#ffffff", line: "#e3e7ec", ramp: [[0, "#cfd6df"], [0.5, "#e9b44c"], [1, "#a8320a"]] },
  dark: { ink: "#e6eaf0", back: "#12161c", line: "#2a323d", ramp: [[0, "#3a4656"], [0.5, "#c98a2b"], [1, "#ffe08a"]] },
};
function themed(value, theme) {
  if (value === "INK") return theme.ink;
  if (value === "SCORE") return theme.ramp;
  if (Array.isArray(value)) return value.length && typeof value[0] === "object" ? value.map((item) => themed(item, theme)) : value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item, theme)]));
}
function laidOut(layout, theme) {
  const whole = { margin: { t: 30, r: 20, b: 70, l: 75 }, hovermode: "closest", hoverlabel: { align: "left" }, ...themed(layout, theme) };
  Object.assign(whole, { paper_bgcolor: theme.back, plot_bgcolor: theme.back, font: { color: theme.ink, size: 12 }, autosize: true });
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(whole).filter((key) => /^[xy]axis\d*$/.test(key))])) {
    const own = whole[name] ?? {};
    const title = { ...own.title, standoff: 8 };
    whole[name] = { automargin: true, zeroline: false, exponentformat: "none", gridcolor: theme.line, linecolor: theme.line, ...own, title };
  }
  return whole;
}
function draw() {
  const theme = root.classList.contains("dark") ? THEMES.dark : THEMES.light;
  const config = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };  // nothing leaves the page
  return Promise.all(Object.entries(plots).map(([name, plot]) => {
    const place = document.querySelector(`#${name} .plot`);
    return Plotly.react(place, themed(plot.data, theme), laidOut(plot.layout, theme), config);
  }));
}
document.getElementById("theme").addEventListener("click", () => { root.classList.toggle("dark"); draw(); });
draw().then(() => { root.dataset.drawn = "yes"; });
