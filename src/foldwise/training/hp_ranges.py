"""The ranges of KerasTuner's `build(hp)`, before a study knows how TensorFlow is started."""

from __future__ import annotations

from typing import Any

from foldwise.errors import ConfigError, FoldwiseError
from foldwise.spec.python_value import PythonFunction
from foldwise.system.redact import first_line
from foldwise.training.runtime import quiet_import


def hp_ranges(build: PythonFunction) -> dict[str, list[Any]]:
    """Name -> range, as a configuration has it. The networks are made in a graph, which fixes no number of threads.

    Raises:
        ConfigError: the function raises.
    """
    with quiet_import():
        import tensorflow as tf

        from foldwise.models.hyperparameters import ranges_of
    try:
        with tf.Graph().as_default():
            return ranges_of(build.function)
    except FoldwiseError:
        raise
    except Exception as fault:
        raise ConfigError("model.build", f"{build.name} raised {type(fault).__name__}: {first_line(fault)[:300]}") from fault
