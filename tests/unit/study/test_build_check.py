"""Networks that are built once before a study begins."""

import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError
from foldwise.study.build_check import check_builds, needs_build_check
from foldwise.study.plan import plan_study

RESHAPE = {"kind": "Reshape", "target_shape": [2, 2, 1]}


def _study(tmp_path, model, **asked):
    config = {"data": {"kind": "sklearn", "name": "iris"}, "paths": {"runs": str(tmp_path)}, "model": model}
    return read_study({**config, **asked})


def _layers(*layers, **options):
    return {"kind": "layers", "layers": list(layers), **options}


def test_only_networks_that_keras_must_judge_are_built(tmp_path):
    assert needs_build_check(_study(tmp_path, {"kind": "mlp", "units": ["int", 4, 8]})) == []
    assert len(needs_build_check(_study(tmp_path, _layers({"kind": "Dense", "units": ["int", 4, 8]})))) == 3


def test_values_that_do_not_change_a_network_build_no_other_one(tmp_path):
    fit = {"optimizer": {"kind": "adam", "learning_rate": ["float", 0.001, 0.1]}}
    assert len(needs_build_check(_study(tmp_path, _layers({"kind": "Dense", "units": 4}), fit=fit))) == 1


@pytest.mark.slow
def test_a_layer_that_fits_only_at_one_end_of_a_range_is_refused(tmp_path):
    convolution = {"kind": "Conv2D", "filters": 2, "kernel_size": ["int", 1, 3, {"default": 1}]}
    plan = plan_study(_study(tmp_path, _layers(RESHAPE, convolution, "Flatten")))
    with pytest.raises(ConfigError, match=r"model\.layers\.1: layer 2 \(Conv2D\) cannot take 2 x 2 x 1"):
        check_builds(plan)


@pytest.mark.slow
def test_an_output_that_is_not_a_vector_at_one_end_of_a_range_is_refused(tmp_path):
    layer = ["choice", {"kind": "Dense", "units": 4, "name": "low"}, {**RESHAPE, "name": "low"}]
    plan = plan_study(_study(tmp_path, _layers(layer, "Flatten", outputs={"low": 0.1})))
    with pytest.raises(ConfigError, match=r"model\.outputs\.low: low gives 2 x 2 x 1, and the output layer takes a vector"):
        check_builds(plan)


@pytest.mark.slow
def test_named_inputs_get_their_columns(tmp_path):
    check_builds(plan_study(_study(tmp_path, _layers({"kind": "Dense", "units": 4}, inputs={"some": ["petal length (cm)"]}))))


def test_an_unknown_column_is_refused_by_its_name(tmp_path):
    model = _layers({"kind": "Dense", "units": 4}, inputs={"some": ["petal length"]})
    with pytest.raises(
        ConfigError, match=r"model\.inputs\.some: column 'petal length' is not a feature, did you mean petal length \(cm\)"
    ):
        plan_study(_study(tmp_path, model))
