"""What an answer costs: one row from Python against plain Keras and MLflow's pyfunc, and files of a million rows.

A table like Titanic (five numbers and three categories, a network of three layers of 64) and images like MNIST (two blocks of
convolutions), both untrained: the answers do not change the time. Plain Keras gets the prepared features and returns
its outputs only. Files go from CSV to CSV in a separate process; importing and loading do not count, scoring against a given
truth does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.measure import median, report
from foldwise.training.runtime import start

THREADS = 2
WARM, TURN = 5, 10  # untimed calls first; calls of one before the next one's turn
LEARNT = 900  # rows
FILES = (100_000, 1_000_000)
MOST_MILLISECONDS = 10


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20, help=f"turns of {TURN} calls each; the median is shown")
    options.add_argument("--file", nargs=3, metavar=("FOLDER", "ROWS", "TRUTH"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start(THREADS)
    if asked.file:
        print(json.dumps(answer_file(Path(asked.file[0]), int(asked.file[1]), asked.file[2] == "scored")))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_tables(folder / "table")
        make_images(folder / "images")
        one = {
            "a row": one_row(folder / "table", table_rows(1).drop(columns="Survived"), asked.rounds),
            "an image": one_row(folder / "images", pixels(1), asked.rounds),
        }
        files = {f"{rows:,} rows, {kind}": in_a_process(folder, rows, kind) for kind in ("plain", "scored") for rows in FILES}
    rows = [
        [what, name, f"{wall:.2f} ms", f"{processor:.2f} ms"]
        for what, peers in one.items()
        for name, (wall, processor) in peers.items()
    ]
    rows += [[what, "predict", f"{rate:,.0f} rows/s", f"{peak:.0f} MB at most"] for what, (rate, peak) in files.items()]
    direct = ", ".join(f"{what} {peers['answer'][0]:.2f} ms" for what, peers in one.items())
    grown = [files[f"{FILES[1]:,} rows, {kind}"][1] - files[f"{FILES[0]:,} rows, {kind}"][1] for kind in ("plain", "scored")]
    last = (
        f"direct: {direct} (less than {MOST_MILLISECONDS}); from {FILES[0]:,} to {FILES[1]:,} rows predict's memory grows by "
        f"{grown[0]:.0f} MB, by {grown[1]:.0f} MB where it scores"
    )
    report("serving", ("what", "by", "wall", "processor, or memory"), rows, last, {"one": one, "files": files})


def one_row(folder: Path, row: pd.DataFrame | npt.NDArray[np.uint8], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds on the wall and of the processor of each way to answer one row, called in turns."""
    import mlflow

    from foldwise.bundle.bundle import load_bundle
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    bundle = load_bundle(folder / "bundle")
    registry = MlflowRegistry(mlflow_store(folder / "runs"))
    registry.register(folder / "bundle", "model", None, {})
    pyfunc = mlflow.pyfunc.load_model(str(registry.fetch("model@champion").parents[1]))
    features = bundle.sample_features[:1]
    cells: Any = row.iloc[0].to_dict() if isinstance(row, pd.DataFrame) else row[0]
    peers: Mapping[str, Callable[[], object]] = {
        "answer": lambda: bundle.answer(cells),
        "predict": lambda: bundle.predict(row),
        "MLflow's pyfunc": lambda: pyfunc.predict(row),
        "Keras' network.predict": lambda: bundle.network.predict(features, verbose=0),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for work in peers.values():
        _spent(work, WARM)
    for _ in range(rounds):
        for name, work in peers.items():
            taken[name].append(_spent(work, TURN))
    return {name: (median([w for w, _ in spent]), median([p for _, p in spent])) for name, spent in taken.items()}


def in_a_process(folder: Path, rows: int, kind: str) -> tuple[float, float]:
    """Rows a second and the peak of resident memory in MB, of a file with this number of rows."""
    frame = table_rows(rows)
    (frame if kind == "scored" else frame.drop(columns="Survived")).to_csv(folder / "rows.csv", index=False)
    command = [sys.executable, "-m", "benchmarks.serving", "--file", str(folder), str(rows), kind]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own words
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return rows / seconds, peak


def answer_file(folder: Path, rows: int, scored: bool) -> tuple[float, float]:
    """Seconds and peak of resident memory in MB, within the process (Linux)."""
    from foldwise.bundle import predict_file as answers
    from foldwise.bundle.bundle import load_bundle
    from foldwise.doors.screen import Screen
    from foldwise.spec.places import Paths
    from foldwise.spec.services import PredictSpec

    bundle = load_bundle(folder / "table" / "bundle")
    asked = PredictSpec(
        model="table@champion",
        input=str(folder / "rows.csv"),
        output=str(folder / "answers.csv"),
        paths=Paths(runs=str(folder / "runs")),
    )
    began = time.perf_counter()
    answers.answer_file(asked, lambda: bundle, Screen())
    seconds = time.perf_counter() - began
    assert sum(1 for _ in (folder / "answers.csv").open()) == rows + 1
    assert (folder / "runs" / "studies" / bundle.card.study / "predict.json").exists() or not scored
    # of this program alone: getrusage starts from the memory of the parent process
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return seconds, int(peak.split()[1]) / 1024


def table_rows(rows: int) -> pd.DataFrame:
    """Rows like Titanic's, with gaps, and which of them survived."""
    draws = np.random.default_rng(rows)
    ages = draws.integers(0, 80, rows)
    return pd.DataFrame(
        {
            "Pclass": draws.integers(1, 4, rows),
            "Sex": draws.choice(["male", "female"], rows),
            "Age": pd.Series(ages).where(ages > 1),
            "SibSp": draws.integers(0, 5, rows),
            "Parch": draws.integers(0, 4, rows),
            "Fare": np.round(draws.exponential(30, rows), 4),
            "Embarked": draws.choice(["S", "C", "Q"], rows),
            "Deck": draws.choice(list("ABCDEF"), rows),
            "Survived": draws.integers(0, 2, rows),
        }
    )


def pixels(rows: int) -> npt.NDArray[np.uint8]:
    """Images as large as MNIST's, (rows, 28, 28, 1)."""
    return np.random.default_rng(rows).integers(0, 256, (rows, 28, 28, 1), dtype=np.uint8)


def make_tables(folder: Path) -> None:
    """A bundle for `table_rows`, in the folder."""
    from foldwise.data.read_table import read_table
    from foldwise.spec.data import CsvData
    from foldwise.spec.model import MlpSpec
    from foldwise.spec.prep import PrepSpec

    folder.mkdir()
    table_rows(LEARNT).to_csv(folder / "rows.csv", index=False)
    data = CsvData(kind="csv", path=str(folder / "rows.csv"), target="Survived")
    _save(folder, read_table(data), MlpSpec(hidden=3, units=64, dropout=0.2), PrepSpec())


def make_images(folder: Path) -> None:
    """A bundle for `pixels`, in the folder."""
    from foldwise.data.image_table import read_image_table
    from foldwise.spec.images import NpzData
    from foldwise.spec.model import CnnSpec
    from foldwise.spec.prep import PrepSpec

    folder.mkdir()
    np.savez(folder / "rows.npz", images=pixels(LEARNT), labels=np.arange(LEARNT) % 10)
    table = read_image_table(NpzData(kind="npz", path=str(folder / "rows.npz")))
    model = CnnSpec(kind="cnn", image=(28, 28, 1), blocks=2, filters=32, units=64)
    _save(folder, table, model, PrepSpec(scale="unit"))


def _save(folder: Path, table: Any, model: Any, prep: Any) -> None:
    import keras

    from foldwise.bundle.bundle import save_bundle
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.models.build import build
    from foldwise.models.heads import head_for
    from foldwise.spec.data import Reading
    from foldwise.spec.fit import FitSpec

    preparation = fit_preparation(table, np.arange(len(table)), prep)
    head = head_for(table.task, len(table.labels), model, FitSpec())
    keras.utils.set_random_seed(0)
    network = build(model, len(preparation.features), head, 0)
    parts = {"network": network, "preparation": preparation, "table": table, "head": head}
    save_bundle(folder / "bundle", **parts, reading=Reading(), study="measured")


def _spent(work: Callable[[], object], calls: int) -> tuple[float, float]:
    """Milliseconds a call, on the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(calls):
        work()
    return (time.perf_counter() - wall) * 1e3 / calls, (time.process_time() - processor) * 1e3 / calls


if __name__ == "__main__":
    main()
