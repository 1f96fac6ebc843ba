"""A network file is checked before Keras opens it."""

import json
import zipfile

import pytest

from foldwise.bundle.network_file import check_network
from foldwise.errors import JobError

LAYER = {"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": {"units": 3}}


def _written(path, *layers, members=("metadata.json", "config.json", "model.weights.h5"), packed=zipfile.ZIP_STORED):
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": {"layers": list(layers)}}
    with zipfile.ZipFile(path, "w", packed) as file:
        for name in members:
            file.writestr(name, json.dumps(config) if name == "config.json" else "{}")
    return path


def _layer(**parts):
    return {**LAYER, **parts}


def test_parts_of_keras_are_allowed(tmp_path):
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 3]}}
    check_network(_written(tmp_path / "n.keras", LAYER, _layer(inbound_nodes=[{"args": [tensor]}])))


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (_layer(class_name="Lambda"), "holds a Lambda, which runs code that the file names"),
        (_layer(class_name="TFSMLayer"), "holds a TFSMLayer"),
        (_layer(module="os", class_name="system"), "names os: system, which is not part of Keras"),
        (_layer(module="keras_evil.layers"), "not part of Keras"),
        (_layer(module=None), "names no module: Dense"),
        (_layer(module="builtins", class_name="function", config="exec"), "names builtins: function"),
        (_layer(registered_name="mine>Dense"), "holds 'mine>Dense' under the name of Dense"),
        (_layer(config={"activation": {"class_name": "__lambda__", "config": {}}}), "__lambda__"),
        (_layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}), "vocabulary in another file"),
    ],
)
def test_parts_that_run_code_or_read_files_are_refused(layer, sentence, tmp_path):
    path = _written(tmp_path / "n.keras", LAYER, layer)
    with pytest.raises(JobError, match=sentence) as caught:
        check_network(path)
    assert "so it is not loaded" in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"members": ("metadata.json", "config.json", "model.weights.h5", "../../evil.py")},
        {"members": ("config.json", "model.weights.h5")},
        {"members": ("config.json", "config.json", "model.weights.h5")},
        {"packed": zipfile.ZIP_DEFLATED},
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_or_compressed_members_are_refused(options, tmp_path):
    with pytest.raises(JobError, match="so it is not loaded"):
        check_network(_written(tmp_path / "n.keras", LAYER, **options))


def test_a_file_that_is_not_a_network_is_one_sentence(tmp_path):
    (tmp_path / "n.keras").write_bytes(b"torn")
    with zipfile.ZipFile(tmp_path / "deep.keras", "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", "[" * 100_000 + "]" * 100_000)
        file.writestr("model.weights.h5", "")
    for name in ("n.keras", "deep.keras", "none.keras"):
        with pytest.raises(JobError, match=f"{name} cannot be loaded") as caught:
            check_network(tmp_path / name)
        assert "\n" not in str(caught.value)
