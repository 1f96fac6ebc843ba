"""Trains cases by the fused engine and by Keras's own `fit`, on JAX in double precision, and prints how far they are apart.

A process of its own, as Keras has one backend in each: `python -m tests.unit.training.fused_jax.equality CASE ...` prints a
line of JSON for each case: its name, and the largest relative difference or what is unlike.
"""

import json
import os
import sys
import traceback

TOLERANCE = 1e-8


def difference(expected, found):
    """The largest relative difference of weights, curves and predictions; a sentence if it is too large or epochs differ."""
    import numpy as np

    worst, place = 0.0, ""
    for one, other in zip(expected, found, strict=True):
        unlike = [part for part in ("fold", "best_epoch", "failure", "lost") if getattr(one, part) != getattr(other, part)]
        if unlike or set(one.curves) != set(other.curves):
            return (
                f"fold {one.fold}: {unlike or 'curves'} {one.best_epoch} {other.best_epoch} {[*one.curves]} {[*other.curves]}"
            )
        pairs = {f"weight {place}": pair for place, pair in enumerate(zip(one.weights, other.weights, strict=True))}
        pairs |= {name: (np.array(values), np.array(other.curves[name])) for name, values in one.curves.items()}
        for name, (a, b) in {**pairs, "predictions": (one.predictions, other.predictions)}.items():
            if a.shape != b.shape:
                return f"fold {one.fold}, {name}: shapes {a.shape} and {b.shape}"
            far = float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(a)), initial=0.0))
            if not far <= worst:
                worst, place = far, f"fold {one.fold}, {name}"
    return worst if worst < TOLERANCE else f"{worst:.1e} at {place}"


def main(names):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    from keras.src.backend.common import dtypes

    # Keras takes doubles for single precision where it promotes types on JAX: its tanh and others would round to that.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    from foldwise.training.by_fold.engine import fit_folds as by_keras
    from foldwise.training.fused_jax.engine import fit_folds
    from tests.unit.conftest import make_fold, make_training
    from tests.unit.training.fused_jax.cases import CASES, job_and_folds

    for name in names or CASES:
        try:
            job, folds = job_and_folds(CASES[name], make_fold, make_training)
            found = difference(list(by_keras(job, folds)), list(fit_folds(job, folds)))
        except Exception:  # noqa: BLE001 - the other cases go on
            found = traceback.format_exc()
        print(json.dumps({"case": name, "difference": found}), flush=True)
    print(json.dumps({"tensorflow": "tensorflow" in sys.modules}))


if __name__ == "__main__":
    main(sys.argv[1:])
