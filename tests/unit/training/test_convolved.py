"""Multiplications of convolutions."""

from pydantic import TypeAdapter

from foldwise.spec.model import CnnSpec, MlpSpec, ModelSpec
from foldwise.training.convolved import convolved


def test_blocks_halve_the_sides_of_images():
    model = CnnSpec(kind="cnn", image=(8, 8, 3), filters=(4, 5), blocks=2)
    assert convolved(model, 32, 192) == 32 * (64 * 9 * 3 * 4 + 16 * 9 * 4 * 5)


def test_layers_are_counted_one_after_the_other():
    layers = [
        {"kind": "Reshape", "target_shape": [12, 2]},
        {"kind": "Conv1D", "filters": 4, "kernel_size": 3, "strides": 2},
        {"kind": "MaxPooling1D", "pool_size": 2},
        {"kind": "Conv1D", "filters": 5, "kernel_size": 2, "padding": "same"},
        {"kind": "Flatten"},
    ]
    model = TypeAdapter(ModelSpec).validate_python({"kind": "layers", "layers": layers})
    assert convolved(model, 10, 24) == 10 * (12 * 3 * 2 * 4 + 3 * 2 * 4 * 5)
    image = TypeAdapter(ModelSpec).validate_python(
        {"kind": "layers", "image": [4, 4, 1], "layers": [{"kind": "Conv2D", "filters": 2, "kernel_size": [2, 3]}]}
    )
    assert convolved(image, 1, 16) == 16 * 6 * 2
    assert convolved(MlpSpec(), 32, 10) == 0
