"""Choose a trial's engine and number of threads, from the specification and the data alone.

Nothing here imports a backend, whose threads are fixed when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from foldwise.data.preparation.layout import Layout
from foldwise.spec.augment import NO_AUGMENT, AugmentSpec
from foldwise.spec.fit import FitSpec
from foldwise.spec.function import FunctionSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, MlpSpec, ModelSpec
from foldwise.spec.study import Precision
from foldwise.spec.trial import TrialSpec
from foldwise.system.keras_backend import Backend
from foldwise.training.batches import rows_per_batch
from foldwise.training.convolved import convolved
from foldwise.training.fold_fit import Training

# every kind but mlp
NETWORKS = {
    "cnn": "a cnn",
    "unet": "a U-Net",
    "centre": "a detector",
    "resnet": "a resnet",
    "backbone": "a backbone",
    "layers": "a network of layers",
    "python": "a network of your own",
}
AskedEngine = Literal["auto", "fused", "keras"]
ENGINE_NAMES: tuple[Literal["fused", "keras"], ...] = ("fused", "keras")

# The backends that have a program for all folds at once; see training/engines.py.
FUSED: tuple[Backend, ...] = ("tensorflow", "jax")

# Measured on two cores, see docs/decisions/fused_folds.md: above this number of multiplications a step and fold, matrix
# products outweigh the fixed costs of a step, so fusing gains nothing. Stacked folds, and the numbers that dropout draws for an
# epoch, should not fill the memory.
MOST_MULTIPLICATIONS = 200_000_000
MOST_STACKED_BYTES = 512 * 2**20
MOST_DRAWS = 128_000_000
# See docs/decisions/fused_jax.md.
MOST_CONVOLVED = 1_500_000
MOST_LAST_BATCHES = 4
# Below this number every small product waits for the second thread: steps take two to three times as long.
SMALL = 3_000_000
FUSED_THREADS, USUAL_THREADS = 1, 2


@dataclass(frozen=True)
class Choice:
    """An engine, and the reason for it."""

    engine: str
    reason: str

    @property
    def fold_by_fold(self) -> bool:
        """Whether its folds train one after the other."""
        return self.engine == "keras"


def choose(
    training: Training,
    asked: AskedEngine,
    folds: int,
    rows: int,
    features: int,
    layouts: Iterable[Layout] = (),
    sizes: Collection[int] = (),
) -> Choice:
    """The engine of a trial.

    Args:
        training: the trial's.
        asked: training.engine. `fused` falls back to `keras` if the trial cannot be fused.
        folds: number of folds.
        rows: training rows of the largest fold.
        features: number of prepared features.
        layouts: of the folds' features.
        sizes: training rows of each fold.
    """
    if asked == "keras":
        return Choice("keras", "asked for")
    reason = why_not_fused(training.model, training.fit, training.augment, training.backend, training.precision)
    if training.backend == "tensorflow":
        reason = reason or _unlike(training.model, layouts)
    if reason is not None:
        return Choice("keras", reason)
    if asked == "fused":
        return Choice("fused", "asked for")
    stacked = folds * rows * features * 4
    if stacked > MOST_STACKED_BYTES:
        return Choice("keras", f"the folds together would take {stacked / 2**20:.0f} MB")
    loses = (
        _loses_on_jax(training, rows, features, sizes)
        if training.backend == "jax"
        else _loses_on_tensorflow(training, rows, features)
    )
    return Choice("fused", "all folds as one program") if loses is None else Choice("keras", loses)


def _loses_on_tensorflow(training: Training, rows: int, features: int) -> str | None:
    """The reason why TensorFlow's fused program is slower than Keras's `fit`, None if it is not."""
    assert isinstance(training.model, MlpSpec)  # nothing else is fused
    batch = rows_per_batch(training.fit.batch_size, rows)
    products = multiplications(training.model, batch, features, training.head.units)
    if products > MOST_MULTIPLICATIONS:
        return f"a step has {products / 1e6:.0f} million multiplications a fold, which Keras does as fast"
    dropping = sum(layer.width for layer in training.model.layers if layer.dropout > 0) * training.model.members
    if rows * dropping > MOST_DRAWS:
        return f"dropout draws {rows * dropping / 1e6:.0f} million numbers an epoch and fold"
    return None


def _loses_on_jax(training: Training, rows: int, features: int, sizes: Collection[int]) -> str | None:
    """The reason why JAX's fused program is slower than Keras's `fit`, None if it is not."""
    batch = rows_per_batch(training.fit.batch_size, rows)
    if isinstance(training.model, MlpSpec):
        products = multiplications(training.model, batch, features, training.head.units)
        if products > MOST_MULTIPLICATIONS:
            return f"a step has {products / 1e6:.0f} million multiplications a fold, which Keras does as fast"
    last = len({size % batch for size in sizes} - {0})
    if last > MOST_LAST_BATCHES and mixes_rows(training.model):
        return f"its layers mix the rows of a batch, and the folds' last batches have {last} sizes, each compiled by itself"
    products = convolved(training.model, batch, features)
    if products > MOST_CONVOLVED:
        return f"its convolutions have {products / 1e6:.1f} million multiplications a step, which are faster fold by fold"
    return None


def why_not_fused(
    model: ModelSpec,
    fit: FitSpec,
    augment: AugmentSpec = NO_AUGMENT,
    backend: Backend = "tensorflow",
    precision: Precision = "float32",
) -> str | None:
    """The reason why `fused` cannot train this, or None if it can."""
    if backend not in FUSED:
        return f"on {backend} folds train one after the other"
    reason = _why_not_on_jax(model) if backend == "jax" else _why_not_on_tensorflow(model, fit, precision)
    if reason is not None:
        return reason
    if fit.callbacks:
        return "callbacks of your own run fold by fold"
    if augment != NO_AUGMENT:
        return "batches are augmented fold by fold"
    return None


def mixes_rows(model: ModelSpec) -> bool:
    """Whether a layer's output for a row, or its penalty, depends on the other rows of the batch, as far as that is known."""
    if isinstance(model, MlpSpec):
        return any(layer.norm == "batch" for layer in model.layers) or model.activity_l1 > 0 or model.activity_l2 > 0
    if isinstance(model, CnnSpec):
        return model.batch_norm
    active = ("activity_l1", "activity_l2")
    return isinstance(model, LayersSpec) and any(
        layer.kind == "BatchNormalization" or any(layer.parameters.get(name, 0) for name in active) for layer in model.layers
    )


