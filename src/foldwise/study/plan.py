"""The data of a study: read and audited, the holdout set aside, the folds cut. Nothing is trained, nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from foldwise.config.read import trial_at
from foldwise.data.audit.audit import audit
from foldwise.data.audit.finding import Finding
from foldwise.data.holdout import BY_COLUMN, HoldoutRecord, set_holdout
from foldwise.data.new_rows import ChampionContext, check_features, fresh_holdout
from foldwise.data.preparation.augment_rules import check_augment
from foldwise.data.preparation.balance import check_balance
from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.preparation.prep_rules import check_prep
from foldwise.data.read import reader
from foldwise.data.slice_columns import check_slices
from foldwise.data.sources.fingerprint import joined
from foldwise.data.split import Split, cut_folds, lacks
from foldwise.data.table import Table
from foldwise.data.target_columns import with_units
from foldwise.errors import ConfigError
from foldwise.evaluation.baselines import check_names
from foldwise.models.head_rules import check_backend, check_head, check_task
from foldwise.models.image_rules import as_shown, check_image
from foldwise.models.input_rules import check_inputs, check_scale, takes_pixels
from foldwise.spec.data import FeatureKind, TimeHoldout
from foldwise.spec.fit import FitSpec
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.goal import Goal, cost_goal, goal_for
from foldwise.spec.settled import Size
from foldwise.spec.sources import FrameData
from foldwise.spec.space import Params
from foldwise.spec.study import FixedSpec, StudySpec
from foldwise.tasks.table import task_of
from foldwise.training.engine_rule import ENGINE_NAMES, FUSED_THREADS, threads_for
from foldwise.training.schedule import check_schedule
from foldwise.trial.job import TrialJob

SAME_ROWS = Finding(
    "warn",
    "folds",
    (),
    "networks are trained and judged on the same rows (folds=none), so scores say how well they are learnt by heart",
    "choose other folds for a score that holds for new rows",
)


MOST_BYTES_BESIDE = 64 * 2**20  # of all folds of a trial that trains beside another


@dataclass(frozen=True)
class Plan:
    """What a study trains on and is judged by.

    development: positions in `table` of the rows that search and training may see, (rows,).
    holdout: the rows set aside, as a table of its own.
    source: the mark of the rows as they were read, if they have one.
    context: what the champion knew, if this study makes its challenger.
    new_rows: positions in `table` of the rows set aside because they are new, (rows,); `holdout` contains them.
    """

    spec: StudySpec
    goal: Goal
    table: Table
    development: np.ndarray
    holdout: Table
    holdout_record: HoldoutRecord
    splits: tuple[Split, ...]
    findings: tuple[Finding, ...]
    source: str | None = None
    context: ChampionContext | None = None
    new_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def folder(self) -> Path:
        """Where the study's files go."""
        return self.spec.folder

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The metric that ranks trials, and with two goals the cost as well."""
        asked = self.spec.fixed.goals
        return (self.goal, cost_goal(asked[1])) if asked else (self.goal,)

    @property
    def largest_fold(self) -> np.ndarray:
        """The training rows of the fold that has most, as positions in `table`."""
        return max((split.train for split in self.splits), key=len)

    @cached_property
    def features(self) -> int:
        """How many features the preparation makes of them."""
        return len(fit_preparation(self.table, self.largest_fold, self.spec.corners[0].prep).features)

    @property
    def same_rows(self) -> bool:
        """Whether trials are judged on the rows that they are trained on."""
        return self.spec.fixed.folds.same_rows

    def job(self, number: int, params: Params, engine: str = "") -> TrialJob:
        """The job of a trial, for a worker. engine: the one that trained it before, if it is done again.

        Raises:
            ConfigError: two values contradict each other.
        """
        fixed, spec = self.spec.fixed, trial_at(self.spec, params)
        costs = tuple(goal.metric for goal in self.goals[1:])
        asked = next((known for known in ENGINE_NAMES if known == engine), fixed.training.engine)
        job = TrialJob(number, params, fixed.seed, spec, self.goal, asked, costs, dict(fixed.goal.bounds))
        return replace(job, backend=fixed.training.backend, precision=fixed.training.precision)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The study's recipe as the ledger keeps it; a DataFrame is kept as its fingerprint."""
        recipe, data = self.spec.recipe, self.spec.fixed.data
        if not isinstance(data, FrameData):
            return recipe
        return {**recipe, "data": {**recipe["data"], "given": {**data.given.record, "fingerprint": self.table.fingerprint}}}


