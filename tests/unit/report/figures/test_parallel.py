import numpy as np
import pytest

from foldwise.report.figures import parallel
from foldwise.report.figures.scales import ABSENT
from foldwise.report.figures.score_axes import LINES, thinned
from tests.unit.report.figures.searches import complete, look, usual


def test_every_complete_trial_is_a_line_below_the_axes_it_lacks():
    search = usual(40)
    figure = parallel.draw(search)
    segments = figure.axes[0].collections[0].get_segments()
    assert len(segments) == 36
    names = [column.name for column in parallel.axes_of(search)]
    heights = dict(zip(thinned(search).tolist(), (segment[:, 1] for segment in segments), strict=True))
    lacking = next(place for place in heights if "model.mlp.units" not in search.results[place].params)
    assert heights[lacking][names.index("model.mlp.units")] == pytest.approx(ABSENT)
    assert 0 <= heights[lacking][names.index("model.layers.layers.0.units")] <= 1
    assert heights[search.place(search.best.number)][-1] == pytest.approx(1)
    assert "absent" in {text.get_text() for text in figure.axes[0].texts}


def test_of_very_many_trials_the_best_are_shown_and_counted():
    search = usual(2000)
    kept = thinned(search)
    assert len(set(kept.tolist())) == LINES
    assert kept[-1] == search.place(search.best.number), "the best is on top"
    assert {search.place(result.number) for result in search.ranked[: LINES // 10]} <= set(kept.tolist())
    assert parallel.draw(search).get_suptitle() == "Parallel coordinates (1000 of 1800 complete trials)"


def test_the_page_shows_all_trials_and_absent_is_a_tick_of_its_own():
    (trace,) = parallel.panel(usual(1200)).traces
    dimensions = {dimension["label"]: dimension for dimension in trace["dimensions"]}
    units = dimensions["model.mlp.units"]
    assert len(units["values"]) == 1080
    assert np.isfinite(units["values"]).all()
    assert units["ticktext"][0] == "absent"
    assert units["tickvals"][0] == ABSENT
    assert "absent" not in dimensions["model"]["ticktext"]


def test_more_parameters_than_fit_are_counted():
    results = [complete(n, {f"fit.p{k}": n + k for k in range(20)}, [n / 10]) for n in range(8)]
    search = look(results)
    assert "12 of 20 parameters" in parallel.draw(search).get_suptitle()
    assert "12 most important of 20" in parallel.panel(search).text
