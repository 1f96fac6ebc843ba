"""The bins of numbers for a piecewise-linear embedding, from training rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_ROWS = 50_000  # rows that the bins are found on; more would only cost time
LEAST_IN_BIN = 8  # training rows in a bin that a tree cuts


def edges_of(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], bins: int, tree: bool) -> list[Floats]:
    """The edges of each column's bins, rising, at least two unless the column is constant.

    Args:
        x: training rows, (rows, columns).
        y: their targets, (rows, outputs): 0 and 1, one-hot, or numbers.
        bins: at most this many for a column.
        tree: whether a decision tree on the target cuts them; otherwise they hold equally many rows.

    Source: Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning.
    """
    step = max(1, -(-len(x) // MOST_ROWS))
    x, y = x[::step].astype(np.float64), y[::step]
    return [_by_tree(column, y, bins) if tree else _by_quantiles(column, bins) for column in x.T]


def _by_quantiles(column: Floats, bins: int) -> Floats:
    return np.unique(np.quantile(column, np.linspace(0.0, 1.0, bins + 1)))


def _by_tree(column: Floats, y: npt.NDArray[np.floating], bins: int) -> Floats:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    least = min(LEAST_IN_BIN, max(1, len(column) // (2 * bins)))
    counts = np.isin(y, (0, 1)).all()
    kind = DecisionTreeClassifier if counts else DecisionTreeRegressor
    target = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1) if counts else y
    found = kind(max_leaf_nodes=bins, min_samples_leaf=least, random_state=0).fit(column[:, None], target).tree_
    cuts = found.threshold[found.feature == 0]
    return np.unique(np.concatenate([[column.min()], cuts, [column.max()]]))
