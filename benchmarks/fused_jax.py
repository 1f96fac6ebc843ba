"""One trial of ten folds of Iris, 100 epochs, batch 32: processor seconds of the first and of a following trial, by engine.

Each engine runs in a process of its own, as Keras has one backend in each. Processor seconds, as the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any, get_args

from benchmarks.measure import report
from foldwise.system.keras_backend import Backend

FOLDS, EPOCHS = 10, 100
ENGINES: tuple[tuple[Backend, str], ...] = (
    ("tensorflow", "keras"),
    ("jax", "keras"),
    ("tensorflow", "fused"),
    ("jax", "fused"),
)
NAMES = {"keras": "fold by fold", "fused": "fused"}
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"kind": "mlp", "hidden": 2, "units": 32, "activation": "relu"},
    "functional": {
        "kind": "layers",
        "layers": [
            {"kind": "Dense", "name": "wide", "units": 32, "activation": "relu"},
            {"kind": "Dropout", "name": "dropped", "rate": 0.2},
            {"kind": "Dense", "name": "beside", "from": "features", "units": 16, "activation": "tanh"},
            {"kind": "Concatenate", "from": ["dropped", "beside"]},
            {"kind": "Dense", "units": 16, "activation": "relu"},
        ],
    },
    "convolution": {
        "kind": "layers",
        "layers": [
            {"kind": "Reshape", "target_shape": [4, 1]},
            {"kind": "Conv1D", "filters": 8, "kernel_size": 2, "padding": "same", "activation": "relu"},
            {"kind": "Conv1D", "filters": 8, "kernel_size": 2, "activation": "relu"},
            {"kind": "Flatten"},
        ],
    },
}


def main() -> None:
    """Measure and print, or with an engine measure that alone."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--networks", nargs="*", default=[*NETWORKS], choices=[*NETWORKS])
    options.add_argument("--alone", nargs=2, metavar=("BACKEND", "ENGINE"))
    options.add_argument("--trials", type=int, default=3)
    options.add_argument("--epochs", type=int, default=EPOCHS, help="fewer for a rough look: the seconds are those of these")
    asked = options.parse_args()
    if asked.alone is not None:
        backend = next(known for known in get_args(Backend) if known == asked.alone[0])
        for name in asked.networks:
            taken = measured(backend, asked.alone[1], name, asked.trials, asked.epochs)
            print(json.dumps({"network": name, "seconds": taken}), flush=True)
        return
    figures = {f"{NAMES[engine]}, {backend}": _in_a_process(backend, engine, asked.networks) for backend, engine in ENGINES}
    usual = figures["fold by fold, tensorflow"]
    rows = [
        [network, name, f"{own[network][0]:.2f}", f"{own[network][-1]:.2f}", f"{usual[network][-1] / own[network][-1]:.0f}x"]
        for network in asked.networks
        for name, own in figures.items()
    ]
    columns = ("10 folds x 100 epochs", "engine", "first trial", "following", "faster")
    report("fused_jax", columns, rows, "processor seconds; faster than fold by fold on TensorFlow", figures)


def _in_a_process(backend: Backend, engine: str, networks: list[str]) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.fused_jax", "--alone", backend, engine, "--networks", *networks]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this script itself
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["network"]: line["seconds"] for line in lines}


def measured(backend: Backend, engine: str, network: str, trials: int, epochs: int = EPOCHS) -> list[float]:
    """Processor seconds of some trials; the first prepares the folds, traces and compiles."""
    from foldwise.training.runtime import start

    start(1, backend=backend)
    from foldwise.config.read import read_study
    from foldwise.data.fold_cache import FoldCache
    from foldwise.study.plan import plan_study
    from foldwise.training.cross_validate import cross_validate

    config = {
        "data": {"kind": "sklearn", "name": "iris", "target": "target"},
        "folds": {"kind": "stratified", "count": FOLDS},
        "model": NETWORKS[network],
        "fit": {"epochs": epochs, "batch_size": 32, "optimizer": "adam"},
        "training": {"engine": engine, "backend": backend},
    }
    plan = plan_study(read_study(config))
    cache, taken = FoldCache(plan.table, plan.splits), []
    for number in range(trials):
        began = time.process_time()
        result = cross_validate(plan.job(number, plan.spec.space.defaults()), plan.table, plan.splits, cache=cache)
        taken.append(time.process_time() - began)
        assert (result.state, result.engine) == ("COMPLETE", engine), result
    return taken


if __name__ == "__main__":
    main()
