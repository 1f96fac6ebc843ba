"""Files of weights: found, hashed, part of what a study is."""

import hashlib
import os

import pytest

from foldwise.config.read import identity, read_study
from foldwise.config.weight_files import with_hashes
from foldwise.errors import ConfigError
from foldwise.spec.places import Paths
from foldwise.system.held_files import held


def _study(folder, **model):
    return {
        "data": {"kind": "npz", "path": "p.npz"},
        "model": {"kind": "backbone", **model},
        "prep": {"scale": "none"},
        "paths": {"data": str(folder)},
    }


def _written(path, content=b"weights"):
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_the_hash_of_the_file_is_part_of_the_study_and_its_place_is_not(tmp_path):
    sha256 = _written(tmp_path / "a.h5")
    _written(tmp_path / "b.h5")
    _written(tmp_path / "c.h5", b"others")
    a, b, c = (read_study(_study(tmp_path, weights=f"{name}.h5")) for name in "abc")
    assert a.recipe["model"]["sha256"] == sha256 == a.corners[0].model.sha256
    assert a.recipe["model"]["weights"] == "a.h5"  # as it was written: no path of this machine
    assert identity(a.recipe) == identity(b.recipe) != identity(c.recipe)
    assert (a.name, a.weight_files) == (b.name, {sha256})
    assert c.name != a.name
    assert held(sha256) == b"weights"


def test_without_a_file_nothing_changes(tmp_path):
    config = _study(tmp_path)
    assert with_hashes(config, Paths()) is config
    assert read_study(config).weight_files == frozenset()


def test_a_backbone_among_other_networks_has_its_hash_too(tmp_path):
    sha256 = _written(tmp_path / "a.keras")
    config = _study(tmp_path)
    config["model"] = ["choice", {"kind": "resnet"}, {"kind": "backbone", "weights": str(tmp_path / "a.keras")}]
    assert read_study({**config, "prep": {"scale": "none"}}).weight_files == {sha256}


def test_another_file_than_the_study_s_is_refused(tmp_path):
    _written(tmp_path / "a.h5")
    recipe = read_study(_study(tmp_path, weights="a.h5")).recipe
    known = {**recipe, "paths": {"data": str(tmp_path)}}
    assert read_study(known).recipe == recipe
    _written(tmp_path / "a.h5", b"changed")
    with pytest.raises(
        ConfigError, match=r"model\.weights: a\.h5 has the sha256 \w{12}\.\.\., and model\.sha256 asks for .* put the"
    ):
        read_study(known)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ("nothing.h5", r"model\.weights: file not found: nothing\.h5; it is never downloaded, so name a file that you have"),
        ("folder.h5", r"model\.weights: folder\.h5 cannot be read \(Is a directory\)"),
        ("pipe.h5", r"model\.weights: pipe\.h5 cannot be read \(it is not a regular file\)"),
        (["choice", "a.h5", "b.h5"], r"model\.weights: is not searched"),
        ("a.txt", r"model\.weights: must be a file of weights that ends in"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(weights, sentence, tmp_path):
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "a.txt").write_text("a")
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(ConfigError, match=sentence):
        read_study(_study(tmp_path, weights=weights))
