import math
import subprocess
import sys
from dataclasses import replace

import pytest

from foldwise.report.figures.search import PAGE, draw_search, worth_drawing
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import BaselineScore
from tests.unit.report.figures.searches import BASELINES, complete, goal, look, made, recipe, usual

CURVES = ["learning_curves.png", "learning_rate.png"]


def test_a_search_has_all_figures_and_they_are_files(tmp_path):
    found = draw_search(tmp_path / "figures", "made", recipe(), made(40), goal(), BASELINES)
    assert [path.name for path in found] == [
        PAGE,
        "history.png",
        "importance.png",
        "parallel.png",
        "slices.png",
        "pairs.png",
        *CURVES,
        "top_trials.png",
    ]
    assert sorted(tmp_path.glob("figures/*")) == sorted(found)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found if path.suffix == ".png")


def test_figures_with_nothing_to_show_are_not_drawn():
    alone = [complete(0, {}, [0.8, 0.9])]
    assert worth_drawing(look(alone)) == [*CURVES, "top_trials.png"]
    assert worth_drawing(look([complete(0, {}, [0.8], curves={})])) == ["top_trials.png"]
    assert worth_drawing(look([complete(0, {}, [0.8], curves={"loss": (math.nan,), "val_loss": (1.0,)})])) == ["top_trials.png"]
    assert worth_drawing(look([])) == []
    failed = [TrialResult(n, {"fit.x": n}, "FAILED", reason="nan") for n in range(5)]
    assert worth_drawing(look(failed)) == [PAGE, "history.png"]
    assert worth_drawing(look([*failed, complete(9, {"fit.x": 9}, [0.8])])) == [PAGE, "history.png", *CURVES, "top_trials.png"]
    single = [complete(n, {"fit.x": n}, [0.1 * n]) for n in range(12)]
    assert worth_drawing(look(single)) == [PAGE, "history.png", "slices.png", *CURVES, "top_trials.png"]
    never_both = [complete(n, {"fit.x": n} if n % 2 else {"fit.y": n}, [0.1 * n]) for n in range(12)]
    assert "pairs.png" not in worth_drawing(look(never_both))
    assert "parallel.png" in worth_drawing(look(never_both))


def test_of_two_goals_the_first_ranks_the_trials():
    results = [replace(result, costs={"parameters": 1000 - result.number}) for result in made(20)]
    search = look(results, goal={"metric": "auto"}, goals=["accuracy", "parameters"])
    assert search.best.number == usual(20).best.number
    assert worth_drawing(search) == worth_drawing(usual(20))


@pytest.mark.long
@pytest.mark.parametrize("folds", [1, 2])
def test_odd_names_scores_and_options_are_drawn(tmp_path, folds):
    odd = {"fit.$a_1$": "<script>alert(1)</script>", "fit." + "very_long_name" * 20: None, "fit.b": True}
    results = [
        complete(n, {**odd, "fit.b": [True, None, "true", 4][n % 4], "fit.$a_1$": f"${n}^$"}, [0.1 * n] * folds)
        for n in range(12)
    ]
    results += [complete(12, odd, [math.nan] * folds), TrialResult(13, odd, "FAILED", reason="$x^$ {{plots}}")]
    rivals = [BaselineScore("$^$", 0.5, math.nan, 0.5)]
    found = draw_search(tmp_path, "a$b^$c </title>", recipe(), results, goal(), rivals)
    assert len(found) >= 7


def test_importing_the_figures_does_not_import_plotting_libraries():
    drawing = "[n for n in ('matplotlib', 'plotly', 'sklearn') if n in sys.modules]"
    code = f"import sys, foldwise.report.figures.search; print({drawing})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
