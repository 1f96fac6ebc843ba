"""The model card of a study's model: what it learned from, what it is worth, for whom, its limits, and how to call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from foldwise.config.difference import shown_value
from foldwise.config.flattened import values_at
from foldwise.config.read import data_name
from foldwise.data.cells import listed
from foldwise.data.profile import ColumnProfile
from foldwise.errors import DiskFull
from foldwise.report.model_card import Grid, ModelCard, Part, Section, as_html, as_markdown
from foldwise.study.judge import Judgement
from foldwise.study.model_card_calls import calls
from foldwise.study.model_card_scores import scores, slices
from foldwise.study.plan import Plan
from foldwise.study.refit_best import Refitted
from foldwise.system.files import atomically
from foldwise.system.numbers import counted, shown
from foldwise.system.redact import without_password
from foldwise.tasks.table import task_of
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import StudySummary

MARKDOWN, PAGE = "model_card.md", "model_card.html"
MOST_COLUMNS, MOST_LABELS, MOST_LEVELS, MOST_FINDINGS = 60, 30, 5, 10
OFF: tuple[Any, ...] = (None, False, 0, "none", [], {})  # values of options that do nothing
FEW_ROWS = 30  # of a class, of which little is known


def write_model_card(
    plan: Plan, best: TrialResult, model: Refitted, judgement: Judgement, summary: StudySummary, notify: Callable[[str], None]
) -> None:
    """Write the card into the bundle, as Markdown and as a page; a card that cannot be made is reported and left out.

    Args:
        plan: the study's data.
        best: the trial that was refitted.
        model: the refitted trial.
        judgement: of the holdout.
        summary: of the study.
        notify: is called with sentences for the user.

    Raises:
        DiskFull: there is no room.
    """
    try:
        card = model_card(plan, best, model, judgement, summary)
        for name, text in ((MARKDOWN, as_markdown(card)), (PAGE, as_html(card))):
            _write(plan.folder / "bundle" / name, text)
    except DiskFull:
        raise
    except Exception as fault:  # noqa: BLE001 the model is made and judged, and a card is no reason to lose it
        notify(f"the model card could not be made: {type(fault).__name__}: {fault}")


def _write(path: Path, text: str) -> None:
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def model_card(plan: Plan, best: TrialResult, model: Refitted, judgement: Judgement, summary: StudySummary) -> ModelCard:
    """The card; arguments as those of `write_model_card`."""
    asked = slices(plan, best, model, judgement)
    sections = [
        Section("What it answers", _answers(plan, model)),
        Section("Data", _data(plan, summary)),
        Section("Preparation", [_options(plan, best, ("prep", "balance", "augment")), _features(model)]),
        Section("Network", _network(plan, best, model, summary)),
        Section("Scores", scores(plan, judgement, summary)),
        *([Section("Scores by level", asked)] if asked else []),
        Section("Limits", _limits(plan, summary, model)),
        Section("How to call it", calls(model.bundle.card, plan.spec.register)),
        Section("Made", [_made(plan, best, model)]),
    ]
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return ModelCard(f"Model card: {plan.spec.register}", summary.verdict, sections, when)


def _answers(plan: Plan, model: Refitted) -> list[Part]:
    card = model.bundle.card
    if not card.labels:
        said: list[Part] = [f"A number, {card.target}."]
        if card.interval is not None:
            share = f"{100 * card.interval.coverage:g} %"
            said.append(f"low and high stand {shown(card.interval.half_width)} below and above: about {share} of true values.")
        return said
    labels = listed(list(card.labels), most=MOST_LABELS)
    if plan.table.targets:
        return [f"{len(card.labels)} numbers, each in its own unit: {labels}."]
    if plan.table.classes:
        what = "each pixel has one" if plan.table.task == "segmentation" else "each box has one, and a score"
        return [f"Of each picture {card.target}, with {len(card.labels)} classes: {labels}; {what}."]
    said = [f"One of {len(card.labels)} labels of {card.target}: {labels}. Each has a probability."]
    if plan.table.task == "binary":
        said.append(f"It answers {card.labels[1]} where its probability is above {shown(card.threshold)}.")
    if card.calibration is not None:
        said.append("Probabilities are calibrated on out-of-fold predictions.")
    return said


def _data(plan: Plan, summary: StudySummary) -> list[Part]:
    table, data = plan.table, plan.spec.fixed.data
    place = getattr(data, "path", None) or getattr(data, "name", None) or ""
    rows = f"{counted(summary.rows.development, 'row')} to develop on, {summary.rows.holdout:,} set aside as holdout"
    about = [
        ("source", f"{data_name(plan.spec.fixed)} ({data.kind}{f', {PurePath(str(place)).name}' if place else ''})"),
        ("fingerprint", table.fingerprint),
        ("rows", rows),
        ("target", table.target_name),
        ("folds", _folds(plan)),
    ]
    parts: list[Part] = [Grid(("", "value"), [(name, without_password(value)) for name, value in about])]
    if table.classes:
        sides = [
            task_of(table.task).in_words(part, table.classes) for part in (table.target[plan.development], plan.holdout.target)
        ]
        lines = [(name, *(shown(one[name]) if table.targets else f"{one[name]:,}" for one in sides)) for name in sides[0]]
        parts.append(Grid(("target" if table.targets else "class", "to develop on", "of the holdout"), lines[:MOST_LABELS]))
    if table.labels:
        counts = [
            np.bincount(side, minlength=len(table.labels)) for side in (table.target[plan.development], plan.holdout.target)
        ]
        lines = [(label, f"{counts[0][code]:,}", f"{counts[1][code]:,}") for code, label in enumerate(table.labels)]
        parts.append(Grid(("class", "rows to develop on", "of the holdout"), lines[:MOST_LABELS]))
    profile = profile_lines(plan)
    if profile:
        parts.append(Grid(("column", "kind", "missing", "values"), profile[:MOST_COLUMNS]))
        if len(profile) > MOST_COLUMNS:
            parts.append(f"And {len(profile) - MOST_COLUMNS} more columns, which bundle.json lists.")
    if table.left_out:
        out = [f"{name} ({why})" for name, why in table.left_out.items()]
        parts.append(f"Not used: {'; '.join(out[:MOST_COLUMNS])}.")
    found = [str(finding) for finding in plan.findings[:MOST_FINDINGS]]
    parts.append("The audit found nothing." if not found else f"The audit found: {'. '.join(found)}.")
    return parts


def _folds(plan: Plan) -> str:
    if plan.same_rows:
        return "none: trained and judged on the same rows"
    return f"{len(plan.splits)} ({plan.spec.fixed.folds.kind})"


def profile_lines(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Name, kind, share of missing cells and values of each column of the development rows; none of images."""
    from foldwise.data.profile import profile_of

    table = plan.table
    if table.images is not None:
        return []
    profiles = profile_of(table.frame.iloc[plan.development], table.schema)
    return [(one.name, one.kind, f"{100 * one.missing:.3g} %", _values(one)) for one in profiles]


