"""The best trial, trained on all development rows and saved as the study's bundle."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from foldwise.bundle.bundle import NETWORK as NETWORK_FILE
from foldwise.bundle.bundle import Bundle, save_bundle
from foldwise.data.cells import listed
from foldwise.data.new_rows import identity_columns, row_keys
from foldwise.models.average import members
from foldwise.models.inspect import summary_of
from foldwise.spec.trial import TrialSpec
from foldwise.study.answer_rules import AnswerRules, answer_rules
from foldwise.study.plan import Plan
from foldwise.system.files import atomically
from foldwise.system.kill_points import reached
from foldwise.system.numbers import counted, shown
from foldwise.tracking.registration import write_trained
from foldwise.training.refit import FinalModel, refit
from foldwise.trial.result import TrialResult

NETWORK = "network.txt"
ANSWERS = 20  # answers to one row; their median is the time that is reported


@dataclass(frozen=True, eq=False)
class Refitted:
    """A trial's configuration, the features that its network takes, and its bundle.

    Of an ensemble the configuration is that of its heaviest member, and folds are the scores of its mean; else there are none.
    """

    trial: TrialSpec
    features: tuple[str, ...]
    bundle: Bundle
    threshold: float
    folds: tuple[float, ...] = ()


def refit_best(plan: Plan, best: TrialResult, notify: Callable[[str], None]) -> Refitted:
    """Train the network once more, and write `bundle/`, `trained.npz` and `network.txt`.

    Args:
        plan: the study's data.
        best: the trial, complete.
        notify: is called with sentences for the user.
    """
    table = plan.table
    job = plan.job(best.trained_as, best.params)
    seeds = job.spec.fit.seeds
    several = f", {seeds} times with different first weights" if seeds > 1 else ""
    notify(f"refitting trial {best.number} on all {len(plan.development)} development rows{several}")
    tuned = job.spec.fit.threshold == "auto"
    threshold = best.metrics["threshold"] if job.spec.fit.threshold == "auto" else job.spec.fit.threshold
    rules = answer_rules(plan, job.spec, best)
    if rules.calibration is not None:
        threshold = rules.calibration.threshold(threshold)  # the labels stay as they are
    final = refit(job, table, plan.development, best)
    reached("after-refit")
    features = final.preparation.features
    if job.spec.prep.select.kind != "none":
        notify(f"prep.select kept {len(features)} features: {listed(list(features))}")
    bundle = save_bundle(
        plan.folder / "bundle",
        network=final.model,
        preparation=final.preparation,
        table=table.take(plan.development),
        head=final.head,
        reading=plan.spec.fixed.data.reading,
        study=plan.spec.name,
        threshold=threshold,
        calibration=rules.calibration,
        interval=rules.interval,
    )
    write_rows(plan)
    text = network_text(final)
    atomically(plan.folder / NETWORK, lambda part: part.write_text(text, encoding="utf-8"))
    reached("after-bundle")
    if seeds > 1:
        size = (plan.folder / "bundle" / NETWORK_FILE).stat().st_size
        takes = f"a row takes {shown(answer_ms(bundle), digits=2)} ms, and their file {shown(size / 1e6, digits=2)} MB"
        notify(f"the model is the mean of {seeds} networks: {takes}")
    if tuned:
        notify(f"predicts {table.labels[1]!r} above a probability of {threshold:.3f}, tuned on out-of-fold predictions")
    note_rules(rules, notify)
    return Refitted(job.spec, features, bundle, threshold)


def write_rows(plan: Plan) -> None:
    """Write which rows the model was trained on, as `trained.npz`."""
    table, data = plan.table, plan.spec.fixed.data
    columns = (plan.context and plan.context.columns) or identity_columns(table, data)
    write_trained(plan.folder, columns, row_keys(table, data, columns)[plan.development])


def note_rules(rules: AnswerRules, notify: Callable[[str], None]) -> None:
    """Say how the answers were calibrated, or how wide their intervals are."""
    if rules.interval is not None:
        share, half = f"{100 * rules.interval.coverage:g} %", shown(rules.interval.half_width, digits=3)
        notify(f"answers have low and high, {half} below and above: between them are about {share} of the true values")
    if rules.calibration is not None:
        how = "less" if rules.calibration.slope < 1 else "more"
        notify(f"probabilities are calibrated on out-of-fold predictions, which makes them {how} extreme; labels do not change")


def network_text(final: FinalModel) -> str:
    """Keras's summary of a network, the first of several, and how many epochs of how many steps it was trained for."""
    alike = members(final.model)
    mean = f"The model is the mean of {len(alike)} such networks, trained from different first weights.\n"
    epochs, steps, rows = counted(final.epochs, "epoch"), counted(final.steps, "step"), counted(final.rows, "row")
    return f"{summary_of(alike[0])}\n{mean if len(alike) > 1 else ''}Trained for {epochs} of {steps}, on {rows}.\n"


def answer_ms(bundle: Bundle) -> float:
    """The median time in which a bundle answers its first sample row, in milliseconds."""
    rows = bundle.sample_rows()
    row: Any = rows.iloc[0].to_dict() if isinstance(rows, pd.DataFrame) else rows[0]
    bundle.answer(row)  # the first answer traces the network
    taken = []
    for _ in range(ANSWERS):
        began = time.perf_counter()
        bundle.answer(row)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)
