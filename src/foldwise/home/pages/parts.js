// What the pages share: elements, numbers and times as people read them. Text becomes text nodes, so that no name is ever markup.
export const byId = (id) => document.getElementById(id);
export const element = (tag, text, kind) => {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
export const link = (text, address, title) => {
  const made = element("a", text);
  made.href = address;
  if (title) made.title = title;
  if (address.startsWith("http")) { made.target = "_blank"; made.rel = "noopener noreferrer"; }
  return made;
};
export const number = (value) => typeof value === "number";
export const score = (value) => (number(value) ? value.toFixed(Math.abs(value) < 10 ? 4 : Math.abs(value) < 1000 ? 2 : 1) : "–");
export const shown = (value) => {
  if (value === null || value === undefined) return "–";
  if (!number(value) || Number.isInteger(value)) return String(value);
  if (Math.abs(value) < 1e-5 || Math.abs(value) >= 1e7) return value.toExponential(2);
  return value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))).replace(/\.?0+$/, "");
};
export const seconds = (value) => {
  if (!number(value)) return "–";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 90) return `${Math.round(value)} s`;
  return value < 5400 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
};
export const megabytes = (value) => (!number(value) ? "–" : value < 1000 ? `${Math.round(value)} MB` : `${(value / 1024).toFixed(1)} GB`);
export const moment = (text) => (text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "–");
export const ago = (text) => {
  if (!text) return "–";
  const away = (new Date(text) - Date.now()) / 1000, size = Math.abs(away);
  const said = size < 60 ? "a moment" : size < 5400 ? `${Math.round(size / 60)} min` : size < 129600 ? `${Math.round(size / 3600)} h` : `${Math.round(size / 86400)} days`;
  return away > 0 ? `in ${said}` : `${said} ago`;
};
export const badge = (state) => element("span", state, `badge ${state}`);
export const file = (path) => `/files/${path.split("/").map(encodeURIComponent).join("/")}`;
export const fault = (sentence) => {
  byId("fault").textContent = sentence ?? "";
  byId("fault").hidden = !sentence;
};
// The token that allows to stop a study comes once behind # in the printed address, and stays in this tab.
export function token(given) {
  const found = /^#stop=([\w-]+)$/.exec(location.hash);
  if (found) history.replaceState(null, "", location.pathname);
  if (given || found) sessionStorage.setItem("foldwise-token", given || found[1]);
  return sessionStorage.getItem("foldwise-token");
}
