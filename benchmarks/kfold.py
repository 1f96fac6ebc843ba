"""One trial of ten folds: Iris, StandardScaler, Dense 8 -> softmax 3, Adam, 100 epochs, batch 5, stratified folds.

foldwise records training and validation curves and keeps each fold's best weights; the peers do neither. Its trials run in
processes of their own, with the threads of such a study: the first process of a machine, and a second one, which finds the
compiled programs of the first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import alternating, median, report, seconds
from foldwise.config.read import read_study, trial_at
from foldwise.study.plan import Plan, plan_study, threads_of
from foldwise.training.runtime import start

FOLDS, EPOCHS, BATCH, UNITS = 10, 100, 5, 8


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="runs of each, alternating; the median is shown")
    options.add_argument("--ours", type=Path, metavar="CACHE", help=argparse.SUPPRESS)
    asked = options.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if asked.ours:
        print(json.dumps(ours(asked.ours, asked.rounds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.kfold", "--ours", folder, "--rounds", str(asked.rounds)]
        runs = [json.loads(subprocess.check_output(command, text=True).splitlines()[-1]) for _ in range(1 + asked.rounds)]  # noqa: S603 this very file
    start(2)
    warm_up()
    peers = {"scikeras cross_val_score": scikeras_cross_val_score(), "Keras fit, fold by fold": keras_fit_per_fold()}
    taken = {
        "foldwise, first trial of a machine": runs[0][:1],
        "foldwise, first trial of a second process": [run[0] for run in runs[1:]],
        "foldwise, following trial": [seconds for run in runs[1:] for seconds in run[1:]],
        **alternating(peers, asked.rounds),
    }
    scikeras = median(taken["scikeras cross_val_score"])
    ratios = {name: scikeras / median(times) for name, times in taken.items()}
    rows = [[name, f"{median(times):.2f}", f"{ratios[name]:.0f}x"] for name, times in taken.items()]
    last = ", ".join(f"{name.removeprefix('foldwise, ')} {ratios[name]:.1f}x" for name in taken if name.startswith("foldwise"))
    columns = ("10 folds x 100 epochs", "seconds", "against cross_val_score")
    report("kfold", columns, rows, f"faster than cross_val_score: {last}", taken)


def ours(cache: Path, rounds: int) -> list[float]:
    """Seconds of the trials of a new process, with the programs in this folder; the first prepares the folds too."""
    from foldwise.training.program_cache import open_cache

    refused = open_cache(cache)
    assert refused is None, refused
    plan = foldwise_plan()
    start(threads_of(plan))
    warm_up()
    trial = foldwise_trial(plan)
    return [seconds(lambda number=number: trial(number)) for number in range(1 + rounds)]  # type: ignore[misc]


def warm_up() -> None:
    """Pay the cost of Keras's first use, so it does not count for any peer."""
    import numpy as np

    model: Any = network()
    model.fit(np.zeros((8, 4)), np.zeros(8), epochs=1, verbose=0)


def foldwise_plan() -> Plan:
    """The study that the trial belongs to."""
    # the peers have no holdout: the smallest share allowed
    data = {"kind": "sklearn", "name": "iris", "target": "target", "holdout": {"kind": "hash", "share": 0.02}}
    config = {
        "data": data,
        "folds": {"kind": "stratified", "count": FOLDS},
        "model": {"kind": "mlp", "hidden": 1, "units": UNITS, "activation": "relu"},
        "fit": {"epochs": EPOCHS, "batch_size": BATCH, "optimizer": "adam", "early_stop": {"patience": EPOCHS}},
    }
    return plan_study(read_study(config))


def foldwise_trial(plan: Plan) -> Callable[[int], object]:
    """One trial as a study runs it: prepared, trained, scored."""
    from foldwise.data.fold_cache import FoldCache
    from foldwise.training.cross_validate import cross_validate
    from foldwise.trial.job import TrialJob

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
