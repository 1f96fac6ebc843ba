import numpy as np
import pytest

from foldwise.report.figures import importance
from tests.unit.report.figures.searches import usual


def test_the_bars_and_their_intervals_are_the_measured_ones():
    search = usual(60)
    axes = importance.draw(search).axes[0]
    measured = search.importance.parameters
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([one.share for one in measured])
    ends = [(segment[0][0], segment[1][0]) for segment in axes.collections[0].get_segments()]
    assert np.array(ends) == pytest.approx(np.array([(one.low, one.high) for one in measured]))
    assert axes.get_yticklabels()[0].get_text() == "model.mlp.dropout"
    assert axes.get_title(loc="right").startswith("54 complete trials explain ")


def test_the_page_has_the_same_bars():
    search = usual(60)
    (bars,) = importance.panel(search).traces
    last = search.importance.parameters[0]
    assert bars["y"][-1] == "model.mlp.dropout", "Plotly draws from the bottom"
    assert bars["x"][-1] + bars["error_x"]["array"][-1] == pytest.approx(last.high)


def test_the_reason_for_a_missing_measurement_is_given():
    assert importance.basis(usual(5)) == "Not measured: 5 complete trials are too few, 10 are needed."
