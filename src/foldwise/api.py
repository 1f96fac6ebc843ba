"""foldwise from Python: the doors as functions, and the result of a study as a value."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.option_names import Readable
from foldwise.doors.compose import Request, compose_service, request_study
from foldwise.errors import ConfigError, JobError
from foldwise.spec.data import HashHoldout
from foldwise.spec.python_value import PythonFrame, PythonFunction
from foldwise.spec.study import StudySpec
from foldwise.system.numbers import score
from foldwise.trial.result import TrialResult, best_of, plus_minus

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from foldwise.bundle.bundle import Bundle
    from foldwise.spec.goal import Goal
    from foldwise.trial.summary import StudySummary


@dataclass(frozen=True)
class StudyResult:
    """A finished study."""

    spec: StudySpec
    goal: Goal
    found: StudySummary
    results: Sequence[TrialResult]
    folder: Path

    @property
    def summary(self) -> Mapping[str, Any]:
        """The contents of `summary.json`."""
        return self.found.to_json()

    @property
    def best(self) -> TrialResult:
        """The best complete trial."""
        best = best_of(self.results, self.goal)
        assert best is not None  # a finished study has one
        return best

    @property
    def verdict(self) -> str:
        """The comparison with the best baseline, in a sentence."""
        return self.found.verdict

    def trials(self) -> pd.DataFrame:
        """A row a trial, as in `trials.parquet`."""
        import pandas as pd

        return pd.read_parquet(self.folder / "trials.parquet")

    def oof(self) -> pd.DataFrame:
        """The best trial's predictions for its validation rows, as in `oof.parquet`.

        Raises:
            JobError: the study has none: it is of an earlier version, or it kept none.
        """
        import pandas as pd

        path = self.folder / "oof.parquet"
        if not path.exists():
            rule = f"study {self.found.study} has no out-of-fold predictions"
            raise JobError(f"{rule}; those of an earlier version, of certify=none and of folds=none have none")
        return pd.read_parquet(path)

    def to_optuna(self) -> optuna.Study:
        """The same trials as an Optuna study, for Optuna's plots."""
        from foldwise.tuning.optuna_tuner import to_optuna

        return to_optuna(self.spec.space, self.goal, self.results)

    def __repr__(self) -> str:
        found, best = self.found, self.found.best
        shown = plus_minus(score(best.mean), score(best.sd), len(best.folds))
        leader = f"best trial {best.number} with {found.goal.metric} {shown}"
        return f"<study {found.study}: {found.trials.complete} complete trials, {leader}; {self.verdict}>"

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        found, best, metric = self.found, self.found.best, self.found.goal.metric
        rows = [(f"model (trial {best.number})", best.mean, best.sd, found.held(metric))]
        rows += [(line.shown, line.mean, line.sd, line.holdout) for line in found.baselines]
        spread = [(name, plus_minus(score(mean), score(sd), len(best.folds)), held) for name, mean, sd, held in rows]
        body = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{both}</td><td>{score(held)}</td></tr>" for name, both, held in spread
        )
        params = Readable(self.spec.space).params(best.params, between=", ")
        scored = "cross-validated" if found.scored_on is None else found.scored
        return (
            f"<b>{html.escape(found.study)}</b>"
            f"<table><tr><th></th><th>{html.escape(metric)}, {scored}</th><th>on the holdout</th></tr>{body}</table>"
            f"<p>{html.escape(self.verdict)}</p><p><small>{html.escape(params)}</small></p>"
        )


def tune(*overrides: str, frame: pd.DataFrame | None = None, target: str | None = None, **values: Any) -> StudyResult:
    """Search, cross-validate, refit and register, as `foldwise tune` does.

    Args:
        overrides: as on the command line, `"data=iris"`, `"budget.trials=20"`.
        frame: the rows, instead of a file; its options are overrides, `"data.drop=[name]"`.
        target: the column to predict, `data.target`.
        values: whole sections as Python values, `budget={"trials": 20}`; they can hold functions: a model's build, a
            schedule, and those that make callbacks.

    Raises:
        FoldwiseError: with one sentence; ConfigError and DataError if the configuration or the data are wrong.
    """
    from foldwise.doors.run import run_here

    return StudyResult(*run_here(_request(overrides, frame, target, values)))


def train(*overrides: str, frame: pd.DataFrame | None = None, target: str | None = None, **values: Any) -> StudyResult:
    """Tune without a search: every range takes its default."""
    from foldwise.doors.run import run_here

    return StudyResult(*run_here(_request(overrides, frame, target, values), search=False))


