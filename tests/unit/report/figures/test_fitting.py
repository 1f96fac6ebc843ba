import math

import numpy as np
import pytest

from foldwise.report.figures.fitting import name_fitting
from foldwise.trial.curves import WrittenCurves
from foldwise.trial.result import FoldScore

EPOCHS = np.arange(60)
LEARNT = 0.1 + np.exp(-EPOCHS / 6)


def folds(train, valid, kept=60, count=3):
    every = []
    for number in range(count):
        shift = 0.002 * number
        curves = {"loss": tuple(train + shift), "val_loss": tuple(valid + shift)}
        every.append(FoldScore(number, 0.9, {}, curves, kept, 0.1))
    return every


@pytest.mark.parametrize(
    ("train", "valid", "name", "sentence"),
    [
        (LEARNT, LEARNT + 0.05, "neither", "settled close to each other"),
        (LEARNT, LEARNT + 0.01 * np.maximum(0, EPOCHS - 20), "over-fitting", "the validation loss rose by"),
        (LEARNT, LEARNT + 0.5, "over-fitting", "with the kept weights the validation loss exceeds the training loss by 50%"),
        (1 - 0.01 * EPOCHS, 1.05 - 0.01 * EPOCHS, "under-fitting", "was still falling at the end, by 19%"),
        (np.full(60, 0.69) - 1e-4 * EPOCHS, np.full(60, 0.7), "under-fitting", "fell by only 1% of its first value"),
        (LEARNT, LEARNT * 0.8, "neither", "settled close"),  # dropout makes the training loss the larger one
    ],
)
def test_curves_are_named_by_the_rule(train, valid, name, sentence):
    found = name_fitting(folds(train, valid))
    assert found.name == name
    assert sentence in found.sentence


def test_the_epoch_after_which_validation_loss_rose_is_named():
    valid = np.where(EPOCHS < 30, LEARNT, LEARNT + 0.02 * (EPOCHS - 29))
    assert "after epoch 30 the" in name_fitting(folds(LEARNT, valid)).sentence


@pytest.mark.parametrize(
    ("lowest", "said"),
    [((20,), 20), ((5,), 5), ((12, 20, 31), 20)],  # of several folds the middle one
)
def test_that_epoch_is_the_one_of_the_lowest_loss_not_of_its_smoothed_curve(lowest, said):
    """A window of six epochs has its lowest mean some epochs later, where the loss rises slowly."""
    every = []
    for number, epoch in enumerate(lowest):
        valid = np.where(epoch <= EPOCHS, 0.4 + 0.005 * (EPOCHS - epoch), 1.0 - 0.01 * EPOCHS)
        valid[epoch - 1] = 0.3
        every += folds(LEARNT, valid, count=number + 1)[-1:]
    assert f"over-fitting: after epoch {said} the validation loss rose" in name_fitting(every).sentence


def test_kept_weights_are_those_of_the_best_epoch():
    valid = LEARNT + np.linspace(0, 0.35, 60)
    assert name_fitting(folds(LEARNT, valid, kept=1)[:1]).sentence.startswith("over-fitting: after epoch")
    flat = np.full(60, LEARNT.min() + 0.3)
    assert name_fitting(folds(LEARNT, flat, kept=60)).name == "over-fitting"
    assert name_fitting(folds(LEARNT, flat, kept=5)).name == "neither", "the loss of the kept weights was not below"


def test_folds_that_disagree_give_no_verdict():
    rising = LEARNT + 0.01 * np.maximum(0, EPOCHS - 20)
    mixed = [*folds(LEARNT, LEARNT, count=5), *folds(LEARNT, rising, count=2)]
    assert name_fitting(mixed).name == "neither"
    assert name_fitting(folds(LEARNT, rising, count=1)).name == "over-fitting", "a single fold is believed"


def test_folds_that_cannot_be_read_are_left_out():
    broken = [
        FoldScore(7, 0.1, {}, {"loss": (1.0,) * 60, "val_loss": (math.nan,) * 60}, 60, 0.1),
        FoldScore(8, 0.1, {}, {}, 3, 0.1),
    ]
    written = FoldScore(
        9, 0.9, {}, WrittenCurves('{"loss": [9, 3, 1, 0.5, 0.5, 0.5], "val_loss": [9, 3, 1, 0.5, 0.5, 0.5]}'), 6, 0.1
    )
    assert name_fitting(broken).name == "unknown"
    assert name_fitting([*broken, written]).name == "neither"
    assert name_fitting([FoldScore(0, 0.9, {}, {"loss": (2.0, 1.0), "val_loss": (2.0, 1.0)}, 2, 0.1)]).name == "unknown"
