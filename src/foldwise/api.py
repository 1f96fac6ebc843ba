"""foldwise from Python: the doors as functions, and the result of a study as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from foldwise.config.read import read_service
from foldwise.doors.compose import Request, compose_service, compose_study, request_study
from foldwise.errors import ConfigError
from foldwise.python.study_result import StudyResult
from foldwise.spec.data import HashHoldout
from foldwise.spec.function import is_of_hp
from foldwise.spec.python_value import PythonFrame, PythonFunction
from foldwise.spec.study import TrainingSpec
from foldwise.system.process_state import restored

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from foldwise.bundle.bundle import Bundle

Given = ParamSpec("Given")
Back = TypeVar("Back")


def _leaving_no_trace(call: Callable[Given, Back]) -> Callable[Given, Back]:
    """The function; after it every setting of the process is as it was, as `system.process_state` says."""

    @wraps(call)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> Back:
        with restored():
            return call(*args, **kwargs)

    return wrapped


@_leaving_no_trace
def tune(
    *overrides: str, frame: pd.DataFrame | None = None, target: str | Sequence[str] | None = None, **values: Any
) -> StudyResult:
    """Search, cross-validate, refit and register, as `foldwise tune` does.

    Args:
        overrides: as on the command line, `"data=iris"`, `"budget.trials=20"`.
        frame: the rows, instead of a file; its options are overrides, `"data.drop=[name]"`.
        target: the column to predict, `data.target`; or a list of columns of numbers.
        values: whole sections as Python values, `budget={"trials": 20}`; they can hold functions: a model's build, a
            schedule, and those that make callbacks.

    Raises:
        FoldwiseError: with one sentence; ConfigError and DataError if the configuration or the data are wrong.
    """
    return _run(_request(overrides, frame, target, values), search=True)


@_leaving_no_trace
def train(
    *overrides: str, frame: pd.DataFrame | None = None, target: str | Sequence[str] | None = None, **values: Any
) -> StudyResult:
    """Tune without a search: every range takes its default."""
    return _run(_request(overrides, frame, target, values), search=False)


@_leaving_no_trace
def open_study(name: str, *overrides: str) -> StudyResult:
    """A study by its name, finished or not; nothing is trained, and the study is not changed.

    Args:
        name: as in `"iris-1a2b3c4d"`; `foldwise.tune` and its screen say it.
        overrides: where it is, `"paths.runs=..."` or `"ledger.url=..."`.

    Raises:
        ConfigError: there is no study of that name.
    """
    from foldwise.python.open_study import opened

    return opened(name, overrides)


@_leaving_no_trace
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


@_leaving_no_trace
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


@_leaving_no_trace
def list_all(*overrides: str) -> Mapping[str, list[dict[str, Any]]]:
    """Studies, models and jobs from the ledger, as `foldwise list format=json` shows them.

    Args:
        overrides: as on the command line, `"kind=studies"`.

    Returns:
        `studies`, `models` and `jobs`, or the one that was asked for; a row of plain values each.

    Raises:
        ConfigError: an option is wrong, or nothing was tuned there.
    """
    from foldwise.doors.listing import listed
    from foldwise.schedule.door import listed_jobs
    from foldwise.spec.services import ListSpec

    return listed(read_service(ListSpec, compose_service("list", overrides)), listed_jobs)


@_leaving_no_trace
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


@_leaving_no_trace
def load(reference: str, runs: str = "mlruns", url: str | None = None) -> Bundle:
    """The registered model `NAME@alias` or `NAME/version`; its `predict` answers raw rows.

    Args:
        reference: as in `"iris@champion"`.
        runs: the folder that studies write to.
        url: MLflow's store, if it is not in `runs`.
    """
    from foldwise.doors.services import load_model

    return load_model(reference, runs, url)


def _run(request: Request, search: bool) -> StudyResult:
    from foldwise.doors.notebook_screen import screen_here
    from foldwise.doors.run import run_here

    screen = screen_here()
    spec, goal, found, results, folder = run_here(request, search, screen)
    return StudyResult(spec.name, goal, spec.space, spec.recipe, found, results, folder, spec, screen.result_shown)


def _request(overrides: Sequence[str], frame: Any, target: str | Sequence[str] | None, values: Mapping[str, Any]) -> Request:
    """The request; a frame and functions are wrapped as values that only Python can give."""
    rows = {} if target is None else {"target": target if isinstance(target, str) else list(target)}
    handed = _handed_over(values)
    model = handed.get("model")
    if isinstance(model, Mapping) and "build" in model:
        handed["model"] = {**_ranges_of(model["build"], overrides, values), **model}
    if frame is None:
        return request_study(overrides, {**{f"data.{key}": value for key, value in rows.items()}, **handed})
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ConfigError("frame", f"must be a pandas DataFrame, got {type(frame).__name__}; make one by pandas.DataFrame(...)")
    return request_study(
        overrides,
        handed,
        {"kind": "frame", "given": PythonFrame(frame), "holdout": HashHoldout().model_dump(), **rows},
    )


def _handed_over(value: Any, key: str = "") -> Any:
    """The value with its functions wrapped, so that they can be recognised and recorded."""
    if key == "model" and callable(value):
        return _handed_over({"kind": "python", "build": value}, key)
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


def _ranges_of(build: Any, overrides: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The ranges that KerasTuner's `build(hp)` asks for, on the study's backend; those beside it in the section win."""
    if not isinstance(build, PythonFunction) or not is_of_hp(build):
        return {}
    given = {key: value for key, value in values.items() if key.partition(".")[0] == "training"}
    backend = read_service(TrainingSpec, compose_study(overrides, given)["training"]).backend
    from foldwise.training.hp_ranges import hp_ranges

    return hp_ranges(build, backend)


def _between_functions(key: str) -> str:
    section = key.partition(".")[0]
    if section == "fit":
        return "callbacks cannot be searched; pass a list of functions"
    what, name = ("schedules", "schedule") if section == "lr_schedule" else ("models", "build")
    return f"a choice between functions is one between {what}, ['choice', {{'kind': 'python', '{name}': f}}, ...]"
