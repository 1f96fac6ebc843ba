"""All figures of a model that have something to show, and no others."""

from io import BytesIO

import numpy as np
import pytest

from foldwise.data.target_columns import TargetColumn
from foldwise.evaluation.metrics import confusion
from foldwise.models.network_graph import FirstLayer, Layer, NetworkGraph
from foldwise.report.figures.calibration import draw_calibration
from foldwise.report.figures.confusion import draw_confusion
from foldwise.report.figures.model import draw_model
from foldwise.report.figures.ranking import draw_precision_recall, draw_roc
from foldwise.report.figures.regression import draw_predicted_true, draw_residuals
from foldwise.report.figures.style import DPI
from foldwise.tasks.several.scores import condense

NETWORK = NetworkGraph(
    "tiny", (Layer("features", "InputLayer", "", None, (4,), 0, 0, ()), Layer("output", "Dense", "", None, (3,), 15, 0, (0,)))
)
ANSWERS = ["confusion.png", "roc.png", "precision_recall.png", "calibration.png"]
PNG = b"\x89PNG\r\n\x1a\n"


def _draw(folder, truth, predictions, labels=(), images=None, network=NETWORK):
    task = "regression" if not labels else "binary" if len(labels) == 2 else "multiclass"
    files = draw_model(
        folder,
        task=task,
        target="what $it$ is",
        labels=labels,
        truth=np.array(truth),
        predictions=np.array(predictions),
        threshold=0.5,
        images=images,
        network=network,
    )
    assert all(file.parent == folder and file.read_bytes().startswith(PNG) for file in files)
    assert sorted(folder.iterdir()) == sorted(files)
    return [file.name for file in files]


def _whole(figure):
    """Whether everything is inside the figure, up to the margins around text."""
    figure.savefig(BytesIO(), dpi=DPI)
    (width, height), box, air = figure.get_size_inches(), figure.get_tightbbox(), 0.02
    return min(box.x0, box.y0) >= -air and box.x1 <= width + air and box.y1 <= height + air


def _with_filters(channels):
    kernels = np.ones((2, 3, 3, channels), dtype=np.float32)
    corners = np.zeros((2, 1, 2), dtype=int)
    first = FirstLayer("conv", 2, kernels, np.zeros((2, 1), dtype=int), corners, (3, 3), np.ones((2, 1), dtype=np.float32))
    return NetworkGraph(NETWORK.name, NETWORK.layers, first)


def test_two_classes_have_all_pictures_of_answers(tmp_path):
    predictions = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]]
    assert _draw(tmp_path / "made", [0, 0, 1, 1], predictions, ["no", "yes"]) == [*ANSWERS, "network.png"]


def test_numbers_have_their_own(tmp_path):
    assert _draw(tmp_path, [1.0, 2.0, 3.0], [1.1, 2.2, 2.7]) == ["predicted_true.png", "residuals.png", "network.png"]


@pytest.mark.parametrize("size", [1.0, 1e5, 1e6])
@pytest.mark.parametrize("rows", [50, 4000])
def test_pictures_of_numbers_are_whole(rows, size):
    truth = np.random.default_rng(0).normal(size=rows) * size
    for draw in (draw_predicted_true, draw_residuals):
        assert _whole(draw(truth, truth * 0.9, "a target with a very long name indeed"))


@pytest.mark.parametrize(("classes", "sure"), [(2, 0.6), (2, 20.0), (10, 0.6), (100, 20.0)])  # 20: curves are in the corner
def test_pictures_of_answers_are_whole(classes, sure):
    labels = [f"a label with a very long name, number {code}" for code in range(classes)]
    positive = "a long target = a long label" if classes == 2 else None
    rng = np.random.default_rng(0)
    truth, raw = rng.integers(0, classes, 800), rng.random((800, classes))
    raw[np.arange(800), truth] += sure
    answers = truth, raw / raw.sum(axis=1, keepdims=True)
    assert _whole(draw_confusion(confusion(*answers), labels))
    assert _whole(draw_roc(*answers, labels, positive, 0.5))
    assert _whole(draw_precision_recall(*answers, labels, positive, 0.5))
    assert _whole(draw_calibration(*answers, positive))


@pytest.mark.parametrize("images", [np.zeros((3, 8, 6, 1), dtype=np.uint8), np.zeros((3, 8, 8, 3)), np.zeros((3, 8, 8, 4))])
def test_images_are_shown_with_the_filters_of_the_first_layer(tmp_path, images):
    predictions = np.eye(3)[[0, 2, 2]]
    names = _draw(tmp_path, [0, 1, 2], predictions, ["a", "b", "c"], images, _with_filters(images.shape[-1]))
    assert names == [*ANSWERS, "mistakes.png", "filters.png", "network.png"]


def test_a_network_without_image_filters_has_no_figure_of_them(tmp_path):
    names = _draw(tmp_path, [1.0, 2.0], [1.5, 1.0], images=np.zeros((2, 8, 8, 1), dtype=np.uint8))
    assert names == ["predicted_true.png", "residuals.png", "mistakes.png", "network.png"]


def test_rows_of_one_class_cannot_be_ranked(tmp_path):
    assert _draw(tmp_path, [1], [[0.3, 0.7]], ["no", "yes"]) == ["confusion.png", "calibration.png", "network.png"]


@pytest.mark.parametrize("right", [True, False])
def test_all_right_and_all_wrong_are_drawn(tmp_path, right):
    truth = np.arange(30) % 3
    answers = truth if right else (truth + 1) % 3
    assert _draw(tmp_path, truth, np.eye(3)[answers], ["a", "b", "c"]) == [*ANSWERS, "network.png"]


def test_constant_answers_and_a_class_without_rows_are_drawn(tmp_path):
    assert _draw(tmp_path, [0, 1, 0, 1], np.tile([0.2, 0.5, 0.3], (4, 1)), ["a", "b", "c"]) == [*ANSWERS, "network.png"]


@pytest.mark.long
def test_a_hundred_classes_with_any_names_are_drawn(tmp_path):
    labels = ["$x$", "<b>", "猫", "犬", "a\nb", "", *("long " * 50 + str(code) for code in range(94))]
    truth = np.arange(200) % 100
    predictions = np.full((200, 100), 0.005)
    predictions[np.arange(200), (truth + (truth % 7 == 0)) % 100] += 0.5
    images = np.zeros((200, 4, 4, 1), dtype=np.uint8)
    assert _draw(tmp_path, truth, predictions, labels, images) == [*ANSWERS, "mistakes.png", "network.png"]


def test_a_holdout_without_rows_leaves_the_network(tmp_path):
    assert _draw(tmp_path, [], np.empty((0, 2)), ["no", "yes"]) == ["network.png"]


def test_each_of_several_numbers_has_its_figures(tmp_path):
    truth = np.random.default_rng(0).normal(size=(40, 2)) * (1, 1000)
    rows = condense(truth, truth * 0.9, (TargetColumn("height"), TargetColumn("price")))
    files = draw_model(
        tmp_path,
        task="multioutput",
        target="height, price",
        labels=("height", "price"),
        truth=truth,
        predictions=rows,
        threshold=0.5,
        images=None,
        network=NETWORK,
    )
    both = [f"{figure}_{place}.png" for place in (1, 2) for figure in ("predicted_true", "residuals")]
    assert [file.name for file in files] == [*both, "network.png"]