def read_rows(spec: StudySpec) -> Table:
    """The rows of a study.

    Raises:
        ConfigError, DataError: the configuration does not fit the data.
    """
    fixed = spec.fixed
    check_runs_folder(fixed.paths.runs)
    return reader(fixed.data, fixed.paths, fixed.folds).read(*read_as(spec))


def read_as(spec: StudySpec) -> tuple[frozenset[FeatureKind], bool]:
    """The kinds of columns that become features, and whether columns of numbers are the pixels of images."""
    used = frozenset[FeatureKind]().union(*(trial.prep.kinds for trial in spec.corners))
    return used, any(takes_pixels(trial.model) for trial in spec.corners)


def size_of(table: Table) -> Size:
    """What decides where `auto` stands."""
    rarest = int(np.bincount(table.target, minlength=len(table.labels)).min()) if table.labels else None
    grouped, images = table.groups is not None, table.schema.image is not None
    return Size(len(table), len(table.schema.columns), table.task, images, grouped, rarest)


def plan_study(spec: StudySpec, context: ChampionContext | None = None, table: Table | None = None) -> Plan:
    """Read and cut the data of a study.

    Args:
        spec: the study.
        context: what the champion knew, for its challenger. The same rows are set aside, and the newest of those that it did
            not see. A holdout by time is cut again, never earlier than before.
        table: its rows, if they were read already.

    Raises:
        ConfigError, DataError: the configuration does not fit the data.
    """
    fixed = spec.fixed
    trials = spec.corners
    rows = reader(fixed.data, fixed.paths, fixed.folds)
    table = read_rows(spec) if table is None else table
    if table.target_name != fixed.data.target_name:  # a file without a header, whose last column was asked for
        target = table.classes if table.targets else table.target_name
        fixed = fixed.model_copy(update={"data": fixed.data.model_copy(update={"target": target})})
        spec = replace(spec, fixed=fixed)
    if context is not None and table.images is None:
        check_features(table, context.features)
    goal = goal_for(fixed.metric, fixed.goal.direction, table.task, len(table.labels))
    _check_baselines(fixed.baselines, table)
    check_slices(fixed.card.slices, table)
    if table.classes and fixed.ensemble.kind != "none":
        raise ConfigError("ensemble.kind", f"combines labels or numbers, and the task is {table.task}; use none")
    check_backend(table.task, fixed.training.backend)
    for trial in trials:
        check_task(table.task, trial.model)
        check_head(table.task, trial)
        check_schedule(trial)
        check_augment(
            trial.augment, table.images is not None, table.symmetries, trial.fit.loss, moves=task_of(table.task).of_pictures
        )
        others = [column.name for column in table.schema.columns if column.kind in trial.prep.kinds - {"number"}]
        check_inputs(trial.model, [*table.schema.of_kind("number"), *others], table.left_out)
        check_scale(trial.model, trial.prep)
        numbers = prod(table.schema.image) if table.schema.image else len(table.schema.of_kind("number"))
        check_image(as_shown(trial.model, table.schema.image), numbers, others, trial.prep.select.kind != "none")
    development, held, new_rows, record = _set_aside(fixed, table, context)
    if table.targets:
        table = replace(table, targets=with_units(table.targets, table.target[development]))
    given = rows.read_holdout(table)
    holdout = table.take(held) if given is None else given
    if len(holdout) and (what := lacks(holdout, np.arange(len(holdout)))):
        rule = f"the {len(holdout)} pictures that are set aside have no {what}, so no score could be computed on them"
        raise ConfigError("data.holdout", f"{rule}; raise data.holdout.share, or name test pictures that have one")
    source = table.mark if given is None else joined(table.mark, given.mark)
    for trial in trials:
        check_prep(table, development, trial.prep)
    splits = cut_folds(table, development, fixed.folds, fixed.seed, len(holdout))
    for trial in trials:
        check_batch(trial.fit, splits)
        check_threshold(trial.fit, fixed.folds)
    unbalanced = [finding for trial in trials for finding in check_balance(table, splits, trial.balance)]
    findings = (*_audited(fixed, table, development, splits, holdout), *dict.fromkeys(unbalanced))
    return Plan(spec, goal, table, development, holdout, record, splits, findings, source, context, new_rows)


def _check_baselines(asked: Sequence[str] | None, table: Table) -> None:
    """Refuse baselines that the task does not have.

    Raises:
        ConfigError: at baselines.
    """
    if not task_of(table.task).of_pictures:
        check_names(asked, table.task, images=table.images is not None)
        return
    known = task_of(table.task).baselines(balanced=False, pixels=True)
    for place, name in enumerate(asked or ()):
        if name not in known:
            rule = f"{name} is not a baseline of a {table.task} task; use some of {', '.join(known)}"
            raise ConfigError(f"baselines.{place}", rule)


