"""A recipe of one's own: a file anywhere, as the shipped ones are."""

import os
import shutil

import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_study
from foldwise.doors.conf import shipped_conf
from foldwise.errors import ConfigError

MINE = """
# mine
defaults:
  - override /data: wine
  - override /tuner: random

model: {units: [int, 4, 9]}
fit:
  epochs: 7
  optimizer: {learning_rate: 1e-2}
"""


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "with space's, and = signs.yaml"])
def test_a_path_is_a_recipe(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(MINE)
    for path in (f"./{name}", str(tmp_path / name)):
        config = compose_study([f"experiment='{path}'".replace("'s", "\\'s")])
        assert (config["data"]["name"], config["tuner"]["kind"], config["fit"]["epochs"]) == ("wine", "random", 7)
        assert config["fit"]["optimizer"]["learning_rate"] == 0.01
        assert compose_study([f"experiment='{path}'".replace("'s", "\\'s"), "fit.epochs=3"])["fit"]["epochs"] == 3


def test_the_path_is_not_part_of_the_study(tmp_path):
    copy = tmp_path / "anything.yaml"
    shutil.copy(shipped_conf() / "experiment" / "xor.yaml", copy)
    shipped, own = (read_study(compose_study([f"experiment={name}"])) for name in ("xor", copy))
    assert (own.name, own.recipe) == (shipped.name, shipped.recipe)


BAD = {
    "empty": ("# nothing\n", "mine.yaml: must be a mapping, lines such as key: value, got an empty file"),
    "a list": ("\n- 1\n", "mine.yaml, line 2: must be a mapping, lines such as key: value, got a list"),
    "a word": ("iris", "mine.yaml, line 1: must be a mapping"),
    "defaults 5": (
        "seed: 1\ndefaults: 5",
        "mine.yaml, line 2: defaults must be a list of lines such as - override /data: csv, got 5",
    ),
    "a bare default": (
        "defaults:\n  - iris",
        "mine.yaml, line 2: a line of defaults must be such as - override /data: csv, got 'iris'",
    ),
    "another default": ("defaults:\n  - data: iris", "mine.yaml, line 2: a line of defaults must be such as"),
    "an unknown group": ("defaults:\n  - override /dta: iris", "mine.yaml, line 2: 'dta' is not a group, did you mean data?"),
    "a recipe in a recipe": ("defaults:\n  - override /experiment: iris", "line 2: 'experiment' is not a group"),
    "an unknown option": (
        "defaults:\n  - override /data: iris\n  - override /tuner: tpee",
        "mine.yaml, line 3: 'tpee' is not an option of tuner, did you mean tpe?",
    ),
    "no option": ("defaults:\n  - override /data:", "mine.yaml, line 2: None is not an option of data"),
    "chosen twice": (
        "defaults:\n  - override /data: iris\n  - override /data: wine",
        "mine.yaml, line 3: data is chosen twice; leave one line out",
    ),
    "not closed": ("fit:\n  epochs: [1", "mine.yaml, line 2: cannot be read as YAML: "),
    "a tab": ("fit:\n\tepochs: 1", "mine.yaml, line 2: cannot be read as YAML: "),
    "a key twice": (
        "fit:\n  epochs: 1\n  epochs: 2",
        "mine.yaml, line 3: cannot be read as YAML: duplicate key 'epochs'",
    ),
    "a tag": (
        "fit:\n  epochs: !!python/name:os.system 1",
        "line 2: cannot be read as YAML: the tag !!python/name:os.system is not",
    ),
    "a reference": (
        "seed: &one 1\nbudget: {trials: *one}",
        "line 2: cannot be read as YAML: aliases (*name) are not allowed",
    ),
    "two documents": ("seed: 1\n---\nseed: 2", "mine.yaml, line 2: cannot be read as YAML: "),
    "its own folder": (
        "paths:\n  conf: here",
        "mine.yaml, line 2: a recipe cannot set paths.conf; give it on the command line",
    ),
    "a list of defaults in a mapping": ("defaults: {data: iris}", "mine.yaml, line 1: defaults must be a list of lines"),
    "a bomb": (
        "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)),
        "mine.yaml, line 2: cannot be read as YAML: aliases (*name) are not allowed",
    ),
    "a merge": ("a: &a {x: 1}\nfit:\n  <<: *a", "mine.yaml, line 3: cannot be read as YAML: aliases"),
    "NUL": ('paths: {runs: "a\\0b"}', "paths.runs: must be text in UTF-8 without NUL, got 'a\\x00b'"),
    "no folder": ("paths: {runs: ''}", "paths.runs: must be a folder, got an empty text"),
    "an unset value": ("fit:\n  epochs: ???", "fit.epochs: must be given, for example fit.epochs=..."),
    "400 digits": (f"model: {{units: [int, 1, {'1' * 400}]}}", "model.units.2: must be a number of at most 300 digits"),
    "5000 digits": (f"fit: {{epochs: {'1' * 5000}}}", "mine.yaml, line 1: cannot be read as YAML: a number of 5000 digits"),
    "an unknown key": ("fitt: {epochs: 3}", "fitt: unknown key, did you mean fit?"),
    "a wrong value": ("fit: {epochs: 0}", "fit.epochs: must be >= 1, got 0"),
    "an address": ("study: ${oc.env:HOME}", "study: references such as '${oc.env:HOME}' are not allowed"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_recipe_that_is_wrong_is_refused_by_file_and_line(case, tmp_path):
    text, sentence = BAD[case]
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_study(compose_study([f"experiment={tmp_path / 'mine.yaml'}"]))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"seed: \xff")
    with pytest.raises(ConfigError, match=r"mine.yaml: cannot be read as YAML: 'utf-8' codec"):
        compose_study([f"experiment={tmp_path / 'mine.yaml'}"])
    with pytest.raises(ConfigError, match=r"experiment: file not found: .*minee.yaml, did you mean mine.yaml\?"):
        compose_study([f"experiment={tmp_path / 'minee.yaml'}"])


@pytest.mark.timeout(20)
def test_a_recipe_is_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("pipe", "device", "folder"):
        with pytest.raises(ConfigError, match=f"experiment: .*{name}.yaml is not a regular file"):
            compose_study([f"experiment={tmp_path / name}.yaml"])
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "link.yaml").symlink_to("mine.yaml")
    assert compose_study([f"experiment={tmp_path / 'link.yaml'}"])["fit"]["epochs"] == 7


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(ConfigError, match=r"^experiment: 'x+' is longer than a name of a file can be"):
        compose_study([f"experiment={'x' * 300}.yaml"])
