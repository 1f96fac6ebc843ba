"""The data half of a study: read, audited, the holdout set aside, the folds cut. Nothing is trained and nothing written."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foldwise.config import trial_at
from foldwise.data.audit.audit import audit
from foldwise.data.audit.finding import Finding
from foldwise.data.balance import check_balance
from foldwise.data.holdout import HoldoutRecord, set_holdout
from foldwise.data.prep_rules import check_prep
from foldwise.data.split import Split, cut_folds
from foldwise.data.table import Table, read_given_holdout, read_table
from foldwise.data_specs import FeatureKind, FrameData, GivenHoldout
from foldwise.errors import ConfigError
from foldwise.goal import Goal, goal_for
from foldwise.models.head_rules import check_head
from foldwise.models.image_rules import check_image
from foldwise.models.input_rules import check_inputs, takes_pixels
from foldwise.network_specs import FitSpec
from foldwise.specs import StudySpec


@dataclass(frozen=True)
class Plan:
    """What a study will train on and be judged by.

    development: positions in `table` of the rows that search and training may see, (rows,).
    holdout: the rows set aside, a table of its own.
    """

    spec: StudySpec
    goal: Goal
    table: Table
    development: np.ndarray
    holdout: Table
    holdout_record: HoldoutRecord
    splits: tuple[Split, ...]
    findings: tuple[Finding, ...]

    @property
    def folder(self) -> Path:
        """Where the study's files go."""
        return Path(self.spec.fixed.paths.runs).resolve() / "studies" / self.spec.name

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The study's recipe, as it is kept; rows that came from Python are known by their fingerprint alone."""
        recipe, data = self.spec.recipe, self.spec.fixed.data
        if not isinstance(data, FrameData):
            return recipe
        return {**recipe, "data": {**recipe["data"], "given": {**data.given.record, "fingerprint": self.table.fingerprint}}}


def plan_study(spec: StudySpec) -> Plan:
    """Read and cut the data of a study.

    Raises:
        ConfigError, DataError: configuration and data do not fit each other.
    """
    fixed = spec.fixed
    check_runs_folder(fixed.paths.runs)
    trials = [trial_at(spec, params) for params in (spec.space.defaults(), *(corner for _, corner in spec.space.corners()))]
    used = frozenset[FeatureKind]().union(*(trial.prep.kinds for trial in trials))
    table = read_table(fixed.data, fixed.paths, any(takes_pixels(trial.model) for trial in trials), used)
    goal = goal_for(fixed.goal.metric, fixed.goal.direction, table.task)
    for trial in trials:
        check_head(table.task, trial)
        others = [column.name for column in table.schema.columns if column.kind in trial.prep.kinds - {"number"}]
        check_inputs(trial.model, [*table.schema.of_kind("number"), *others], table.left_out)
        check_image(trial.model, len(table.schema.of_kind("number")), others, trial.prep.select.kind != "none")
    holdout_spec = fixed.data.holdout
    if isinstance(holdout_spec, GivenHoldout):
        development, _, record = set_holdout(table, holdout_spec, fixed.data)
        holdout = read_given_holdout(fixed.data, holdout_spec.path, table, fixed.paths)
    else:
        development, held, record = set_holdout(table, holdout_spec, fixed.data)
        holdout = table.take(held)
    for trial in trials:
        check_prep(table, development, trial.prep)
    splits = cut_folds(table, development, fixed.folds, fixed.seed)
    for trial in trials:
        check_batch(trial.fit, splits)
    told = [finding for trial in trials for finding in check_balance(table, splits, trial.balance)]
    findings = (*audit(table, development, splits, holdout), *dict.fromkeys(told))
    return Plan(spec, goal, table, development, holdout, record, splits, findings)


def check_batch(fit: FitSpec, splits: Sequence[Split]) -> None:
    """Whether a step of that many rows can be cut from every fold.

    Raises:
        ConfigError: a fold has fewer training rows.
    """
    least = min(len(split.train) for split in splits)
    if isinstance(fit.batch_size, int) and fit.batch_size > least:
        said = f"{fit.batch_size} is more than the {least} training rows of the smallest fold"
        raise ConfigError("fit.batch_size", f"{said}; say full, or at most {least}")


def check_runs_folder(runs: str) -> None:
    """Whether results can be written there, before anything is.

    Raises:
        ConfigError: a file stands in the way, or the folder cannot be written.
    """
    path = Path(runs).resolve()
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not there.is_dir():
        raise ConfigError("paths.runs", f"{there} is a file, not a folder")
    try:
        with tempfile.TemporaryFile(dir=there):  # it has no name, so nothing is left; asking for rights is not enough
            pass
    except OSError as fault:
        raise ConfigError("paths.runs", f"{there} cannot be written to ({fault.strerror})") from None
