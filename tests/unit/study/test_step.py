"""Which trials can be seen, and after which epochs."""

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.spec.study import TrainingSpec
from foldwise.spec.trial import TrialSpec
from foldwise.study.step import MOST_FRAMES, frames, refuse_too_many, refuse_unseeable


def _trial(**model):
    parts = {name: model.pop(name) for name in ("augment", "fit") if name in model}
    return TrialSpec.model_validate({"model": {"kind": "mlp", **model}, **parts})


@pytest.mark.parametrize("model", [{"units": 24}, {"hidden": 0}, {"units": 8, "hidden": 6, "dropout": 0.5, "l2": 0.1}])
def test_a_small_network_can_be_seen(model):
    refuse_unseeable(_trial(**model), 3)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            {"units": 25},
            "trial 3 has a layer of 25 units, and step shows at most 24; choose another trial, or tune a smaller mlp",
        ),
        ({"units": [4, 64], "hidden": 2}, "has a layer of 64 units"),
        ({"units": 4, "hidden": 7}, "has 7 hidden layers"),
        ({"units": 4, "batch_norm": True}, "has model.batch_norm"),
        ({"units": 4, "noise": 0.1}, "has model.noise"),
        ({"units": 4, "batch_norm": [True]}, "has model.batch_norm"),
        ({"units": 4, "kernel_constraint": "non_neg"}, "has model.kernel_constraint"),
        ({"units": 4, "activity_l2": 0.1}, "has model.activity_l2"),
        ({"units": 4, "scaling_layer": True}, "has model.scaling_layer"),
        ({"units": 4, "members": 2}, "has model.members"),
        ({"units": 4, "fit": {"label_smoothing": 0.1}}, "has fit.label_smoothing"),
        ({"units": 4, "fit": {"rate_factors": {"bias": 0.1}}}, "has fit.rate_factors"),
        ({"units": 4, "augment": {"kind": "vectors"}}, "augment=vectors"),
        ({"kind": "cnn"}, "a network of kind cnn"),
    ],
)
def test_any_other_is_refused_in_a_sentence(model, sentence):
    with pytest.raises(ConfigError) as caught:
        refuse_unseeable(_trial(**model), 3)
    assert caught.value.key == "trial"
    assert sentence in str(caught.value)


@pytest.mark.parametrize("epochs", [1, 7, MOST_FRAMES, 61, 500, 100_000])
def test_frames_begin_with_the_first_weights_and_end_with_the_last(epochs):
    shown = frames(epochs)
    assert shown[0] == 0
    assert shown[-1] == epochs
    assert shown == sorted(set(shown))
    assert len(shown) == min(epochs, MOST_FRAMES) + 1 or (epochs > MOST_FRAMES and len(shown) <= MOST_FRAMES + 1)
    assert (np.diff(shown) <= 1).all() or np.diff(shown)[-1] > np.diff(shown)[0]


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentence"),
    [
        (41, 2, "trial 3 has 41 inputs, and step shows at most 40; use a table with fewer columns or levels"),
        (2, 30, "trial 3 has 30 outputs, and step shows at most 24; use a table with fewer classes"),
    ],
)
def test_the_side_that_is_too_large_is_named_with_its_remedy(inputs, outputs, sentence):
    refuse_too_many(40, 24, 3)
    with pytest.raises(ConfigError, match=sentence):
        refuse_too_many(inputs, outputs, 3)


@pytest.mark.parametrize("how", [{"backend": "jax"}, {"precision": "mixed_bfloat16"}])
def test_another_backend_or_precision_is_refused_in_a_sentence(how):
    with pytest.raises(ConfigError, match="and step shows steps of tensorflow in float32; choose another trial"):
        refuse_unseeable(_trial(units=8), 3, TrainingSpec(**how))
