import copy

import pytest

from foldwise.config.read import identity_hash, read_study, trial_at, without_search
from foldwise.errors import ConfigError
from foldwise.spec.model import MlpSpec
from foldwise.spec.space import IntRange

IRIS = {
    "data": {"kind": "sklearn", "name": "iris", "target": "target"},
    "model": {"kind": "mlp", "units": ["int", 4, 64], "dropout": 0.1},
    "fit": {"epochs": 5},
}


def changed(key, value, base=IRIS):
    config = copy.deepcopy(base)
    *parents, leaf = key.split(".")
    node = config
    for parent in parents:
        node = node.setdefault(parent, {})
    node[leaf] = value
    return config


def test_fixed_values_and_ranges_are_separated():
    study = read_study(IRIS)
    assert dict(study.space.ranges) == {"model.units": IntRange(4, 64)}
    trial = trial_at(study, {"model.units": 7})
    assert isinstance(trial.model, MlpSpec)
    assert (trial.model.units, trial.model.dropout, trial.fit.epochs) == (7, 0.1, 5)


def test_a_tuner_can_give_a_trial_fewer_epochs_but_never_more():
    study = read_study(IRIS)
    assert trial_at(study, {"model.units": 7, "tuner.epochs": 2}).fit.epochs == 2
    for epochs in (0, 6, 2.0, True):
        with pytest.raises(ConfigError, match=r"tuner\.epochs: must be a whole number from 1 to fit\.epochs = 5"):
            trial_at(study, {"model.units": 7, "tuner.epochs": epochs})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("model.unitz", 3, "model.unitz: unknown key, did you mean model.units?"),
        ("units", 3, "units: unknown key, did you mean model.units?"),
        ("fit.learning_rate", 0.1, "fit.learning_rate: unknown key, did you mean fit.optimizer.learning_rate?"),
        ("fit.epochs", 0, "fit.epochs: must be >= 1, got 0"),
        ("fit.epochs", "a", "fit.epochs: must be a whole number or auto, got 'a'"),
        ("fit.epochs", 1.5, "fit.epochs: must be a whole number"),
        ("fit.batch_size", 0, "fit.batch_size: must be >= 1, got 0"),
        ("model.dropout", 1.0, "model.dropout: must be < 1.0, got 1.0"),
        ("model.dropout", ["float", 0, 1.5], "model.dropout: must be < 1.0, got 1.5"),
        ("model.activation", "rleu", "did you mean relu?"),
        ("model.units", [1, 2], "units lists 2 widths, so hidden must be 2, got 1"),
        ("model.units", ["int", 9, 3], "model.units: low <= high must hold"),
        ("model.filters", 3, "model.filters: unknown key for this model.kind; other kinds have it"),
        ("model", {"units": 3}, "model: needs a kind"),
        ("model", {"kind": "cnnn"}, "model.kind: 'cnnn' is unknown, did you mean cnn?"),
        ("model", {"kind": "cnn", "image": [8, 8]}, "image must be [height, width, channels], as [28,28,1], got [8, 8]"),
        ("model", {"kind": "cnn", "image": 64}, "model.image: must be a list, got 64"),
        ("model", {"kind": "cnn", "image": [8, 0, 1]}, "model.image.1: must be >= 1, got 0"),
        ("model", {"kind": "cnn", "kernel": 0}, "model.kernel: must be >= 1, got 0"),
        ("model", {"kind": "cnn", "blocks": ["int", 1, 11]}, "model.blocks: must be <= 10, got 11"),
        ("model", {"kind": "cnn", "filters": [8, 16, 32]}, "filters lists 3 numbers of maps, so blocks must be 3, got 2"),
        ("model", {"kind": "cnn", "units": [8, 16]}, "units lists 2 widths, so hidden must be 2, got 1"),
        ("model", {"kind": "cnn", "initializer": "identity"}, "initializer identity makes a matrix"),
        ("tuner", "tpee", "tuner.kind: 'tpee' is unknown, did you mean tpe?"),
        ("tuner", {"kind": "kt_hyperband", "factor": 1}, "tuner.factor: must be >= 2, got 1"),
        ("tuner", {"kind": "nsga2", "mutation": 1.5}, "tuner.mutation: must be <= 1.0, got 1.5"),
        ("tuner", {"kind": "qmc", "sequence": "soboll"}, "tuner.sequence: 'soboll' is not known, did you mean sobol?"),
        ("tuner", {"kind": "grid", "startup": 3}, "tuner.startup: unknown key for this tuner.kind"),
        ("fit", {"seeds": ["int", 1, 5]}, "fit.seeds: is not searched, because all its values give the same trials"),
        ("fit", {"seeds": 51}, "fit.seeds: must be <= 50, got 51"),
        ("lr_schedule", "cosin", "did you mean cosine?"),
        ("fit.optimizer", {"kind": "sgd", "momentun": 0.9}, "did you mean fit.optimizer.momentum?"),
        ("fit.optimizer", {"kind": "sgd", "momentum": 1.5}, "0 <= momentum < 1 must hold"),
        ("goal", {"metric": "acuracy"}, "did you mean accuracy?"),
        (
            "tuner",
            {"kind": "tpe", "first": [{"model.unitz": 3}]},
            "tuner.first.0: model.unitz is not a range of this configuration",
        ),
        (
            "tuner",
            {"kind": "tpe", "first": [{"model.units": 3.5}]},
            "tuner.first.0: 3.5 is not in the range of model.units",
        ),
        ("goal", {"at_most": {"parameter": 9}}, "goal.at_most"),
        ("goal", {"at_most": {"parameters": 0}}, "goal.at_most.parameters: must be > 0"),
        ("certify", "seed", "certify: 'seed' is not known, did you mean seeds?"),
        ("certify", {"kind": "seeds", "seeds": 1}, "certify.seeds: must be >= 2, got 1"),
        ("certify", {"kind": "seeds", "top": 0}, "certify.top: must be >= 1, got 0"),
        ("select", {"rule": "frsh"}, "select.rule: 'frsh' is not known, did you mean fresh?"),
        ("race", "fold", "race.kind: 'fold' is unknown, did you mean folds?"),
        ("race", {"kind": "both", "factor": 1}, "race.factor: must be >= 2, got 1"),
        ("race", {"kind": "folds", "first": 3}, "race.first: unknown key"),
        ("goals", ["accuracy"], "goals: must list a metric and one of parameters"),
        ("goals", ["accuracy", "f1"], "goals: must list a metric and one of parameters"),
        ("goals", ["rmse", "parameters"], "'rmse' is not defined for a multiclass task"),
        ("budget.trials", ["int", 1, 2], "ranges are allowed only in"),
        ("budget.trials", 0, "budget.trials: must be >= 1, got 0"),
        ("budget.baseline_seconds", 0, "budget.baseline_seconds: must be > 0.0, got 0"),
        ("baselines", "logistic", "baselines: must be a list, got 'logistic', did you mean baselines=[logistic]?"),
        ("baselines", ["logistc"], "baselines.0: 'logistc' is not known, did you mean logistic?"),
        ("baselines", ["gbm"], "baselines.0: 'gbm' is not known, did you mean boosting?"),
        ("baselines", ["xgb"], "baselines.0: 'xgb' is not known, did you mean xgboost?"),
        ("baselines", ["mean", "mean"], "baselines: has 'mean' twice"),
        ("study", "../x", "study: must be 1 to 100 of"),
        ("study", ".x", "study: must be 1 to 100 of"),
        ("seed", -1, "seed: must be >= 0"),
        ("data.name", "irs", "did you mean iris?"),
        ("data.kinds", {"a": "numb"}, "data.kinds.a: 'numb' is not known, did you mean number?"),
        ("data.kind", "excel", "data.kind: 'excel' is unknown"),
        ("folds.count", 1, "folds.count: must be >= 2, got 1"),
        ("fit.loss", "${oc.env:HOME}", "references such as"),
        ("data.holdout", {"kind": "hash", "shar": 0.2}, "did you mean data.holdout.share?"),
        ("model.activation", False, "model.activation: false is not known"),
        ("data.target", False, "data.target='false'"),
        ("fit.optimizer", {"kind": "adam", "learning_rate": float("inf")}, "must be finite"),
        ("study", "-x", "study: must be 1 to 100 of"),
        ("study", "x.", "study: must be 1 to 100 of"),
        ("fit.epochs", float("nan"), "fit.epochs: must be"),
        ("model.l2", float("inf"), "model.l2: must be finite"),
        ("data", "???", "data: must be given"),
        ("fit.epochs", "???", "fit.epochs: must be given, for example fit.epochs=..."),
        ("study", "???", "study: must be given, for example study=..."),
        ("goal", {"metric": "???"}, "goal.metric: must be given"),
        ("model", ["choice", {"kind": "mlp", "units": "???"}, {"kind": "cnn"}], "model.1.units: must be given"),
        ("paths", {"runs": ""}, "paths.runs: must be a folder, got an empty text; . is the one that you are in"),
        ("paths", {"runs": "  "}, "paths.runs: must be a folder, got an empty text"),
        ("paths", {"data": "a" * 300}, "paths.data: a name in it has 300 bytes, more than the 255 that a file system allows"),
        ("paths", {"runs": "a/" * 2000}, "paths.runs: has 4000 bytes, more than 3500; choose a shorter path"),
        ("paths", {"runs": "a\0b"}, "paths.runs: must be text in UTF-8 without NUL, got 'a\\x00b'"),
        ("data.kinds", {"a\0": "number"}, "data.kinds: must be text in UTF-8 without NUL"),
        ("data.drop", ["\udcff"], "data.drop.0: must be text in UTF-8 without NUL"),
        ("model.units", ["int", 1, 10**400], "model.units.2: must be a number of at most 300 digits, got one of 401"),
        ("fit.optimizer", {"kind": "sgd", "momentum": -(10**5000)}, "fit.optimizer.momentum: must be a number of at most 300"),
        ("data", {"kind": "folder", "path": "p", "size": [16]}, "data.size: must be [height, width], as [64,64], got [16]"),
        (
            "data",
            {"kind": "folder", "path": "p", "size": [16, 16, 3]},
            "data.size: must be [height, width], as [64,64], got [16, 16, 3]",
        ),
        ("model", {"kind": "cnn", "image": [0, 0]}, "model.image"),
        ("folds", {"kind": "grouped"}, "folds.kind: grouped needs data.group"),
        ("folds", {"kind": "forward"}, "folds.kind: forward needs data.time"),
        ("data.holdout", {"kind": "time"}, "data.holdout.kind: time needs data.time"),
        ("data.holdout", {"kind": "none", "shar": 0.2}, "data.holdout.shar: unknown key"),
        ("folds", {"kind": "given"}, "folds.kind: given needs folds.column (says train, validation or test) or folds.path"),
        ("folds", {"kind": "given", "column": "a", "path": "b.csv"}, "folds.kind: given needs folds.column"),
        ("folds", {"kind": "split", "column": "a"}, "folds.column: is for folds=given, and folds.kind is split; leave it out"),
        ("folds", {"kind": "split", "of": "every"}, "folds.of: 'every' is not known; known: development, all"),
        ("data.target", None, "data.target: is null; foldwise learns from a target"),
        ("data.task", "clustering", "data.task: 'clustering' has no target; foldwise learns from a target"),
        ("goal", {"metric": "rmse"}, "goal.metric: 'rmse' is not defined for a multiclass task"),
        ("prep.scale", ["choice", "standard", "minmx"], "did you mean minmax?"),
        (
            "fit.optimizer",
            {"kind": "sgd", "decay": 0.001},
            "fit.optimizer.decay: sgd has no parameter decay, did you mean lr_schedule=time_based lr_schedule.decay=0.001? "
            "decay is Keras's older notation and counts steps",
        ),
        ("goal", {"metric": "top_k_accuracy"}, "goal.metric: 'top_k_accuracy' is not a metric; top-k accuracy is written with"),
        ("fit.threshold", 1.0, "fit.threshold: must be < 1.0, got 1.0"),
        ("fit.threshold", "aut", "fit.threshold: must be a number"),
        ("balance", "smot", "balance.kind: 'smot' is unknown, did you mean smote?"),
        ("balance", {"kind": "smote", "ratio": 1.5}, "balance.ratio: must be <= 1.0, got 1.5"),
        ("balance", {"kind": "oversample", "neighbours": 3}, "balance.neighbours: unknown key for this balance.kind"),
        (
            "balance",
            ["class_weight", "oversample"],
            "balance: class_weight and oversample together would balance the classes twice; choose one",
        ),
        (
            "balance",
            {"kind": "smote", "class_weight": True},
            "balance: class_weight and smote together would balance the classes twice",
        ),
    ],
)
def test_each_error_is_one_sentence_with_its_key(key, value, sentence):
    with pytest.raises(ConfigError) as caught:
        read_study(changed(key, value))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("other", "named"), [({"certify": "none"}, "certify.kind=none"), ({"folds": "none"}, "folds.kind=none")]
)
def test_a_choice_by_fresh_runs_needs_them(other, named):
    with pytest.raises(ConfigError, match=rf"select\.rule: fresh trains the best trials again .* {named} leaves out"):
        read_study({**IRIS, **other, "select": {"rule": "fresh"}})


