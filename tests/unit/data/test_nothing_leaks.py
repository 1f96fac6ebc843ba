"""Every step of a preparation gives the same result if only rows outside the training rows of a fold change."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from foldwise.data.fold_cache import FoldCache
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import fit_preparation, prepare_fold
from foldwise.data.schema import Column, Schema
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.spec.prep import PrepSpec, ScaleKind

ROWS, TRAINED, VALIDATED = 120, 80, 100
SPLIT = Split(np.arange(TRAINED), np.arange(TRAINED, VALIDATED))  # the other rows are the holdout's

STEPS = [
    *({"scale": scale} for scale in get_args(ScaleKind)),
    *({"impute": {"kind": kind, "indicator": True}} for kind in ("median", "mean", "most_frequent", "constant")),
    *({"one_hot": rule} for rule in ({"min_share": 0.1}, {"max_levels": 2}, {"drop_first": True})),
    *({"dates": kind} for kind in ("parts", "cyclic")),
    {"text": {"kind": "hash", "width": 16}},
    *({"select": rule} for rule in ({"kind": "variance", "threshold": 0.1}, {"kind": "l1", "strength": 0.3})),
    *({"select": {"kind": "k_best", "k": 3, "by": by}, "one_hot": {"drop_first": True}} for by in ("anova", "mutual_info")),
    *({"target": kind} for kind in ("standard", "log", "none")),
]


def table(task="binary"):
    draws = np.random.default_rng(0)
    days = np.datetime64("2020-01-01") + draws.integers(0, 700, ROWS).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "n": draws.normal(5, 3, ROWS),
            "gaps": np.where(draws.random(ROWS) < 0.2, np.nan, np.exp(draws.normal(size=ROWS))),
            "colour": pd.Series(draws.choice(["u", "v", "w", None], ROWS, p=[0.5, 0.3, 0.15, 0.05]), dtype=object),
            "day": days.astype("datetime64[us]"),
            "story": pd.Series([" ".join(draws.choice(["red", "blue", "sea"], 3)) for _ in range(ROWS)], dtype=object),
        }
    )
    kinds = ("number", "number", "category", "date", "text")
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame, kinds, strict=True)))
    signal = frame["n"].to_numpy() + draws.normal(size=ROWS)
    target, labels = ((signal > 5).astype(np.int64), ("no", "yes")) if task == "binary" else (np.exp(signal), ())
    return Table(frame, schema, frame, target, labels, task, "y", np.arange(ROWS))


def planted(rows):
    """The same training rows; all others are outliers, gaps, a level and words never seen, and other answers."""
    frame = rows.frame.copy()
    others = frame.index >= TRAINED
    frame.loc[others, "n"] = 1e9
    frame.loc[others, "gaps"] = np.where(np.arange(ROWS - TRAINED) % 2, np.nan, -1e30)
    frame.loc[others, "colour"] = "new"
    frame.loc[others, "day"] = np.datetime64("1950-07-01T13:30", "us")
    frame.loc[others, "story"] = "quite other words"
    target = rows.target.copy()
    target[TRAINED:] = 1 - target[TRAINED:] if rows.labels else 1e6
    return replace(rows, frame=frame, target=target)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_no_step_learns_from_validation_or_holdout_rows(task, step, tmp_path):
    if task == "binary" and step.get("target") == "log":
        pytest.skip("classes have no logarithm")
    prep, rows = PrepSpec.model_validate(step), table(task)
    ours, theirs = (prepare_fold(one, SPLIT, prep) for one in (rows, planted(rows)))
    assert np.array_equal(ours.train_x, theirs.train_x)
    assert np.array_equal(ours.train_y, theirs.train_y)
    assert not np.array_equal(ours.valid_x, theirs.valid_x)
    assert np.isfinite(theirs.valid_x).all()
    learnt, other = (fit_preparation(one, SPLIT.train, prep) for one in (rows, planted(rows)))
    assert learnt == other
    assert len(learnt.features) == ours.train_x.shape[1]
    save_preparation(learnt, tmp_path / "prep.json")
    loaded = load_preparation(tmp_path / "prep.json")
    assert loaded == learnt
    assert np.array_equal(loaded.transform(planted(rows).frame), learnt.transform(planted(rows).frame))


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_second_trial_with_the_same_step_prepares_nothing(step):
    cache, task = FoldCache(table("regression"), [SPLIT]), PrepSpec.model_validate
    first = cache.folds(task(step))
    assert cache.folds(task(step)) is first
    assert cache.folds(task({**step, "scale": "max" if step.get("scale") != "max" else "none"})) is not first
