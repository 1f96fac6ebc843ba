import contextlib
import io
import time

import numpy as np
import pytest

from foldwise.tasks.detection.precision import RECALLS, average_precisions, condense, precision_curve
from tests.unit.tasks.detection.cases import random_case

LABELS = 3


def by_pycocotools(truth, found, labels):
    """AP of each label over thresholds, and at 0.5; nan where there is no true box."""
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed; it is in the extra vision")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    size = dict(zip(("width", "height"), (64, 64), strict=True))
    content = {
        "images": [{"id": place, **size} for place in range(1, len(truth) + 1)],
        "categories": [{"id": label + 1, "name": str(label)} for label in range(labels)],
        "annotations": [],
    }
    rows = []
    for place, (true, predicted) in enumerate(zip(truth, found, strict=True), 1):
        for label, *corners in true[true[:, 0] >= 0].astype(float).tolist():
            box = [corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]]
            number = len(content["annotations"]) + 1
            about = {"id": number, "image_id": place, "category_id": int(label) + 1, "bbox": box}
            content["annotations"].append({**about, "area": box[2] * box[3], "iscrowd": 0})
        for label, score, *corners in predicted[predicted[:, 0] >= 0].astype(float).tolist():
            box = [corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]]
            rows.append({"image_id": place, "category_id": int(label) + 1, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth_index = coco.COCO()
        truth_index.dataset = content
        truth_index.createIndex()
        run = evaluation.COCOeval(truth_index, truth_index.loadRes(rows) if rows else coco.COCO(), "bbox")
        run.params.imgIds = [one["id"] for one in content["images"]]
        run.params.catIds = [one["id"] for one in content["categories"]]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, :, 0, -1]  # thresholds, recalls, labels
    whole = np.where((precision == -1).all(axis=(0, 1)), np.nan, precision.mean(axis=(0, 1)))
    return whole, np.where(np.isnan(whole), np.nan, precision[0].mean(axis=0))


def test_average_precision_is_that_of_pycocotools_on_200_random_cases():
    for seed in range(200):
        truth, found = random_case(seed)
        whole, half = by_pycocotools(truth, found, LABELS)
        condensed = condense(truth, found, LABELS)
        assert np.allclose(average_precisions(condensed), whole, rtol=0, atol=1e-12, equal_nan=True), seed
        assert np.allclose(average_precisions(condensed, 0), half, rtol=0, atol=1e-12, equal_nan=True), seed


def test_a_perfect_answer_scores_1_and_none_scores_0():
    truth = np.full((2, 2, 5), -1.0, np.float32)
    truth[0] = [[0, 1, 1, 9, 9], [1, 20, 20, 30, 40]]
    found = np.full((2, 100, 6), -1.0, np.float32)
    assert average_precisions(condense(truth, found, 2)).tolist() == [0.0, 0.0]
    found[0, :2] = [[0, 0.9, 1, 1, 9, 9], [1, 0.8, 20, 20, 30, 40]]
    assert average_precisions(condense(truth, found, 2)).tolist() == pytest.approx([1.0, 1.0])


def test_a_label_without_a_true_box_has_no_score():
    truth, found = np.full((1, 1, 5), -1.0, np.float32), np.full((1, 100, 6), -1.0, np.float32)
    truth[0, 0] = [0, 1, 1, 9, 9]
    found[0, 0] = [1, 0.9, 1, 1, 9, 9]
    assert np.array_equal(average_precisions(condense(truth, found, 2)), [0.0, np.nan], equal_nan=True)


def test_a_second_box_of_one_object_is_wrong():
    truth, found = np.full((1, 1, 5), -1.0, np.float32), np.full((1, 100, 6), -1.0, np.float32)
    truth[0, 0] = [0, 10, 10, 20, 20]
    found[0, :2] = [[0, 0.9, 10, 10, 20, 21], [0, 0.8, 10, 10, 20, 20]]
    curve = precision_curve(condense(truth, found, 1), 0)
    assert curve.recall.tolist() == [1.0, 1.0]
    assert curve.precision.round(6).tolist() == [1.0, 0.5]
    assert curve.score.round(6).tolist() == [0.9, 0.8]


def test_scores_of_drawn_pictures_need_no_more_than_their_condensed_rows():
    truth, found = random_case(5, pictures=40)
    condensed = condense(truth, found, LABELS)
    drawn = np.random.default_rng(0).integers(0, 40, 40)
    assert np.allclose(
        average_precisions(condensed[drawn]), average_precisions(condense(truth[drawn], found[drawn], LABELS)), equal_nan=True
    )


def test_a_score_of_100_pictures_takes_a_few_milliseconds():
    truth, found = random_case(7, pictures=100)
    condensed = condense(truth, found, LABELS)
    started = time.process_time()
    for _ in range(50):
        average_precisions(condensed, 0)
    assert (time.process_time() - started) / 50 < 0.02
    assert len(RECALLS) == 101