def test_a_choice_by_fresh_runs_makes_them_and_trains_the_defaults_first():
    points = {"tuner": {"kind": "tpe", "first": [{"model.units": 32}]}, "model": {"kind": "mlp", "units": ["int", 4, 64]}}
    usual, fresh = (read_study({**IRIS, **points, "select": {"rule": rule}}) for rule in ("best", "fresh"))
    assert fresh.openings == (usual.space.defaults(), {**usual.space.defaults(), "model.units": 32})
    assert usual.openings == fresh.openings[::-1]
    assert (usual.fixed.certified, fresh.fixed.certified) == ("bbc", "both")
    assert (usual.fixed.fresh_trainings, fresh.fixed.fresh_trainings) == (0, 30)
    seeds = {"certify": {"kind": "seeds", "top": 3, "seeds": 4}, "budget": {"trials": 2}}
    asked = read_study({**IRIS, **seeds, "select": {"rule": "fresh"}})
    assert (asked.fixed.certified, asked.fixed.fresh_trainings) == ("seeds", 8)
    assert usual.name != fresh.name
    assert usual.name == read_study({**IRIS, **points, "certify": {"kind": "both"}}).name


def test_a_bare_word_is_a_mapping_of_that_kind():
    study = read_study({**IRIS, "tuner": "random", "lr_schedule": "cosine", "fit": {"optimizer": "sgd"}})
    assert study.fixed.tuner.kind == "random"
    trial = trial_at(study, study.space.defaults())
    assert trial.lr_schedule.kind == "cosine"
    assert trial.fit.optimizer.rate == 0.01


