"""Bundles of several networks with random weights, of one preparation or of several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from foldwise.data.read_table import read_table
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import MlpSpec
from foldwise.spec.prep import PrepSpec
from tests.contract.bundles import write_rows

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle
    from foldwise.bundle.part import Part

TRIALS, WEIGHTS = (7, 2, 9), (3, 2, 1)
ALIKE = (PrepSpec(), PrepSpec(), PrepSpec())
DIFFERENT = (PrepSpec(), PrepSpec.model_validate({"scale": "minmax"}), PrepSpec())


def make_ensemble(folder: Path, task: str, preps: tuple[PrepSpec, ...] = ALIKE) -> tuple[Bundle, list[Part], pd.DataFrame]:
    """A saved ensemble of three networks of other sizes, these networks alone, and the raw rows as in the file."""
    import keras  # takes ten seconds, and fast tests are collected in one

    from foldwise.bundle.bundle import save_bundle
    from foldwise.bundle.card import CardMember, Ensemble
    from foldwise.bundle.part import Part, joined
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.models.build import build
    from foldwise.models.heads import head_for

    folder.mkdir(parents=True, exist_ok=True)
    data = write_rows(folder / "rows.csv", task)
    table = read_table(data)
    keras.utils.set_random_seed(3)
    networks = []
    for units, prep in zip((16, 8, 4), preps, strict=True):
        preparation = fit_preparation(table, np.arange(len(table)), prep)
        model = MlpSpec(units=units, initializer="he_normal")
        head = head_for(table.task, len(table.labels), model, FitSpec())
        networks.append(Part(build(model, len(preparation.features), head, 0), preparation, head))
    together = joined(networks, WEIGHTS)
    first, *others = together.parts
    saved = save_bundle(
        folder / "bundle",
        network=first.network,
        preparation=first.preparation,
        table=table,
        head=first.head,
        reading=data.reading,
        study="s-1",
        others=others,
        ensemble=Ensemble(tuple(map(CardMember, TRIALS, WEIGHTS, together.places))),
    )
    raw = pd.read_csv(folder / "rows.csv", sep=";", dtype=str, keep_default_na=False).drop(columns=["answer"])
    return saved, networks, raw
