from typing import get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import f_classif, f_regression

from foldwise.config.read import read_study
from foldwise.data.preparation.fold import fit_preparation, prepare_fold
from foldwise.data.preparation.select import kept_features
from foldwise.data.read_table import read_table
from foldwise.data.schema import Column, Schema
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.spec.data import SklearnData
from foldwise.spec.prep import KBestSelect, L1Select, PrepSpec, ScaleKind, VarianceSelect

ROWS = 400
RULES = [KBestSelect(k=3), KBestSelect(k=3, by="mutual_info"), L1Select(strength=0.3)]


def planted(task):
    """Seven continuous features and three of 0 and 1; 1, 4 and the level 8 are informative, and 6 is constant."""
    draws = np.random.default_rng(0)
    x = np.hstack([draws.normal(size=(ROWS, 7)), draws.integers(0, 2, (ROWS, 3))]).astype(np.float32)
    x[:, 6] = 1.5
    signal = x[:, 1] + x[:, 4] + 2 * x[:, 8] + 0.3 * draws.normal(size=ROWS)
    if task == "regression":
        return x, ((signal - signal.mean()) / signal.std())[:, None], 0
    if task == "binary":
        return x, (signal > 1)[:, None].astype(np.float32), 2
    return x, np.eye(3, dtype=np.float32)[np.digitize(signal, [0.3, 1.7])], 3


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_informative_features_are_kept(task, rule):
    x, y, classes = planted(task)
    kept = kept_features(rule, x, y, classes, 7)
    assert kept == (1, 4, 8)
    assert kept_features(rule, x, y, classes, 7) == kept


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_anova_ranks_features_like_scikit_learn_s_f(task):
    x, y, classes = planted(task)
    varied = np.delete(x, 6, axis=1).astype(np.float64)
    target = y[:, 0] if classes in (0, 2) else y.argmax(axis=1)
    order = np.argsort(-(f_classif if classes else f_regression)(varied, target)[0])
    for count in range(1, 9):
        kept = kept_features(KBestSelect(k=count), varied, y, classes, 6)
        assert set(kept) == set(order[:count])


@pytest.mark.parametrize("rule", [KBestSelect(kind="k_best", k=2), KBestSelect(kind="k_best", k=2, by="mutual_info")])
def test_the_features_of_each_of_several_numbers_are_kept(rule):
    x = np.random.default_rng(0).normal(size=(300, 5))
    y = np.column_stack([x[:, 1] + 5, 3 * x[:, 4]])
    assert kept_features(rule, x, y, 0, 5) == (1, 4)


def test_an_l1_penalty_ignores_units_and_always_keeps_a_feature():
    x, y, _ = planted("regression")
    scaled = x * np.array([1, 1e-6, 1, 1, 1e6, 1, 1, 1, 1, 1], dtype=np.float32)
    for strength in (0.05, 0.3, 0.99):
        assert kept_features(L1Select(strength=strength), x, y, 0, 7) == kept_features(
            L1Select(strength=strength), scaled, y, 0, 7
        )
    assert len(kept_features(L1Select(strength=0.999), x, y, 0, 7)) >= 1
    assert len(kept_features(L1Select(strength=0.01), x, y, 0, 7)) > 3


def test_variance_drops_nearly_constant_features_and_refuses_to_drop_all():
    x, y, classes = planted("binary")
    assert kept_features(VarianceSelect(), x, y, classes, 7) == (0, 1, 2, 3, 4, 5, 7, 8, 9)
    assert kept_features(VarianceSelect(threshold=0.5), x, y, classes, 7) == (0, 1, 2, 3, 4, 5)
    with pytest.raises(ConfigError, match=r"prep\.select\.threshold: no feature has a variance above 9, the largest has 1\."):
        kept_features(VarianceSelect(threshold=9.0), x, y, classes, 7)


def test_a_k_above_the_number_of_features_keeps_all_and_ties_keep_the_first():
    x, y, classes = planted("binary")
    assert kept_features(KBestSelect(k=99), x, y, classes, 7) == tuple(range(10))
    assert kept_features(KBestSelect(k=2), np.tile(x[:, [1]], 4), y, classes, 4) == (0, 1)


@pytest.mark.parametrize("scale", get_args(ScaleKind))
def test_kept_features_are_those_of_the_whole_preparation(scale):
    table = read_table(SklearnData(kind="sklearn", name="wine"))
    split = Split(np.arange(0, len(table), 2), np.arange(1, len(table), 2))
    whole = prepare_fold(table, split, PrepSpec(scale=scale))
    names = fit_preparation(table, split.train, PrepSpec(scale=scale)).features
    prep = PrepSpec(scale=scale, select=KBestSelect(k=4))
    some, learnt = prepare_fold(table, split, prep), fit_preparation(table, split.train, prep)
    places = [names.index(name) for name in learnt.features]
    assert len(places) == 4
    assert np.array_equal(some.train_x, whole.train_x[:, places])
    assert np.array_equal(some.valid_x, whole.valid_x[:, places])


def test_which_features_a_fold_keeps_follows_from_its_own_training_rows():
    draws = np.random.default_rng(0)
    target = draws.integers(0, 2, 200)
    half = np.arange(200) < 100
    frame = pd.DataFrame({"a": np.where(half, target, draws.random(200)), "b": np.where(half, draws.random(200), target)})
    schema = Schema((Column("a", "number"), Column("b", "number")))
    table = Table(frame, schema, frame, target, ("no", "yes"), "binary", "y", np.arange(200))
    prep = PrepSpec(select=KBestSelect(k=1))
    assert fit_preparation(table, np.arange(100), prep).features == ("a",)
    assert fit_preparation(table, np.arange(100, 200), prep).features == ("b",)


@pytest.mark.parametrize(
    ("select", "sentence"),
    [
        ({"kind": "k_besst"}, "did you mean k_best?"),
        ({"kind": "k_best", "k": 0}, "prep.select.k: must be >= 1"),
        ({"kind": "k_best", "strength": 0.1}, "prep.select.strength: unknown key for this prep.select.kind"),
        ({"kind": "l1", "strength": ["float", 0.1, 1.0]}, "prep.select.strength: must be < 1"),
    ],
)
def test_a_wrong_rule_is_refused_with_a_sentence(select, sentence):
    with pytest.raises(ConfigError) as refused:
        read_study({"data": {"kind": "sklearn", "name": "iris"}, "prep": {"select": select}})
    assert sentence in str(refused.value)


def test_every_part_of_a_rule_can_be_searched():
    options = ["choice", "none", {"kind": "k_best", "k": ["int", 2, 4]}, {"kind": "l1", "strength": ["float", 0.01, 0.5]}]
    study = read_study({"data": {"kind": "sklearn", "name": "iris"}, "prep": {"select": options}})
    assert [name for name, _ in study.space.walk()] == [
        "prep.select",
        "prep.select.k_best.k",
        "prep.select.l1.strength",
    ]