def test_what_is_left_of_another_holdout_does_not_matter_without_one():
    left = {"kind": "none", "share": 0.2, "path": "test.csv", "images": "a", "labels": "b"}
    assert read_study(changed("data.holdout", left)).fixed.data.holdout.kind == "none"
    assert read_study(changed("data.holdout", "none")).fixed.data.holdout.kind == "none"


def test_options_that_came_later_do_not_change_the_identity_of_earlier_studies():
    split = {"kind": "split", "share": 0.125}
    name = read_study(changed("folds", split)).name
    assert read_study(changed("folds", {**split, "of": "development"})).name == name
    assert read_study(changed("folds", {**split, "of": "all"})).name != name
    given = [read_study(changed("folds", {"kind": "given", "path": path})).name for path in ("a.csv", "b.csv")]
    assert given[0] == given[1]  # rows are identified by their fingerprint, wherever they are
    by_column = [read_study(changed("folds", {"kind": "given", "column": column})).name for column in ("a", "b")]
    assert by_column[0] != by_column[1]


def test_the_default_name_depends_on_the_options_that_decide_the_results():
    name = read_study(IRIS).name
    assert name.startswith("iris-")
    assert read_study(changed("budget.trials", 77)).name == name
    assert read_study(changed("paths.runs", "elsewhere")).name == name
    assert read_study(changed("seed", 1)).name != name
    assert read_study(changed("fit.epochs", 6)).name != name


