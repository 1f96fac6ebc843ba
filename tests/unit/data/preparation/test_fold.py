import tracemalloc
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from foldwise.data.blocks import ROWS_AT_ONCE
from foldwise.data.preparation import fold
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import fit_preparation, prepare_fold
from foldwise.data.preparation.target_scale import TargetScale
from foldwise.data.read_table import read_table
from foldwise.data.schema import Column, Schema
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import ConfigError, DataError
from foldwise.spec.balance import BalanceSpec
from foldwise.spec.data import CsvData
from foldwise.spec.prep import HashText, Impute, OneHot, PrepSpec, ScaleKind

ROWS = 100
SPLIT = Split(np.arange(80), np.arange(80, ROWS))
SCALES = get_args(ScaleKind)
IMPUTES = ["median", "mean", "most_frequent", "constant"]


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.normal(5, 3, ROWS),
            "gaps": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(size=ROWS)),
            "late": [1.5] * 80 + list(rng.normal(size=20)),  # constant in the training rows
            "c": rng.choice(["u", "v", "w", None], ROWS, p=[0.5, 0.3, 0.1, 0.1]),
            "y": rng.choice(["p", "q", "r"], ROWS),
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return read_table(CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"))


def with_validation_changed(table):
    """The same training rows, and validation rows with outliers, gaps and a level never seen."""
    frame = table.frame.copy()
    frame.loc[80:, "n"] = 1e9
    frame.loc[80:, "gaps"] = np.nan
    frame.loc[80:, "late"] = -1e30
    frame.loc[80:, "c"] = "new"
    return replace(table, frame=frame)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("impute", IMPUTES)
def test_validation_rows_never_change_a_preparation(table, scale, impute):
    prep = PrepSpec(scale=scale, impute=Impute(kind=impute, indicator=True), one_hot=OneHot(min_share=0.05))
    fold, other = prepare_fold(table, SPLIT, prep), prepare_fold(with_validation_changed(table), SPLIT, prep)
    assert np.array_equal(fold.train_x, other.train_x)
    assert not np.array_equal(fold.valid_x, other.valid_x)
    assert fit_preparation(table, SPLIT.train, prep) == fit_preparation(with_validation_changed(table), SPLIT.train, prep)


@pytest.mark.parametrize("scale", SCALES)
def test_everything_is_finite_even_where_a_column_is_constant_in_a_fold(table, scale):
    for rows in (table, with_validation_changed(table)):
        fold = prepare_fold(rows, SPLIT, PrepSpec(scale=scale))
        assert np.isfinite(fold.train_x).all()
        assert np.isfinite(fold.valid_x).all()
        assert fold.train_x.dtype == np.float32


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("standard", lambda x: (x - x.mean()) / x.std()),
        ("minmax", lambda x: (x - x.min()) / (x.max() - x.min())),
        ("max", lambda x: x / np.abs(x).max()),
        ("robust", lambda x: (x - np.median(x)) / np.subtract(*np.percentile(x, [75, 25]))),
        ("none", lambda x: x),
    ],
)
def test_scales_follow_their_formulas(table, scale, expected):
    fold = prepare_fold(table, SPLIT, PrepSpec(scale=scale))
    numbers = table.frame["n"].to_numpy()[:80]
    np.testing.assert_allclose(fold.train_x[:, 0], expected(numbers), rtol=1e-5, atol=1e-6)


def test_robust_falls_back_to_the_deviation_where_half_of_the_values_are_equal(table):
    frame = table.frame.copy()
    frame["n"] = [0.0] * 70 + [99999.0] * 30
    fold = prepare_fold(replace(table, frame=frame), SPLIT, PrepSpec(scale="robust"))
    assert np.abs(fold.train_x[:, 0]).max() < 10


def test_gaps_are_filled_from_training_rows_and_can_be_shown(table):
    prep = PrepSpec(scale="none", impute=Impute(kind="median", indicator=True))
    preparation = fit_preparation(table, SPLIT.train, prep)
    assert "gaps is missing" in preparation.features
    assert "n is missing" not in preparation.features
    out = pd.DataFrame(preparation.transform(table.frame), columns=preparation.features)
    gaps = table.frame["gaps"].isna()
    assert np.array_equal(out["gaps is missing"] == 1, gaps)
    np.testing.assert_allclose(out["gaps"][gaps], table.frame["gaps"][:80].median(), rtol=1e-6)


