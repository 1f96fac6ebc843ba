"""The figure of a retraining shows its outcome, with and without new rows."""

import math

import pytest
from PIL import Image

from foldwise.report.figures.retraining import draw

TEST = {"champion": 0.81, "challenger": 0.84, "gain": 0.03, "p_value": 0.012, "rows": 300}
PARTS = {
    "holdout": {"rows": 200, "champion": 0.85, "challenger": 0.85},
    "newest": {"rows": 100, "champion": 0.7, "challenger": 0.8},
}


@pytest.mark.parametrize(
    ("test", "drift"),
    [
        ({**TEST, "parts": PARTS}, [{"column": "a" * 80, "psi": 3.0}, {"column": "$b$", "psi": 0.01}]),
        ({**TEST, "parts": {}}, []),
        ({**TEST, "p_value": math.nan, "gain": math.nan, "parts": {}}, [{"column": f"c{n}", "psi": 0.1} for n in range(40)]),
    ],
)
def test_it_is_drawn(tmp_path, test, drift):
    path = draw(tmp_path / "picture.png", "accuracy", "PROMOTED", test, drift)
    with Image.open(path) as picture:
        assert picture.size[0] > 1000
        assert len(picture.convert("L").resize((60, 40)).getcolors()) > 10