def _set_aside(
    fixed: FixedSpec, table: Table, context: ChampionContext | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, HoldoutRecord]:
    """Positions for development, those set aside, those of them that are new, and the record of the rule."""
    data = fixed.data
    none = np.empty(0, dtype=np.int64)
    if context is None or data.holdout.kind == "given":
        development, held, record = set_holdout(table, data.holdout, data)
        return development, held, none, record
    if context.holdout.get("kind") == BY_COLUMN:  # new rows say themselves whether they are test rows
        development, held, record = set_holdout(table, data.holdout, data, context.holdout)
        return development, held, none, record
    if isinstance(data.holdout, TimeHoldout):
        now, before = set_holdout(table, data.holdout, data), set_holdout(table, data.holdout, data, context.holdout)
        development, held, record = now if now[2]["from"] >= before[2]["from"] else before
        return development, held, none, record
    development, held, record = set_holdout(table, data.holdout, data, context.holdout)
    development, new_rows = fresh_holdout(table, development, context, data)
    return development, np.sort(np.concatenate([held, new_rows])), new_rows, record


def _audited(
    fixed: FixedSpec, table: Table, development: np.ndarray, splits: Sequence[Split], holdout: Table
) -> tuple[Finding, ...]:
    """The findings about rows and folds. Without folds the checks, which compare two sides, look at folds made for them."""
    if not fixed.folds.same_rows:
        return audit(table, development, splits, holdout)
    try:
        made = cut_folds(table, development, FoldsSpec(), fixed.seed)
    except ConfigError:  # too few rows: then any finding would be chance
        return (SAME_ROWS,)
    found = audit(table, development, made, holdout)
    return (SAME_ROWS, *(finding for finding in found if finding.check != "few_of_a_class"))  # it counts them in these folds


def threads_of(plan: Plan) -> int:
    """How many threads its trials train on: as configured, else by the size of their matrix products."""
    asked = plan.spec.fixed.execute.threads
    return _usual_threads(plan) if asked is None else asked


def is_small(plan: Plan) -> bool:
    """Whether its trials are so small that a step fills one core, and their data so small that several can train at once.

    It depends on the study alone, never on the machine.
    """
    if plan.spec.fixed.training.backend != "tensorflow" or _usual_threads(plan) != FUSED_THREADS:
        return False
    return 4 * len(plan.splits) * len(plan.largest_fold) * plan.features <= MOST_BYTES_BESIDE


def _usual_threads(plan: Plan) -> int:
    asked, trials, outputs = plan.spec.fixed.training, plan.spec.corners, max(1, len(plan.table.class_names))
    rows = len(plan.largest_fold)
    return threads_for(trials, asked.engine, rows, lambda: plan.features, outputs, asked.backend, asked.precision)


def check_batch(fit: FitSpec, splits: Sequence[Split]) -> None:
    """Raise ConfigError if a fold has fewer training rows than a batch."""
    least = min(len(split.train) for split in splits)
    if isinstance(fit.batch_size, int) and fit.batch_size > least:
        rule = f"{fit.batch_size} is more than the {least} training rows of the smallest fold"
        raise ConfigError("fit.batch_size", f"{rule}; use full, or at most {least}")


def check_threshold(fit: FitSpec, folds: FoldsSpec) -> None:
    """Raise ConfigError if a threshold would be tuned on the rows that the network learnt."""
    if folds.same_rows and fit.threshold == "auto":
        rule = "auto tunes it on rows that the network did not train on, and folds=none has none"
        raise ConfigError("fit.threshold", f"{rule}; set a number such as 0.5, or choose other folds")


def check_runs_folder(runs: str) -> None:
    """Raise ConfigError if a file is at this path, or the folder cannot be written to."""
    try:
        path = Path(runs).resolve()
    except (OSError, RuntimeError):  # Python 3.11 and later differ
        raise ConfigError("paths.runs", f"{runs} is a link that leads to itself; name a folder") from None
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not there.is_dir():
        raise ConfigError("paths.runs", f"{there} is a file, not a folder")
    try:
        with tempfile.TemporaryFile(dir=there):  # it has no name, so nothing is left behind; permissions alone do not tell
            pass
    except OSError as fault:
        raise ConfigError("paths.runs", f"{there} cannot be written to ({fault.strerror})") from None
