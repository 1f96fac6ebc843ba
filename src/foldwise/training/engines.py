"""Which engine trains a trial: a function of the specification and the data alone, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from foldwise.network_specs import MlpSpec
from foldwise.training import fused, keras_fit
from foldwise.training.batches import rows_per_batch
from foldwise.training.fold_fit import Engine, Training

ENGINES: dict[str, Engine] = {"keras": keras_fit.fit_folds, "fused": fused.fit_folds}

# Measured on two cores, in ARCHITECTURE.md: beyond so many multiplications a step of a fold, TensorFlow's own matrix
# products outweigh what a step costs beside them; and stacked folds should not fill the memory.
MOST_MULTIPLICATIONS = 3_000_000
MOST_STACKED_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Choice:
    """An engine, and why it was taken."""

    engine: str
    reason: str


def choose(training: Training, asked: Literal["auto", "fused", "keras"], folds: int, rows: int, features: int) -> Choice:
    """The engine of a trial.

    Args:
        training: the trial's.
        asked: training.engine. What cannot be fused is trained by `keras` also where `fused` is asked.
        folds: how many there are.
        rows: training rows of the largest fold.
        features: the prepared ones.
    """
    if asked == "keras":
        return Choice("keras", "asked for")
    reason = fused.why_not(training)
    if reason is not None:
        return Choice("keras", reason)
    if asked == "fused":
        return Choice("fused", "asked for")
    assert isinstance(training.model, MlpSpec)  # nothing else is fused
    widths = (features, *training.model.widths, training.head.units)
    products = rows_per_batch(training.fit.batch_size, rows) * sum(below * above for below, above in pairwise(widths))
    if products > MOST_MULTIPLICATIONS:
        return Choice("keras", f"a step has {products / 1e6:.0f} million multiplications a fold, which Keras does as fast")
    stacked = folds * rows * features * 4
    if stacked > MOST_STACKED_BYTES:
        return Choice("keras", f"the folds together would take {stacked / 2**20:.0f} MB")
    return Choice("fused", "all folds as one program")
