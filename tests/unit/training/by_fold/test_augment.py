"""Batches varied while a network trains."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.spec.augment import ImageAugment, NoAugment, VectorAugment
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import CnnSpec, MlpSpec
from foldwise.spec.optimizer import OptimizerSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

IMAGE = (6, 5, 1)


def images(rows=40, image=IMAGE, seed=0):
    from foldwise.data.preparation.pixels import Images

    pixels = np.random.default_rng(seed).integers(0, 256, (rows, *image), dtype=np.uint8).reshape(rows, -1)
    size = pixels.shape[1]
    return Images(pixels, np.arange(rows), np.zeros(size, np.float32), np.full(size, 255, np.float32), image)


def varied(augment, features, y=None, weight=None, step=0, place=(1, 2, 3)):
    import tensorflow as tf

    from foldwise.data.preparation.pixels import Images
    from foldwise.training.by_fold.augment import vary_for

    rows = features.bytes() if isinstance(features, Images) else features
    y = np.eye(2, dtype=np.float32)[np.arange(len(rows)) % 2] if y is None else y
    weight = None if weight is None else tf.constant(weight)
    x, y, weight = vary_for(augment, features, "binary", *place)(tf.constant(rows), tf.constant(y), weight, tf.constant(step))
    return x.numpy(), y.numpy(), None if weight is None else weight.numpy()


def table(rows=4000):
    draws = np.random.default_rng(0)
    columns = [draws.normal(3, 2, rows), draws.normal(0, 0.5, rows), draws.integers(0, 2, rows), np.ones(rows)]
    return np.stack(columns, axis=1).astype(np.float32)


def test_jitter_has_each_feature_s_own_deviation_and_leaves_two_values_alone():
    x = table()
    noise = varied(VectorAugment(kind="vectors", jitter=0.3), x)[0] - x
    np.testing.assert_allclose(noise.std(axis=0), 0.3 * x.std(axis=0) * [1, 1, 0, 0], rtol=0.05)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.05)


def test_feature_dropout_puts_the_mean_in_its_share_of_places():
    x = table()
    after = varied(VectorAugment(kind="vectors", jitter=0.0, feature_dropout=0.25), x)[0]
    changed = after[:, 0] != x[:, 0]
    assert changed.mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_allclose(after[changed, 0], x[:, 0].mean(), rtol=1e-5)


def test_mixup_blends_rows_targets_and_weights_by_one_share():
    x, weight = table(100), np.linspace(0, 1, 100, dtype=np.float32)
    y = np.random.default_rng(1).random((100, 3)).astype(np.float32)
    new_x, new_y, new_weight = varied(VectorAugment(kind="vectors", jitter=0.0, mixup=0.4), x, y, weight)
    share = (new_x - x[::-1])[:, 0] / (x - x[::-1])[:, 0]
    assert ((share >= 0) & (share <= 1)).all()
    assert share.std() > 0.2
    np.testing.assert_allclose(new_y, y * share[:, None] + y[::-1] * (1 - share[:, None]), atol=1e-4)
    np.testing.assert_allclose(new_weight, weight * share + weight[::-1] * (1 - share), atol=1e-4)


def test_rows_follow_from_seed_trial_fold_and_step():
    x, augment = table(50), VectorAugment(kind="vectors", jitter=0.3, feature_dropout=0.1, mixup=0.2)
    first = varied(augment, x)[0]
    np.testing.assert_array_equal(first, varied(augment, x)[0])
    for other in ({"step": 1}, {"place": (1, 2, 4)}, {"place": (1, 3, 3)}, {"place": (2, 2, 3)}):
        assert (first != varied(augment, x, **other)[0]).any()


@pytest.mark.parametrize(
    "asked",
    [
        {"flip": "horizontal"}, {"flip": "vertical"}, {"flip": "both"}, {"rotation": 20.0}, {"shift": 0.3}, {"zoom": 0.3},
        {"contrast": 0.5}, {"brightness": 0.3}, {"noise": 0.1}, {"cutout": 0.2}, {"rand_augment": 0.8}, {"mixup": 0.5},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 3])
def test_every_change_of_images_changes_some_and_stays_in_the_range_of_a_pixel(asked, channels):
    features = images(image=(8, 8, channels))
    after = varied(ImageAugment(kind="images", **asked), features)[0]
    assert after.shape == features.shape
    assert (after != features[:]).any()
    assert after.min() >= -1e-4
    assert after.max() <= 1 + 1e-4


def test_a_horizontal_flip_is_one():
    features = images()
    after = varied(ImageAugment(kind="images", flip="horizontal"), features)[0].reshape(-1, *IMAGE)
    before = features[:].reshape(-1, *IMAGE)
    kept, turned = ((after == other).all(axis=(1, 2, 3)) for other in (before, before[:, :, ::-1]))
    assert (kept | turned).all()
    assert kept.any()
    assert turned.any()


def test_nothing_asked_changes_nothing():
    features = images()
    np.testing.assert_array_equal(varied(ImageAugment(kind="images"), features)[0], features[:])
    np.testing.assert_array_equal(varied(NoAugment(), table(20))[0], table(20))


@pytest.mark.parametrize("kind", ["vectors", "images"])
def test_validation_rows_are_untouched_and_training_repeats_itself(kind, train, training, fold):
    """With a tiny learning rate the validation curves are those of the untrained network."""
    fit = FitSpec(epochs=2, optimizer=OptimizerSpec(kind="sgd", learning_rate=1e-12))
    data, model = fold(rows=40, valid=10, features=30), MlpSpec(units=4)
    augment = VectorAugment(kind="vectors", jitter=1.0, mixup=0.3)
    if kind == "images":
        features = images(50)
        data = replace(data, train_x=replace(features, at=np.arange(40)), valid_x=replace(features, at=np.arange(40, 50)))
        model = CnnSpec(kind="cnn", image=IMAGE, blocks=1, filters=2)
        augment = ImageAugment(kind="images", shift=0.3, noise=0.3, cutout=0.2)
    asked = training(model=model, fit=fit)
    plain, one, again = (train(replace(asked, augment=each), data)[0] for each in (NoAugment(), augment, augment))
    np.testing.assert_allclose(one.predictions, plain.predictions, atol=1e-6)
    np.testing.assert_allclose(one.curves["val_loss"], plain.curves["val_loss"], atol=1e-5)
    assert one.curves["loss"] != plain.curves["loss"]
    assert one.curves == again.curves
    for a, b in zip(one.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_copies_are_rows_of_the_same_epoch(train, training, fold):
    fit, data = FitSpec(epochs=2, batch_size=10), fold(rows=25)
    one, three = (
        train(replace(training(fit=fit), augment=VectorAugment(kind="vectors", copies=copies)), data)[0] for copies in (1, 3)
    )
    assert len(three.curves["loss"]) == len(one.curves["loss"]) == 2
    assert any((a != b).any() for a, b in zip(one.weights, three.weights, strict=True))


def test_augmented_trials_train_fold_by_fold():
    from foldwise.training.engine_rule import why_not_fused

    assert "augmented" in why_not_fused(MlpSpec(), FitSpec(), VectorAugment(kind="vectors"))
