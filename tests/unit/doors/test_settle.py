"""What is `auto` is settled by the rows, beneath all that was given, and the study's record keeps it."""

import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import foldwise
from foldwise.api import _request
from foldwise.config.read import identity_hash, read_service, read_study
from foldwise.config.settle import FORMER, Line
from foldwise.doors.command_line import Door, run_door
from foldwise.doors.compose import compose_service, compose_study, request_study
from foldwise.doors.conf import shipped_conf
from foldwise.doors.load_recipe import start_ledger
from foldwise.doors.look import look_at_data
from foldwise.doors.run import tune_here
from foldwise.doors.screen import Screen
from foldwise.doors.settle import settle_study
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.retraining.challenger import challenger_study
from foldwise.retraining.spec import RetrainSpec
from foldwise.spec.settled import Size
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import read_rows, size_of

OPENED = []
sys.addaudithook(lambda event, details: OPENED.append(str(details[0])) if event == "open" else None)

MANY = Size(3500, 3, "binary", rarest=1700)
VALUES = {"model.units": 8, "fit.epochs": 2, "fit.batch_size": 128, "folds.count": 2, "budget.trials": 2, "race": "epochs"}


@pytest.fixture
def large(monkeypatch):
    """From 3,000 rows on the network of large tables, with values of its own."""
    line = Line("tabular", VALUES, rows=3000, columns=50)
    monkeypatch.setattr("foldwise.config.settle.TABLE", (FORMER, line))
    return line


def settled(*overrides, size=MANY, **values):
    words = request_study(overrides, values).words
    return words.config(words.settled(size).values)


@cache
def usual():
    """All that the rows decide in `large`, where nothing was given."""
    return settled()


def changed(config, usual):
    """The sections that differ from those of another configuration."""
    return {key for key in config if config[key] != usual[key]}


def test_rows_decide_the_network_and_how_it_is_trained_and_searched(large):
    config = settled()
    tabular = compose_study(["model=tabular"])
    for section in ("model", "prep", "lr_schedule", "fit"):  # the network brings them
        assert config[section] == tabular[section]
    assert (config["fit"]["optimizer"]["kind"], config["fit"]["epochs"], config["fit"]["batch_size"]) == ("adamw", 2, 128)
    assert (config["folds"], config["budget"]["trials"]) == ({"kind": "auto", "count": 2}, 2)
    assert config["race"]["kind"] == "epochs"
    few = settled(size=replace(MANY, rows=2999))
    assert few == compose_study([]) == compose_study(["model=mlp", "race=none", "budget.trials=40"])


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["fit.epochs=7"], ("fit", "epochs", 7)),
        (["fit.optimizer.learning_rate=0.3"], ("fit", "optimizer", {"kind": "adamw", "learning_rate": 0.3})),
        (["lr_schedule=constant"], ("lr_schedule", "kind", "constant")),
        (["prep.scale=minmax"], ("prep", "scale", "minmax")),
        (["folds=kfold"], ("folds", "count", None)),
        (["folds.count=4"], ("folds", "count", 4)),
        (["budget.trials=9"], ("budget", "trials", 9)),
        (["race=none"], ("race", "kind", "none")),
    ],
)
def test_what_is_given_stays_and_the_rest_is_settled(large, words, kept):
    config, (section, key, value) = settled(*words), kept
    found = config[section][key]
    assert (value.items() <= found.items()) if isinstance(value, dict) else found == value
    assert changed(config, usual()) == {section}


def test_a_group_that_is_given_is_taken_whole(large):
    assert settled("fit=adam")["fit"] == compose_study(["fit=adam"])["fit"]
    assert settled("fit=adam", "fit.epochs=auto")["fit"] == {**compose_study(["fit=adam"])["fit"], "epochs": 2}


def test_a_network_of_the_table_that_is_given_has_its_lines_at_any_size(large):
    for size in (MANY, replace(MANY, rows=400)):
        assert settled("model=tabular", size=size) == usual()
    assert compose_study(["model=tabular"]) == usual()
    assert compose_study(["model=tabm"])["budget"]["trials"] == 40


@pytest.mark.parametrize("words", [["model=mlp"], ["model.units=9"], ["model={units: 9}"], ["model={kind: mlp, units: 9}"]])
def test_a_network_that_is_given_has_what_it_had_at_any_size(large, words):
    request = request_study(words)
    assert not request.words.by_rows
    assert settled(*words) == request.config == compose_study(["model=mlp", *words, "race=none", "budget.trials=40"])
    assert request.shown == request.config


