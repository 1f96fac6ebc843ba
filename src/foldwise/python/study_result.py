"""A study as Python holds it: its answer, its trials, its model, its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.option_names import Readable
from foldwise.errors import JobError
from foldwise.python.pictures import Pictures
from foldwise.python.study_page import StudyPage
from foldwise.spec.goal import Goal
from foldwise.spec.space import Space
from foldwise.spec.study import StudySpec
from foldwise.system.keras_backend import for_answers
from foldwise.system.numbers import counted, score
from foldwise.system.process_state import restored
from foldwise.trial.result import TrialResult, best_of, plus_minus

if TYPE_CHECKING:
    import keras
    import optuna
    import pandas as pd

    from foldwise.bundle.bundle import Bundle
    from foldwise.trial.summary import StudySummary

# One table of rows is answered at a time; more threads gain nothing on networks of this size.
THREADS = 2


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult:
    """A study, finished or as far as it has got; a notebook shows its verdict, best trials and pictures.

    recipe: the configuration that determines its results. space: the ranges in it. found: what it found; None until it is
    finished. results: its finished trials. spec: its whole configuration; None if it was opened by name.
    """

    name: str
    goal: Goal
    space: Space
    recipe: Mapping[str, Any]
    found: StudySummary | None
    results: Sequence[TrialResult]
    folder: Path
    spec: StudySpec | None = None
    _when_shown: Callable[[], object] = field(default=lambda: None)

    @property
    def summary(self) -> Mapping[str, Any]:
        """The contents of `summary.json`.

        Raises:
            JobError: the study is not finished.
        """
        return self._finished().to_json()

    @property
    def best(self) -> TrialResult:
        """The best complete trial.

        Raises:
            JobError: no trial is complete.
        """
        best = best_of(self.results, self.goal)
        if best is None:
            raise JobError(f"study {self.name} has no complete trial")
        return best

    @property
    def verdict(self) -> str:
        """The comparison with the best baseline, in a sentence."""
        return self._finished().verdict

    def trials(self) -> pd.DataFrame:
        """A row a trial, as in `trials.parquet`."""
        import pandas as pd

        return pd.read_parquet(self._file("trials.parquet", "trials.parquet is written when a study ends"))

    def leaderboard(self) -> pd.DataFrame:
        """The trials, the best first.

        Returns:
            A row a trial: `trial`, `score` and `sd` over its folds, `tied`, `seconds`, `state`, its parameters by readable
            names, and `reason` if a trial did not complete. `tied` is True for the best and for those that a paired test cannot
            tell from it, and empty if the study has no certificate.
        """
        import pandas as pd

        readable = Readable(self.space)
        certificate = None if self.found is None else self.found.certificate
        tied = () if certificate is None else (certificate.trial, *certificate.ties)
        rows = [
            {
                "trial": result.number,
                "score": result.mean,
                "sd": result.sd,
                "tied": None if certificate is None else result.number in tied,
                "seconds": result.seconds,
                "state": result.state,
                **dict(readable.column(name, result.params) for name in result.params),
                "reason": result.reason,
            }
            for result in self.goal.rank(sorted(self.results, key=lambda one: one.number), _score_of)
        ]
        frame = pd.DataFrame(rows)
        if frame.empty or frame["reason"].isna().all():
            return frame.drop(columns="reason", errors="ignore")
        return frame[[*(name for name in frame if name != "reason"), "reason"]]

    def oof(self) -> pd.DataFrame:
        """The best trial's predictions for its validation rows, as in `oof.parquet`.

        Raises:
            JobError: the study has none: it is of an earlier version, or it kept none.
        """
        import pandas as pd

        rest = "those of an earlier version, of certify=none and of folds=none have none"
        return pd.read_parquet(self._file("oof.parquet", rest, "out-of-fold predictions"))

    def importance(self) -> pd.DataFrame:
        """How much worse the goal's metric gets where a column is shuffled, out of fold, as in `importance.csv`.

        Raises:
            JobError: the study has none: it is of an earlier version, of images, or was asked for none.
        """
        import pandas as pd

        rest = "those of an earlier version, of images and of explain.kind=none have none"
        return pd.read_csv(self._file("importance.csv", rest, "importance of columns"))

    @property
    def figures(self) -> Pictures:
        """Its pictures by name, `figures["history"]`; a notebook shows all of them."""
        return Pictures(self.folder / "figures")

    @cached_property
    def bundle(self) -> Bundle:
        """Its model with the preparation; `bundle.predict(rows)` answers raw rows.

        Raises:
            JobError: the study is not finished, or a file of the model was changed.
        """
        place = self._file("bundle", "the model is saved when a study ends", "model")
        with restored():
            from foldwise.bundle.card import backend_of
            from foldwise.training.runtime import start

            start(THREADS, or_as_it_runs=True, backend=for_answers(backend_of(place)))
            from foldwise.bundle.bundle import load_bundle

            return load_bundle(place)

    @property
    def model(self) -> keras.Model:
        """The Keras network of its model, from prepared features to outputs; `model.summary()` prints its layers."""
        return self.bundle.network

    def compare(self, other: StudyResult) -> pd.DataFrame:
        """This study beside another: scores, then each value of the configuration that differs.

        Returns:
            A row for each, by its name or dotted key, and a column for each study.
        """
        import pandas as pd

        from foldwise.config.difference import differing
        from foldwise.config.read import identity

        rows = [(name, one, two) for (name, one), (_, two) in zip(_scores(self), _scores(other), strict=True)]
        rows += differing(identity(self.recipe), identity(other.recipe))
        names = [self.name, other.name if other.name != self.name else f"{other.name} (other)"]
        return pd.DataFrame([row[1:] for row in rows], [row[0] for row in rows], names, dtype=object)

    def to_optuna(self) -> optuna.Study:
        """The same trials as an Optuna study, for Optuna's plots."""
        with restored():
            from foldwise.tuning.optuna_tuner import to_optuna

            return to_optuna(self.space, self.goal, self.results)

    def __repr__(self) -> str:
        best, complete = best_of(self.results, self.goal), sum(one.state == "COMPLETE" for one in self.results)
        leader = "" if best is None else f", best trial {best.number} with {self.goal.metric} {spread(best)}"
        ended = "not finished" if self.found is None else self.found.verdict
        return f"<study {self.name}: {counted(complete, 'complete trial')}{leader}; {ended}>"

    def _repr_html_(self) -> str:
        self._when_shown()
        return StudyPage(self.name, self.goal, self.space, self.found, self.results, self.folder).as_html()

    def _finished(self) -> StudySummary:
        if self.found is None:
            raise JobError(f"study {self.name} is not finished; start it again to continue it")
        return self.found

    def _file(self, name: str, rest: str, what: str | None = None) -> Path:
        """A file of the study's folder.

        Raises:
            JobError: it is not there.
        """
        path = self.folder / name
        if not path.exists():
            raise JobError(f"study {self.name} has no {what or name} in {self.folder}; {rest}")
        return path


def spread(result: TrialResult) -> str:
    """The score of a complete trial with its deviation over folds."""
    return plus_minus(score(result.mean), score(result.sd), len(result.folds))


def _score_of(result: TrialResult) -> float:
    return result.mean if result.state == "COMPLETE" else float("nan")


def _scores(study: StudyResult) -> list[tuple[str, object]]:
    """What two studies are compared by, the same for all of them; None where one has it not."""
    best, found = best_of(study.results, study.goal), study.found
    certificate = None if found is None else found.certificate
    return [
        ("metric", study.goal.metric),
        ("trials", len(study.results)),
        ("score", None if best is None else best.mean),
        ("sd", None if best is None else best.sd),
        ("corrected score", None if certificate is None else certificate.score),
        ("holdout", None if found is None else found.held(study.goal.metric)),
        ("verdict", None if found is None else found.answer),
        ("seconds", None if found is None else found.seconds.get("total")),
    ]
