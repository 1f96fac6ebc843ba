"""An exported network answers as the original, or is not written."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from foldwise.bundle.checksums import hashes
from foldwise.bundle.export_formats import NETWORKS, check_export
from foldwise.errors import ConfigError, JobError
from tests.contract.bundles import make_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("bundle"), "multiclass")[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_exported_network_answers_as_the_original(kind, bundle, tmp_path):
    from foldwise.bundle.card import read_card
    from foldwise.bundle.export import RUNS
    from foldwise.data.preparation.file import load_preparation

    folder = bundle.export(tmp_path / "there", kind)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["bundle.json", NETWORKS[kind], "preparation.json"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
    features = bundle.sample_features
    found = RUNS[kind](folder / NETWORKS[kind], features)
    assert np.abs(found - bundle.network.predict_on_batch(features)).max() <= 1e-4
    assert load_preparation(folder / "preparation.json") == bundle.preparation
    written = hashes(folder)
    del written["bundle.json"]
    assert read_card(folder / "bundle.json").files == written
    assert json.loads((folder / "bundle.json").read_text())["labels"] == ["a", "b", "c"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_mean_of_several_networks_is_exported_as_one(kind, tmp_path):
    from foldwise.bundle.export import RUNS

    bundle, _, _ = make_bundle(tmp_path, "regression", networks=3)
    found = RUNS[kind](bundle.export(tmp_path / "there", kind) / NETWORKS[kind], bundle.sample_features)
    assert np.abs(found - bundle.network.predict_on_batch(bundle.sample_features)).max() <= 1e-4


@pytest.mark.slow
def test_a_network_with_different_answers_is_refused():
    from foldwise.bundle.export import refuse_other

    expected = np.array([[0.25, 0.75], [2e6, 1.0]])
    refuse_other("onnx", expected + 9e-5, expected)
    for wrong in (expected + 1e-3, np.full_like(expected, np.nan)):
        with pytest.raises(JobError, match=r"the network's outputs change by .* when exported as onnx"):
            refuse_other("onnx", wrong, expected)


@pytest.mark.slow
def test_a_failed_export_leaves_nothing(bundle, tmp_path):
    import keras

    inputs = keras.Input((len(bundle.preparation.features),))
    odd = keras.Model(inputs, keras.layers.Dense(3)(keras.ops.linalg.svd(inputs[:, :, None])[0][:, :, 0]))
    with pytest.raises(JobError, match="the network cannot be exported as litert"):
        replace(bundle, network=odd).export(tmp_path / "there", "litert")
    assert list(tmp_path.iterdir()) == []


def test_wrong_options_are_refused_before_anything_slow_begins(tmp_path):
    with pytest.raises(ConfigError, match="format: unknown format 'onyx', did you mean onnx"):
        check_export(tmp_path / "there", "onyx")
    with pytest.raises(ConfigError, match=r"output: .* exists"):
        check_export(tmp_path, "onnx")
    with pytest.raises(ConfigError, match=r"output: .*nowhere is not a writable folder"):
        check_export(tmp_path / "nowhere" / "there", "litert")


def test_without_the_extra_onnx_is_one_sentence(tmp_path):
    code = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = classmethod(lambda cls, name, *rest: None if name == 'tf2onnx' else find(name, *rest))\n"
        "from pipelines.export import main\n"
        f"sys.argv = ['export', 'model=iris@champion', 'format=onnx', 'output={tmp_path / 'there'}']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert 'format: onnx needs an extra that is not installed; pip install "foldwise[onnx]"' in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
