"""The rows with the largest loss of a finished study, read from its file for a page that is written again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from foldwise.report.compare_page import RowsShown
from foldwise.system.numbers import shown
from foldwise.trial.summary import StudySummary

NAME = "worst_rows.csv"
OWN = ("row", "truth", "prediction", "p_truth", "loss")  # before the cells; numbers have no p_truth
COLUMNS, LETTERS = 20, 60  # on the page, and letters of a cell
CELL = "cell "  # before the name of a column that is called like one of ours


def arranged(columns: Sequence[str], rows: Sequence[Sequence[str]], first: Sequence[str], heading: str) -> RowsShown:
    """Rows as a page shows them: our own columns, then the cells, those of some columns first.

    Args:
        columns: their names, our own before the cells.
        rows: their cells as text.
        first: the columns that matter most, by their names in the data.
        heading: what the rows are.
    """
    ours = [name for name in columns if name in OWN]
    cells = [name for name in columns if name not in OWN]
    wanted = [name if name in cells else f"{CELL}{name}" for name in first]
    order = [*ours, *dict.fromkeys([*(name for name in wanted if name in cells), *cells])]
    places = [columns.index(name) for name in order[:COLUMNS]]
    texts = [[_text(row[place]) for place in places] for row in rows]
    return RowsShown(heading, tuple(order[:COLUMNS]), texts, max(0, len(order) - COLUMNS))


def worst_rows_of(folder: Path, summary: StudySummary | None) -> RowsShown | None:
    """The rows in a study's folder; None if it has none, or no file that can be read."""
    if summary is None:
        return None
    try:
        with (folder / NAME).open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error):
        return None
    if not rows or any(len(row) != len(columns) for row in rows):
        return None
    first = [one.name for one in summary.importance.columns] if summary.importance else []
    loss = "log loss" if "p_truth" in columns else "size of the error"
    return arranged(columns, rows, first, f"by the {loss} out of fold")


def _text(cell: str) -> str:
    """A cell on a page: a number with a point is rounded, a long text cut off."""
    if "." in cell:
        with suppress(ValueError):
            return shown(float(cell))
    return cell if len(cell) <= LETTERS else f"{cell[: LETTERS - 1]}…"