def test_the_place_of_a_file_does_not_make_another_study():
    csv = {"kind": "csv", "path": "a/rows.csv", "target": "y"}
    moved = {**csv, "path": "b/rows.csv"}
    assert identity_hash({"data": csv}) == identity_hash({"data": moved})


def test_an_option_that_came_later_does_not_make_another_study_unless_it_is_used():
    csv = {"kind": "csv", "path": "rows.csv", "target": "y"}
    usual = {
        **csv,
        "header": True,
        "skip": 0,
        "skip_end": 0,
        "comment": None,
        "ragged": "refuse",
        "join_levels": False,
        "dates": {},
    }
    assert identity_hash({"data": csv}) == identity_hash({"data": usual})
    assert identity_hash({"data": csv}) != identity_hash({"data": {**usual, "header": False}})
    layers = {"kind": "layers", "layers": ["Conv2D"]}
    assert identity_hash({"model": layers}) == identity_hash({"model": {**layers, "image": None}})
    assert identity_hash({"model": layers}) != identity_hash({"model": {**layers, "image": [8, 8, 1]}})
    assert identity_hash({"model": {"kind": "cnn"}}) != identity_hash({"model": {"kind": "cnn", "image": None}})
    assert identity_hash({}) == identity_hash({"baselines": None}) == identity_hash({"baselines": ["majority"]})
    assert identity_hash({"data": csv}) != identity_hash({"data": {**usual, "dates": {"day": "%d.%m.%Y"}}})
    usual_prep, clamped = ({"prep": {"scale": "standard", "clamp_target": value}} for value in (False, True))
    assert identity_hash(usual_prep) == identity_hash({"prep": {"scale": "standard"}}) != identity_hash(clamped)
    fit = {"epochs": 3}
    assert (
        identity_hash({"fit": fit})
        == identity_hash({"fit": {**fit, "seeds": 1}})
        != identity_hash({"fit": {**fit, "seeds": 5}})
    )
    first, last = ({"fit": {"early_stop": {"patience": 2, "ties": ties}}} for ties in ("first", "last"))
    assert identity_hash(first) == identity_hash({"fit": {"early_stop": {"patience": 2}}}) != identity_hash(last)