def _values(column: ColumnProfile) -> str:
    if column.kind == "number" and column.low is not None and column.high is not None:
        return f"{shown(column.low)} to {shown(column.high)}"
    if column.kind == "date" and column.low is not None and column.high is not None:
        first, last = (str(np.datetime64(int(moment), "s"))[:10] for moment in (column.low, column.high))
        return f"{first} to {last}"
    return listed(list(column.levels), most=MOST_LEVELS) if column.levels else ""


def _options(plan: Plan, best: TrialResult, sections: Sequence[str]) -> Grid:
    """The values of these sections for the trial that became the model, without those that are off."""
    values = values_at(plan.recipe, best.params)
    asked = {key: value for key, value in values.items() if key.partition(".")[0] in sections and value not in OFF}
    lines = [(key, shown(value) if isinstance(value, float) else shown_value(value)) for key, value in asked.items()]
    return Grid(("option", "value"), lines)


def _features(model: Refitted) -> str:
    return f"The network takes {counted(len(model.features), 'feature')}. Options at none, false or 0 are left out."


def _network(plan: Plan, best: TrialResult, model: Refitted, summary: StudySummary) -> list[Part]:
    if summary.ensemble is not None and summary.ensemble.shipped:
        members = [
            (
                f"trial {one.trial}",
                str(one.weight),
                ", ".join(f"{name}={shown_value(value)}" for name, value in one.params.items()),
            )
            for one in summary.ensemble.members
        ]
        said = f"The mean of {len(members)} trials of study {plan.spec.name}, each trained once more on all rows to develop on."
        return [said, Grid(("network", "weight", "searched values"), members)]
    size = best.costs.get("parameters")
    several = f", the mean of {model.trial.fit.seeds} networks" if model.trial.fit.seeds > 1 else ""
    first = f"Trial {best.number} of study {plan.spec.name}{several}, trained once more on all rows to develop on."
    said = first if size is None else f"{first} A network has {size:,.0f} parameters."
    return [said, _options(plan, best, ("model", "lr_schedule", "fit"))]


def _limits(plan: Plan, summary: StudySummary, model: Refitted) -> list[Part]:
    """What the scores hold for, and what is not known."""
    table, when = plan.table, datetime.now().astimezone().strftime("%Y-%m-%d")
    rows = counted(summary.rows.development, "row")
    said = [f"It learned from {rows}, read on {when} or before. Its scores hold for rows that are drawn like these."]
    if table.times is None:
        said.append("When the rows were collected is not known, so neither is how fast the model ages.")
    else:
        said.append(f"Rows are ordered by {plan.spec.fixed.data.time}; how well it answers much later ones is not known.")
    if table.images is None:
        said.append(
            "Cells outside of the ranges and levels above are answered too, and named in flags; nothing is known of them."
        )
    if summary.holdout is None:
        said.append("No rows were set aside, so the best score was chosen and measured on the same rows.")
    elif summary.holdout.reads > 1:
        said.append(f"The holdout of these data was read {summary.holdout.reads} times, which makes its score look better.")
    if table.labels:
        counts = np.bincount(table.target[plan.development], minlength=len(table.labels))
        few = [f"{label} ({counts[code]})" for code, label in enumerate(table.labels) if counts[code] < FEW_ROWS]
        if few:
            said.append(f"Little is known of classes with few rows: {listed(few, most=MOST_LABELS)}.")
    if not plan.spec.fixed.card.slices and table.images is None:
        said.append("How it differs between groups of people or places was not asked for; card.slices=[column] shows it.")
    said.append("It finds what goes together in these rows, and not what causes what.")
    return [*said]


def _made(plan: Plan, best: TrialResult, model: Refitted) -> Grid:
    versions = ", ".join(f"{name} {version}" for name, version in model.bundle.card.versions.items())
    lines = [
        ("study", plan.spec.name),
        ("trial", str(best.number)),
        ("seed", str(plan.spec.fixed.seed)),
        ("libraries", versions),
    ]
    return Grid(("", "value"), lines)
