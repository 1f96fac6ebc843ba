"""The figures of a search: pictures for a paper, and one interactive page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.report.figures.searched import UNMARKED, Marks, Seen, seen
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import BaselineScore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "search.html"


def draw_search(
    folder: Path,
    name: str,
    recipe: Mapping[str, Any],
    results: Sequence[TrialResult],
    goal: Goal,
    baselines: Sequence[BaselineScore],
    steps: int | None = None,
    marks: Marks = UNMARKED,
) -> list[Path]:
    """Write the figures that have something to show, each atomically; return their paths.

    Args:
        folder: for the figures; created if missing.
        name: the name of the study.
        recipe: the plain configuration of the study, with the ranges and the seed.
        results: its finished trials, in any order.
        goal: ranks the trials; the first of two goals.
        baselines: over the same folds.
        steps: of an epoch of the best trial; None if they are not known.
        marks: the trials that stand out.
    """
    search = seen(name, recipe, results, goal, baselines, marks)
    writers = _writers(steps)
    return [writers[file](search, folder / file) for file in worth_drawing(search)]


def import_libraries() -> None:
    """Import what a search is drawn with, before there is anything to draw."""
    _writers(None)


def worth_drawing(search: Seen) -> list[str]:
    """The names of the files that have something to show. There is a page if there is a history."""
    return [PAGE] * ("history" in search.figures) + [f"{name}.png" for name in search.figures]


def _writers(steps: int | None) -> dict[str, Callable[[Seen, Path], Path]]:
    """File -> function that writes it. matplotlib and Plotly are imported here, so only if something is drawn."""
    from foldwise.report.figures import history, importance, learning, parallel, slices, top_trials
    from foldwise.report.figures.search_page import write_page
    from foldwise.report.figures.style import save

    def picture(draw: Callable[[Seen], Figure]) -> Callable[[Seen, Path], Path]:
        return lambda search, path: save(draw(search), path)

    def of_best(draw: Callable[[TrialResult], Figure]) -> Callable[[Seen, Path], Path]:
        return lambda search, path: save(draw(search.ranked[0]), path)

    return {
        PAGE: write_page,
        "history.png": picture(history.draw),
        "importance.png": picture(importance.draw),
        "parallel.png": picture(parallel.draw),
        "slices.png": picture(slices.draw_slices),
        "pairs.png": picture(slices.draw_pairs),
        "learning_curves.png": picture(lambda search: learning.draw_curves(search.ranked[0], steps, search.same_rows)),
        "learning_rate.png": of_best(learning.draw_rate),
        "top_trials.png": picture(top_trials.draw),
    }
