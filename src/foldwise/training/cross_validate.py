"""Run a trial: prepare, train and score every fold."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from threading import RLock

import numpy as np

from foldwise.data.fold_cache import FoldCache
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.data.target_columns import weights_of
from foldwise.errors import FoldwiseError, Interrupted, TrialFailed
from foldwise.evaluation.threshold import final_threshold, fold_thresholds
from foldwise.models.heads import THRESHOLD, head_for
from foldwise.models.image_rules import as_shown
from foldwise.spec.goal import Goal
from foldwise.system.keras_backend import Backend
from foldwise.system.kill_points import reached
from foldwise.system.redact import first_line
from foldwise.tasks.scores import condensed_for, score
from foldwise.training.backends.of_process import is_out_of_memory
from foldwise.training.costs import costs_before, excess
from foldwise.training.engine_rule import Choice, choose
from foldwise.training.engines import engine_for
from foldwise.training.fold_fit import FoldFit, OnCurves, Predictions, Training
from foldwise.training.raced import Raced
from foldwise.training.recorder import Recorder
from foldwise.training.schedule import rates_for
from foldwise.trial.job import TrialJob
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd

_keras_alone = RLock()  # its networks and the state that it keeps are those of the process


def cross_validate(
    job: TrialJob,
    table: Table,
    splits: Sequence[Split],
    watch: Callable[[int], None] = lambda fold: None,
    cache: FoldCache | None = None,
    chosen: Callable[[Choice], None] = lambda choice: None,
    on_epoch_end: Callable[[], None] = lambda: None,
    recorder: Recorder | None = None,
    on_curves: OnCurves = lambda fold, curves, unit: None,
) -> TrialResult:
    """Train and score all folds of a trial.

    Args:
        job: the trial.
        table: the data; rows outside the splits are not read.
        splits: training and validation rows of each fold.
        watch: called with the fold's number after each fold.
        cache: prepared folds of these splits, kept between trials.
        chosen: called with the engine and the reason for it.
        on_epoch_end: called between epochs; TrialFailed from it ends the trial.
        recorder: keeps the weights and one step of a fold.
        on_curves: called with the curves of a fold as they grow.

    Returns:
        The result. A trial that cannot go on is FAILED, with the reason and the finished folds; one that lost its race is
        STOPPED, with the folds trained until then.

    Raises:
        Interrupted: from `watch` or `on_epoch_end`.
    """
    reached("before-training")
    started = time.perf_counter()
    engine = ""
    finished: list[FoldScore] = []
    answers: dict[int, Predictions] = {}
    raced = Raced(job, table, splits)
    asked, metric = job.spec.fit.threshold, job.goal.metric
    try:
        training = replace(
            training_for(job, table),
            rungs=raced.rungs,
            lost=raced.at_rung,
            on_epoch_end=on_epoch_end,
            on_curves=on_curves,
            recorder=recorder,
        )
        folds = (cache or FoldCache(table, splits, job.seed)).folds(job.spec.prep, job.spec.balance)
        rows, features = folds.largest
        wanted = {*job.costs, *job.at_most}
        costs = costs_before(wanted, training, folds.widest) if wanted else {}
        too_much = excess(costs, job.at_most)
        if too_much is not None:
            seconds = time.perf_counter() - started
            return TrialResult(job.number, job.params, "STOPPED", reason=too_much, seconds=seconds, costs=costs)
        layouts, sizes = zip(*((data.layout, len(data.train_x)) for data in folds), strict=True)
        choice = choose(training, job.engine, len(folds), rows, features, layouts, sizes)
        engine = choice.engine
        chosen(choice)
        with _keras_alone if choice.fold_by_fold else nullcontext():
            for fit in engine_for(engine, training.backend)(training, enumerate(folds)):
                fit = condensed_fit(table, splits[fit.fold], fit)  # noqa: PLW2901 masks stay in the fold that was trained
                finished.append(_scored(job, table, splits[fit.fold], fit))
                answers[fit.fold] = fit.predictions
                costs["parameters"] = max(costs.get("parameters", 0.0), float(sum(weight.size for weight in fit.weights)))
                reached("after-fold")
                watch(fit.fold)
                if choice.fold_by_fold and (fit.lost or raced.after_fold(answers)):
                    break
        pooled = [(table.target[splits[fold].valid], predictions) for fold, predictions in answers.items()]
        thresholds = fold_thresholds(asked, metric, pooled)
        truth, predictions = (np.concatenate(parts) for parts in zip(*pooled, strict=True))
        metrics = _metrics(table, job.goal, truth, predictions, np.repeat(thresholds, [len(own) for own, _ in pooled]))
        if asked == "auto":
            each = [_metrics(table, job.goal, *pair, at) for pair, at in zip(pooled, thresholds, strict=True)]
            finished = [replace(fold, score=own[metric], metrics=own) for fold, own in zip(finished, each, strict=True)]
            metrics["threshold"] = final_threshold(asked, metric, pooled)
    except Interrupted:
        raise
    except Exception as fault:  # noqa: BLE001 - any error in a trial ends the trial, not the study
        seconds = time.perf_counter() - started
        reason = _reason(fault, job.backend)
        return TrialResult(job.number, job.params, "FAILED", tuple(finished), reason=reason, engine=engine, seconds=seconds)
    if "training_seconds" in job.costs:
        costs["training_seconds"] = math.fsum(fold.seconds for fold in finished)
    mean, sd = mean_and_sd([fold.score for fold in finished])
    reached("after-training")
    result = TrialResult(
        number=job.number,
        params=job.params,
        state="COMPLETE",
        folds=raced.with_rungs(finished),
        mean=mean,
        sd=sd,
        metrics=metrics,
        engine=engine,
        seconds=time.perf_counter() - started,
        costs=costs,
        lost_at=raced.lost,
        answers=predictions,
    )
    if not raced.ends:
        return result
    return replace(
        result, state="STOPPED", mean=math.nan, sd=math.nan, metrics={}, reason=raced.lost, lost_at=None, answers=None
    )


def training_for(job: TrialJob, table: Table) -> Training:
    """A trial's training, as engines take it.

    Raises:
        ConfigError: loss and output activation do not suit the task.
    """
    fit, model = job.spec.fit, as_shown(job.spec.model, table.schema.image)
    return Training(
        model=model,
        head=head_for(table.task, len(table.class_names), model, fit, weights_of(table.targets)),
        fit=fit,
        rates=rates_for(job.spec.lr_schedule, fit.optimizer.rate, fit.epochs),
        seed=job.seed,
        number=job.number,
        augment=job.spec.augment,
        backend=job.backend,
        precision=job.precision,
    )


def condensed_fit(table: Table, split: Split, fit: FoldFit) -> FoldFit:
    """A fold with its predictions as scores are computed from them."""
    if fit.failure is not None:
        return fit
    return replace(fit, predictions=condensed_for(table, split.valid, fit.predictions))


def _scored(job: TrialJob, table: Table, split: Split, fit: FoldFit) -> FoldScore:
    """Score a fold as soon as it is done, with 0.5 for a threshold that must be tuned on the other folds."""
    if fit.failure is not None:
        raise TrialFailed("nan", fit.failure)
    asked = job.spec.fit.threshold
    metrics = _metrics(table, job.goal, table.target[split.valid], fit.predictions, THRESHOLD if asked == "auto" else asked)
    reached = metrics[job.goal.metric]
    if not np.isfinite(reached):
        raise TrialFailed("undefined metric", f"{job.goal.metric} cannot be computed on the validation rows of fold {fit.fold}")
    return FoldScore(fit.fold, reached, metrics, fit.curves, fit.best_epoch, fit.seconds)


def _metrics(
    table: Table, goal: Goal, truth: np.ndarray, predictions: np.ndarray, threshold: float | np.ndarray
) -> dict[str, float]:
    return score(table.task, len(table.class_names), truth, predictions, threshold, goal.metric, table.targets)


def _reason(fault: Exception, backend: Backend) -> str:
    """The reason, with its kind as the first word, by which failed trials are grouped."""
    if isinstance(fault, FoldwiseError):
        return str(fault)
    if isinstance(fault, MemoryError) or is_out_of_memory(fault, backend):
        return "oom: the trial does not fit into memory; smaller batches or a smaller network need less"
    return f"error: {type(fault).__name__}: {first_line(fault)[:300]}"