def test_levels_become_columns_missing_is_a_level_and_unknown_is_all_zeros(table):
    preparation = fit_preparation(table, SPLIT.train, PrepSpec())
    levels = [name for name in preparation.features if name.startswith("c=")]
    assert levels == ["c=u", "c=v", "c=w", "c=(missing)"]
    frame = table.frame.iloc[:3].assign(c=pd.Series(["v", None, "never"], dtype=object))
    assert preparation.transform(frame)[:, -4:].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_rare_levels_share_a_column(table):
    preparation = fit_preparation(table, SPLIT.train, PrepSpec(one_hot=OneHot(max_levels=2)))
    assert preparation.features[-2:] == ("c=u", "c=(rare)")
    frame = table.frame.iloc[:3].assign(c=["u", "w", "never"])
    assert preparation.transform(frame)[:, -2:].tolist() == [[1, 0], [0, 1], [0, 0]]
    wide = fit_preparation(table, SPLIT.train, PrepSpec(one_hot=OneHot(min_share=0.25, drop_first=True)))
    assert wide.features[-2:] == ("c=v", "c=(rare)")


def test_most_frequent_fills_categories_too(table):
    preparation = fit_preparation(table, SPLIT.train, PrepSpec(impute=Impute(kind="most_frequent")))
    assert preparation.features[-3:] == ("c=u", "c=v", "c=w")
    frame = table.frame.iloc[:1].assign(c=pd.Series([None], dtype=object))
    assert preparation.transform(frame)[:, -3:].tolist() == [[1, 0, 0]]


def test_a_single_row_is_prepared_as_in_a_table(table):
    preparation = fit_preparation(table, SPLIT.train, PrepSpec())
    together = preparation.transform(table.frame)
    alone = np.vstack([preparation.transform(table.frame.iloc[[row]]) for row in range(ROWS)])
    assert np.array_equal(together, alone)


def test_targets_of_each_task(table):
    fold = prepare_fold(table, SPLIT, PrepSpec())
    assert fold.train_y.shape == (80, 3)
    assert np.array_equal(fold.train_y.argmax(axis=1), table.target[:80])
    binary = replace(table, target=table.target % 2, labels=("p", "q"), task="binary")
    assert prepare_fold(binary, SPLIT, PrepSpec()).valid_y[:, 0].tolist() == binary.target[80:].tolist()
    numbers = replace(table, target=np.linspace(0, 1e6, ROWS), labels=(), task="regression")
    fold = prepare_fold(numbers, SPLIT, PrepSpec())
    assert abs(float(fold.train_y.mean())) < 1e-6
    assert abs(float(fold.train_y.std()) - 1) < 1e-6
    assert fold.valid_truth.tolist() == numbers.target[80:].tolist()
    np.testing.assert_allclose(fold.target.back(fold.valid_y[:, 0]), fold.valid_truth, rtol=1e-6)
    assert prepare_fold(numbers, SPLIT, PrepSpec(target="none")).target == TargetScale()


def test_the_range_of_answers_comes_from_training_rows(table):
    numbers = replace(table, target=np.linspace(5, 100, ROWS), labels=(), task="regression")
    target = prepare_fold(numbers, SPLIT, PrepSpec(clamp_target=True)).target
    assert (target.low, target.high) == (numbers.target[:80].min(), numbers.target[:80].max())
    assert target.high < numbers.target.max()
    assert prepare_fold(table, SPLIT, PrepSpec(clamp_target=True)).target == TargetScale()


def test_a_skewed_target_is_learnt_as_its_logarithm_and_refused_where_it_has_none(table):
    numbers = replace(table, target=np.exp(np.linspace(0, 9, ROWS)), labels=(), task="regression")
    fold = prepare_fold(numbers, SPLIT, PrepSpec(target="log"))
    np.testing.assert_allclose(fold.target.back(fold.valid_y[:, 0]), fold.valid_truth, rtol=1e-5)
    learnt = np.log1p(numbers.target[:80])
    np.testing.assert_allclose(fold.train_y[:, 0], (learnt - learnt.mean()) / learnt.std(), rtol=1e-4, atol=1e-6)
    numbers.target[90] = -5.0  # not a training row: its validation loss stays finite, its truth is as it is
    assert np.isfinite(prepare_fold(numbers, SPLIT, PrepSpec(target="log")).valid_y).all()
    numbers.target[3] = -1.0
    with pytest.raises(ConfigError, match=r"prep\.target.*> -1.*y is -1 in row 4"):
        prepare_fold(numbers, SPLIT, PrepSpec(target="log"))
    with pytest.raises(ConfigError, match=r"prep\.target.*y has labels"):
        prepare_fold(table, SPLIT, PrepSpec(target="log"))


@pytest.mark.parametrize("scale", SCALES)
def test_a_saved_preparation_gives_exactly_the_same_numbers(table, tmp_path, scale):
    prep = PrepSpec(scale=scale, impute=Impute(kind="mean", indicator=True), one_hot=OneHot(max_levels=3))
    preparation = fit_preparation(table, SPLIT.train, prep)
    save_preparation(preparation, tmp_path / "prep.json")
    loaded = load_preparation(tmp_path / "prep.json")
    assert loaded == preparation
    assert np.array_equal(loaded.transform(table.frame), preparation.transform(table.frame))


