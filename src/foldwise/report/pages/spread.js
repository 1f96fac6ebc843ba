// The scores of each fold of the ticked trials, and how often each label was taken for each other.
function folds() {
  const scored = ticked.map((row, place) => ({ row, place, scores: foldsOf(row) })).filter(({ scores }) => scores.length > 1);
  const all = scored.flatMap(({ scores }) => scores), low = Math.min(...all), high = Math.max(...all);
  if (!scored.length) { byId("folds").replaceChildren(element("p", ticked.length ? "these trials have no scores of several folds" : "tick trials in the table")); return; }
  const at = (value) => (high === low ? 50 : 100 * (value - low) / (high - low));
  const ends = element("div", undefined, "fold ends"), axis = element("div");
  axis.append(element("span", rounded(low)), element("span", high === low ? "" : rounded(high)));
  ends.append(element("span"), axis, element("b"));
  byId("folds").replaceChildren(...scored.map(({ row, place, scores }) => {
    const line = element("div", undefined, "fold"), strip = element("div", undefined, "strip");
    scores.forEach((value, fold) => {
      const dot = element("i");
      dot.style.left = `${at(value)}%`;
      dot.style.background = tint(place);
      dot.title = `fold ${fold}: ${rounded(value)}`;
      strip.append(dot);
    });
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", scores.map((value, fold) => `fold ${fold}: ${rounded(value)}`).join(", "));
    line.append(element("span", label(row)), strip, element("b", `${rounded(row.mean)} ± ${rounded(row.sd)}`));
    return line;
  }), ends);
}
const foldsOf = (row) => {
  const trials = data.studies[row.place].trials;
  return (trials.folds?.[trials.number.indexOf(row.number)] ?? []).filter(number);
};
function confusions() {
  const those = data.studies.filter((study) => study.confusion);
  byId("by-class").hidden = !those.length;
  byId("confusion").replaceChildren(...those.flatMap((study) => {
    const { labels, counts, pairs, rows: predicted } = study.confusion, table = element("table");
    const line = (cells) => { const made = element("tr"); made.append(...cells); table.append(made); };
    if (counts) {
      line([element("th", "truth", "text"), ...labels.map((text) => element("th", text)), element("th", "right")]);
      counts.forEach((row, truth) => {
        const all = row.reduce((sum, count) => sum + count, 0);
        const cells = row.map((count, place) => {
          const cell = element("td", String(count)), share = all ? count / all : 0;
          cell.style.background = `color-mix(in srgb, var(--${place === truth ? "good" : "bad"}) ${Math.round(55 * share)}%, transparent)`;
          return cell;
        });
        line([element("td", labels[truth], "text"), ...cells, element("td", all ? `${(100 * row[truth] / all).toFixed(1)} %` : "–")]);
      });
    } else {
      line([element("th", "truth", "text"), element("th", "taken for", "text"), element("th", "rows")]);
      for (const [truth, taken, count] of pairs) line([element("td", truth, "text"), element("td", taken, "text"), element("td", String(count))]);
    }
    return [element("p", `${many ? `${study.name}: ` : ""}best trial, ${predicted} rows out of fold`, "heading"), table];
  }));
}
confusions();
