import math

import numpy as np
import pytest

from foldwise.report.figures import history
from foldwise.report.figures.searched import Marks
from foldwise.trial.summary import BaselineScore
from tests.unit.report.figures.searches import complete, look, made, usual


def drawn(figure):
    return {shown.get_label(): shown.get_offsets() for shown in figure.axes[0].collections}


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_the_picture_shows_every_trial_by_how_it_ended():
    search = usual(40)
    shown = drawn(figure := history.draw(search))
    assert {label: len(dots) for label, dots in shown.items()} == {
        "complete (36)": 36,
        "stopped, score of the folds reached (2)": 2,
        "without a score (2)": 2,
    }
    by_number = dict(shown["complete (36)"].tolist())
    assert by_number == pytest.approx({r.number: r.mean for r in search.results if r.state == "COMPLETE"})
    assert shown["without a score (2)"][:, 0].tolist() == [13, 33]
    best = lines(figure)["best so far"].get_ydata()
    assert best[-1] == search.best.mean
    assert (np.diff(best) >= 0).all()
    assert lines(figure)["baseline logistic"].get_ydata()[0] == 0.9


def test_the_best_so_far_falls_where_less_is_better():
    results = [complete(n, {"fit.x": n}, [score]) for n, score in enumerate([3.0, 5.0, 2.0, math.nan, 2.5])]
    assert history.best_so_far(look(results, "rmse")) == [(0, 3.0), (2, 2.0), (4, 2.0)]


def test_a_much_worse_trial_is_drawn_at_the_edge_and_counted():
    results = [complete(n, {"fit.x": n}, [1.0 + n % 5]) for n in range(20)] + [complete(20, {"fit.x": 20}, [1e9])]
    figure = history.draw(look(results, "rmse", []))
    assert max(drawn(figure)["complete (21)"][:, 1]) < 20
    assert figure.axes[0].get_title(loc="right") == "worse trials, drawn at the edge: 1"


def test_a_distant_baseline_does_not_squeeze_the_trials():
    search = look(made(20), baselines=[BaselineScore("majority", 0.1, 0.0, 0.1)])
    assert history.draw(search).axes[0].get_ylim()[0] > 0.8


def test_all_failed_but_one():
    results = [r for r in made(20) if r.state == "FAILED" or r.number == 0]
    assert {label: len(dots) for label, dots in drawn(history.draw(look(results))).items()} == {
        "complete (1)": 1,
        "without a score (1)": 1,
    }


def test_the_page_names_parameters_of_few_trials_only():
    few, very_many = history.panel(usual(40)), history.panel(usual(2500))
    assert "fit.optimizer.learning_rate = " in few.traces[0]["text"][0]
    assert few.traces[0]["type"] == "scatter"
    assert "learning_rate" not in very_many.traces[0]["text"][0]
    assert very_many.traces[0]["type"] == "scattergl"
    assert len(very_many.traces[0]["x"]) == 2250
    assert "parameters are not shown" in very_many.text


def test_a_reason_is_shown_as_text():
    traces = {trace["name"]: trace for trace in history.panel(usual(40)).traces}
    assert "nan: &lt;/script&gt;&lt;b&gt;loss" in traces["without a score (2)"]["text"][0]


def test_trials_within_noise_of_the_best_and_the_models_are_marked():
    search = look(made(40), marks=Marks((3, 7, 5, 13), 5))  # 7 was stopped and 13 failed
    shown = drawn(history.draw(search))
    assert sorted(shown["within noise of the best (2)"][:, 0].tolist()) == [3, 5]
    assert shown["the model (trial 5)"].tolist() == [[5, search.results[5].mean]]
    traces = {trace["name"]: trace for trace in history.panel(search).traces}
    assert traces["within noise of the best (2)"]["x"] == [3, 5]
    assert traces["within noise of the best (2)"]["marker"]["color"] == "INK"
    assert traces["the model (trial 5)"]["y"] == [search.results[5].mean]
    assert "cannot tell from the best" in history.panel(search).text


def test_without_marks_nothing_is_marked():
    labels = drawn(history.draw(usual(40)))
    assert not [label for label in labels if "noise" in label or "model" in label]
    assert "ring" not in history.panel(usual(40)).text
    assert "the model" not in str(history.panel(look(made(40), marks=Marks((), 13))).traces)