def retrain(*overrides: str) -> Mapping[str, Any]:
    """Challenge a champion with new rows, or roll back, as `foldwise retrain` does.

    Args:
        overrides: as on the command line, `"model=iris"`, `"rollback=true"`.

    Returns:
        The contents of `retrain/<id>.json`; `outcome` is PROMOTED, KEPT, UNCHANGED or ROLLED_BACK. With `action=history` those
        of `retraining_history.json`.

    Raises:
        FoldwiseError: with one sentence; if the rows or a model are wrong, the champion stays.
    """
    from foldwise.retraining.retrain import retrain_here

    return retrain_here(compose_service("retrain", overrides))


def promote(*overrides: str) -> Mapping[str, Any]:
    """Make a registered version the champion, as `foldwise promote` does.

    Args:
        overrides: as on the command line, `"model=iris"`, `"version=2"`, `"why='better on the new shop'"`.

    Returns:
        The contents of `retrain/<id>.json`.

    Raises:
        FoldwiseError: with one sentence; ConfigError for an unknown version and for the champion, and then nothing changed.
    """
    from foldwise.retraining.promote import promote_here

    return promote_here(compose_service("promote", overrides))


def list_all(*overrides: str) -> Mapping[str, list[dict[str, Any]]]:
    """Studies, models and jobs from the ledger, as `foldwise list format=json` shows them.

    Args:
        overrides: as on the command line, `"kind=studies"`.

    Returns:
        `studies`, `models` and `jobs`, or the one that was asked for; a row of plain values each.

    Raises:
        ConfigError: an option is wrong, or nothing was tuned there.
    """
    from foldwise.config.read import read_service
    from foldwise.doors.listing import listed
    from foldwise.schedule.door import listed_jobs
    from foldwise.spec.services import ListSpec

    return listed(read_service(ListSpec, compose_service("list", overrides)), listed_jobs)


def remove(*overrides: str) -> None:
    """Delete a study, or old output of jobs, as `foldwise remove` does; without `"confirm=true"` it only shows what would go.

    Args:
        overrides: as on the command line, `"study=iris-1"`, `"confirm=true"`.

    Raises:
        FoldwiseError: with one sentence; ConfigError for an unknown study or a champion that is not named, and then nothing is
            deleted.
    """
    from foldwise.doors.remove import remove as remove_here

    remove_here(compose_service("remove", overrides))


def load(reference: str, runs: str = "mlruns", url: str | None = None) -> Bundle:
    """The registered model `NAME@alias` or `NAME/version`; its `predict` answers raw rows.

    Args:
        reference: as in `"iris@champion"`.
        runs: the folder that studies write to.
        url: MLflow's store, if it is not in `runs`.
    """
    from foldwise.doors.services import load_model

    return load_model(reference, runs, url)


def _request(overrides: Sequence[str], frame: Any, target: str | None, values: Mapping[str, Any]) -> Request:
    """The request; a frame and functions are wrapped as values that only Python can give."""
    rows = {} if target is None else {"target": target}
    if frame is None:
        return request_study(overrides, {**{f"data.{key}": value for key, value in rows.items()}, **_handed_over(values)})
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ConfigError("frame", f"must be a pandas DataFrame, got {type(frame).__name__}; make one by pandas.DataFrame(...)")
    return request_study(
        overrides,
        _handed_over(values),
        {"kind": "frame", "given": PythonFrame(frame), "holdout": HashHoldout().model_dump(), **rows},
    )


def _handed_over(value: Any, key: str = "") -> Any:
    """The value with its functions wrapped, so that they can be recognised and recorded."""
    if isinstance(value, Mapping):
        return {name: _handed_over(item, f"{key}.{name}" if key else str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        if value and value[0] == "choice" and any(callable(item) for item in value):
            raise ConfigError(key, _between_functions(key))
        return [_handed_over(item, key) for item in value]
    if hasattr(value, "iloc"):
        raise ConfigError(key, "cannot be a DataFrame; pass it as frame=..., with target=...")
    if not callable(value):
        return value
    try:
        return PythonFunction(value)
    except ValueError as fault:
        made = isinstance(value, type) and key == "fit.callbacks"
        proposal = f"; write def make(): return {value.__name__}() and pass make" if made else ""
        raise ConfigError(key, f"{fault}{proposal}") from None


def _between_functions(key: str) -> str:
    section = key.partition(".")[0]
    if section == "fit":
        return "callbacks cannot be searched; pass a list of functions"
    what, name = ("schedules", "schedule") if section == "lr_schedule" else ("models", "build")
    return f"a choice between functions is one between {what}, ['choice', {{'kind': 'python', '{name}': f}}, ...]"
