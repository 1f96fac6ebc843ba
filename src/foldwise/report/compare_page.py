"""The comparison of studies: their trials as a table of text, and as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from foldwise.config.flattened import fixed_values
from foldwise.config.option_names import Readable
from foldwise.config.read import parted
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.report.page_files import embedded, framed, page_file, rounded
from foldwise.report.study_extras import confusion_of, links_of
from foldwise.spec.folds import on_same_rows
from foldwise.spec.goal import METRICS, Goal, Task
from foldwise.spec.space import Choice, Params, Scalar
from foldwise.system.files import atomically
from foldwise.system.known_words import did_you_mean
from foldwise.system.numbers import shown
from foldwise.trial.mean_curves import curve_names, mean_curves, metrics_of
from foldwise.trial.result import TrialResult, plus_minus, varying

SCRIPTS = ("rows", "table", "parallel", "curves", "spread", "panels")  # in the order of their dependencies
POINTS = 40  # of a curve in the page; the ledger holds all of them
MANY, FEWER = 2000, 15  # trials in the page, and the points of a curve if there are more

CLASSES = "classification"  # of older studies, which do not say whether there are two classes or more
Studies = Sequence[tuple[StudyRecord, Sequence[TrialResult]]]


@dataclass(frozen=True)
class RowsShown:
    """Rows of the data on the page of a study. more: how many columns have no room."""

    heading: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    more: int


@dataclass(frozen=True)
class Place:
    """The folder with a folder for each study, and that of the page."""

    studies: Path
    page: Path


def read_studies(ledger: Ledger, names: Sequence[str]) -> tuple[Studies, Goal | None]:
    """The studies with these names, their finished trials, and their goal; None if it is not the same for all.

    Raises:
        ConfigError: a study is unknown, has no finished trial, or has another task than the first.
    """
    studies: list[tuple[StudyRecord, list[TrialResult]]] = []
    for name in names:
        record = ledger.study(name)
        if record is None:
            known = ledger.names()
            raise ConfigError("study", f"the ledger holds no study {name!r}{did_you_mean(name, known)}")
        results = [row.result for row in ledger.trials(name) if row.result is not None and not row.dropped]
        if not results:
            raise ConfigError("study", f"{name!r} has no finished trial yet")
        studies.append((record, results))
    tasks = [task_of(record, results) for record, results in studies]
    for name, task in zip(names, tasks, strict=True):
        if task != tasks[0] and not (None in (task, tasks[0]) and "regression" not in (task, tasks[0])):
            rule = f"{name!r} is a {task or CLASSES} study and {names[0]!r} a {tasks[0] or CLASSES} one"
            raise ConfigError("study", f"{rule}; compare studies of one task")
    goals = [goal_of(record, results) for record, results in studies]
    return studies, goals[0] if all(goal == goals[0] for goal in goals) else None


def task_of(record: StudyRecord, results: Sequence[TrialResult]) -> Task | None:
    """The task of a study; of one of an earlier version None if it has classes, but it is not known whether two or more."""
    if record.provenance is not None:
        return record.provenance.task
    if record.summary is not None:
        return record.summary.task
    return "regression" if METRICS.get(goal_of(record, results).metric, ("", ()))[1] == ("regression",) else None


def as_text(studies: Studies, goal: Goal, most: int) -> tuple[list[str], list[list[str]], int]:
    """Columns and rows of cells of the best `most` trials, complete ones first, and the number of trials left out."""
    trials = sorted(
        (
            (record.name, result, params)
            for record, results in studies
            for result, params in zip(results, readable_params(record, results), strict=True)
        ),
        key=lambda t: t[1].number,
    )
    trials = goal.rank(trials, lambda t: t[1].mean)
    names = varying([params for _, _, params in trials])
    own = ["study"] if len(studies) > 1 else []
    cells = [
        [
            *([study] if own else []),
            str(result.number),
            plus_minus(shown(result.mean), shown(result.sd, digits=2), len(result.folds))
            if result.state == "COMPLETE"
            else "-",
            *(_text(_shown(params, name)) for name in names),
            f"{result.seconds:.1f}",
            result.state,
            result.reason or "",
        ]
        for study, result, params in trials[:most]
    ]
    return [*own, "trial", goal.metric, *names, "seconds", "state", "reason"], cells, max(0, len(trials) - most)


def readable_params(record: StudyRecord, results: Sequence[TrialResult]) -> list[Params]:
    """The parameters of each trial by readable names; an option is its readable name, or the number that tells it apart."""
    readable = Readable(parted(record.recipe)[1])
    return [dict(readable.column(name, result.params) for name in result.params) for result in results]


def _text(value: Scalar) -> str:
    return "-" if value is None else shown(value) if isinstance(value, float) else str(value)


def page(studies: Studies, goal: Goal, beside: str = "", place: Place | None = None, worst: RowsShown | None = None) -> str:
    """One self-contained HTML page.

    Args:
        studies: with their trials; all have the same goal.
        goal: ranks the trials.
        beside: sections of HTML below the cards of the studies.
        place: where the page and the files of the studies are; without it the page shows none of these.
        worst: rows of one study that its model answers worst.
    """
    finished = [results for _, results in studies]
    params = [readable_params(record, results) for record, results in studies]
    each = [one for own in params for one in own]
    names = varying(each)
    every = list(dict.fromkeys(name for one in each for name in one))
    costs = list(dict.fromkeys(name for results in finished for result in results for name in result.costs))
    first = ["study"] if len(studies) > 1 else []
    spread = ["sd"] if any(len(result.folds) > 1 for results in finished for result in results) else []
    data = {
        "studies": [
            {**_study(record, results, own, goal, every, costs), **_extras(record, results, place)}
            for (record, results), own in zip(studies, params, strict=True)
        ],
        "columns": [*first, "number", "mean", *spread, *names, *costs, "seconds", "state", "reason"],
        "varying": names,
        "parameters": every,
        "metrics": list(dict.fromkeys(name for results in finished for name in _followed(results))),
        "log": sorted({name for record, _ in studies for name in _logarithmic(record.recipe)}),
    }
    points = POINTS if len(each) <= MANY else FEWER
    curves = [{result.number: _curves(result, points) for result in results if result.folds} for results in finished]
    title = "foldwise: " + ", ".join(record.name for record, _ in studies)
    parts = {
        "title": escape(title),
        "made": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "style": page_file("compare.css"),
        "worst": "" if worst is None else _rows(worst),
        "beside": beside,
        "script": "\n".join(page_file(f"{name}.js") for name in SCRIPTS),
        "data": embedded(data),
        "curves": embedded(curves),
    }
    return framed("compare.html", parts)


def write_page(
    path: Path,
    studies: Studies,
    goal: Goal,
    beside: str = "",
    folder: Path | None = None,
    worst: RowsShown | None = None,
) -> None:
    """Write the page; arguments as those of `page`. folder: with a folder for each study, by default none is looked at."""
    text = page(studies, goal, beside, None if folder is None else Place(folder, path.parent), worst)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def _rows(worst: RowsShown) -> str:
    """A section with rows of the data."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    more = f"; {worst.more} more columns are in worst_rows.csv" if worst.more else ""
    heading = f"<h2>Rows with the largest loss <small>{escape(worst.heading + more)}</small></h2>"
    body = "\n".join(line(row, "td") for row in worst.rows)
    table = f"<table><thead>{line(worst.columns, 'th')}</thead><tbody>{body}</tbody></table>"
    return f'<section aria-label="rows with the largest loss">{heading}<div id="worst" tabindex="0">{table}</div></section>'


