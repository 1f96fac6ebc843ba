"""Which columns named inputs may take."""

import pytest

from foldwise.errors import ConfigError
from foldwise.models.input_rules import check_inputs, takes_pixels
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, MlpSpec

DENSE = {"kind": "Dense", "units": 2}


def _layers(*layers, **options):
    return LayersSpec.model_validate({"kind": "layers", "layers": list(layers), **options})


def test_columns_that_become_features_are_taken():
    check_inputs(_layers(DENSE, inputs={"a": ["age"]}), ["age", "fare"], {})
    check_inputs(_layers(DENSE, inputs={"a": "all"}), ["age", "fare"], {})
    check_inputs(MlpSpec(), [], {})


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("agee", "model.inputs.a: column 'agee' is not a feature, did you mean age?"),
        ("name", r"model.inputs.a: column 'name' is left out \(free text\)"),
    ],
)
def test_others_are_refused_with_a_reason(column, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check_inputs(_layers(DENSE, inputs={"a": [column]}), ["age", "fare"], {"name": "free text"})


def test_images_need_all_their_pixels():
    assert takes_pixels(CnnSpec(kind="cnn"))
    assert takes_pixels(_layers({"kind": "Reshape", "target_shape": [2, 2]}, "Flatten"))
    assert takes_pixels(_layers("BatchNormalization", "MaxPooling2D"))
    assert not takes_pixels(_layers(DENSE))