def test_auto_can_be_written_beside_a_recipe_and_in_one(large, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "defaults:\n  - override /fit: sgd\nmodel: auto\nfit: {epochs: auto}\nrace: {kind: auto}\n"
    )
    recipe = settled(f"experiment={tmp_path / 'mine.yaml'}")
    assert (recipe["model"]["kind"], recipe["fit"]["epochs"], recipe["race"]["kind"]) == ("tabular", 2, "epochs")
    beside = settled("experiment=titanic", "model=auto", "fit.epochs=auto", "budget.trials=auto")
    assert (beside["model"]["kind"], beside["fit"]["epochs"], beside["budget"]["trials"]) == ("tabular", 2, 2)
    assert beside["prep"]["scale"][0] == "choice"
    alone = request_study(["experiment=titanic"])
    assert not alone.words.by_rows
    assert alone.config["model"]["kind"] == "mlp"


def test_so_can_it_from_python(large):
    given = {"model": {"kind": "auto"}, "budget": {"trials": "auto"}, "folds": {"kind": "kfold", "count": "auto"}}
    words = _request((), None, None, given).words
    config = words.config(words.settled(MANY).values)
    assert (config["model"]["kind"], config["budget"]["trials"]) == ("tabular", 2)
    assert config["folds"] == {"kind": "kfold", "count": 2}
    assert given["folds"]["count"] == "auto"  # what was given is not changed
    assert settled(model="auto", race="auto") == usual()


def test_options_of_one_s_own_stay(large, tmp_path):
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit" / "tabular.yaml").write_text("epochs: 60\nbatch_size: auto\n")
    own = settled(paths={"conf": str(tmp_path)})
    assert own["fit"] == {"epochs": 60, "batch_size": 128}
    text = (shipped_conf() / "tune.yaml").read_text()
    (tmp_path / "tune.yaml").write_text(text.replace("model: auto", "model: mlp").replace("race: auto", "race: folds"))
    own = settled(paths={"conf": str(tmp_path)})
    assert (own["model"]["kind"], own["race"]["kind"], own["budget"]["trials"]) == ("mlp", "folds", 40)


def test_a_race_is_settled_for_one_goal_only(large):
    assert settled("goals=[accuracy,parameters]")["race"]["kind"] == "none"


def test_cfg_shows_auto_and_opens_no_data(large, capsys):
    words = ["data=csv", "data.path=nowhere.csv", "data.target=y", "--cfg", "job"]
    assert run_door("tune", Door("", pytest.fail), words) == 0
    shown = capsys.readouterr().out
    for line in ("model: {kind: auto}", "race: {kind: auto}", "folds: {kind: auto, count: auto}"):
        assert line in shown
    assert "budget: {trials: auto," in shown


@contextmanager
def opens(path, most):
    OPENED.clear()
    yield
    assert 0 < OPENED.count(str(path)) <= most


@pytest.fixture
def rows(tmp_path):
    """A table of 3,500 rows."""
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(draws.normal(size=(3500, 3)), columns=["a", "b", "c"])
    frame["y"] = np.where(frame["a"] + frame["b"] > 0, "p", "n")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


@pytest.fixture
def asked(rows, tmp_path):
    """Settles a study of the table as a door does; what it is, and what was shown."""

    def asked(*words, search=True):
        csv = ["data=csv", f"data.path={rows}", "data.target=y", f"paths.runs={tmp_path}"]
        request, shown = request_study([*csv, *words]), []
        with closing(start_ledger(request, pytest.fail)) as ledger:
            return settle_study(request, ledger, shown.append, search), shown

    return asked


@pytest.fixture
def made(asked, tmp_path):
    """Makes a study of the table in the ledger, as a door does before its first trial; its record."""

    def made(*words):
        study = asked(*words)[0]
        plan = look_at_data(study.spec, Screen(), table=study.table)
        with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
            return open_or_resume(plan, ledger, {})

    return made


def test_a_study_has_settled_values_only_and_its_rows_are_read_once(large, asked, rows):
    with opens(rows, most=2):
        study, shown = asked()
        plan = look_at_data(study.spec, Screen(), table=study.table)
    assert plan.table is study.table
    assert shown == [
        "auto, by 3,500 rows of 3 columns (binary): model=tabular model.units=8 fit.epochs=2 fit.batch_size=128 "
        "folds.count=2 budget.trials=2 race=epochs; what you set yourself stays"
    ]
    assert (study.spec.fixed.budget.trials, len(plan.splits), study.spec.fixed.race.kind) == (2, 2, "epochs")
    sections = ("model", "fit", "lr_schedule", "race", "prep", "folds")
    assert {key: study.spec.recipe[key] for key in sections} == {key: usual()[key] for key in sections}
    again, _ = asked()
    assert (again.spec.name, again.spec.recipe) == (study.spec.name, study.spec.recipe)


