"""What the page of a study shows from its files: confusion by class out of fold, and links to its other pages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from foldwise.evaluation.metrics import confusion
from foldwise.ledger.rows import StudyRecord
from foldwise.report.out_of_fold_rows import read_out_of_fold
from foldwise.trial.result import TrialResult

MOST_LABELS, MOST_PAIRS = 20, 20  # of a matrix; of more labels the pairs that are confused most
MOST_FIGURES = 30
MLFLOW = "http://127.0.0.1:5000"  # where `ui` serves a store that has no server of its own


def confusion_of(folder: Path, record: StudyRecord, results: Sequence[TrialResult]) -> dict[str, Any] | None:
    """How often the best trial took each label for each other, out of fold; None without labels or predictions."""
    rows = read_out_of_fold(folder, record, list(results))
    if rows is None or not rows.labels:
        return None
    counts = confusion(rows.truth, rows.predictions, rows.threshold)
    found: dict[str, Any] = {"labels": rows.labels, "rows": len(rows.rows)}
    if len(rows.labels) <= MOST_LABELS:
        return {**found, "counts": counts.tolist()}
    wrong = counts - np.diag(counts.diagonal())
    places = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [(*map(int, np.unravel_index(place, wrong.shape)), int(wrong.flat[place])) for place in places]
    return {**found, "pairs": [(rows.labels[true], rows.labels[taken], count) for true, taken, count in pairs if count]}


def links_of(folder: Path, record: StudyRecord, page: Path) -> list[tuple[str, str]]:
    """Text and address of each other page and picture of a study, relative to the folder of the page.

    Args:
        folder: of the study's files.
        record: the study.
        page: the folder of the page.
    """
    figures = sorted((folder / "figures").glob("*.png"))[:MOST_FIGURES]
    files = [
        ("compare page", folder / "compare.html"),
        ("search page", folder / "figures" / "search.html"),
        ("model card", folder / "bundle" / "model_card.html"),
        *((path.stem.replace("_", " "), path) for path in figures),
    ]
    own = page == folder
    found = [
        (text, quote(os.path.relpath(path, page)))
        for text, path in files
        if path.exists() and not (own and text == "compare page")
    ]
    place = record.summary.mlflow if record.summary else None
    if place is not None and place.tracking_uri != "memory":
        served = place.tracking_uri.startswith(("http://", "https://"))
        base = place.tracking_uri.rstrip("/") if served else MLFLOW
        text = "MLflow" if served else "MLflow (while foldwise ui runs)"
        found.append((text, f"{base}/#/experiments/{quote(place.experiment_id)}/runs/{quote(place.run_id)}"))
    return found
