"""The figures of a search: pictures for a paper, and one page to look around in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.figures.searched import Seen, seen
from foldwise.goal import Goal
from foldwise.results import TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "search.html"


def draw_search(
    folder: Path,
    name: str,
    recipe: Mapping[str, Any],
    results: Sequence[TrialResult],
    goal: Goal,
    baselines: Sequence[Mapping[str, Any]],
) -> list[Path]:
    """Writes the figures that have something to show, each file whole or not at all.

    Args:
        folder: where they go; made where it is missing.
        name: the study's.
        recipe: the study's plain configuration, which says the ranges and the seed.
        results: its finished trials, in any order.
        goal: what ranks them; of two goals the first.
        baselines: as in summary.json: `name`, `mean`, `sd`.
    """
    search = seen(name, recipe, results, goal, baselines)
    writers = _writers()
    return [writers[file](search, folder / file) for file in worth_drawing(search)]


def worth_drawing(search: Seen) -> list[str]:
    """The names of the files that have something to show.

    A page and a history take two trials; slices a parameter and pairs and parallel coordinates two, with two complete
    trials; importance what could be measured; the best trials one that is complete; curves a best trial that has them.
    """
    complete, searched = int(search.scored.sum()), len(search.columns)
    curves = _curves(search.best)
    rules = {
        PAGE: len(search.results) > 1,
        "history.png": len(search.results) > 1,
        "importance.png": search.importance.why_not is None,
        "parallel.png": complete > 1 and searched > 1,
        "slices.png": complete > 1 and searched > 0,
        "pairs.png": complete > 1 and searched > 1,
        "learning_curves.png": {"loss", "val_loss"} <= curves,
        "learning_rate.png": "learning_rate" in curves,
        "top_trials.png": complete > 0,
    }
    return [file for file, worth in rules.items() if worth]


def _curves(trial: TrialResult | None) -> set[str]:
    """The curves of a trial with a number that is finite in them."""
    from foldwise.figures.learning import has_curve

    names = ("loss", "val_loss", "learning_rate")
    return {name for name in names if trial is not None and has_curve(trial.folds, name)}


def _writers() -> dict[str, Callable[[Seen, Path], Path]]:
    """File -> what writes it; matplotlib and Plotly are imported here, when something is drawn at all."""
    from foldwise.figures import history, importance, learning, parallel, slices, top_trials
    from foldwise.figures.search_page import write_page
    from foldwise.figures.style import save

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
        "learning_curves.png": of_best(learning.draw_curves),
        "learning_rate.png": of_best(learning.draw_rate),
        "top_trials.png": picture(top_trials.draw),
    }
