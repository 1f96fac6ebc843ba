"""Feature selection on a fold's training rows, the last step of a preparation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.errors import ConfigError
from foldwise.spec.prep import KBestSelect, L1Select, NoSelect, SelectSpec, VarianceSelect

Floats = npt.NDArray[np.float64]

INFORMATION_ROWS = 5_000  # mutual information searches neighbours for each feature: more rows cost seconds and change little


def kept_features(
    select: SelectSpec, x: npt.NDArray[Any], y: npt.NDArray[Any], classes: int, continuous: int
) -> tuple[int, ...] | None:
    """The columns of `x` that are kept, in their order; None for all.

    Args:
        select: the rule.
        x: prepared training rows, (rows, features).
        y: their targets, (rows, outputs): 0 and 1, one-hot, or numbers.
        classes: the number of labels; 0 for numbers.
        continuous: the number of continuous features, which come first; the others are 0 or 1.

    Raises:
        ConfigError: nothing would be kept.
    """
    if isinstance(select, NoSelect):
        return None
    features = np.array(x, dtype=np.float64, order="F")  # all functions below work column by column
    outputs = y.astype(np.float64)
    match select:
        case VarianceSelect():
            kept = _varied(features, select.threshold)
        case KBestSelect():
            kept = _best(_scores(select.by, features, outputs, classes, continuous), select.k)
        case L1Select():
            kept = _weighted(features, outputs, select.strength)
    return tuple(int(place) for place in np.flatnonzero(kept))


def _varied(x: Floats, threshold: float) -> npt.NDArray[np.bool_]:
    variance = np.where(np.ptp(x, axis=0) > 0, x.var(axis=0), 0.0)  # var() of equal numbers is not exactly 0
    kept: npt.NDArray[np.bool_] = variance > threshold
    if not kept.any():
        rule = f"no feature has a variance above {threshold:g}, the largest has {variance.max():.3g}"
        raise ConfigError("prep.select.threshold", f"{rule}; lower it")
    return kept


def _scores(by: str, x: Floats, y: Floats, classes: int, continuous: int) -> Floats:
    """The dependence of the target on each feature, of several numbers the sum: higher is stronger; nan for constant ones."""
    if not classes and y.shape[1] > 1:
        together: Floats = np.sum([_scores(by, x, column[:, None], classes, continuous) for column in y.T], axis=0)
        return together
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    if by == "anova":
        return _explained(x, np.hstack([1.0 - y, y]) if classes == 2 else y)
    target = (y.argmax(axis=1) if classes > 2 else y[:, 0].astype(np.int64)) if classes else y[:, 0]
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), INFORMATION_ROWS)).astype(np.int64))
    information = mutual_info_classif if classes else mutual_info_regression
    of_levels = np.arange(x.shape[1]) >= continuous
    # random numbers break ties between equal values; a fixed seed makes a preparation repeatable
    return np.asarray(information(x[some], target[some], discrete_features=of_levels, random_state=0), dtype=np.float64)


def _explained(x: Floats, y: Floats) -> Floats:
    """The share of each feature's variance that classes (one column each) or a number explain.

    It ranks features like F in an analysis of variance. scikit-learn computes F as a small difference of large sums: rounded
    below 0, it ranks a feature that separates the classes perfectly last.
    """
    outputs = y if y.shape[1] > 1 else y - y.mean()
    size = np.maximum((outputs**2).sum(axis=0), np.finfo(np.float64).tiny)
    centred = x - x.mean(axis=0)
    explained = ((outputs.T @ centred) ** 2 / size[:, None]).sum(axis=0)
    varied = np.ptp(x, axis=0) > 0
    return np.where(varied, explained / np.where(varied, np.einsum("ij,ij->j", centred, centred), 1.0), np.nan)


def _best(scores: Floats, count: int) -> npt.NDArray[np.bool_]:
    """The `count` highest scores; of equal scores the first."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    kept = np.zeros(len(scores), dtype=np.bool_)
    kept[order[:count]] = True
    return kept


def _weighted(x: Floats, y: Floats, strength: float) -> npt.NDArray[np.bool_]:
    """The features that a lasso gives a weight for any output; they are standardised first."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    sd = np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), np.inf)
    features, outputs = (x - x.mean(axis=0)) / sd, np.asfortranarray(y - y.mean(axis=0))
    agreement = np.abs(features.T @ outputs).max(axis=1) / len(x)
    first: npt.NDArray[np.bool_] = agreement == agreement.max()  # the last to keep a weight as the penalty grows
    if not agreement.any():
        return first
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is enough to know which weights are 0
        penalty, products = strength * float(agreement.max()), features.T @ features
        lasso = Lasso(penalty, fit_intercept=False, precompute=products, tol=1e-3).fit(features, outputs)
    weighted: npt.NDArray[np.bool_] = (lasso.coef_.reshape(y.shape[1], -1) != 0).any(axis=0)
    return weighted | first
