"""Trains cases with the engine `jax` and with Keras's own `fit` on JAX, in double precision, and prints how far they are apart.

A process of its own, as Keras has one backend in each: `python -m tests.unit.training.fused_jax.equality CASE ...` prints a line
of JSON for each case, name and largest relative difference, or what is unlike.
"""

import json
import os
import sys
import traceback


def difference(expected, found):
    """The largest relative difference of weights, curves and predictions; a sentence where epochs or names differ."""
    import numpy as np

    worst = 0.0
    for one, other in zip(expected, found, strict=True):
        unlike = [part for part in ("fold", "best_epoch", "failure", "lost") if getattr(one, part) != getattr(other, part)]
        if unlike or set(one.curves) != set(other.curves):
            return f"fold {one.fold}: {unlike or 'curves'} {one.best_epoch} {other.best_epoch} {[*one.curves]} {[*other.curves]}"
        pairs = [*zip(one.weights, other.weights, strict=True), (one.predictions, other.predictions)]
        pairs += [(np.array(values), np.array(other.curves[name])) for name, values in one.curves.items()]
        for a, b in pairs:
            if a.shape != b.shape:
                return f"fold {one.fold}: shapes {a.shape} and {b.shape}"
            if a.size:
                worst = max(worst, float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(a)))))
    return worst


def main(names):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    from foldwise.training.by_fold.engine import fit_folds as by_keras
    from foldwise.training.fused_jax.engine import fit_folds
    from tests.unit.conftest import make_fold, make_training
    from tests.unit.training.fused_jax.cases import CASES, job_and_folds

    for name in names or CASES:
        try:
            job, folds = job_and_folds(CASES[name], make_fold, make_training)
            found = difference(list(by_keras(job, folds)), list(fit_folds(job, folds)))
        except Exception:
            found = traceback.format_exc()
        print(json.dumps({"case": name, "difference": found}), flush=True)
    print(json.dumps({"tensorflow": "tensorflow" in sys.modules}))


if __name__ == "__main__":
    main(sys.argv[1:])
