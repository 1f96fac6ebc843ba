"""Options of one's own beside the shipped ones."""

import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_service, compose_study
from foldwise.doors.conf import conf_at, shipped_conf, write_conf
from foldwise.doors.help import door_help
from foldwise.errors import ConfigError
from foldwise.system.files import part_of


@pytest.fixture(params=["conf", "odd 'name', [it]"])
def own(request, tmp_path):
    """Writes a folder of options; the words that choose it."""

    def own(**files):
        for name, text in files.items():
            path = tmp_path / request.param / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return {"paths.conf": str(tmp_path / request.param)}

    return own


def test_an_option_of_one_s_own_is_chosen_by_name_and_hides_a_shipped_one(own):
    words = own(model__small="kind: mlp  # a small one\nunits: 4\n", fit__adam="epochs: 3\n", experiment__mine="seed: 7\n")
    config = compose_study(["model=small", "experiment=mine"], words)
    assert config["model"] == {"kind": "mlp", "units": 4}
    assert config["fit"] == {"epochs": 3}
    assert config["seed"] == 7
    assert config["data"]["name"] == "iris"
    assert compose_study(["model=cnn"], words)["model"] == compose_study(["model=cnn"])["model"]
    with pytest.raises(ConfigError, match=r"'smal' is not an option of model, did you mean small\?"):
        compose_study(["model=smal"], words)


def test_the_folder_is_not_part_of_the_study(own):
    plain, with_own = read_study(compose_study([])), read_study(compose_study([], own(model__small="kind: mlp\n")))
    assert (with_own.name, with_own.recipe) == (plain.name, plain.recipe)


def test_an_option_may_begin_with_a_shipped_one_as_hydra_has_it(own):
    words = own(model__wide="defaults:\n  - mlp\n  - _self_\nunits: 512\n")
    assert compose_study(["model=wide"], words)["model"] == {**compose_study([])["model"], "units": 512}


def test_a_tune_file_of_one_s_own_is_where_a_study_begins(own):
    tune = (
        (shipped_conf() / "tune.yaml")
        .read_text()
        .replace("- model: auto", "- model: small")
        .replace("trials: auto", "trials: 4")
    )
    config = compose_study([], own(tune=tune, model__small="kind: mlp\nunits: 4\n"))
    assert (config["budget"]["trials"], config["model"]["units"]) == (4, 4)


def test_a_service_of_one_s_own_changes_the_defaults_that_it_names(own):
    words = [f"paths.conf={shown}" for shown in own(service__compare="study: mine\ntrials: 3\n").values()]
    if "'" in words[0]:
        words = ["paths.conf='" + words[0].removeprefix("paths.conf=").replace("'", "\\'") + "'"]
    config = compose_service("compare", words)
    assert (config["study"], config["trials"], config["format"]) == ("mine", 3, "html")


def test_jobs_are_those_of_the_folder_if_it_has_some(own, tmp_path):
    (folder,) = own(model__small="kind: mlp\n").values()
    assert conf_at(folder).jobs() == shipped_conf() / "jobs"
    own(jobs__mine="cron: '@daily'\ndoor: tune\n")
    assert [path.name for path in conf_at(folder).jobs().iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"model__small": "- 1"}, "small.yaml, line 1: must be a mapping"),
        ({"model__small": "kind: mlp\nkind: cnn"}, "small.yaml, line 2: cannot be read as YAML: duplicate key 'kind'"),
        ({"model__small": "defaults: [nothing]\nkind: mlp"}, "model/nothing"),
        (
            {"model__small": "kind: mlp", "data__iris": "kind: !x sklearn"},
            "iris.yaml, line 1: cannot be read as YAML: the tag !x",
        ),
        ({"model__small": "kind: mlp", "tune": "defaults: 5"}, "tune.yaml, line 1: defaults must be a list"),
        ({"model__small": "kind: mlp\ndefaults: 5"}, "small.yaml, line 2: defaults must be a list"),
        ({"model__small": "defaults: [big]", "model__big": "- 1"}, "big.yaml, line 1: must be a mapping"),
        (
            {"model__small": "defaults: [big]", "model__big": "defaults: [small]\na: &x [1]\nb: *x"},
            "big.yaml, line 3: cannot be read as YAML: aliases",
        ),
        ({"model__small": "defaults: [/prep/odd]", "prep__odd": "a: 1\na: 2"}, "odd.yaml, line 2: cannot be read as YAML"),
        ({"model__small": "defaults: [{/prep: odd}]", "prep__odd": "a: 1\na: 2"}, "odd.yaml, line 2: cannot be read as YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_sentence(own, files, sentence):
    with pytest.raises(ConfigError) as caught:
        compose_study(["model=small"], own(**files))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["paths.conf=nowhere"], "paths.conf: 'nowhere' is not a folder; `foldwise conf nowhere` writes one to start from"),
        (["paths.conf=5"], "paths.conf: must be a folder, got 5"),
        (["paths.conf="], "paths.conf: must be a folder, got an empty text"),
        ([f"paths.conf={'a' * 300}"], "paths.conf: a name in it has 300 bytes, more than the 255 that a file system allows"),
        (["paths.conf=a\0b"], "paths.conf: must be a folder, got 'a\\x00b'"),
        (["paths={conf: nowhere}"], "paths.conf: 'nowhere' is not a folder"),
    ],
)
def test_a_folder_that_is_missing_is_refused(words, sentence):
    for compose in (compose_study, lambda words: compose_service("ui", words)):
        with pytest.raises(ConfigError) as caught:
            compose(words)
        assert sentence in str(caught.value)


