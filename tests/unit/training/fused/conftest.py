"""Double precision, in which steps can be compared to the eighth digit."""

import pytest


@pytest.fixture
def double(tensorflow_started):
    import keras

    for_layers = keras.config.set_dtype_policy
    keras.config.set_floatx("float64")
    for_layers("float64")
    yield
    keras.config.set_floatx("float32")
    for_layers("float32")