def _why_not_on_jax(model: ModelSpec) -> str | None:
    """What JAX's program gains nothing for: networks of large pictures alone, as any other is Keras's own."""
    if isinstance(model, MlpSpec | LayersSpec | FunctionSpec | CnnSpec):
        return None
    return f"{NETWORKS[model.kind]} trains fold by fold"


def _why_not_on_tensorflow(model: ModelSpec, fit: FitSpec, precision: Precision) -> str | None:
    """What TensorFlow's program has no formulas for, None if it has all."""
    if precision != "float32":
        return f"{precision} trains fold by fold"
    if not isinstance(model, MlpSpec):
        return f"{NETWORKS[model.kind]} trains fold by fold"
    if not fit.optimizer.is_elementwise:
        return f"optimizer {fit.optimizer.kind} with these parameters is not elementwise"
    return None


def _unlike(model: ModelSpec, layouts: Iterable[Layout]) -> str | None:
    """The reason why folds of these layouts have networks that cannot be stacked, None if they can."""
    if not isinstance(model, MlpSpec):
        return None
    levels = model.category_embedding
    categories = {len(layout.embedded(levels.from_levels)) if levels.kind == "learned" else 0 for layout in layouts}
    splits = model.numeric_embedding.kind != "none" or categories != {0}
    numbers = {layout.numbers if splits else 0 for layout in layouts}
    return "the folds embed different columns" if len(categories) > 1 or len(numbers) > 1 else None


def threads_for(
    trials: Sequence[TrialSpec],
    asked: AskedEngine,
    rows: int,
    features: Callable[[], int],
    outputs: int,
    backend: Backend = "tensorflow",
    precision: Precision = "float32",
) -> int:
    """The default number of threads of a study: one if all its trials are small and fused.

    Args:
        trials: the study's, with both ends of every range among them.
        asked: training.engine.
        rows: training rows of the largest fold.
        features: counts the prepared features; called only if needed, because it fits a preparation.
        outputs: units of the output layer.
        backend: what Keras computes with.
        precision: its policy of types.
    """
    how = backend, precision
    if asked == "keras" or any(why_not_fused(trial.model, trial.fit, trial.augment, *how) for trial in trials):
        return USUAL_THREADS
    each = [trial.model.widths for trial in trials if isinstance(trial.model, MlpSpec)]
    if len(each) < len(trials):  # JAX fuses others too, whose products are not counted here
        return USUAL_THREADS
    deepest, widest = max(map(len, each)), max((width for widths in each for width in widths), default=0)
    batch = max(rows_per_batch(trial.fit.batch_size, rows) for trial in trials)
    # each of `trials` has one range at its end; a search can combine them all
    if any(isinstance(trial.model, MlpSpec) and trial.model.has_parts for trial in trials):
        return USUAL_THREADS
    return FUSED_THREADS if _products(batch, (features(), *[widest] * deepest, outputs)) <= SMALL else USUAL_THREADS


def multiplications(model: MlpSpec, batch: int, features: int, outputs: int) -> int:
    """The most multiplications of a forward step of a fold; every feature may be an embedded number."""
    entering = features * getattr(model.numeric_embedding, "width", 1)
    return _products(batch, (entering, *model.widths, outputs)) * model.members


def _products(rows: int, sides: Sequence[int]) -> int:
    """Multiplications of dense layers; sides are the widths from features to outputs."""
    return rows * sum(below * above for below, above in pairwise(sides))
