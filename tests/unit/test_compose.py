import pytest

from foldwise.compose import compose_service, compose_study, groups
from foldwise.config import read_study
from foldwise.errors import ConfigError


def test_the_default_configuration_is_a_study():
    study = read_study(compose_study([]))
    assert study.register == "iris"
    assert len(study.space) > 3


def test_every_option_of_every_group_composes_into_a_study():
    given = {"csv": ["data.path=x.csv", "data.target=y"], "parquet": ["data.path=x.parquet", "data.target=y"]}
    given |= {"grouped": ["data.group=g"], "forward": ["data.time=t"]}
    for group, options in groups().items():
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
        ("hydra.run.dir=x", "Hydra's own settings"),
        ("data@x=iris", "packages are not used"),
        ("model.units=[int,3", "is not understood"),
    ],
)
def test_an_override_that_cannot_be_read_is_refused(override, sentence):
    with pytest.raises(ConfigError) as caught:
        compose_study([override])
    assert sentence in str(caught.value)


def test_a_service_door_knows_its_own_keys_only():
    with pytest.raises(ConfigError, match="did you mean input"):
        compose_service("predict", ["inptu=x"])
    with pytest.raises(ConfigError, match="must be given"):
        compose_service("predict", ["model=iris@champion"])
    assert compose_service("predict", ["model=iris@champion", "input=a", "output=b"])["model"] == "iris@champion"


def test_from_python_whole_sections_are_values():
    assert compose_study([], {"budget": {"trials": 3}})["budget"] == {"trials": 3, "seconds": None}
