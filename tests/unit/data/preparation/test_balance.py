"""Balancing changes training rows only, and new rows are plausible."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_class_weight

from foldwise.data.preparation.balance import check_balance, class_weights, wanted_counts
from foldwise.data.preparation.fold import fit_preparation, prepare_fold
from foldwise.data.read_table import read_table
from foldwise.data.split import Split
from foldwise.errors import ConfigError, TrialFailed
from foldwise.spec.balance import ClassWeight, NoBalance, Oversample, Smote, SmoteTomek, Undersample
from foldwise.spec.data import CsvData
from foldwise.spec.prep import Impute, OneHot, PrepSpec

ROWS, TRAIN = 240, 180
SPLIT = Split(np.arange(TRAIN), np.arange(TRAIN, ROWS))
PREP = PrepSpec(impute=Impute(indicator=True), one_hot=OneHot(min_share=0.02))
KINDS = [
    NoBalance(),
    ClassWeight(kind="class_weight"),
    Oversample(kind="oversample", ratio=0.7),
    Undersample(kind="undersample", ratio=0.5),
    Smote(kind="smote"),
    SmoteTomek(kind="smote_tomek", ratio=0.8),
]
EACH = pytest.mark.parametrize("balance", KINDS, ids=lambda balance: balance.kind)
GROWING = pytest.mark.parametrize("balance", KINDS[4:], ids=lambda balance: balance.kind)


def read(tmp_path, shares, columns=("n", "gaps", "c", "d")):
    """Rows whose class depends on their cells, with gaps in a number and in a category."""
    rng = np.random.default_rng(0)
    target = rng.choice(list(shares), ROWS, p=list(shares.values()))
    code = np.array([list(shares).index(label) for label in target])
    frame = pd.DataFrame(
        {
            "n": rng.normal(code, 1.0),
            "gaps": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(-code, 1.0)),
            "c": np.where(rng.random(ROWS) < 0.1, None, np.where(rng.random(ROWS) < 0.7, np.array(["u", "v", "w"])[code], "u")),
            "d": rng.choice(["left", "right"], ROWS),
            "y": target,
        }
    )[[*columns, "y"]]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return read_table(CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"))


@pytest.fixture
def table(tmp_path):
    return read(tmp_path, {"p": 0.7, "q": 0.2, "r": 0.1})


@pytest.fixture
def binary(tmp_path):
    return read(tmp_path, {"no": 0.85, "yes": 0.15})


def counts_of(fold):
    weight = np.ones(len(fold.train_y)) if fold.train_weight is None else fold.train_weight
    return (fold.train_y * weight[:, None]).sum(axis=0)


def prepared(table, balance, seed=3, prep=PREP):
    return prepare_fold(table, SPLIT, prep, balance, seed)


@EACH
def test_nothing_is_fitted_on_validation_rows(table, balance):
    frame, target = table.frame.copy(), table.target.copy()
    frame.loc[TRAIN:, "n"], frame.loc[TRAIN:, "gaps"], frame.loc[TRAIN:, "c"] = 1e9, np.nan, "new"
    target[TRAIN:] = 2  # the rare class is the only one there
    fold, other = prepared(table, balance), prepared(replace(table, frame=frame, target=target), balance)
    assert np.array_equal(fold.train_x, other.train_x)
    assert np.array_equal(fold.train_y, other.train_y)
    assert np.array_equal(fold.train_weight, other.train_weight)
    assert not np.array_equal(fold.valid_x, other.valid_x)


@EACH
def test_validation_rows_keep_their_number_order_and_values(table, balance):
    plain, fold = prepared(table, NoBalance()), prepared(table, balance)
    for part in ("valid_x", "valid_y", "valid_truth"):
        assert np.array_equal(getattr(fold, part), getattr(plain, part)), part
    assert fold.valid_weight is None
    assert fit_preparation(table, SPLIT.train, PREP).transform(table.frame.iloc[SPLIT.valid]).tolist() == fold.valid_x.tolist()


@EACH
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(table, balance):
    fold, again, other = prepared(table, balance), prepared(table, balance), prepared(table, balance, seed=4)
    assert np.array_equal(fold.train_x, again.train_x)
    drawn = balance.kind not in ("none", "class_weight")
    assert np.array_equal(fold.train_x, other.train_x) is not drawn


@pytest.mark.parametrize("balance", KINDS[:5], ids=lambda balance: balance.kind)
def test_classes_have_the_wanted_ratio(table, balance):
    before = np.bincount(table.target[:TRAIN])
    wanted = {
        "none": before,
        "class_weight": np.full(3, TRAIN / 3),
        "oversample": np.maximum(before, round(before.max() * 0.7)),
        "undersample": np.minimum(before, round(before.min() / 0.5)),
        "smote": np.full(3, before.max()),
    }[balance.kind]
    np.testing.assert_allclose(counts_of(prepared(table, balance)), wanted, rtol=1e-5)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("kind", [Oversample, Undersample])
def test_for_two_classes_the_ratio_is_that_of_imbalanced_learn(binary, kind, ratio):
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomOverSampler if kind is Oversample else RandomUnderSampler
    target = binary.target[:TRAIN]
    _, theirs = sampler(sampling_strategy=ratio).fit_resample(np.zeros((TRAIN, 1)), target)
    wanted = {**dict(enumerate(np.bincount(target))), **wanted_counts(target, kind(kind=kind.__name__.lower(), ratio=ratio))}
    np.testing.assert_allclose([wanted[0], wanted[1]], np.bincount(theirs), atol=1)


def test_a_class_with_the_ratio_is_not_changed(binary):
    target = binary.target[:TRAIN]
    share = np.bincount(target).min() / np.bincount(target).max()
    for kind in (Oversample, Undersample, Smote):
        assert wanted_counts(target, kind(kind=kind.__name__.lower(), ratio=share * 0.9)) == {}


def test_class_weights_are_scikit_learn_s(table):
    target = table.target[:TRAIN]
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=target)
    np.testing.assert_allclose(class_weights(target), theirs[target], rtol=1e-6)
    only_two = target[target < 2]
    assert class_weights(only_two).sum() == pytest.approx(len(only_two), rel=1e-5)
    assert np.array_equal(class_weights(np.array([2, 2, 0, 2])), np.array([2 / 3, 2 / 3, 2, 2 / 3], dtype=np.float32))
    fold = prepared(table, ClassWeight(kind="class_weight"))
    assert np.array_equal(fold.train_x, prepared(table, NoBalance()).train_x)
    assert fold.train_weight.dtype == np.float32


@pytest.mark.parametrize("balance", KINDS[2:4], ids=lambda balance: balance.kind)
def test_random_balancing_only_repeats_or_leaves_out_rows(table, balance):
    plain, fold = prepared(table, NoBalance()), prepared(table, balance)
    known = {(*x, *y) for x, y in zip(plain.train_x.tolist(), plain.train_y.tolist(), strict=True)}
    rows = [(*x, *y) for x, y in zip(fold.train_x.tolist(), fold.train_y.tolist(), strict=True)]
    assert set(rows) <= known
    assert (set(rows) == known) is (balance.kind == "oversample")


@GROWING
def test_new_rows_are_within_the_range_of_their_class_and_complete(table, balance):
    preparation = fit_preparation(table, SPLIT.train, PREP)
    plain, fold = prepared(table, NoBalance()), prepared(table, balance)
    names = np.array(preparation.features)
    one_hot = np.array(["=" in name or name.endswith("is missing") for name in names])
    assert set(np.unique(fold.train_x[:, one_hot])) == {0.0, 1.0}
    for category in ("c", "d"):
        of = [name.startswith(f"{category}=") for name in names]
        assert (fold.train_x[:, of].sum(axis=1) == 1).all()
    for code in range(3):
        ours = fold.train_x[fold.train_y[:, code] == 1]
        theirs = plain.train_x[plain.train_y[:, code] == 1]
        assert (ours >= theirs.min(axis=0) - 1e-6).all()
        assert (ours <= theirs.max(axis=0) + 1e-6).all()
    known = {tuple(row) for row in plain.train_x.tolist()}
    assert any(tuple(row) not in known for row in fold.train_x.tolist())


@GROWING
def test_a_new_row_marked_as_missing_has_the_fill(table, balance):
    preparation = fit_preparation(table, SPLIT.train, PREP)
    place, mark = (preparation.features.index(name) for name in ("gaps", "gaps is missing"))
    plain, fold = prepared(table, NoBalance()), prepared(table, balance)
    fill = plain.train_x[plain.train_x[:, mark] == 1, place][0]
    assert (fold.train_x[fold.train_x[:, mark] == 1, place] == fill).all()
    assert fold.train_x[:, mark].sum() > plain.train_x[:, mark].sum()


@GROWING
@pytest.mark.parametrize("columns", [("n", "gaps"), ("c", "d"), ("n", "d")], ids=["numbers", "categories", "both"])
def test_every_mixture_of_columns_can_be_grown(tmp_path, balance, columns):
    table = read(tmp_path, {"p": 0.7, "q": 0.2, "r": 0.1}, columns)
    for prep in (PREP, PrepSpec()):
        fold = prepared(table, balance, prep=prep)
        assert np.isfinite(fold.train_x).all()
        assert len(fold.train_x) == len(fold.train_y) != TRAIN


def test_smote_keeps_the_training_rows_and_tomek_removes_some(table):
    plain, smote, tomek = (
        prepared(table, balance) for balance in (NoBalance(), Smote(kind="smote"), SmoteTomek(kind="smote_tomek"))
    )
    assert np.array_equal(smote.train_x[:TRAIN], plain.train_x)
    assert np.array_equal(smote.train_y[:TRAIN], plain.train_y)
    grown = {tuple(row) for row in smote.train_x.tolist()}
    assert {tuple(row) for row in tomek.train_x.tolist()} < grown


def few(table, of_class, count):
    """The table with this number of training rows of a class."""
    target = np.zeros(ROWS, dtype=np.int64)
    target[TRAIN:] = 1
    target[np.arange(5, 5 + count)] = of_class
    return replace(table, target=target, labels=("no", "yes"), task="binary")


@GROWING
def test_smote_uses_fewer_neighbours_for_a_small_class_and_reports_it(table, balance):
    small = few(table, 1, 3)
    fold = prepared(small, balance)
    assert fold.train_y.sum() > 100
    (said,) = check_balance(small, [SPLIT], balance)
    assert said.message == "a class has only 3 training rows in a fold, where SMOTE uses 2 neighbours"
    assert list(check_balance(table, [SPLIT], balance)) == []


@GROWING
def test_a_class_of_one_row_is_refused_before_and_in_the_trial(table, balance):
    single = few(table, 1, 1)
    with pytest.raises(ConfigError, match=r"balance\.kind: .*'yes' has one training row in fold 0; use oversample"):
        list(check_balance(single, [SPLIT], balance))
    with pytest.raises(TrialFailed, match=r"balance: .* use oversample"):
        prepared(single, balance)
    assert list(check_balance(single, [SPLIT], Oversample(kind="oversample"))) == []
    assert prepared(single, Oversample(kind="oversample")).train_y.mean() == 0.5


@pytest.mark.parametrize("balance", KINDS[1:], ids=lambda balance: balance.kind)
def test_numbers_to_predict_cannot_be_balanced(table, balance):
    numbers = replace(table, target=np.linspace(0, 1, ROWS), labels=(), task="regression")
    with pytest.raises(ConfigError, match=r"balance\.kind: .* is for classes, and y is a number to predict; use none"):
        list(check_balance(numbers, [SPLIT], balance))
    assert list(check_balance(numbers, [SPLIT], NoBalance())) == []
    assert len(prepared(numbers, NoBalance()).train_x) == TRAIN


def test_tomek_never_removes_a_whole_class(table):
    """The nearest row of every row of one class is of the other class."""
    frame = table.frame.copy()
    frame["n"] = np.repeat(np.arange(ROWS / 2) * 10, 2) + np.tile([0, 0.1], ROWS // 2)
    twins = replace(table, frame=frame[["n"]], schema=replace(table.schema, columns=table.schema.columns[:1]))
    twins = replace(twins, target=np.arange(ROWS) % 2, labels=("no", "yes"), task="binary")
    with pytest.raises(TrialFailed, match="removes every row of a class; use smote"):
        prepared(twins, SmoteTomek(kind="smote_tomek"))
