"""Which engine trains a trial, and on how many threads: functions of the specification and the data alone.

Judged without importing TensorFlow, which takes its threads when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from foldwise.spec.augment import NO_AUGMENT, AugmentSpec
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import MlpSpec, ModelSpec
from foldwise.spec.trial import TrialSpec
from foldwise.training.batches import rows_per_batch
from foldwise.training.fold_fit import Training

# those that are no mlp
NETWORKS = {"cnn": "a cnn", "layers": "a network of layers", "python": "a network of your own"}
AskedEngine = Literal["auto", "fused", "keras"]

# Measured on two cores, in ARCHITECTURE.md: beyond so many multiplications a step of a fold, TensorFlow's own matrix
# products outweigh what a step costs beside them; and stacked folds should not fill the memory.
MOST_MULTIPLICATIONS = 3_000_000
MOST_STACKED_BYTES = 512 * 2**20
# Below that limit a second thread makes every small product wait for it: steps take twice to three times as long.
FUSED_THREADS, USUAL_THREADS = 1, 2


@dataclass(frozen=True)
class Choice:
    """An engine, and why it was taken."""

    engine: str
    reason: str

    @property
    def fold_by_fold(self) -> bool:
        """Whether its folds train one after the other."""
        return self.engine == "keras"


def choose(training: Training, asked: AskedEngine, folds: int, rows: int, features: int) -> Choice:
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
    reason = why_not_fused(training.model, training.fit, training.augment)
    if reason is not None:
        return Choice("keras", reason)
    if asked == "fused":
        return Choice("fused", "asked for")
    assert isinstance(training.model, MlpSpec)  # nothing else is fused
    batch = rows_per_batch(training.fit.batch_size, rows)
    products = _multiplications(batch, (features, *training.model.widths, training.head.units))
    if products > MOST_MULTIPLICATIONS:
        return Choice("keras", f"a step has {products / 1e6:.0f} million multiplications a fold, which Keras does as fast")
    stacked = folds * rows * features * 4
    if stacked > MOST_STACKED_BYTES:
        return Choice("keras", f"the folds together would take {stacked / 2**20:.0f} MB")
    return Choice("fused", "all folds as one program")


def why_not_fused(model: ModelSpec, fit: FitSpec, augment: AugmentSpec = NO_AUGMENT) -> str | None:
    """Why such a network cannot be trained by `fused`, None where it can."""
    if not isinstance(model, MlpSpec):
        return f"{NETWORKS[model.kind]} trains fold by fold"
    if not fit.optimizer.is_elementwise:
        return f"optimizer {fit.optimizer.kind} with these parameters is not elementwise"
    if augment != NO_AUGMENT:
        return "batches are augmented fold by fold"
    return None


def threads_for(trials: Sequence[TrialSpec], asked: AskedEngine, rows: int, features: Callable[[], int], outputs: int) -> int:
    """The threads of a study that says nothing of them: one where all its trials are small and fused.

    Args:
        trials: the study's, with every end of every range among them.
        asked: training.engine.
        rows: training rows of the largest fold.
        features: counts the prepared ones; asked only where it matters, because it takes a preparation.
        outputs: units of the output layer.
    """
    if asked == "keras" or any(why_not_fused(trial.model, trial.fit, trial.augment) for trial in trials):
        return USUAL_THREADS
    each = [trial.model.widths for trial in trials if isinstance(trial.model, MlpSpec)]
    deepest, widest = max(map(len, each)), max((width for widths in each for width in widths), default=0)
    batch = max(rows_per_batch(trial.fit.batch_size, rows) for trial in trials)
    # ends of ranges come one at a time in `trials`, in a search all at once
    most = _multiplications(batch, (features(), *[widest] * deepest, outputs))
    return FUSED_THREADS if most <= MOST_MULTIPLICATIONS else USUAL_THREADS


def _multiplications(batch: int, sides: Sequence[int]) -> int:
    """Of a step of a fold, forwards; sides are the widths from features to outputs."""
    return batch * sum(below * above for below, above in pairwise(sides))
