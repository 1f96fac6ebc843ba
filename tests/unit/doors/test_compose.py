import pytest
import yaml

from foldwise.config.read import read_service, read_study
from foldwise.doors.compose import compose_service, compose_study
from foldwise.doors.conf import conf_at, shipped_conf
from foldwise.errors import ConfigError
from foldwise.retraining.spec import RetrainSpec
from foldwise.schedule.spec import ScheduleSpec
from foldwise.spec.services import CompareSpec, ExportSpec, PredictSpec, StepSpec, UiSpec


def test_the_default_configuration_is_a_study():
    study = read_study(compose_study([]))
    assert study.register == "iris"
    assert len(study.space) > 3


@pytest.mark.long
def test_every_option_of_every_group_composes_into_a_study():
    given = {"csv": ["data.path=x.csv", "data.target=y"], "parquet": ["data.path=x.parquet", "data.target=y"]}
    given |= {"grouped": ["data.group=g"], "forward": ["data.time=t"], "given": ["folds.column=part"]}
    given |= {"idx": ["data.images=x.gz", "data.labels=y.gz"], "npz": ["data.path=x.npz"], "folder": ["data.path=x"]}
    given |= {
        "sql": ["data.url=sqlite:///x.db", "data.query=SELECT", "data.target=y"],
        "openml": ["data.id=3", "data.target=y"],
    }
    for group, options in conf_at(None).groups().items():
        for option in options:
            read_study(compose_study([f"{group}={option}", *given.get(option, [])]))


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_any_single_value_can_be_changed(sign):
    assert compose_study([f"{sign}fit.epochs=7"])["fit"]["epochs"] == 7


def test_a_kind_is_a_choice_of_its_group():
    assert compose_study(["lr_schedule.kind=drop", "lr_schedule.every=3"])["lr_schedule"] == {
        "kind": "drop",
        "rate": 0.5,
        "every": 3,
        "warmup": 0,
    }


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("fit.optimizer.learning_rate=1e-3", "learning_rate", 0.001),
        ("fit.optimizer.learning_rate=[float,1e-4,1e-1,{log: true}]", "learning_rate", ["float", 1e-4, 1e-1, {"log": True}]),
    ],
)
def test_values_are_read_as_yaml_would(override, key, value):
    assert compose_study([override])["fit"]["optimizer"][key] == value


def test_odd_signs_are_plain_text():
    csv = ["data=csv", "data.path=a.csv", "data.target=median house value"]
    data = compose_study([*csv, "data.delimiter=;", "data.missing=['','?']", "data.kinds.Some Column=category"])["data"]
    assert data["delimiter"] == ";"
    assert data["missing"] == ["", "?"]
    assert data["target"] == "median house value"
    assert data["kinds"] == {"Some Column": "category"}


def test_a_mapping_of_another_kind_replaces_and_of_the_same_kind_merges():
    assert compose_study(["model={kind: cnn, filters: 3}"])["model"] == {"kind": "cnn", "filters": 3}
    merged = compose_study(["model={units: 3}"])["model"]
    assert merged["units"] == 3
    assert merged["kind"] == "mlp"


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("fit.epochs=1,2", "multirun"),
        ("fit.epochs=choice(1,2)", "multirun"),
        ("epochs", "write key=value"),
        ("~model", "write key=value"),
        ("tuner=rndom", "did you mean random?"),
        ("data=irsi", "did you mean iris?"),
        ("experiment=titnic", "did you mean titanic?"),
        ("experiment=3", "'3' is not a recipe, nor a path that ends in .yaml; known: "),
        ("hydra.run.dir=x", "Hydra's own settings"),
        ("data@x=iris", "packages are not used"),
        ("model.units=[int,3", "is not understood"),
        ("fit={epochs: 3, epochs: 4}", "fit: the mapping names 'epochs' twice; keep one"),
        ("fit={optimizer: {kind: adam, kind: sgd}}", "fit: the mapping names 'kind' twice"),
        ("model.units=[choice,{a: 1, a: 2}]", "model.units: the mapping names 'a' twice"),
        (f"fit.epochs={'1' * 400}", "fit.epochs: must have no more than 300 digits in a row, got 11111111111111111111..."),
        (f"model.units=[int,1,{'1' * 5000}]", "model.units: must have no more than 300 digits in a row"),
        (f"model.units={'[' * 3000}{']' * 3000}", "model.units: lists and mappings are too deep in '[[["),
        ("seed=1,2", "not used; start one study for each"),
        ("fit.epochs=1,2", "a range is fit.epochs=[choice,1,2]"),
        ("fit.epochs=range(1,10,2)", "a range is fit.epochs=[int,1,9,{step: 2}]"),
        ("model.dropout=interval(0,0.5)", "a range is model.dropout=[float,0,0.5]"),
        ("model.activation=relu,tanh", "a range is model.activation=[choice,relu,tanh]"),
    ],
)
def test_an_override_that_cannot_be_read_is_refused(override, sentence):
    with pytest.raises(ConfigError) as caught:
        compose_study([override])
    assert sentence in str(caught.value)


