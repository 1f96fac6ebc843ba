"""The figures of evidence: one look, and the history of a model, with much and with nothing to show."""

import pytest
from PIL import Image

from foldwise.report.figures.evidence import draw_evidence, draw_history

DRIFT = [{"column": "a" * 80, "psi": 3.0}, {"column": "$b$", "psi": 0.01}]
WEEKS = [{"moment": "2026-01-05T00:00:00+00:00", "rows": 200, "log": log, "challenger": 3} for log in (-0.4, 1.1, 2.9)]
USUAL = {
    "metric": "accuracy",
    "champion_score": 0.8,
    "challenger_score": 0.82,
    "evidence": None,
    "needed": None,
    "drift": DRIFT,
}


def _is_drawn(path):
    with Image.open(path) as picture:
        assert picture.size[0] > 1000
        assert len(picture.convert("L").resize((60, 40)).getcolors()) > 10


@pytest.mark.parametrize(("weeks", "value", "drift"), [(WEEKS, 18.2, DRIFT), ([], 1.0, []), (WEEKS[:1], 1e300, [*DRIFT] * 12)])
def test_the_evidence_of_a_look_is_drawn(tmp_path, weeks, value, drift):
    evidence = {"weeks": weeks, "value": value, "needed": 20.0, "rows": 600}
    _is_drawn(draw_evidence(tmp_path / "picture.png", "KEPT", evidence, drift))


@pytest.mark.parametrize(
    "rows",
    [
        [
            {**USUAL, "moment": "2026-01-05T00:00:00+00:00", "outcome": "KEPT", "evidence": 0.0, "needed": 20.0},
            {**USUAL, "moment": "2026-01-12T00:00:00+00:00", "outcome": "PROMOTED", "evidence": 31.0, "needed": 20.0},
            {**USUAL, "moment": "2026-01-13T00:00:00+00:00", "outcome": "ROLLED_BACK", "champion_score": None, "drift": []},
        ],
        [{**USUAL, "moment": "2026-01-05T00:00:00+00:00", "outcome": "ROLLED_BACK", "metric": None, "drift": []}],
    ],
)
def test_a_history_is_drawn(tmp_path, rows):
    _is_drawn(draw_history(tmp_path / "picture.png", "shop", rows))
