"""The figures of a study: of its search, of its model's predictions on the holdout, and of its network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from foldwise.bundle.bundle import Bundle
from foldwise.config.read import trial_at
from foldwise.data.preparation.fold import prepare_fold
from foldwise.data.preparation.pixels import ImagePreparation
from foldwise.errors import DiskFull, JobError
from foldwise.models.average import members
from foldwise.models.inspect import network_graph_of
from foldwise.report.figures.model import draw_model
from foldwise.report.figures.search import draw_search
from foldwise.report.figures.searched import Marks
from foldwise.seeds import Purpose, derive
from foldwise.spec.balance import KEEP_ROWS
from foldwise.study.beside import Beside, at_once
from foldwise.study.boundary import draw_model_boundary
from foldwise.study.plan import Plan
from foldwise.system.disk import full_disk_named
from foldwise.system.redact import first_line
from foldwise.tasks.table import task_of
from foldwise.training.batches import steps_an_epoch
from foldwise.trial.result import TrialResult, best_of
from foldwise.trial.summary import BaselineScore


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's predictions on the holdout.

    truth: (rows,), codes of labels, or values.
    predictions: (rows, classes) probabilities, or (rows,) values; of masks and boxes condensed, see `tasks.task.Task`.
    threshold: for two classes, the probability above which the second is predicted.
    """

    truth: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    threshold: float


def begin_search_figures(
    plan: Plan,
    results: Sequence[TrialResult],
    baselines: Sequence[BaselineScore],
    marks: Marks,
    notify: Callable[[str], None],
    beside: Beside | None = None,
) -> Callable[[], None]:
    """Begin `figures/` with those of the search, unless the configuration turns them off.

    Returns:
        A function that waits until they are drawn. It reports those that cannot be drawn, and raises DiskFull if there is no
        room for them.
    """
    folder = _folder(plan)
    if folder is None:
        return lambda: None
    shutil.rmtree(folder, ignore_errors=True)  # no figures of an earlier end are left among these
    begun: list[tuple[Callable[[], list[Path]], Future[list[Path]]]] = []
    with _told("search", folder, notify):
        best = best_of(results, plan.goal)
        steps = None if best is None else steps_of(plan, best)
        seen = [one if one is best else _without_curves(one) for one in results]
        work = partial(draw_search, folder, plan.spec.name, plan.recipe, seen, plan.goal, baselines, steps, marks)
        begun.append((work, (beside or at_once)(work)))

    def end() -> None:
        for work, drawn in begun:
            with _told("search", folder, notify):
                try:
                    drawn.result()
                except DiskFull:
                    raise
                except JobError:  # that process has ended
                    work()

    return end


def _without_curves(result: TrialResult) -> TrialResult:
    """Only the best trial's curves are drawn, and a long search has hundreds of megabytes of others."""
    return replace(result, folds=tuple(replace(fold, curves={}) for fold in result.folds))


def draw_figures(plan: Plan, bundle: Bundle, answers: Answers, notify: Callable[[str], None]) -> None:
    """Add the figures of the model to `figures/`, unless the configuration turns them off.

    One that cannot be drawn is reported and skipped.

    Raises:
        DiskFull: there is no room for them.
    """
    folder = _folder(plan)
    if folder is None:
        return
    with _told("model", folder, notify):
        _draw_answers(folder, plan, bundle, answers)
    with _told("boundary", folder, notify):
        draw_model_boundary(folder, plan, bundle, answers.threshold)


def _folder(plan: Plan) -> Path | None:
    """Where figures are written; None where none are."""
    tracking = plan.spec.fixed.tracking
    return None if tracking.kind == "in_memory" or not tracking.figures else plan.folder / "figures"


@contextmanager
def _told(part: str, folder: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Report a figure that cannot be drawn: a study must not fail for it. A full disk does, as it would fail again."""
    try:
        with full_disk_named(folder):
            yield
    except DiskFull:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever the libraries that draw raise
        notify(f"figures of the {part} could not all be drawn: {first_line(fault)}")


def steps_of(plan: Plan, result: TrialResult) -> int:
    """The steps of an epoch of a trial, in its first fold. Only if balancing adds or drops rows is that fold prepared."""
    trial, split, seed = trial_at(plan.spec, result.params), plan.splits[0], plan.spec.fixed.seed
    rows = len(split.train)
    if trial.balance.kind not in KEEP_ROWS:
        rows = len(prepare_fold(plan.table, split, trial.prep, trial.balance, derive(Purpose.BALANCE, seed, 0)).train_x)
    return steps_an_epoch(trial.fit.batch_size, rows * trial.augment.copies)


def _draw_answers(folder: Path, plan: Plan, bundle: Bundle, answers: Answers) -> list[Path]:
    table, preparation, tracking = plan.table, bundle.preparation, plan.spec.fixed.tracking
    images = plan.holdout.images if len(plan.holdout) else None
    features, shape = None, None
    if images is not None and isinstance(preparation, ImagePreparation):
        features, shape = preparation.rows(images), images.shape[1:]
    if task_of(table.task).of_pictures and images is not None:
        task_of(table.task).draw(folder, images, answers.truth, bundle.scores(images), table.classes)
    return draw_model(
        folder,
        task=table.task,
        target=table.target_name,
        labels=table.class_names,
        truth=answers.truth,
        predictions=answers.predictions,
        threshold=answers.threshold,
        images=images,
        network=network_graph_of(members(bundle.network)[0], features, shape, tracking.filters, tracking.patches),
    )
