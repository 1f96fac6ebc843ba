import os

import pytest
from omegaconf import OmegaConf

from foldwise.doors.conf import shipped_conf
from foldwise.errors import ConfigError
from foldwise.system.yaml_file import MOST_BYTES, read_yaml


@pytest.mark.parametrize("path", sorted(shipped_conf().rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_files_are_read_as_hydra_reads_them(path):
    assert read_yaml(path)[0] == OmegaConf.to_container(OmegaConf.load(path), resolve=False)


def test_values_are_plain_and_keys_are_text_as_written(tmp_path):
    (tmp_path / "a.yaml").write_text("day: 2020-01-01\nrate: 1e-4\n1: x\non: [3, {no: yes}]\n")
    values, lines = read_yaml(tmp_path / "a.yaml")
    assert values == {"day": "2020-01-01", "rate": 0.0001, "1": "x", "on": [3, {"no": True}]}
    assert lines == {"day": 1, "rate": 2, "1": 3, "on": 4, "on.0": 4, "on.1": 4, "on.1.no": 4}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("? [1]\n: 2", "a.yaml, line 1: cannot be read as YAML: a key must be a word"),
        ("a: 1\nb: =", "a.yaml, line 2: cannot be read as YAML: could not determine a constructor"),
        ("a: \x01", "a.yaml: cannot be read as YAML: unacceptable character"),
        ("[" * 5000, "a.yaml: cannot be read as YAML: maximum recursion depth exceeded"),
        ("a: 1\nb: 0x" + "f" * 5000, "a.yaml, line 2: cannot be read as YAML: a number of 5002 digits"),
        ('a: "\\ud800"', "a.yaml, line 1: cannot be read as YAML: half a character"),
        ("fit.epochs: 3\nfit: {epochs: 2}", "a.yaml, line 2: duplicate key 'fit.epochs', also in line 1; leave one out"),
        ("a: {b: {c: 1}, b.c: 2}", "a.yaml, line 1: duplicate key 'a.b.c'"),
        ("a: b: c", "a.yaml, line 1: cannot be read as YAML: mapping values are not allowed here"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text, sentence, tmp_path):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_yaml(tmp_path / "a.yaml")
    assert sentence in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path}: cannot be read: Is a directory"):
        read_yaml(tmp_path)


@pytest.mark.timeout(20)
def test_what_is_not_a_regular_file_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (tmp_path / "c.yaml").symlink_to("/dev/zero")
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        with pytest.raises(ConfigError, match=f"{name}: cannot be read: it is not a regular file"):
            read_yaml(tmp_path / name)


def test_a_huge_file_is_refused_at_once(tmp_path):
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ConfigError, match=f"a.yaml: is larger than {MOST_BYTES} bytes"):
        read_yaml(tmp_path / "a.yaml")
