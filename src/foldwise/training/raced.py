"""A trial in its race: score it at rungs and after folds on validation rows, and end it if it is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.evaluation.threshold import fold_thresholds
from foldwise.tasks.scores import condensed_for, score
from foldwise.training.fold_fit import Predictions
from foldwise.trial.job import TrialJob
from foldwise.trial.result import FoldScore


class Raced:
    """One running trial.

    rungs: the epochs at which an engine calls `at_rung`. lost: why and where the trial was lost, or None.
    With Race.finish a lost trial still trains to its end.
    """

    def __init__(self, job: TrialJob, table: Table, splits: Sequence[Split]) -> None:
        self._job, self._table, self._splits = job, table, splits
        self._noted: dict[int, dict[int, float]] = {}
        self.rungs = job.race.rungs(job.spec.fit.epochs) if job.race else ()
        self.lost: str | None = None
        self._cut_short = False  # ended within a fold

    @property
    def ends(self) -> bool:
        """Whether the trial ends now."""
        return self.lost is not None and self._job.race is not None and not self._job.race.finish

    def at_rung(self, epoch: int, answers: Mapping[int, Predictions]) -> bool:
        """Whether the trial ends at this rung, judged by each fold's predictions if its training ended there."""
        scores = self._scores(
            {fold: condensed_for(self._table, self._splits[fold].valid, own) for fold, own in answers.items()}
        )
        for fold, reached in scores.items():
            self._noted.setdefault(fold, {})[epoch] = reached
        return self._judged(scores, epoch)

    def after_fold(self, answers: Mapping[int, Predictions]) -> bool:
        """Whether the trial ends after these folds, judged by their predictions."""
        return self._judged(self._scores(answers), None) if self._job.race else False

    def with_rungs(self, folds: Sequence[FoldScore]) -> tuple[FoldScore, ...]:
        """The folds with their scores at rungs; a fold that stopped early keeps its score at later rungs."""
        return tuple(replace(fold, rungs=self._rungs_of(fold)) for fold in folds)

    def _rungs_of(self, fold: FoldScore) -> dict[int, float]:
        noted = self._noted.get(fold.fold, {})
        later = () if self._cut_short else [rung for rung in self.rungs if rung >= len(fold.curves["loss"])]
        return dict.fromkeys(later, fold.score) | noted

    def _judged(self, scores: Mapping[int, float], epoch: int | None) -> bool:
        assert self._job.race is not None  # engines call only if there is a race
        if self.lost is None:
            self.lost = self._job.race.lost(scores, epoch)
            self._cut_short = self.ends and epoch is not None
        return self.ends

    def _scores(self, answers: Mapping[int, Predictions]) -> dict[int, float]:
        """Each fold's score as `cross_validate` will compute it. Empty if predictions are not finite, or if a threshold
        must be tuned on other folds and no other fold has predictions yet.
        """
        asked, metric, table = self._job.spec.fit.threshold, self._job.goal.metric, self._table
        alone = asked == "auto" and len(answers) < min(2, len(self._splits))
        if alone or not all(np.isfinite(predictions).all() for predictions in answers.values()):
            return {}
        pairs = [(table.target[self._splits[fold].valid], predictions) for fold, predictions in answers.items()]
        thresholds = fold_thresholds(asked, metric, pairs)
        return {
            fold: score(table.task, len(table.class_names), *pair, threshold, metric)[metric]
            for fold, pair, threshold in zip(answers, pairs, thresholds, strict=True)
        }