@pytest.mark.parametrize("content", ["", "{}", '{"format": 99}', "[1]"])
def test_a_file_with_no_preparation_is_refused(tmp_path, content):
    (tmp_path / "prep.json").write_text(content)
    with pytest.raises(DataError):
        load_preparation(tmp_path / "prep.json")


@pytest.mark.parametrize("select", ["none", "k_best"])
def test_every_feature_knows_the_column_that_it_comes_from(tmp_path, select):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(size=ROWS))})
    frame["day"] = (np.datetime64("2020-01-01") + rng.integers(0, 900, ROWS)).astype(str)
    frame["note"] = [" ".join(rng.choice(["red", "blue", "door", "sea"], 5)) for _ in range(ROWS)]
    frame["c"] = rng.choice(["u", "v", "w"], ROWS)
    frame["y"] = rng.choice(["p", "q"], ROWS)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    kinds = frozenset(("number", "category", "date", "text"))
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y", kinds={"note": "text"})
    prep = PrepSpec.model_validate(
        {
            "impute": {"kind": "median", "indicator": True},
            "dates": "cyclic",
            "text": {"kind": "hash", "width": 4},
            "select": {"kind": select, **({"k": 6} if select == "k_best" else {})},
        }
    )
    preparation = fit_preparation(read_table(data, used=kinds), np.arange(ROWS), prep)
    assert len(preparation.origins) == len(preparation.features)
    for column, feature in zip(preparation.origins, preparation.features, strict=True):
        assert feature.startswith(column)
    if select == "none":
        assert set(preparation.origins) == {"n", "day", "note", "c"}


MANY = 2 * ROWS_AT_ONCE + 7


def many_rows(numbers=7, rows=MANY, levels=9):
    """A table of several blocks, with gaps, a date, a text and a category."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{place}": column for place, column in enumerate(draw.normal(size=(numbers, rows)) ** 3)})
    frame.loc[draw.random(rows) < 0.1, "n0"] = np.nan
    frame["day"] = np.datetime64("2020-01-01", "us") + draw.integers(0, 10**14, rows).astype("timedelta64[us]")
    frame["word"] = pd.Series(draw.choice(["red car", "a blue car", "car", None], rows), dtype=object)
    frame["c"] = pd.Series(draw.choice([*(f"level {code}" for code in range(levels)), None], rows), dtype=object)
    kinds = [*["number"] * numbers, "date", "text", "category"]
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame.columns, kinds, strict=True)))
    return Table(frame, schema, frame, draw.integers(0, 2, rows), ("no", "yes"), "binary", "y", np.arange(rows))


@pytest.mark.parametrize("scale", SCALES)
def test_rows_that_are_prepared_in_blocks_are_equal_to_the_last_bit(scale):
    table = many_rows()
    rows = np.arange(0, MANY, 2)
    prep = PrepSpec(scale=scale, dates="parts", text=HashText(kind="hash", width=8), impute=Impute(indicator=True))
    preparation = fit_preparation(table, rows, prep)
    whole = preparation.expand(*preparation.scaled(table.frame), preparation.ordinal(table.frame))
    assert np.array_equal(preparation.transform(table.frame), whole)
    assert np.array_equal(preparation.rows(table.frame, rows[::-1]), whole[rows[::-1]])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("impute", IMPUTES)
def test_columns_that_are_fitted_some_at_a_time_are_fitted_the_same(scale, impute, monkeypatch):
    table = many_rows(numbers=9, rows=1000)
    rows, prep = np.arange(0, 1000, 2), PrepSpec(scale=scale, dates="cyclic", impute=Impute(kind=impute, indicator=True))
    together = fit_preparation(table, rows, prep)
    monkeypatch.setattr(fold, "CELLS_AT_ONCE", 1)
    assert fit_preparation(table, rows, prep) == together


@pytest.mark.parametrize("kind", ["none", "class_weight", "oversample", "undersample"])
def test_a_fold_is_prepared_in_little_more_memory_than_it_takes(kind):
    table = many_rows(numbers=27, rows=50_000, levels=30)
    split = Split(np.arange(0, 33_000), np.arange(33_000, 50_000))
    balance = TypeAdapter(BalanceSpec).validate_python(kind)
    prepare_fold(many_rows(rows=100), Split(np.arange(80), np.arange(80, 100)), PrepSpec(), balance)  # what it imports stays
    tracemalloc.start()
    try:
        data = prepare_fold(table, split, PrepSpec(), balance)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * (data.train_x.nbytes + data.valid_x.nbytes)
