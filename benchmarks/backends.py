"""Ten folds of Iris on TensorFlow, JAX and PyTorch: a trial of foldwise and Keras's `fit`, in processor seconds.

Each backend runs in a process of its own. Networks: an mlp, a functional network of layers, a 1-D convolution, Adam, batch 5.
`--python` names the interpreter of an environment that has all three.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from benchmarks.measure import report
from foldwise.system.keras_backend import BACKENDS, Backend
from foldwise.training.runtime import start

BATCH, UNITS = 5, 8
LAYERS: Mapping[str, list[dict[str, Any]]] = {
    "functional": [
        {"kind": "Dense", "name": "wide", "units": UNITS, "activation": "relu"},
        {"kind": "Dense", "name": "deep", "units": UNITS, "activation": "relu"},
        {"kind": "Add", "name": "both", "from": ["wide", "deep"]},
        {"kind": "Dense", "units": UNITS, "activation": "relu"},
    ],
    "convolution": [
        {"kind": "Reshape", "target_shape": [4, 1]},
        {"kind": "Conv1D", "filters": UNITS, "kernel_size": 2, "activation": "relu"},
        {"kind": "Flatten"},
    ],
}
MODELS: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"kind": "mlp", "hidden": 1, "units": UNITS, "activation": "relu"},
    **{name: {"kind": "layers", "layers": layers} for name, layers in LAYERS.items()},
}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--epochs", type=int, default=100)
    options.add_argument("--folds", type=int, default=10)
    options.add_argument("--python", default=sys.executable, help="the interpreter that measures")
    options.add_argument("--only", default="", help=argparse.SUPPRESS)  # what a process of its own measures
    asked = options.parse_args()
    if asked.only:
        print(json.dumps(measured(asked.only, asked.folds, asked.epochs)))
        return
    figures: dict[str, Any] = {}
    for backend in BACKENDS:
        words = ["-m", "benchmarks.backends", "--only", backend, "--folds", str(asked.folds), "--epochs", str(asked.epochs)]
        environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        done = subprocess.run([asked.python, *words], stdout=subprocess.PIPE, text=True, check=True, env=environment)  # noqa: S603
        figures[backend] = json.loads(done.stdout.splitlines()[-1])
    usual = figures["tensorflow"]
    rows = []
    for computes_with, own in figures.items():
        if own is None:
            continue
        for name, took in own["networks"].items():
            gain = usual["networks"][name]["fit"] / took["following"]
            cells = [f"{took[what]:.1f}" for what in ("first", "following", "fit")]
            rows.append([computes_with, name, took["engine"], *cells, f"{gain:.1f}x"])
        rows.append([computes_with, "to the first epoch", "", f"{own['start']:.1f}", "", "", f"{own['memory']:.0f} MB"])
    best = max(("jax", "torch"), key=lambda name: -_following(figures[name], "functional"))
    gain = usual["networks"]["functional"]["fit"] / _following(figures[best], "functional")
    work = f"{asked.folds} folds x {asked.epochs} epochs"
    columns = (work, "network", "engine", "first trial", "following trial", "Keras fit", "against fit on tensorflow")
    report(
        "backends", columns, rows, f"a functional network on {best}: {gain:.1f}x as fast as Keras fit on TensorFlow", figures
    )


def _following(own: Mapping[str, Any] | None, network: str) -> float:
    return float("inf") if own is None else float(own["networks"][network]["following"])


def measured(backend: Backend, folds: int, epochs: int) -> dict[str, Any] | None:
    """The processor seconds of one backend, whose library is imported here; None if it is not installed."""
    if find_spec(backend) is None:
        return None
    start(2, backend=backend)
    trials = {name: foldwise_trial(backend, model, folds, 1) for name, model in MODELS.items()}
    trials["mlp"](0)
    begin = {"start": time.process_time(), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    found: dict[str, Any] = {}
    for name, model in MODELS.items():
        trial = foldwise_trial(backend, model, folds, epochs)
        first, engine = _processor_seconds(trial, 0)
        following, _ = _processor_seconds(trial, 1)
        fit, _ = _processor_seconds(keras_fit(backend, model, folds, epochs), 0)
        found[name] = {"engine": engine, "first": first, "following": following, "fit": fit}
    return {**begin, "networks": found}


def _processor_seconds(work: Callable[[int], str], number: int) -> tuple[float, str]:
    began = time.process_time()
    said = work(number)
    return time.process_time() - began, said


def foldwise_trial(backend: Backend, model: Mapping[str, Any], folds: int, epochs: int) -> Callable[[int], str]:
    """One trial as a study runs it: prepared, trained, scored; gives the name of its engine."""
    from foldwise.data.fold_cache import FoldCache
    from foldwise.training.cross_validate import cross_validate

    plan = _plan(backend, model, folds, epochs)
    cache = FoldCache(plan.table, plan.splits)

    def trial(number: int) -> str:
        result = cross_validate(plan.job(number, {}), plan.table, plan.splits, cache=cache)
        assert result.state == "COMPLETE", result.reason
        return str(result.engine)

    return trial


def _plan(backend: Backend, model: Mapping[str, Any], folds: int, epochs: int) -> Any:
    from foldwise.config.read import read_study
    from foldwise.study.plan import plan_study

    data = {"kind": "sklearn", "name": "iris", "target": "target", "holdout": {"kind": "hash", "share": 0.02}}
    config = {
        "data": data,
        "folds": {"kind": "stratified", "count": folds},
        "model": dict(model),
        "fit": {"epochs": epochs, "batch_size": BATCH, "optimizer": "adam", "early_stop": {"patience": epochs}},
        "training": {"backend": backend},
    }
    return plan_study(read_study(config))


def keras_fit(backend: Backend, model: Mapping[str, Any], folds: int, epochs: int) -> Callable[[int], str]:
    """The same networks and folds by hand: a new network and one `fit` a fold, as Keras does it by default."""
    import keras

    from foldwise.data.fold_cache import FoldCache
    from foldwise.models.build import build
    from foldwise.training.cross_validate import training_for

    plan = _plan(backend, model, folds, epochs)
    job = plan.job(0, {})
    training = training_for(job, plan.table)
    prepared = list(FoldCache(plan.table, plan.splits).folds(job.spec.prep, job.spec.balance))

    def run(number: int) -> str:
        for data in prepared:
            network = build(training.model, data.train_x.shape[1], training.head, number, data.columns, data.layout)
            network.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
            valid = (data.valid_x, data.valid_y)
            network.fit(data.train_x, data.train_y, batch_size=BATCH, epochs=epochs, validation_data=valid, verbose=0)
        keras.backend.clear_session()
        return ""

    return run


if __name__ == "__main__":
    main()
