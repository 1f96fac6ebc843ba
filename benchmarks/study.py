"""A whole study: 30 trials of 5 folds over learning rate, width, depth, dropout, scaler and batch size, on Iris and Titanic.

All search the same space on the same folds for the same epochs, without early stopping. Peers: an Optuna loop around Keras,
and KerasTuner with a `run_trial` that goes over the folds; both train fold by fold and do not validate after every epoch.
foldwise does, and commits every fold with its curves to a ledger; no peer ships to MLflow. Each study has its own
process, so the peers compile everything; foldwise's programs are kept between processes, as by default, and its first
study finds none. Importing libraries does not count.

All of them compute on one core nearly all the time, so processor time is the time of a trial on an idle machine, and the
ratio uses it; the results hold wall-clock time too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.kfold import warm_up
from benchmarks.measure import median, report
from benchmarks.space import BATCHES, DEPTHS, DROPOUT, IRIS, RATES, SCALERS, UNITS, study_of
from foldwise.spec.study import StudySpec
from foldwise.study.plan import Plan, plan_study, threads_of
from foldwise.training.program_cache import open_cache
from foldwise.training.runtime import start

TRIALS, EPOCHS = 30, 50
DATA = Path(__file__).parents[2] / "shared" / "data"
TITANIC = ("PassengerId", "Name", "Ticket", "Cabin")  # identifiers and free text, left out by all

Score = Callable[..., float]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=5, help="studies of each")
    options.add_argument("--data", type=Path, default=DATA, help="the folder that holds titanic/titanic.csv")
    options.add_argument("--tables", nargs="+", default=["iris", "titanic"], choices=["iris", "titanic"])
    options.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    options.add_argument("--log", type=Path, help="one line a finished study; studies in it are not run again")
    options.add_argument("--logged", action="store_true", help="run none, show what the log has")
    options.add_argument("--one", nargs=4, metavar=("PEER", "TABLE", "SEED", "PROGRAMS"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        peer, table, seed, programs = asked.one
        print(json.dumps(one_study(peer, table, asked.data, int(seed), Path(programs))))
        return
    figures: dict[str, Any] = {}
    rows, ratios = [], []
    for table in asked.tables:
        if table == "titanic" and not (asked.data / "titanic" / "titanic.csv").exists():
            print(f"titanic is left out: {asked.data} has no titanic/titanic.csv; --data says where it is")
            continue
        taken = figures[table] = every_study(table, asked.data, asked.seeds, asked.peers, asked.log, asked.logged)
        spent = {peer: median([run["processor"] for run in runs]) for peer, runs in taken.items()}
        fastest = min(value for peer, value in spent.items() if peer != "foldwise")
        for peer, runs in taken.items():
            best, error = mean_and_error([run["best"] for run in runs])
            spread = f" ± {error:.4f}" if len(runs) > 1 else ""
            each = f"{spent[peer]:.2f}", f"{fastest / spent[peer]:.1f}x", f"{best:.4f}{spread}"
            rows.append([table, f"{peer} ({len(runs)})", *each])
        ratios.append(f"{table} {fastest / spent['foldwise']:.1f}x")
    columns = (
        "table", "30 trials x 5 folds x 50 epochs (studies)", "processor seconds a trial",
        "against the better peer", "best score",
    )  # fmt: skip
    report("study", columns, rows, f"faster a trial than the better peer, by processor time: {', '.join(ratios)}", figures)


def every_study(
    table: str, data: Path, seeds: int, peers: list[str], log: Path | None, only_logged: bool
) -> dict[str, list[dict[str, float]]]:
    """Each peer's studies, seed after seed, in turn; those in the log are not run again."""
    with tempfile.TemporaryDirectory() as programs:
        return _every_study(table, data, seeds, peers, log, only_logged, programs)


def _every_study(
    table: str, data: Path, seeds: int, peers: list[str], log: Path | None, only_logged: bool, programs: str
) -> dict[str, list[dict[str, float]]]:
    known = {(run["peer"], run["table"], run["seed"]): run for run in _logged(log)}
    taken: dict[str, list[dict[str, float]]] = {peer: [] for peer in peers}
    for seed in range(seeds):
        for peer, runs in taken.items():
            if (peer, table, seed) not in known:
                if only_logged:
                    continue
                one = ("--one", peer, table, str(seed), programs)
                command = [sys.executable, "-m", "benchmarks.study", "--data", str(data), *one]
                run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 this very file
                known[peer, table, seed] = {
                    "peer": peer,
                    "table": table,
                    "seed": seed,
                    **json.loads(run.stdout.splitlines()[-1]),
                }
                if log is not None:
                    with log.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(known[peer, table, seed]) + "\n")
            runs.append({name: known[peer, table, seed][name] for name in ("seconds", "processor", "best")})
            print(f"{table}, seed {seed}, {peer}: {runs[-1]}", file=sys.stderr)
    return {peer: runs for peer, runs in taken.items() if runs}


