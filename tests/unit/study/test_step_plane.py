"""Predictions as bytes of a page."""

import numpy as np

from foldwise.study.step_plane import as_bytes


def test_answers_are_bytes():
    assert as_bytes(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]), 0, 1).tolist() == [0, 128, 255, 0, 0, 255]
    assert as_bytes(np.array([[0.2, 0.8, 0.0], [0.4, 0.3, 0.3]]), 0, 1).tolist() == [1, 0, 204, 102]
    assert as_bytes(np.array([-5.0, 2.0, 3.0, 4.0, 99.0]), 2.0, 4.0).tolist() == [0, 0, 128, 255, 255]
    assert as_bytes(np.array([2.0]), 2.0, 2.0).tolist() == [0]