def test_the_shipped_options_are_written_out_whole_or_not_at_all(tmp_path):
    for folder in (tmp_path / "new", tmp_path / "deep" / "er"):
        assert write_conf([str(folder)]) == folder
        assert compose_study([], {"paths.conf": str(folder)})["model"] == compose_study([])["model"]
    assert {path.name for path in tmp_path.iterdir()} == {"new", "deep"}
    (tmp_path / "empty").mkdir()
    write_conf([str(tmp_path / "empty")])
    shipped = {path.relative_to(shipped_conf()) for path in shipped_conf().rglob("*.yaml")}
    assert {path.relative_to(tmp_path / "empty") for path in (tmp_path / "empty").rglob("*.yaml")} == shipped


def test_its_unfinished_folder_has_the_shared_name_and_goes_with_a_fault(tmp_path, monkeypatch):
    seen = []

    def fails(source, target, **options):
        seen.append(target)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("foldwise.doors.conf.shutil.copytree", fails)
    with pytest.raises(ConfigError, match="mine cannot be written: Permission denied"):
        write_conf([str(tmp_path / "mine")])
    assert seen == [part_of(tmp_path / "mine")]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_in_use_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ConfigError, match="here is the working folder; name a new one in it"):
        write_conf(["."])
    (tmp_path / "file").touch()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.yaml").write_text("seed: 1")
    for name in ("file", "used"):
        with pytest.raises(ConfigError, match=f"{name} exists and is not an empty folder; name a new one, nothing was written"):
            write_conf([str(tmp_path / name)])
    with pytest.raises(ConfigError, match="cannot be written: File exists; name a folder that can"):
        write_conf([str(tmp_path / "file" / "below")])
    for words in ([], ["a", "b"], ["--all"]):
        with pytest.raises(ConfigError, match="conf takes one folder"):
            write_conf(words)
    assert {path.name for path in tmp_path.rglob("*")} == {"here", "file", "used", "mine.yaml"}


def test_help_lists_own_options_and_the_keys_of_a_group(own):
    (folder,) = own(model__small="kind: mlp  # a small one\n", experiment__mine="# what I do\nseed: 7\n").values()
    word = "paths.conf='" + folder.replace("'", "\\'") + "'"
    assert "resnet, small" in door_help("tune", "", [word])
    assert "mine                 what I do" in door_help("tune", "", [word])
    assert "# a small one" in door_help("tune", "", [word, "model=small"])
    assert all(text in door_help("tune", "", [word, "model"]) for text in ("# a small one", "conf/model/cnn.yaml:"))
    lines = (shipped_conf() / "model" / "mlp.yaml").read_text().splitlines()
    assert {f"  {line}" for line in lines} <= set(door_help("tune", "", ["model=mlp", "seed=3"]).splitlines())
    for words, sentence in (
        (["modle"], "'modle' is not a group, did you mean model?"),
        (["model=mlpp"], "'mlpp' is not an option of model, did you mean mlp?"),
    ):
        with pytest.raises(ConfigError) as caught:
            door_help("tune", "", words)
        assert sentence in str(caught.value)
