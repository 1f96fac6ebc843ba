"""Frames and functions on their way from Python into a configuration."""

from contextlib import closing

import numpy as np
import pandas as pd
import pytest

import foldwise
from foldwise.api import _request
from foldwise.config.read import identity, read_study
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study


def _frame(seed=0):
    draws = np.random.default_rng(seed)
    return pd.DataFrame({"size": draws.normal(size=80), "odd": range(80), "y": draws.choice(["no", "yes"], 80)})


def _study(*overrides, frame=None, target=None, **values):
    return read_study(_request(overrides, frame, target, values).config)


def test_a_frame_is_the_data_and_overrides_set_the_rest():
    study = _study("data.drop=[odd]", "data.name=mine", "data.holdout.share=0.3", frame=_frame(), target="y")
    data = study.fixed.data
    assert (data.kind, data.target, data.drop, data.name, data.holdout.share) == ("frame", "y", ("odd",), "mine", 0.3)
    assert study.name.startswith("mine-")
    assert _study(frame=_frame(), target="y").name.startswith("frame-")


def test_a_list_of_columns_is_several_numbers_and_of_one_its_name():
    frame = _frame().assign(z=range(80))
    data = _study(frame=frame, target=["odd", "z"]).fixed.data
    assert (data.target, data.targets, data.target_name) == (("odd", "z"), ("odd", "z"), "odd, z")
    one, other = _study(frame=_frame(), target=["y"]), _study(frame=_frame(), target="y")
    assert (one.fixed.data.target, one.name, one.recipe) == ("y", other.name, other.recipe)


def test_the_record_has_shape_and_fingerprint_and_neither_is_part_of_the_identity(tmp_path):
    plan = plan_study(_study(frame=_frame(), target="y", paths={"runs": str(tmp_path)}))
    assert plan.recipe["data"]["kind"] == "frame"
    assert plan.recipe["data"]["given"] == {"rows": 80, "columns": 3, "fingerprint": plan.table.fingerprint}
    assert "given" not in identity(plan.recipe)["data"]
    assert _study(frame=_frame(1), target="y").name == plan.spec.name


def _open_or_resume(ledger, tmp_path, *overrides, **given):
    return open_or_resume(plan_study(_study(*overrides, "study=mine", paths={"runs": str(tmp_path)}, **given)), ledger, {})


def test_an_equal_frame_continues_and_other_rows_are_refused(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        _open_or_resume(ledger, tmp_path, frame=_frame(), target="y")
        again = _frame().astype({"y": "category", "odd": "Int32"})
        assert _open_or_resume(ledger, tmp_path, frame=again, target="y").name == "mine"
        with pytest.raises(ConfigError, match="'mine' exists with other data"):
            _open_or_resume(ledger, tmp_path, frame=_frame(1), target="y")
        with pytest.raises(
            ConfigError, match=r"made from a DataFrame, so only Python can go on with it: foldwise\.tune\(frame="
        ):
            _open_or_resume(ledger, tmp_path, "data=iris")


WRONG = {
    "a list": ({"frame": [1, 2], "target": "y"}, (), "frame: must be a pandas DataFrame, got list"),
    "a file too": ({"frame": _frame(), "target": "y"}, ("data=iris",), "the rows come from the frame; leave data=iris out"),
    "no target": ({"frame": _frame()}, (), "data.target: must be given"),
    "as a value": ({"data": _frame()}, (), "data: cannot be a DataFrame; pass it as frame="),
    "from a shell": ({}, ("data.kind=frame",), "kind frame takes rows from Python"),
    "an option": ({"frame": _frame(), "target": "y"}, ("data.dropp=[odd]",), "data.dropp: unknown key, did you mean data.drop"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_refused_in_one_sentence(case):
    given, overrides, sentence = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        _study(*overrides, **given)
    assert sentence in str(caught.value)


def test_remove_shows_first_then_deletes_and_names_a_likely_study(tmp_path, capsys):
    runs = f"paths.runs={tmp_path}"
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        _open_or_resume(ledger, tmp_path, frame=_frame(), target="y")
    (tmp_path / "studies" / "mine").mkdir(parents=True)
    with pytest.raises(ConfigError, match="no study is called 'mine1', did you mean mine"):
        foldwise.remove("study=mine1", runs)
    foldwise.remove("study=mine", runs)
    assert (tmp_path / "studies" / "mine").is_dir()
    assert "nothing was deleted" in capsys.readouterr().out
    foldwise.remove("study=mine", "confirm=true", runs)
    assert not (tmp_path / "studies" / "mine").exists()
