import numpy as np
import pandas as pd

from foldwise.data.audit.predictability import TOP_LEVELS, feature_matrix, projected
from foldwise.data.blocks import ROWS_AT_ONCE

ROWS = ROWS_AT_ONCE + 9


def frame():
    draw = np.random.default_rng(0)
    number = draw.normal(3, 2, ROWS)
    gaps = np.where(draw.random(ROWS) < 0.1, np.nan, number)
    level = pd.Series(draw.choice(["a", "b", None], ROWS), dtype=object)
    many = pd.Series([f"level {row % 40}" for row in range(ROWS)], dtype=object)
    return pd.DataFrame({"n": number, "gaps": gaps, "none": np.full(ROWS, np.nan), "c": level, "many": many})


def test_the_matrix_has_numbers_their_gaps_and_the_common_levels_of_all_rows():
    rows = frame()
    matrix = feature_matrix(rows)
    assert matrix.shape == (ROWS, 1 + 2 + 3 + TOP_LEVELS)
    np.testing.assert_allclose(matrix[:, 0], (rows["n"] - rows["n"].mean()) / rows["n"].std(ddof=0))
    assert (matrix[:, 1][rows["gaps"].isna()] == 0).all()
    assert (matrix[:, 2] == rows["gaps"].isna()).all()
    assert (matrix[:, 3:6].sum(axis=1) == 1).all()
    assert feature_matrix(rows[["none"]]).shape == (ROWS, 0)


def test_many_features_are_projected_on_random_directions():
    rows = frame()
    whole = feature_matrix(rows)
    few = projected(rows, whole.shape[1], np.random.default_rng(1))
    assert np.array_equal(few, whole)
    directions = np.random.default_rng(1).normal(size=(whole.shape[1], 5))
    np.testing.assert_allclose(projected(rows, 5, np.random.default_rng(1)), whole @ directions, rtol=1e-12, atol=1e-12)