def test_an_ensemble_is_another_study_and_a_word_the_same_as_its_mapping():
    name = read_study(IRIS).name
    without = ("none", {"kind": "none"}, {"kind": "none", "most": 10})
    assert {read_study({**IRIS, "ensemble": value}).name for value in without} == {name}
    greedy = [read_study({**IRIS, "ensemble": value}).name for value in ("greedy", {"kind": "greedy", "most": 10})]
    assert greedy[0] == greedy[1] != name
    assert read_study({**IRIS, "ensemble": {"kind": "greedy", "most": 3}}).name not in (name, greedy[0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"certify": "none"}, "certify.kind=none keeps none"),
        ({"folds": "none"}, "folds=none has none"),
        ({"select": {"rule": "one_se"}}, "select.rule=one_se chooses one"),
        ({"goals": ["accuracy", "parameters"]}, "goals weighs the cost of each"),
        ({"goal": {"at_most": {"parameters": 1000}}}, "goal.at_most bounds the cost of each"),
    ],
)
def test_an_ensemble_is_refused_where_it_has_no_predictions_or_one_network_is_asked_for(change, reason):
    read_study({**IRIS, **change})
    read_study({**IRIS, "ensemble": "greedy"})
    with pytest.raises(ConfigError, match=reason) as caught:
        read_study({**IRIS, **change, "ensemble": "greedy"})
    assert caught.value.key == "ensemble.kind"


@pytest.mark.parametrize(
    ("change", "name", "register"),
    [
        ({}, None, "iris"),
        ({"study": "mine"}, "mine", "mine"),
        ({"register": "served"}, None, "served"),
        ({"study": "mine", "register": "served"}, "mine", "served"),
    ],
)
def test_the_registered_name_is_given_or_the_study_or_the_data(change, name, register):
    study = read_study({**IRIS, **change})
    assert study.register == register
    assert name is None or study.name == name


def test_without_a_search_every_range_takes_its_default():
    study = read_study(without_search(IRIS))
    assert len(study.space) == 0
    assert study.fixed.budget.trials == 1
    assert trial_at(study, {}).model.units == 34


def test_a_choice_of_optimizers_has_the_ranges_of_each():
    choice = ["choice", {"kind": "adam", "learning_rate": ["float", 1e-3, 1e-1, {"log": True}]}, {"kind": "sgd"}]
    study = read_study(changed("fit.optimizer", choice))
    trial = trial_at(study, {"model.units": 8, "fit.optimizer": "sgd"})
    assert trial.fit.optimizer.kind == "sgd"


def test_how_strict_the_audit_is_does_not_make_another_study():
    strict = read_study(changed("audit", {"strict": True, "accept": ["copies"]}))
    assert strict.fixed.audit.strict
    assert strict.name == read_study(changed("audit", {"strict": False})).name


def test_two_goals_are_not_raced():
    config = {**IRIS, "goals": ["accuracy", "parameters"]}
    assert read_study(config).fixed.race.kind == "none"
    with pytest.raises(ConfigError, match="epochs ends trials by one score, but a trial can still win by the other goal"):
        read_study({**config, "race": "epochs"})


def test_a_study_without_a_search_does_not_race():
    assert without_search({**IRIS, "race": {"kind": "both"}})["race"] == {"kind": "none"}


def test_a_promotion_that_needs_a_baseline_is_refused_without_one():
    asked = {**IRIS, "promotion": {"require": "better"}}
    assert read_study(asked).fixed.baselines is None
    with pytest.raises(ConfigError, match=r"promotion\.require: better needs a baseline to beat, and baselines=\[\] has none"):
        read_study({**asked, "baselines": []})


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "f1", "mcc"])
def test_evidence_is_refused_for_a_metric_that_is_not_a_mean_over_rows(metric):
    with pytest.raises(ConfigError, match=f"promotion.kind: evidence weighs single rows, and {metric} is not a mean over rows"):
        read_study({**IRIS, "goal": {"metric": metric}, "promotion": {"kind": "evidence"}})
    assert read_study({**IRIS, "promotion": {"kind": "evidence"}}).fixed.promotion.kind == "evidence"
