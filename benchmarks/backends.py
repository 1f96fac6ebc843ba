"""Ten folds of Iris on TensorFlow, JAX and PyTorch: a trial of foldwise and Keras's `fit`, in processor seconds.

Networks: an mlp, a functional network of layers, a 1-D convolution, Adam, batch 5. `--python` names the interpreter of an
environment that has all three backends.

Each network on each backend runs in a process of its own and is a line of `networks.jsonl` in --folder; a second start goes on
where the first was stopped.

    python -m benchmarks.backends --folder backends            # some 50 minutes, most of them PyTorch's
    python -m benchmarks.backends --folder backends --report   # run none, show what is there
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
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.lines import Record, append, read
from benchmarks.measure import report
from foldwise.system.keras_backend import BACKENDS, Backend
from foldwise.training.runtime import start

BATCH, UNITS = 5, 8
FIRST_EPOCH = "to the first epoch"  # of an mlp, from the start of the process
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
    """Run what is missing, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--epochs", type=int, default=100)
    options.add_argument("--folds", type=int, default=10)
    options.add_argument("--python", default=sys.executable, help="the interpreter that measures")
    options.add_argument("--folder", type=Path, default=Path("build/backends"), help="holds the networks, finished and to come")
    options.add_argument("--report", action="store_true", help="run none")
    options.add_argument("--only", nargs=2, default=(), help=argparse.SUPPRESS)  # what a process of its own measures
    asked = options.parse_args()
    if asked.only:
        backend, network = asked.only
        print(json.dumps(measured(backend, network, asked.folds, asked.epochs)))
        return
    log, work = asked.folder / "networks.jsonl", (asked.folds, asked.epochs)
    done = {key[:2]: one for key, one in read(log, "backend", "network", "folds", "epochs").items() if key[2:] == work}
    for backend, network in () if asked.report else product(BACKENDS, (FIRST_EPOCH, *MODELS)):
        if (backend, network) not in done and (found := _in_a_process(asked.python, backend, network, *work)):
            done[backend, network] = found
            append(log, found)
            print(backend, network, f"{found['following']:.1f} s", flush=True)
    show(done, f"{asked.folds} folds x {asked.epochs} epochs")


def _in_a_process(python: str, backend: str, network: str, folds: int, epochs: int) -> Record | None:
    words = ["-m", "benchmarks.backends", "--only", backend, network, "--folds", str(folds), "--epochs", str(epochs)]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([python, *words], stdout=subprocess.PIPE, text=True, check=True, env=environment)  # noqa: S603
    found: Record | None = json.loads(done.stdout.splitlines()[-1])
    return found


def show(done: Mapping[tuple[str, str], Record], work: str) -> None:
    """Print, and write the result."""
    rows, said = [], []
    for (backend, network), took in done.items():
        if network == FIRST_EPOCH:
            rows.append([backend, network, "", f"{took['following']:.1f}", "", "", "", f"{took['memory']:.0f} MB"])
            continue
        usual = done.get(("tensorflow", network))
        gain = f"{usual['fit'] / took['following']:.1f}x" if usual else ""
        seconds = [f"{took[what]:.1f}" for what in ("first", "following", "fit")]
        rows.append([backend, network, took["engine"], *seconds, gain, f"{took['memory']:.0f} MB"])
        if gain and network == "functional":
            said.append(f"{gain} on {backend}")
    columns = (work, "network", "engine", "first trial", "following trial", "Keras fit", "against fit on tensorflow", "memory")
    last = f"a functional network, following trial against Keras fit on TensorFlow: {', '.join(said)}"
    report("backends", columns, rows, last, {f"{backend}, {network}": took for (backend, network), took in done.items()})


def measured(backend: Backend, network: str, folds: int, epochs: int) -> Record | None:
    """The processor seconds of one network on one backend, whose library is imported here; None if it is not installed.

    Returns:
        Seconds without imports; `following` of FIRST_EPOCH: with all of them, until its trial of one epoch is over. `memory`:
        the peak in MB.
    """
    if find_spec(backend) is None:
        return None
    start(2, backend=backend)
    took: Record
    if network == FIRST_EPOCH:
        foldwise_trial(backend, MODELS["mlp"], folds, 1)(0)
        took = {"following": time.process_time()}
    else:
        trial = foldwise_trial(backend, MODELS[network], folds, epochs)
        first, engine = _processor_seconds(trial, 0)
        following, _ = _processor_seconds(trial, 1)
        fit, _ = _processor_seconds(keras_fit(backend, MODELS[network], folds, epochs), 0)
        took = {"engine": engine, "first": first, "following": following, "fit": fit}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"backend": backend, "network": network, "folds": folds, "epochs": epochs, **took, "memory": memory}


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
