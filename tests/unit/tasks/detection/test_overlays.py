import numpy as np
from PIL import Image

from foldwise.tasks.detection.overlays import INVENTED, MISSED, RIGHT, draw_mistakes, draw_truth, judge

TRUE = np.array([[0, 1, 1, 9, 9], [1, 20, 2, 30, 12], [-1] * 5], np.float32)
FOUND = np.full((4, 6), -1, np.float32)
FOUND[:3] = [[0, 0.9, 1, 1, 9, 10], [0, 0.8, 20, 2, 30, 12], [1, 0.2, 20, 2, 30, 12]]


def test_boxes_are_right_invented_or_missed():
    marks = judge(TRUE, FOUND, least=0.3)
    assert [(colour, corners.tolist()) for corners, colour in marks] == [
        (MISSED, [20, 2, 30, 12]),
        (RIGHT, [1, 1, 9, 10]),
        (INVENTED, [20, 2, 30, 12]),  # its place is right, and its label is not
    ]
    assert [colour for _, colour in judge(TRUE, FOUND, least=0.1)] == [RIGHT, INVENTED, RIGHT]


def test_most_mistakes_come_first(tmp_path):
    images = np.stack([np.full((32, 40, 1), level, np.uint8) for level in (10, 240)])
    truth, found = np.stack([TRUE, TRUE]), np.stack([np.concatenate([FOUND[:1], FOUND[2:]]), FOUND[1:]])
    found[0, 1, 1] = 0.9
    with Image.open(draw_mistakes(tmp_path / "boxes.png", images, truth, found, 0.3)) as sheet:
        assert sheet.getpixel((200, 200))[0] > 230  # the second picture, where both boxes are missed
        assert sheet.getpixel((600, 200))[0] < 20


def test_true_boxes_have_the_colours_of_their_labels(tmp_path):
    images = np.full((1, 32, 40, 3), 128, np.uint8)
    with Image.open(draw_truth(tmp_path / "truth.png", images, TRUE[None], ("cat", "dog"))) as sheet:
        colours = {colour for _, colour in sheet.getcolors(1_000_000)}
    assert {(213, 94, 0), (0, 114, 178)} <= colours
