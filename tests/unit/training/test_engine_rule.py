"""The choice of an engine and of threads."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from foldwise.data.preparation.layout import Layout
from foldwise.spec.augment import VectorAugment
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import CnnSpec, MlpSpec, ModelSpec
from foldwise.spec.trial import TrialSpec
from foldwise.training.engine_rule import choose, threads_for, why_not_fused


def trial(fit=None, **model):
    return TrialSpec.model_validate({"model": {"kind": "mlp", **model}, "fit": fit or {}})


@pytest.mark.parametrize(("asked", "reason"), [("auto", "a cnn trains"), ("fused", "a cnn trains"), ("keras", "asked for")])
def test_convolutions_always_train_fold_by_fold(asked, reason, training):
    choice = choose(training(model=CnnSpec(kind="cnn", image=(2, 2, 1))), asked, 3, 60, 4)
    assert choice.engine == "keras"
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("optimizer", "reason"), [({"kind": "lamb"}, "lamb"), ({"kind": "adam", "ema_momentum": 0.9}, "not elementwise")]
)
def test_a_trial_that_cannot_be_fused_has_a_reason(optimizer, reason):
    assert reason in why_not_fused(MlpSpec(), FitSpec.model_validate({"optimizer": optimizer}))


def test_large_networks_and_large_data_train_fold_by_fold(training):
    assert "million multiplications" in choose(training(model=MlpSpec(hidden=2, units=4096)), "auto", 5, 500, 4).reason
    assert "draws" in choose(training(model=MlpSpec(units=512, dropout=0.1)), "auto", 3, 300_000, 4).reason
    assert "MB" in choose(training(model=MlpSpec(hidden=0)), "auto", 10, 1_000_000, 40).reason


def test_networks_of_the_usual_sizes_for_tables_are_fused(training):
    model = TypeAdapter(ModelSpec).validate_python({"kind": "tabular"})
    fit = FitSpec(batch_size=256)
    layouts = [Layout(6, ((6, 20),)), Layout(6, ((6, 21),))]
    assert choose(training(model=model, fit=fit), "auto", 5, 26_000, 21, layouts).engine == "fused"


@pytest.mark.parametrize("layouts", [[Layout(6), Layout(5)], [Layout(6, ((6, 15),)), Layout(6, ((6, 14),))]])
def test_folds_that_embed_different_columns_are_not_fused(layouts, training):
    model = TypeAdapter(ModelSpec).validate_python({"kind": "tabular"})
    assert "embed different columns" in choose(training(model=model), "auto", 2, 100, 15, layouts).reason
    assert choose(training(), "auto", 2, 100, 15, layouts).engine == "fused"


def test_small_fused_trials_take_one_thread():
    assert threads_for([trial(hidden=0)], "auto", rows=120, features=lambda: 4, outputs=3) == 1
    assert threads_for([trial(hidden=2, units=64)], "auto", rows=120, features=lambda: 4, outputs=3) == 1


@pytest.mark.parametrize(
    ("trials", "asked"),
    [
        ([trial(hidden=1, units=8)], "keras"),
        ([trial(hidden=1, units=8), trial({"optimizer": {"kind": "lamb"}}, hidden=1, units=8)], "auto"),
        ([trial(hidden=3, units=512)], "auto"),
        ([trial(hidden=1, units=8, scaling_layer=True)], "auto"),
        ([trial(hidden=5, units=16), trial(hidden=1, units=256), trial({"batch_size": 64})], "auto"),  # together they are large
    ],
    ids=["asked", "one is not elementwise", "wide", "with parts", "wide and deep at once"],
)
def test_all_others_take_two(trials, asked):
    assert threads_for(trials, asked, rows=1000, features=lambda: 10, outputs=2) == 2


def test_nothing_is_prepared_where_no_trial_can_be_fused():
    def features():
        raise AssertionError("prepared for nothing")

    assert threads_for([trial(hidden=1, units=8)], "keras", rows=100, features=features, outputs=2) == 2


def test_on_jax_any_network_and_optimizer_is_fused(training):
    layers = TypeAdapter(ModelSpec).validate_python({"kind": "layers", "layers": [{"kind": "Dense", "units": 4}]})
    fit = FitSpec.model_validate({"optimizer": "lamb"})
    asked = replace(training(model=layers, fit=fit), backend="jax")
    assert choose(asked, "auto", 3, 60, 4, [Layout(2), Layout(3)]).engine == "fused"
    assert choose(replace(asked, backend="tensorflow"), "auto", 3, 60, 4).reason == "a network of layers trains fold by fold"


def test_on_jax_augmented_batches_and_large_images_train_fold_by_fold(training):
    image = replace(training(model=CnnSpec(kind="cnn", image=(28, 28, 1))), backend="jax")
    assert "convolutions have" in choose(image, "auto", 3, 60, 28 * 28).reason
    assert choose(image, "fused", 3, 60, 28 * 28).engine == "fused"
    small = replace(training(model=CnnSpec(kind="cnn", image=(8, 8, 1), filters=8)), backend="jax")
    assert choose(small, "auto", 3, 60, 64).engine == "fused"
    augmented = replace(training(), backend="jax", augment=VectorAugment(kind="vectors", jitter=0.1))
    assert "augmented" in choose(augmented, "auto", 3, 60, 4).reason


def test_threads_of_networks_of_layers_on_jax():
    layers = TrialSpec.model_validate({"model": {"kind": "layers", "layers": [{"kind": "Dense", "units": 4}]}})
    assert threads_for([layers], "auto", rows=100, features=lambda: 4, outputs=3, backend="jax") == 2
    assert threads_for([trial(units=8)], "auto", rows=100, features=lambda: 4, outputs=3, backend="jax") == 1


@pytest.mark.parametrize("changed", [{"backend": "torch"}, {"precision": "mixed_bfloat16"}])
def test_another_backend_or_precision_trains_fold_by_fold(changed, training):
    choice = choose(replace(training(), **changed), "fused", 3, 60, 4)
    assert choice.engine == "keras"
    assert next(iter(changed.values())) in choice.reason


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "mlp", "batch_norm": True},
        {"kind": "mlp", "activity_l2": 0.1},
        {"kind": "layers", "layers": [{"kind": "Dense", "units": 4}, {"kind": "BatchNormalization"}]},
    ],
)
def test_on_jax_folds_of_many_sizes_train_fold_by_fold_where_layers_mix_rows(model, training):
    mixing = replace(training(model=TypeAdapter(ModelSpec).validate_python(model)), backend="jax")
    sizes = [60, 61, 62, 63, 65]
    assert "have 5 sizes" in choose(mixing, "auto", 5, 65, 4, sizes=sizes).reason
    assert choose(mixing, "auto", 5, 65, 4, sizes=sizes[:4]).engine == "fused"
    assert choose(replace(training(), backend="jax"), "auto", 5, 65, 4, sizes=sizes).engine == "fused"
