"""scikit-learn estimators: a small study at each `fit`, which leaves nothing on the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y, check_is_fitted, validate_data

from foldwise.doors.compose import Request, request_study
from foldwise.doors.notebook_screen import screen_here
from foldwise.doors.run import run_here
from foldwise.doors.screen import Screen, plain_console
from foldwise.errors import ConfigError, DataError
from foldwise.python.study_result import StudyResult
from foldwise.spec.python_value import PythonFrame
from foldwise.system.process_state import restored

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle  # it imports Keras, and a fit starts TensorFlow first

# All rows are for trials, as scikit-learn's own tools hold rows out; nothing is compared or drawn. `overrides` can change each.
USUAL = ("tracking=in_memory", "baselines=[]", "certify=none", "explain.kind=none", "folds.count=3")
LABEL = "class "  # before the number of a class: a label that cannot be taken for a number
ROWS_LEFT_OUT = {"kind": "none"}
WIDTH = 110


class _FoldwiseEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What both estimators share."""

    def __init__(
        self, trials: int = 5, *, overrides: Sequence[str] = (), random_state: Any = None, verbose: bool = False
    ) -> None:
        self.trials = trials
        self.overrides = overrides
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # missing cells are filled
        tags.non_deterministic = False
        return tags

    def _tuned(self, rows: Any, target: npt.NDArray[Any], task: str) -> None:
        """Search on these rows, and keep the refitted model in memory."""
        frame = _as_frame(rows)
        name = "target"
        while name in frame:
            name += "_"
        numbers = dict.fromkeys(frame, "number") if isinstance(rows, np.ndarray) and rows.dtype.kind in "iufb" else {}
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        data = {"kind": "frame", "given": PythonFrame(frame.assign(**{name: target})), "target": name, "kinds": numbers}
        with restored(), tempfile.TemporaryDirectory(prefix="foldwise-") as folder:
            words = [*USUAL, f"budget.trials={self.trials}", f"seed={seed}", *self.overrides]
            values = {"paths.runs": folder, "data.task": task}
            try:
                request = request_study(words, values, {**data, "holdout": ROWS_LEFT_OUT})
                study = _run(request, screen_here() if self.verbose else Screen(plain_console(StringIO(), WIDTH)))
            except (ConfigError, DataError) as fault:
                raise ValueError(str(fault)) from fault
            self.bundle_: Bundle = study.bundle
        self.leaderboard_: pd.DataFrame = study.leaderboard()
        self.best_params_: Mapping[str, Any] = dict(study.best.params)
        self.best_score_: float = study.best.mean

    def _answers(self, rows: Any) -> pd.DataFrame:
        check_is_fitted(self)
        return self.bundle_.predict(_as_frame(self._checked(rows, reset=False)))

    def _checked(self, rows: Any, reset: bool) -> Any:
        """The rows as a DataFrame with columns of any kind, or as an array; names and number of columns are compared."""
        if isinstance(rows, pd.DataFrame):
            validate_data(self, rows, reset=reset, skip_check_array=True)
            if reset and rows.empty:
                raise ValueError(
                    f"Found array with {len(rows)} sample(s) and {rows.shape[1]} feature(s); a minimum of 1 is required."
                )
            return rows
        return validate_data(self, rows, reset=reset, dtype=None, ensure_all_finite="allow-nan")

    def _checked_both(self, rows: Any, target: Any, **how: Any) -> tuple[Any, npt.NDArray[Any]]:
        if target is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        given = self._checked(rows, reset=True)
        checked = _check_y(target, multi_output=False, estimator=self, **how)
        if len(given) != len(checked):
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[len(given), len(checked)]}")
        if len(checked) < 2:
            raise ValueError(f"a study needs 2 rows at least, got n_samples = {len(checked)}")
        return given, checked


class FoldwiseClassifier(ClassifierMixin, _FoldwiseEstimator):  # type: ignore[misc]  # as above
    """A classifier that searches its network and preparation at each `fit`.

    Args:
        trials: of the search, `budget.trials`.
        overrides: further words of the configuration, as in `foldwise.tune`: `["model.units=[int,8,64]", "fit.epochs=50"]`.
        random_state: as anywhere in scikit-learn; an equal number gives an equal model.
        verbose: whether the study is shown as `foldwise.tune` shows it.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_, feature_names_in_: of `fit`; the latter if the names of the columns are text.
        bundle_: the model with its preparation, which answers raw rows.
        leaderboard_: the trials, the best first. best_params_, best_score_: of the best.
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Search on these rows.

        Args:
            X: (rows, columns), an array, or a DataFrame with columns of any kind; missing cells are filled.
            y: (rows,), labels of any type.

        Raises:
            ValueError: with the sentence of the fault.
        """
        rows, target = self._checked_both(X, y)
        check_classification_targets(target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class only, {self.classes_[0]!r}; a classifier needs two")
        labels = np.array([f"{LABEL}{place}" for place in range(len(self.classes_))], dtype=object)
        self._tuned(rows, labels[codes], "binary" if len(self.classes_) == 2 else "multiclass")
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The labels of rows, (rows,)."""
        answers = self._answers(X)["prediction"]
        labels: npt.NDArray[Any] = self.classes_[[int(label.removeprefix(LABEL)) for label in answers]]
        return labels

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """The probabilities of the labels, (rows, labels), in the order of `classes_`."""
        answers = self._answers(X)
        return answers[[f"p_{LABEL}{place}" for place in range(len(self.classes_))]].to_numpy(dtype=np.float64)


class FoldwiseRegressor(RegressorMixin, _FoldwiseEstimator):  # type: ignore[misc]  # as above
    """A regressor that searches its network and preparation at each `fit`; all else is as FoldwiseClassifier has it."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Search on these rows.

        Args:
            X: (rows, columns), an array, or a DataFrame with columns of any kind; missing cells are filled.
            y: (rows,), numbers.

        Raises:
            ValueError: with the sentence of the fault.
        """
        rows, target = self._checked_both(X, y, y_numeric=True)
        self._tuned(rows, target.astype(np.float64), "regression")
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """The numbers of rows, (rows,)."""
        return self._answers(X)["prediction"].to_numpy(dtype=np.float64)


def _run(request: Request, screen: Screen) -> StudyResult:
    spec, goal, found, results, folder = run_here(request, True, screen)
    return StudyResult(spec.name, goal, spec.space, spec.recipe, found, results, folder, spec)


def _as_frame(rows: Any) -> pd.DataFrame:
    """The rows with names of columns that are text."""
    if isinstance(rows, pd.DataFrame):
        return rows.set_axis([str(name) for name in rows.columns], axis=1)
    return pd.DataFrame(rows, columns=[f"x{place}" for place in range(rows.shape[1])])
