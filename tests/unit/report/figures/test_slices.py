import numpy as np
import pytest

from foldwise.report.figures import slices
from foldwise.report.figures.searched import PAIRS
from tests.unit.report.figures.searches import complete, look, usual


def by_name(figure):
    return {axes.get_xlabel(): axes for axes in figure.axes if axes.get_xlabel()}


def test_a_slice_shows_the_trials_that_have_the_parameter():
    search = usual(40)
    panels = by_name(slices.draw_slices(search))
    dots = panels["model.mlp.dropout"].collections[0].get_offsets()
    have = [
        (r.params["model.mlp.dropout"], r.mean) for r in search.results if r.state == "COMPLETE" and r.params["model"] == "mlp"
    ]
    assert np.array(sorted(dots.tolist())) == pytest.approx(np.array(sorted(have)))
    assert panels["model.mlp.dropout"].get_title(loc="right") == f"in {len(have)} of 36 trials"
    assert panels["fit.optimizer.learning_rate"].get_xscale() == "log"
    assert panels["fit.optimizer.learning_rate"].get_title(loc="right") == ""
    assert [text.get_text() for text in panels["model"].get_xticklabels()] == ["mlp", "layers"]


def test_the_page_has_the_same_slices():
    search = usual(40)
    panel = slices.slices_panel(search)
    axes = {panel.layout[name]["title"]["text"]: panel.layout[name] for name in panel.layout if name.startswith("xaxis")}
    assert axes["fit.optimizer.learning_rate"]["type"] == "log"
    assert axes["model"]["ticktext"] == ["mlp", "layers"]
    names = [column.name for column in search.columns]
    dots = panel.traces[names.index("model.mlp.dropout")]
    assert len(dots["x"]) == by_name(slices.draw_slices(search))["model.mlp.dropout"].collections[0].get_offsets().shape[0]


def test_pairs_are_parameters_that_trials_share_and_that_vary():
    pairs = [(left.name, right.name) for left, right in usual(60).pairs]
    assert ("model.mlp.dropout", "model") not in pairs, "dropout exists with one model only"
    assert not any({"model.mlp.units", "model.layers.layers.0.units"} == set(pair) for pair in pairs), "no trial has both"
    assert any("model.mlp.dropout" in pair for pair in pairs)
    assert len(pairs) <= PAIRS


def test_a_pair_is_coloured_by_the_score_the_best_darkest():
    search = usual(60)
    figure = slices.draw_pairs(search)
    dots = figure.axes[0].collections[0]
    darkness = dots.get_facecolors()[:, :3].sum(axis=1)
    assert darkness[-1] == darkness.min(), "the worst are drawn first"
    panel = slices.pairs_panel(search)
    assert np.array_equal(panel.traces[0]["x"], dots.get_offsets()[:, 0])
    assert panel.layout["coloraxis"]["cmax"] == search.best.mean


def test_mixed_options_are_categories_by_name():
    options = [None, True, "true", 3, "<b>bold</b>", "$x$"]
    fit = {"batch_size": ["choice", 8, 16]}
    results = [complete(n, {"fit.odd": options[n % 6], "fit.batch_size": 8 * (1 + n % 2)}, [0.1 * n]) for n in range(12)]
    search = look(results, fit=fit)
    panel = slices.slices_panel(search)
    words = next(
        axis["ticktext"] for name, axis in panel.layout.items() if "odd" in axis.get("title", {}).get("text", "") and name
    )
    assert words == ["null", "true", "'true'", "3", "&lt;b&gt;bold&lt;/b&gt;", "$x$"]
    assert slices.draw_slices(search).axes
