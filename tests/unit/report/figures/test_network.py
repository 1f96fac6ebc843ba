"""The drawing of a network."""

from dataclasses import replace

from foldwise.models.network_graph import Layer, NetworkGraph
from foldwise.report.figures.network import LARGEST, LONGEST, draw_network, kind_of, parameters_of, size_of
from foldwise.report.figures.style import DPI

INPUT = Layer("features", "InputLayer", "", None, (784,), 0, 0, ())
CONV = Layer("conv_1", "Conv2D", "3 × 3", "relu", (28, 28, 32), 320, 0, (0,))
NORM = Layer("norm_1", "BatchNormalization", "", None, (None, 32), 128, 64, (1,))


def test_a_layer_has_its_kind_its_shape_and_its_parameters():
    assert [kind_of(layer) for layer in (INPUT, CONV, NORM)] == ["InputLayer", "Conv2D 3 × 3, relu", "BatchNormalization"]
    assert [size_of(layer) for layer in (INPUT, CONV, NORM)] == ["784", "28 × 28 × 32", "any × 32"]
    assert size_of(replace(INPUT, shape=())) == "1"
    assert [parameters_of(layer) for layer in (INPUT, CONV, NORM)] == ["", "320 parameters", "128 parameters (64 fixed)"]
    assert parameters_of(replace(NORM, parameters=64)) == "64 parameters (fixed)"


def test_the_drawing_has_all_layers_and_the_totals():
    axes = draw_network(NetworkGraph("cnn of $x$", (INPUT, CONV, NORM))).axes[0]
    said = [text.get_text() for text in axes.texts]
    assert said[:2] == ["cnn of $x$", "3 layers, 448 parameters (384 trainable, 64 fixed)"]
    assert said[6:10] == ["conv_1", "Conv2D 3 × 3, relu", "28 × 28 × 32", "320 parameters"]
    assert len(axes.patches) == 3 + 2  # boxes and lines


def test_names_of_any_length_stay_within_their_box():
    long = replace(CONV, name="BLOCK_5_CONVOLUTION_3", kind="DepthwiseSeparableConvolution", shape=(10**6,) * 6)
    figure = draw_network(NetworkGraph("n" * 400, (INPUT, replace(long, parameters=10**9))))
    figure.set_dpi(DPI)
    axes = figure.axes[0]
    box = axes.patches[-1].get_window_extent()
    name, kind, shape, kept = (text.get_window_extent() for text in axes.texts[-4:])
    for left, right in ((name, kind), (shape, kept)):
        assert box.x0 < left.x0
        assert left.x1 < right.x0
        assert right.x1 < box.x1


def test_a_network_too_large_for_a_figure_is_scaled_down():
    wide = [INPUT, *(replace(CONV, name=f"branch_{place}") for place in range(150))]
    figure = draw_network(NetworkGraph("wide", (*wide, replace(CONV, inputs=tuple(range(1, 151))))))
    width, height = figure.get_size_inches()
    assert width <= LONGEST
    assert width * height <= LARGEST