def test_a_recipe_sets_values_all_over_the_configuration():
    plain, recipe = compose_study([]), compose_study(["experiment=titanic"])
    assert (recipe["data"]["kind"], recipe["data"]["target"]) == ("csv", "Survived")
    assert recipe["data"]["delimiter"] == plain["data"].get("delimiter", ",")  # the recipe does not set it
    assert recipe["prep"] != plain["prep"]
    assert recipe.keys() == plain.keys()


def test_a_recipe_may_have_a_range_where_a_group_has_a_mapping():
    assert compose_study(["experiment=mammography"])["balance"][:3] == ["choice", "none", "class_weight"]
    assert compose_study(["experiment=mammography", "balance=smote"])["balance"]["kind"] == "smote"


def test_words_beside_a_recipe_win_in_any_order():
    words = ["experiment=titanic", "fit.epochs=3", "prep.scale=none", "balance=class_weight", "prep.impute={kind: mean}"]
    for ordered in (words, words[::-1]):
        config = compose_study(ordered)
        assert config["fit"]["epochs"] == 3
        assert config["prep"]["scale"] == "none"
        assert config["prep"]["impute"]["kind"] == "mean"
        assert config["balance"] == {"kind": "class_weight"}
        assert config["data"]["target"] == "Survived"


def test_a_group_beside_a_recipe_is_taken_whole():
    both, plain = compose_study(["experiment=titanic", "data=iris"]), compose_study(["data=iris"])
    assert both["data"] == plain["data"]
    assert both["prep"] != plain["prep"]
    assert compose_study(["experiment=titanic", "model.kind=cnn"])["model"] == compose_study(["model=cnn"])["model"]


def test_a_service_door_knows_its_own_keys_only():
    with pytest.raises(ConfigError, match="did you mean input"):
        compose_service("predict", ["inptu=x"])
    with pytest.raises(ConfigError, match="must be given"):
        compose_service("predict", ["model=iris@champion"])
    assert compose_service("predict", ["model=iris@champion", "input=a", "output=b"])["model"] == "iris@champion"


def test_from_python_whole_sections_are_values():
    others = {**dict.fromkeys(("seconds", "trial_seconds", "trial_memory_mb")), "converged": False, "baseline_seconds": 30}
    assert compose_study([], {"budget": {"trials": 3}})["budget"] == {"trials": 3, **others}


@pytest.mark.parametrize(
    ("door", "words", "model"),
    [
        ("predict", ["model=iris", "input=a.csv", "output=b.csv"], PredictSpec),
        ("export", ["model=iris", "output=x"], ExportSpec),
        ("compare", ["study=a"], CompareSpec),
        ("step", ["study=a"], StepSpec),
        ("ui", [], UiSpec),
        ("retrain", ["model=iris"], RetrainSpec),
        ("schedule", ["action=list"], ScheduleSpec),
    ],
)
def test_every_door_takes_the_folder_of_data_sets(door, words, model):
    """So one list of words, or one file of one's own, serves all doors."""
    asked = read_service(model, compose_service(door, [*words, "paths.data=sets", "paths.runs=runs"]))
    assert (asked.paths.data, asked.paths.runs) == ("sets", "runs")
    assert read_service(model, compose_service(door, words)).paths.data == "data"


def test_every_service_of_the_shipped_options_has_the_same_paths():
    services = sorted((shipped_conf() / "service").glob("*.yaml"))
    assert services
    for path in services:
        assert set(yaml.safe_load(path.read_text())["paths"]) == {"runs", "data", "cache", "conf"}, path
