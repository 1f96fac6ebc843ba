"""Small trained-looking bundles on a real table, for suites that need one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from foldwise.data.read_table import read_table
from foldwise.data.table import Table
from foldwise.spec.data import CsvData
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import MlpSpec
from foldwise.spec.prep import PrepSpec

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle

TARGETS = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"]}


def write_rows(path: Path, task: str, rows: int = 60) -> CsvData:
    """A CSV with decimal commas, a whole-number column, gaps in a number and in a category, and a column to leave out."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "size": [f"{x:.3f}".replace(".", ",") for x in rng.normal(size=rows)],
            "count": rng.integers(0, 9, rows),
            "sort of thing": rng.choice(["red", "green", "3"], rows),
            "gap": ["" if i % 7 == 2 else str(i % 5) for i in range(rows)],
            "same": ["x"] * rows,
        }
    )
    several = task == "multioutput"
    if several:
        frame["weight"] = [f"{x:.4f}".replace(".", ",") for x in rng.normal(size=rows)]
    if several or task == "regression":
        frame["answer"] = [f"{1000 + 50 * x:.2f}".replace(".", ",") for x in rng.normal(size=rows)]
    else:
        frame["answer"] = [TARGETS[task][i % len(TARGETS[task])] for i in range(rows)]
    frame.to_csv(path, sep=";", index=False)
    target = ["answer", "weight"] if several else "answer"
    return CsvData(kind="csv", path=str(path), target=target, delimiter=";", decimal=",")


def make_bundle(folder: Path, task: str, seed: int = 1, networks: int = 1) -> tuple[Bundle, Table, pd.DataFrame]:
    """A saved bundle of one network or the mean of several, with random weights, its table, and the raw rows as in the file."""
    import keras  # takes ten seconds, and fast tests are collected in one

    from foldwise.bundle.bundle import save_bundle
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.models.average import averaged
    from foldwise.models.build import build
    from foldwise.models.heads import head_for

    folder.mkdir(parents=True, exist_ok=True)
    data = write_rows(folder / "rows.csv", task)
    table = read_table(data)
    preparation = fit_preparation(table, np.arange(len(table)), PrepSpec())
    model = MlpSpec(units=16, batch_norm=True, dropout=0.3, initializer="he_normal")
    head = head_for(table.task, len(table.class_names), model, FitSpec())
    keras.utils.set_random_seed(seed)
    network = averaged([build(model, len(preparation.features), head, 0) for _ in range(networks)])
    saved = save_bundle(
        folder / "bundle",
        network=network,
        preparation=preparation,
        table=table,
        head=head,
        reading=data.reading,
        study="s-1",
    )
    raw = pd.read_csv(folder / "rows.csv", sep=";", dtype=str, keep_default_na=False).drop(columns=list(data.targets))
    return saved, table, raw
