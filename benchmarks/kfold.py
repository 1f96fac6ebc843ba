"""One trial of ten folds: Iris, StandardScaler, Dense 8 -> softmax 3, Adam, 100 epochs, batch 5, stratified folds.

foldwise records training and validation curves and keeps each fold's best weights; the peers do neither.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from benchmarks.measure import alternating, median, report, seconds
from foldwise.training.runtime import start

FOLDS, EPOCHS, BATCH, UNITS = 10, 100, 5, 8


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="runs of each, alternating; the median is shown")
    rounds = options.parse_args().rounds
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start(2)
    warm_up()
    ours = foldwise_trial()
    first = seconds(lambda: ours(0))  # prepares the folds, traces and compiles
    numbers = iter(range(1, 1000))
    taken = alternating(
        {
            "scikeras cross_val_score": scikeras_cross_val_score(),
            "Keras fit, fold by fold": keras_fit_per_fold(),
            "foldwise, following trial": lambda: ours(next(numbers)),
        },
        rounds,
    )
    scikeras = median(taken["scikeras cross_val_score"])
    following = median(taken["foldwise, following trial"])
    rows = [["foldwise, first trial", f"{first:.2f}", f"{scikeras / first:.0f}x"]]
    rows += [[name, f"{median(times):.2f}", f"{scikeras / median(times):.0f}x"] for name, times in taken.items()]
    figures = {"first": first, **taken}
    last = f"faster than cross_val_score: first trial {scikeras / first:.1f}x, following trial {scikeras / following:.1f}x"
    report("kfold", ("10 folds x 100 epochs", "seconds", "against cross_val_score"), rows, last, figures)


def warm_up() -> None:
    """Pay the cost of Keras's first use, so it does not count for any peer."""
    import numpy as np

    model: Any = network()
    model.fit(np.zeros((8, 4)), np.zeros(8), epochs=1, verbose=0)


def foldwise_trial() -> Callable[[int], object]:
    """One trial as a study runs it: prepared, trained, scored."""
    from foldwise.config.read import read_study, trial_at
    from foldwise.data.fold_cache import FoldCache
    from foldwise.study.plan import plan_study
    from foldwise.training.cross_validate import cross_validate
    from foldwise.trial.job import TrialJob

    # the peers have no holdout: the smallest share allowed
    data = {"kind": "sklearn", "name": "iris", "target": "target", "holdout": {"kind": "hash", "share": 0.02}}
    config = {
        "data": data,
        "folds": {"kind": "stratified", "count": FOLDS},
        "model": {"kind": "mlp", "hidden": 1, "units": UNITS, "activation": "relu"},
        "fit": {"epochs": EPOCHS, "batch_size": BATCH, "optimizer": "adam", "early_stop": {"patience": EPOCHS}},
    }
    plan = plan_study(read_study(config))
    cache = FoldCache(plan.table, plan.splits)

    def trial(number: int) -> object:
        job = TrialJob(number, {}, 0, trial_at(plan.spec, {}), plan.goal)
        result = cross_validate(job, plan.table, plan.splits, cache=cache)
        assert result.state == "COMPLETE", result.reason
        return result

    return trial


def network() -> Any:
    """The peers' compiled network."""
    import keras

    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(UNITS, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def scikeras_cross_val_score() -> Callable[[], object]:
    """As courses teach it: a pipeline of StandardScaler and KerasClassifier under cross_val_score."""
    from scikeras.wrappers import KerasClassifier
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = load_iris(return_X_y=True)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)

    def run() -> object:
        classifier = KerasClassifier(network, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        return cross_val_score(make_pipeline(StandardScaler(), classifier), x, y, cv=folds)

    return run


def keras_fit_per_fold() -> Callable[[], object]:
    """The same written by hand: a new network and one fit a fold."""
    import keras
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    x, y = load_iris(return_X_y=True)

    def run() -> object:
        scores = []
        for train, valid in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y):
            scale = StandardScaler().fit(x[train])
            model = network()
            model.fit(scale.transform(x[train]), y[train], epochs=EPOCHS, batch_size=BATCH, verbose=0)
            scores.append(model.evaluate(scale.transform(x[valid]), y[valid], verbose=0))
        keras.backend.clear_session()
        return scores

    return run


if __name__ == "__main__":
    main()
