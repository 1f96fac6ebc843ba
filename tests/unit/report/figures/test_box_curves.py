import numpy as np

from foldwise.report.figures.box_curves import draw_box_curves
from foldwise.report.figures.style import save
from foldwise.tasks.detection.precision import condense
from tests.unit.tasks.detection.cases import random_case


def test_there_is_a_curve_for_each_label_that_is_there(tmp_path):
    truth, found = random_case(1, pictures=20)
    figure = draw_box_curves(condense(truth, found, 4), ("a", "b", "$c$", "nowhere"))
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert len(texts) == 3
    assert not [text for text in texts if text.startswith("nowhere")]
    assert save(figure, tmp_path / "curves.png").stat().st_size > 1000


def test_labels_without_a_predicted_box_have_a_name_and_no_curve():
    truth, found = random_case(1)
    assert draw_box_curves(condense(truth, np.full_like(found, -1), 3), ("a", "b", "c")) is not None


def test_nothing_is_drawn_without_a_true_box():
    truth, found = random_case(1)
    assert draw_box_curves(condense(np.full_like(truth, -1), found, 3), ("a", "b", "c")) is None
