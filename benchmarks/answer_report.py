"""What the results of `benchmarks.answers` say: each contestant against foldwise, and verdicts against untouched rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.answer_log import Log
from benchmarks.answer_rivals import SLOW_ROWS
from benchmarks.answer_tables import TABLES
from benchmarks.contestants import BOOSTING, CONTESTANTS, FORMER, OURS
from benchmarks.measure import report, table
from benchmarks.paired import Paired, paired

LOSSES = ("log_loss", "rmse")
MANY_ROWS, SURE = 5_000, 2.0


def show(log: Log, tables: Sequence[str]) -> None:
    """Print and keep the comparison of what the log has."""
    found = {(name, metric): compared(log, name, metric) for name in tables for metric in TABLES[name].metrics}
    rows = [_row(log, name, metric, pairs) for (name, metric), pairs in found.items() if log.finished(name, OURS)]
    if not rows:
        print(f"{log.path} has no result of {OURS} yet")
        return
    others = [who for who in CONTESTANTS if who != OURS]
    rows += [["better, level, worse", "", *(_counts(found, who) for who in others)]]
    rows += [_seconds(log, name) for name in tables if log.finished(name, OURS)]
    figures = {f"{name} {metric}": {who: _kept(pair) for who, pair in pairs.items()} for (name, metric), pairs in found.items()}
    kept = {"compared": figures, "verdicts": verdicts(log), "versions": log.versions(), "failed": log.failed()}
    columns, last = ["table, metric (splits)", OURS, *others], _last(log, found)
    if set(tables) == set(TABLES):
        report("answers", columns, rows, last, kept)
    else:
        print(f"{table(columns, rows)}\n\n{last}")


def _kept(pair: Paired) -> dict[str, Any]:
    half = None if math.isnan(pair.half) else pair.half
    return {"splits": pair.splits, "difference": pair.difference, "half": half, "said": pair.said}


def compared(log: Log, name: str, metric: str) -> dict[str, Paired]:
    """Each contestant with a split that foldwise has too, against foldwise."""
    ours = log.finished(name, OURS)
    found = {}
    for who in (who for who in CONTESTANTS if who != OURS):
        theirs = log.finished(name, who)
        both = sorted(ours.keys() & theirs.keys())
        if both:
            mine, others = ([of[split]["scores"][metric] for split in both] for of in (ours, theirs))
            share = float(np.mean([ours[split]["test"] / ours[split]["train"] for split in both]))
            found[who] = paired(mine, others, share, lower_is_better=metric in LOSSES)
    return found


def verdicts(log: Log) -> dict[str, Any]:
    """On how many splits boosting has less loss on untouched rows by 2 standard errors, and the verdicts that contradict it."""
    checked, lost, wrong = 0, 0, []
    for (name, split, who), record in log.known.items():
        if who != OURS or "error" in record or "ahead" not in log.known.get((name, split, BOOSTING), {}):
            continue
        checked += 1
        is_ahead = log.known[name, split, BOOSTING]["ahead"] > SURE
        lost += is_ahead
        if is_ahead and record["answer"] == "better":
            wrong.append(f"{name} {split}: {record['verdict']}")
    return {"checked": checked, "boosting_better": lost, "wrong": wrong}


def _row(log: Log, name: str, metric: str, pairs: Mapping[str, Paired]) -> list[str]:
    ours = log.finished(name, OURS)
    mean = float(np.mean([record["scores"][metric] for record in ours.values()]))
    cells = [_cell(log, name, who, pairs.get(who), len(ours), mean) for who in CONTESTANTS if who != OURS]
    return [f"{name}, {metric} ({len(ours)})", _shown(mean, mean), *cells]


def _cell(log: Log, name: str, who: str, pair: Paired | None, splits: int, scale: float) -> str:
    """Such as `better +0.012 ± 0.004 (3), 5,000 rows`: the splits if they are fewer than ours, the rows if it saw a sample."""
    if pair is None:
        return "failed" if any(key[0] == name and key[2] == who for key in log.known) else ""
    half = "" if math.isnan(pair.half) else f" ± {_shown(pair.half, scale)}"
    some = "" if pair.splits == splits else f" ({pair.splits})"
    records = log.finished(name, who).values()
    sampled = (
        f", {SLOW_ROWS:,} rows" if any(record.get("learned", record["train"]) < record["train"] for record in records) else ""
    )
    sign = "+" if pair.difference >= 0 else "-"
    return f"{pair.said} {sign}{_shown(abs(pair.difference), scale)}{half}{some}{sampled}"


def _shown(value: float, scale: float) -> str:
    return f"{value:,.0f}" if scale >= 1000 else f"{value:.1f}" if scale >= 30 else f"{value:.4f}"


def _counts(found: Mapping[tuple[str, str], Mapping[str, Paired]], who: str) -> str:
    said = [pairs[who].said for pairs in found.values() if who in pairs]
    return ", ".join(str(said.count(word)) for word in ("better", "level", "worse"))


def _seconds(log: Log, name: str) -> list[str]:
    """The mean processor seconds and, by the clock, seconds of each contestant."""
    cells = []
    for who in CONTESTANTS:
        records = log.finished(name, who).values()
        cells.append(
            " of ".join(f"{np.mean([record[of] for record in records]):,.0f} s" for of in ("processor", "seconds"))
            if records
            else ""
        )
    return [f"{name}, processor seconds of seconds by the clock", *cells]


def _last(log: Log, found: Mapping[tuple[str, str], Mapping[str, Paired]]) -> str:
    large = [
        pairs[FORMER].said
        for (name, _), pairs in found.items()
        if FORMER in pairs
        and max(record["train"] + record["test"] for record in log.finished(name, OURS).values()) >= MANY_ROWS
    ]
    against = [pairs[FORMER].said for pairs in found.values() if FORMER in pairs]
    checks = verdicts(log)
    return (
        f"against the former default: better in {large.count('better')} of {len(large)} comparisons from {MANY_ROWS:,} rows on "
        f"(wanted: all), worse in {against.count('worse')} of {len(against)} on all tables (wanted: 0); verdicts: boosting has "
        f"less loss on untouched rows by {SURE:.0f} standard errors in {checks['boosting_better']} of {checks['checked']}, and "
        f"{len(checks['wrong'])} of them say that the network is better (wanted: 0)"
    )