def _extras(record: StudyRecord, results: Sequence[TrialResult], place: Place | None) -> dict[str, Any]:
    """What the files of a study add to its part of the page."""
    if place is None:
        return {}
    folder = place.studies / record.name
    return {"confusion": confusion_of(folder, record, results), "links": links_of(folder, record, place.page)}


def _study(
    record: StudyRecord,
    results: Sequence[TrialResult],
    params: Sequence[Params],
    goal: Goal,
    names: Sequence[str],
    costs: Sequence[str],
) -> dict[str, Any]:
    summary = record.summary
    return {
        "name": record.name,
        "metric": goal.metric,
        "direction": goal.direction,
        "less_is_better": goal.sign < 0,
        "folds": max((len(result.folds) for result in results), default=0),
        "same_rows": on_same_rows(record.recipe),
        "verdict": summary and summary.verdict,
        "baselines": [{**asdict(baseline), "name": baseline.shown} for baseline in summary.baselines] if summary else [],
        "unfinished": [other.sentence for other in summary.baselines_unfinished] if summary else [],
        "seconds": summary.seconds if summary else {},
        "ties": list(summary.certificate.ties) if summary and summary.certificate else [],
        "leads": summary.certificate.trial if summary and summary.certificate else None,
        "model": summary and summary.best.number,
        "fixed": _fixed(record.recipe),
        "trials": {
            "number": [result.number for result in results],
            "state": [result.state for result in results],
            "reason": [result.reason for result in results],
            "mean": [result.mean for result in results],
            "sd": [result.sd for result in results],
            "seconds": [round(result.seconds, 3) for result in results],
            "folds": [[rounded(fold.score) for fold in result.folds] for result in results],
            "reused": [result.reused for result in results],
            "params": {name: [_shown(own, name) for own in params] for name in names},
            "costs": {name: [result.costs.get(name) for result in results] for name in costs},
        },
    }


def _shown(params: Params, name: str) -> Scalar:
    """A value for the page, where null means that the trial does not have the parameter."""
    value = params.get(name)
    if name in params and (value is None or isinstance(value, bool)):
        return {None: "null", True: "true", False: "false"}[value]
    return value


def _fixed(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Dotted key -> value as JSON, for all values of a configuration that no trial changes."""
    return {key: json.dumps(value, default=str) for key, value in fixed_values(recipe).items()}


def _logarithmic(recipe: Mapping[str, Any]) -> list[str]:
    _, space = parted(recipe)
    readable = Readable(space)
    return [readable.name(name) for name, range_ in space.walk() if not isinstance(range_, Choice) and range_.log]


def _followed(results: Sequence[TrialResult]) -> list[str]:
    """The metrics that have curves; all trials of a study follow the same ones, so the first with folds tells."""
    return next((metrics_of(result.folds) for result in results if result.folds), [])


def _curves(result: TrialResult, points: int) -> dict[str, tuple[list[int], list[float | None]]]:
    """Curve -> epochs and values, the mean over folds; a constant curve is two points."""
    found: dict[str, tuple[list[int], list[float | None]]] = {}
    for name, epoch, value in mean_curves(result.folds, points * len(curve_names(result.folds))):
        epochs, values = found.setdefault(name, ([], []))
        epochs.append(epoch)
        values.append(rounded(value))
    for name, (epochs, values) in found.items():
        if len(set(values)) == 1 and len(values) > 2:
            found[name] = ([epochs[0], epochs[-1]], [values[0], values[-1]])
    return found