def test_a_study_of_one_trial_is_settled_without_a_search(large, asked):
    study, (sentence,) = asked(search=False)
    assert study.spec.fixed.budget.trials == 1
    assert "fit.epochs=2" in sentence
    assert "trials" not in sentence
    assert "race" not in sentence


def test_nothing_is_read_or_said_where_the_rows_decide_nothing(asked, large):
    study, shown = asked("model=mlp")
    assert (study.table, shown, study.spec.settled) == (None, [], None)
    assert identity_hash(study.spec.recipe) == identity_hash(asked("race=none", "model.hidden=[int,1,3]")[0].spec.recipe)


def test_a_value_that_only_the_former_network_takes_is_refused_with_that_network(large, asked):
    with pytest.raises(ConfigError, match=r"model=auto chose tabular for this table, so set it otherwise, or choose model=mlp"):
        asked("tuner.first=[{model.activation: tanh}]")


def test_a_study_keeps_what_was_settled_for_it(large, made, asked, rows, monkeypatch):
    record = made("study=mine")
    assert record.provenance.settled.values["model"] == "tabular"
    monkeypatch.setattr("foldwise.config.settle.TABLE", (FORMER, replace(large, values={**VALUES, "fit.epochs": 3})))
    with rows.open("a") as file:
        file.write("0.1,0.2,0.3,p\n")
    study, (sentence,) = asked("study=mine")
    assert study.spec.recipe == record.recipe
    assert study.table is None
    assert sentence.startswith(
        "study mine keeps what auto was when it was made, by 3,500 rows of 3 columns (binary): model=tabular"
    )
    assert asked("study=other")[0].spec.recipe["fit"]["epochs"] == 3
    more, (sentence,) = asked("study=mine", "extend=true", "model.units=[int,16,64]", "budget.trials=7")
    assert (more.spec.recipe["model"]["kind"], more.spec.recipe["model"]["units"]) == ("tabular", ["int", 16, 64])
    assert more.spec.recipe["fit"] == record.recipe["fit"]
    assert "trials" not in sentence


def test_a_study_that_was_made_before_there_was_auto_goes_on_as_it_was(large, made, asked, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr("foldwise.config.settle.TABLE", (FORMER,))
        record = made("study=mine")
    assert record.provenance.settled is None
    assert "settled" not in record.provenance.to_json()
    study, shown = asked("study=mine")
    assert (study.spec.recipe, shown) == (record.recipe, [])


def test_a_challenger_has_the_settled_values(large, made):
    record = made("study=mine")
    from tests.contract.ledgers import summary

    record = replace(record, summary=replace(summary(), best=replace(summary().best, params={})))
    spec = challenger_study(record, read_service(RetrainSpec, compose_service("retrain", ["model=mine"])))
    assert spec.corners[0].model.kind == "tabular"
    assert spec.recipe["fit"] == record.recipe["fit"]


def test_images_keep_what_they_had(large, tmp_path):
    from tests.unit.data.images import LABELS, blobs

    np.savez(tmp_path / "rows.npz", images=np.repeat(blobs(), 90, axis=0), labels=np.repeat(LABELS, 90))
    request, shown = request_study(["data=npz", f"data.path={tmp_path / 'rows.npz'}", f"paths.runs={tmp_path}"]), []
    with closing(start_ledger(request, pytest.fail)) as ledger:
        study = settle_study(request, ledger, shown.append)
    assert len(study.table) >= 3000
    assert study.spec.recipe == read_study(request.config).recipe
    assert "images" in shown[0]
    assert size_of(read_rows(study.spec)).images


@pytest.mark.long
@pytest.mark.slow
def test_n_shown_are_n_run_and_a_second_start_is_the_same_study(large, rows, tmp_path, capsys):
    words = ["data=csv", f"data.path={rows}", "data.target=y", f"paths.runs={tmp_path / 'runs'}", "tracking=in_memory"]
    words += ["tracking.figures=false", "baselines=[majority]", "execute.threads=1", "fit.seeds=1"]
    result = foldwise.tune(*words)
    first = capsys.readouterr().out
    assert "auto, by 3,500 rows of 3 columns (binary): model=tabular" in first
    assert "budget.trials=2" in first
    assert (result.summary["trials"]["asked"], result.summary["trials"]["complete"]) == (2, 2)
    with opens(rows, most=1):
        tune_here(request_study(words))
    again = capsys.readouterr().out
    assert "auto, by 3,500 rows of 3 columns (binary): model=tabular" in again
    assert f"study {result.spec.name} is finished: 2 of 2 trials, 0 more to run" in again
    tune_here(request_study([*words, "replay=1"]))
    assert "trial 1 is the same, bit for bit" in capsys.readouterr().out
    more = foldwise.tune(*words, "budget.trials=3")
    assert (more.spec.name, more.summary["trials"]["complete"]) == (result.spec.name, 3)