def _logged(log: Path | None) -> list[dict[str, Any]]:
    if log is None or not log.exists():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def one_study(peer: str, table: str, data: Path, seed: int, programs: Path) -> dict[str, float]:
    """Seconds a trial and the best mean score of one study in this process."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if peer == "foldwise":
        refused = open_cache(programs)
        assert refused is None, refused
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_study(_study(table, data, seed, Path(folder)))
        start(threads_of(plan) if peer == "foldwise" else 2)  # Keras's loop is as fast with one as with two
        warm_up()
        study = PEERS[peer](plan, seed, Path(folder))
        began, worked = time.perf_counter(), time.process_time()
        best = study()
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
        return {"seconds": seconds / TRIALS, "processor": processor / TRIALS, "best": best}


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    import numpy as np

    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return float(np.mean(values)), float(error)


def _study(table: str, data: Path, seed: int, folder: Path) -> StudySpec:
    path = str(data / "titanic" / "titanic.csv")
    titanic = {"kind": "csv", "path": path, "target": "Survived", "drop": list(TITANIC)}
    holdout = {"kind": "hash", "share": 0.02}  # the peers have no holdout: the smallest share allowed
    source = {**(titanic if table == "titanic" else IRIS), "holdout": holdout}
    return study_of(source, folder, seed, TRIALS, EPOCHS, tracking={"kind": "in_memory"})


def foldwise_study(plan: Plan, seed: int, folder: Path) -> Callable[[], float]:
    """As `python -m pipelines.tune` searches, up to the best trial."""
    from foldwise.data.fold_cache import FoldCache
    from foldwise.doors import assemble
    from foldwise.execution.local import HereExecutor
    from foldwise.study.open_or_resume import open_or_resume
    from foldwise.study.search import Parts, search
    from foldwise.training.cross_validate import cross_validate

    def study() -> float:
        ledger = assemble.ledger_at(None, plan.spec.fixed.paths.runs, print)
        record = open_or_resume(plan, ledger, {})
        tracker, _ = assemble.make_tracking(plan.spec.fixed.tracking, str(folder), ledger)
        cache = FoldCache(plan.table, plan.splits)
        executor = HereExecutor(lambda job: cross_validate(job, plan.table, plan.splits, cache=cache))
        tracker.open(record, [])
        parts = Parts(assemble.make_tuner(plan.spec, plan.goals), executor, ledger, tracker, Silent())
        results = search(plan, parts, ledger.trials(record.name)).results
        ledger.close()
        assert all(result.state == "COMPLETE" for result in results), [result.reason for result in results]
        return max(result.mean for result in results)

    return study


def optuna_study(plan: Plan, seed: int, folder: Path) -> Callable[[], float]:
    """As an experienced user writes it: an objective that loops over the folds."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        return keras_score(
            plan,
            trial.suggest_categorical("scale", SCALERS),
            trial.suggest_int("hidden", *DEPTHS),
            trial.suggest_int("units", *UNITS, log=True),
            trial.suggest_float("dropout", *DROPOUT),
            trial.suggest_categorical("batch_size", BATCHES),
            trial.suggest_float("learning_rate", *RATES, log=True),
        )

    def study() -> float:
        found = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        found.optimize(objective, n_trials=TRIALS)
        return float(found.best_value)

    return study


def keras_tuner_study(plan: Plan, seed: int, folder: Path) -> Callable[[], float]:
    """KerasTuner's Bayesian optimisation with its own `run_trial`, as its guide on custom tuners shows."""
    import keras_tuner

    class Folds(keras_tuner.BayesianOptimization):  # type: ignore[misc]
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
            of = trial.hyperparameters
            return keras_score(
                plan,
                of.Choice("scale", list(SCALERS)),
                of.Int("hidden", *DEPTHS),
                of.Int("units", *UNITS, sampling="log"),
                of.Float("dropout", *DROPOUT),
                of.Choice("batch_size", list(BATCHES)),
                of.Float("learning_rate", *RATES, sampling="log"),
            )

    def study() -> float:
        objective = keras_tuner.Objective("score", "max")
        where = {"directory": str(folder), "project_name": "study", "overwrite": True}
        tuner = Folds(lambda _: None, objective=objective, max_trials=TRIALS, seed=seed, **where)
        tuner.search(verbose=0)
        return float(tuner.oracle.get_best_trials(1)[0].score)

    return study


PEERS: dict[str, Callable[[Plan, int, Path], Callable[[], float]]] = {
    "foldwise": foldwise_study,
    "Optuna + Keras": optuna_study,
    "KerasTuner": keras_tuner_study,
}


def keras_score(plan: Plan, scale: str, hidden: int, units: int, dropout: float, batch_size: int, rate: float) -> float:
    """The mean accuracy of a trial, trained fold by fold through Keras's `fit`."""
    import keras
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

    table = plan.table
    columns = {kind: [c.name for c in table.schema.columns if c.kind == kind] for kind in ("number", "category")}
    classes = len(table.labels)
    scores = []
    for split in plan.splits:
        scaler = {"standard": StandardScaler, "minmax": MinMaxScaler}[scale]()
        prepare = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), scaler), columns["number"]),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), columns["category"]),
        )
        x = prepare.fit_transform(table.frame.iloc[split.train]).astype(np.float32)
        layers: list[Any] = [keras.Input((x.shape[1],))]
        for _ in range(hidden):
            layers += [keras.layers.Dense(units, activation="relu"), keras.layers.Dropout(dropout)]
        binary = classes == 2
        layers.append(keras.layers.Dense(1 if binary else classes, activation="sigmoid" if binary else "softmax"))
        model = keras.Sequential(layers)
        loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        model.fit(x, table.target[split.train], epochs=EPOCHS, batch_size=batch_size, verbose=0)
        valid = prepare.transform(table.frame.iloc[split.valid]).astype(np.float32)
        scores.append(model.evaluate(valid, table.target[split.valid], verbose=0)[1])
    keras.backend.clear_session()
    return float(np.mean(scores))


class Silent:
    """A watcher that shows nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


if __name__ == "__main__":
    main()
