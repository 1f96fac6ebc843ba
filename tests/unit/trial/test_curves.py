import copy
import json
import math

import pytest

from foldwise.trial.curves import WrittenCurves
from foldwise.trial.result import FoldScore, TrialResult, same

TEXT = '{"loss": [0.5, NaN], "val_loss": [Infinity]}'


def test_written_curves_equal_the_mapping_in_their_text():
    curves = WrittenCurves(TEXT)
    assert list(curves) == ["loss", "val_loss"]
    assert len(curves) == 2
    assert curves["val_loss"] == (math.inf,)
    assert curves.get("accuracy", ()) == ()
    assert curves == {"val_loss": (math.inf,), "loss": curves["loss"]}
    assert curves != {"loss": ()}
    assert repr(curves) == "{'loss': (0.5, nan), 'val_loss': (inf,)}"
    assert repr(copy.deepcopy(curves)) == repr(curves)


def test_they_are_parsed_on_first_use():
    curves = WrittenCurves("no JSON")
    fold = FoldScore(0, 0.5, {}, curves, 1, 0.0)
    assert FoldScore.from_json(vars(fold)).curves is curves
    with pytest.raises(ValueError, match="Expecting value"):
        len(curves)


def test_a_result_with_written_curves_is_the_same_and_goes_into_json():
    plain = FoldScore(0, 0.5, {}, {"loss": (0.5, math.nan), "val_loss": (math.inf,)}, 1, 0.0)
    written = FoldScore(0, 0.5, {}, WrittenCurves(TEXT), 1, 0.0)
    one, other = (TrialResult(0, {"x": 1}, "COMPLETE", (fold,), mean=0.5) for fold in (plain, written))
    assert same(one, other)
    assert json.loads(json.dumps(other.to_json()))["folds"][0]["curves"]["loss"][0] == 0.5
    assert not same(one, TrialResult(0, {"x": 1.0}, "COMPLETE", (plain,), mean=0.5))  # 1 and 1.0 are different parameters
    assert same(None, None)
    assert not same(one, None)
