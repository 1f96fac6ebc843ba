"""Which backend a study takes, and which one answers."""

import sys

import pytest

from foldwise.config.read import identity_hash, read_study
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError
from foldwise.system import keras_backend
from foldwise.system.keras_backend import check_installed, for_answers, of_environment, running, settled


@pytest.fixture
def environment(monkeypatch):
    """Sets KERAS_BACKEND, in a process that seems to have imported no Keras."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return lambda name: monkeypatch.setenv("KERAS_BACKEND", name)


def test_auto_is_tensorflow_unless_the_environment_names_another(environment):
    assert (settled("auto"), of_environment(), running()) == ("tensorflow", None, None)
    environment("torch")
    assert (settled("auto"), of_environment()) == ("torch", "torch")


def test_a_backend_that_the_environment_contradicts_is_refused(environment):
    environment("torch")
    assert settled("torch") == "torch"
    with pytest.raises(ConfigError, match=r"^training.backend: is jax, but KERAS_BACKEND is 'torch' in the environment; unset"):
        settled("jax")


def test_a_backend_that_does_not_train_is_refused(environment):
    environment("openvino")
    with pytest.raises(
        ConfigError, match="KERAS_BACKEND is 'openvino' in the environment, and networks train on tensorflow, jax"
    ):
        settled("auto")


def test_the_keras_that_is_imported_counts_more_than_the_environment(environment, monkeypatch):
    class Keras:
        class backend:  # noqa: N801 as Keras calls it
            backend = staticmethod(lambda: "jax")

    environment("torch")
    monkeypatch.setitem(sys.modules, "keras", Keras)
    assert (running(), settled("auto"), for_answers("torch")) == ("jax", "jax", "jax")


def test_a_model_answers_on_the_backend_that_trained_it_where_it_is_installed(environment, monkeypatch):
    monkeypatch.setattr(keras_backend, "find_spec", lambda name: None if name == "torch" else object())
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert (for_answers("jax"), for_answers("torch"), for_answers("tensorflow")) == ("jax", "tensorflow", "tensorflow")
    environment("jax")
    assert for_answers("tensorflow") == "jax"


def test_a_backend_that_is_not_installed_is_refused_with_its_extra(environment, monkeypatch):
    monkeypatch.setattr(keras_backend, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    with pytest.raises(ConfigError, match=r"^training.backend: jax is not installed; pip install 'foldwise\[jax\]'$"):
        check_installed("jax")


def test_studies_of_before_keep_their_identity(environment):
    recipe = read_study(compose_study(["data=iris"])).recipe
    before = {**recipe, "training": {"engine": "auto"}}
    assert recipe["training"] == {"engine": "auto", "backend": "tensorflow", "precision": "float32"}
    assert identity_hash(recipe) == identity_hash(before)
    for word in ("training.backend=jax", "training.precision=mixed_bfloat16"):
        assert identity_hash(read_study(compose_study(["data=iris", word])).recipe) != identity_hash(before)


def test_a_study_takes_the_backend_of_the_environment(environment):
    environment("jax")
    assert read_study(compose_study(["data=iris"])).fixed.training.backend == "jax"
    with pytest.raises(ConfigError, match="is tensorflow, but KERAS_BACKEND is 'jax'"):
        compose_study(["data=iris", "training.backend=tensorflow"])
