"""A network file is checked before Keras opens it."""

import json
import os
import struct
import zipfile

import pytest

from foldwise.bundle.network_file import check_network
from foldwise.errors import JobError

WEIGHTS = 1000
LAYER = {"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": {"units": 3}}


def _written(path, *layers, members=("metadata.json", "config.json", "model.weights.h5"), packed=zipfile.ZIP_STORED):
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None, "config": {"layers": list(layers)}}
    with zipfile.ZipFile(path, "w", packed) as file:
        for name in members:
            weights = bytes(WEIGHTS) if name == "model.weights.h5" else "{}"
            file.writestr(name, json.dumps(config) if name == "config.json" else weights)
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
        (_layer(class_name=["Dense"]), "names a class that is not text"),
        (_layer(module="keras.utils", class_name="get_file"), "names keras.utils: get_file, which is not part of a network"),
        (_layer(module="keras.config", class_name="enable_unsafe_deserialization"), "which is not part of a network"),
        (_layer(module="keras", class_name="get_file"), "names keras: get_file, which is not part of a network"),
        (_layer(module="keras.src.saving.saving_lib", class_name="load_model"), "which is not part of a network"),
        (_layer(module="keras.layers..os", class_name="System"), "which is not part of a network"),
        (_layer(module="keras.utils", class_name="FeatureSpace"), "which is not part of a network"),
        (_layer(module="keras.callbacks", class_name="BackupAndRestore"), "which is not part of a network"),
        (_layer(module="keras.models", class_name="function", config="load_model"), "which is not part of a network"),
        (_layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}), "vocabulary in another file"),
    ],
)
def test_parts_that_run_code_or_read_files_are_refused(layer, sentence, tmp_path):
    path = _written(tmp_path / "n.keras", LAYER, layer)
    with pytest.raises(JobError, match=sentence) as caught:
        check_network(path)
    assert "so it is not loaded" in str(caught.value)


POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (_layer(config={"units": 10**15}), "holds Dense with units 1000000000000000, and at most 2147483648 is read"),
        (_layer(config={"units": -(10**15)}), "holds Dense with units"),
        (_layer(config={"units": 10**200}), "holds Dense with units"),
        (_layer(class_name="RepeatVector", config={"n": 10**12}), "holds RepeatVector with n 1000000000000,"),
        (_layer(class_name="InputLayer", config={"batch_shape": [None, 10**15]}), "holds InputLayer with batch_shape"),
        (_layer(class_name="Conv2D", config={"filters": 10**6}), "of 1000000 parameters, and its weights have 1000 bytes"),
        (_layer(config={"units": 10**6}), "of 1000000 parameters, and its weights have 1000 bytes"),
        (_layer(config={"units": 100}, build_config={"input_shape": [None, 100]}), "of 10000 parameters"),
        (_layer(config={"units": 3, "dtype": {"a": 1}}), "whose dtype is neither the name of a type nor a policy of Keras"),
        (_layer(config={"units": 3, "dtype": {**POLICY, "class_name": "Dense"}}), "whose dtype"),
        (_layer(config={"units": 3, "dtype": {**POLICY, "config": None}}), "whose dtype"),
        (_layer(config={"units": 3, "dtype": ["float32"]}), "whose dtype"),
        (_layer(config={"units": 3, "dtype": 32}), "whose dtype"),
        (_layer(config={"units": 3, "dtype": "a b"}), "whose dtype"),
    ],
)
def test_more_than_the_weights_hold_and_types_that_keras_does_not_have_are_refused(layer, sentence, tmp_path):
    with pytest.raises(JobError, match=sentence) as caught:
        check_network(_written(tmp_path / "n.keras", LAYER, layer))
    assert str(tmp_path / "n.keras") in str(caught.value)
    assert "so it is not loaded" in str(caught.value)


def test_types_and_large_seeds_that_keras_writes_are_allowed(tmp_path):
    layers = [_layer(config={"units": 3, "dtype": dtype}) for dtype in (POLICY, "float32", None)]
    dropout = _layer(class_name="Dropout", config={"rate": 0.5, "seed": 2**60})
    check_network(_written(tmp_path / "n.keras", *layers, dropout, _layer(shared_object_id=2**47)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "is not the configuration of a network"),
        ('{"config": {}}', "is not the configuration of a network"),
        ('{"class_name": "Sequential", "class_name": "Model"}', "has the key 'class_name' twice"),
        ('{"class_name": NaN}', "holds NaN"),
        (f'{{"class_name": {"[" * 100_000}1{"]" * 100_000}}}', "nested deeper than 100 levels"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100 levels"),
    ],
)
@pytest.mark.parametrize("member", ["config.json", "metadata.json"])
def test_the_text_of_a_configuration_is_judged(text, sentence, member, tmp_path):
    if "configuration" in sentence and member != "config.json":
        pytest.skip("Keras ignores what the metadata mean")
    with zipfile.ZipFile(tmp_path / "n.keras", "w") as file:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            file.writestr(name, text if name == member else json.dumps(LAYER))
    with pytest.raises(JobError, match=sentence):
        check_network(tmp_path / "n.keras")


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


def test_a_size_that_the_file_does_not_have_is_refused(tmp_path):
    """Else a small file could ask for as much memory as it says that its weights have."""
    path = _written(tmp_path / "n.keras", LAYER)
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"PK\x01\x02")  # of the weights, in the directory at the end
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(content)
    with pytest.raises(JobError, match="says that it holds more than it does, so it is not loaded"):
        check_network(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "n.keras"
    os.mkfifo(path)
    with pytest.raises(JobError, match="cannot be loaded: it is not a regular file"):
        check_network(path)


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
