"""The study that makes a challenger is the champion's own, with the champion's values as its first trial."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foldwise.config.read import read_service, read_study, trial_at
from foldwise.doors.compose import compose_service, compose_study
from foldwise.errors import ConfigError
from foldwise.ledger.rows import StudyRecord
from foldwise.retraining.challenger import challenger_study, named
from foldwise.retraining.spec import RetrainSpec
from foldwise.trial.ensemble import EnsembleOutcome, Member
from foldwise.trial.provenance import Provenance
from foldwise.trial.summary import BestTrial
from tests.contract.ledgers import summary


def _asked(*words):
    return read_service(RetrainSpec, compose_service("retrain", ["model=shop", *words]))


def _record(*words, params=None, **provenance):
    spec = read_study(compose_study(["data=csv", "data.path=rows.csv", "data.target=y", "study=first", *words]))
    found = summary(best=BestTrial(0, params or {"model.units": 17}, 0.9, 0.0, (0.9,)))
    values = {"task": "binary", "goal": found.goal, "data": "rows", "columns": {"a": "number", "b": "category"}, **provenance}
    about = Provenance(**values)
    return StudyRecord("first", spec.recipe, "f" * 64, {}, {}, datetime.now(UTC), None, found, provenance=about)


def test_one_trial_with_the_champion_s_values():
    record = _record("model.units=[int,8,64]", "race=both", "promotion.margin=0.01", "seed=3", params={"model.units": 17})
    spec = challenger_study(record, _asked())
    assert (spec.fixed.budget.trials, spec.fixed.seed, spec.register) == (1, 3, "shop")
    assert spec.openings[0]["model.units"] == 17
    assert trial_at(spec, spec.openings[0]).model.units == 17
    assert spec.fixed.race.kind == "none"
    assert spec.space.ranges.keys() == {"model.units", *spec.space.ranges}  # a later search still has its ranges
    assert (spec.fixed.promotion.margin, spec.fixed.promotion.alpha) == (0.01, 0.05)
    assert challenger_study(record, _asked("promotion.margin=0.2")).fixed.promotion.margin == 0.2


def test_a_challenger_is_not_compared_with_the_defaults():
    spec = challenger_study(_record("select.rule=fresh", "model.units=[int,8,64]"), _asked())
    assert (spec.fixed.select.rule, spec.fixed.fresh_trainings) == ("best", 0)
    assert spec.openings[0]["model.units"] == 17
    assert challenger_study(_record("select.rule=one_se"), _asked()).fixed.select.rule == "one_se"


def test_the_members_of_an_ensemble_are_all_tried():
    record = _record("model.units=[int,8,64]", "ensemble=greedy", params={"model.units": 17})
    members = tuple(Member(place, 1, {"model.units": units}) for place, units in enumerate((30, 17, 9)))
    outcome = EnsembleOutcome(members=members, best=1, score=0.9, single=0.8, error=0.01, shipped=True)
    together = replace(record, summary=replace(record.summary, ensemble=outcome))
    spec = challenger_study(together, _asked())
    assert spec.fixed.ensemble.kind == "greedy"
    assert spec.fixed.budget.trials == 3
    assert [point["model.units"] for point in spec.openings[:3]] == [17, 30, 9]
    assert challenger_study(together, _asked("search=8")).fixed.budget.trials == 8
    alone = replace(record, summary=replace(record.summary, ensemble=replace(outcome, shipped=False)))
    assert challenger_study(alone, _asked()).fixed.budget.trials == 1


def test_columns_stay_the_same_and_rows_can_be_elsewhere():
    record = _record("data.kinds.a=category")
    data = challenger_study(record, _asked("data.path=new.csv"), ("later",)).fixed.data
    assert data.kinds == {"a": "category", "b": "category"}
    assert (data.path, data.task, data.drop) == ("new.csv", "binary", ("later",))
    assert challenger_study(record, _asked()).fixed.data.path == "rows.csv"


def test_a_search_warm_starts_from_the_champion_s_study():
    record = _record("model.units=[int,8,64]", "tuner=kt_hyperband", params={"model.units": 17, "tuner.epochs": 4})
    spec = challenger_study(record, _asked("search=7"))
    assert (spec.fixed.budget.trials, spec.fixed.tuner.warm_start, spec.fixed.tuner.kind) == (7, "first", "kt_hyperband")
    assert "tuner.epochs" not in spec.openings[0]


def test_equal_rows_and_options_give_the_same_study():
    record, asked = _record(), _asked()
    spec = challenger_study(record, asked)
    usual = (asked, "shop#1", 3, "f" * 64)
    name = named(spec, *usual).name
    assert name.startswith("shop-after-3-")
    assert named(spec, *usual).name == name
    others = [(asked, "shop#2", 3, "f" * 64), (asked, "shop#1", 4, "f" * 64), (asked, "shop#1", 3, "e" * 64)]
    others += [(_asked("search=2"), "shop#1", 3, "f" * 64)]
    another = challenger_study(_record("fit.epochs=3"), asked)
    assert len({name, named(another, *usual).name, *(named(spec, *other).name for other in others)}) == 6


def test_rows_from_python_cannot_be_read_again():
    record = _record()
    frame = StudyRecord(**{**vars(record), "recipe": {**record.recipe, "data": {"kind": "frame"}}})
    with pytest.raises(ConfigError, match="'shop' was made from a DataFrame, so its rows cannot be read again"):
        challenger_study(frame, _asked())


def test_a_network_that_a_function_builds_cannot_be_built_again():
    record = _record()
    python = StudyRecord(**{**vars(record), "recipe": {**record.recipe, "model": {"kind": "python", "build": {"name": "f"}}}})
    with pytest.raises(ConfigError, match="a network built by a Python function, which cannot be called again"):
        challenger_study(python, _asked())


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("lr_schedule", {"kind": "python", "schedule": {"function": "mine", "source": "0"}}),
        ("lr_schedule", ["choice", "cosine", {"kind": "python", "schedule": {"function": "mine", "source": "0"}}]),
        ("model", ["choice", {"kind": "mlp"}, {"kind": "python", "build": {"function": "mine", "source": "0"}}]),
        ("fit", {"epochs": 3, "callbacks": [{"function": "mine", "source": "0"}]}),
    ],
)
def test_what_was_made_with_a_function_cannot_be_made_again(section, value):
    record = _record()
    python = StudyRecord(**{**vars(record), "recipe": {**record.recipe, section: value}})
    with pytest.raises(
        ConfigError, match="'shop' was made with the Python function mine, which cannot be called again; tune it"
    ):
        challenger_study(python, _asked())


def test_a_choice_of_networks_can_be_retrained():
    record = _record("model=[choice,{kind: mlp, units: 8},{kind: mlp, units: 16}]", params={"model": "option1"})
    assert challenger_study(record, _asked()).openings[0]["model"] == "option1"
