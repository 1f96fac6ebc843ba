"""The ranges of KerasTuner's `build(hp)`, before a study knows how its backend is started."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from foldwise.errors import ConfigError, FoldwiseError
from foldwise.spec.python_value import PythonFunction
from foldwise.system.keras_backend import Backend
from foldwise.system.redact import first_line
from foldwise.training.engine_rule import USUAL_THREADS
from foldwise.training.runtime import quiet_import, start


def hp_ranges(build: PythonFunction, backend: Backend) -> dict[str, list[Any]]:
    """Name -> range, as a configuration has it.

    On TensorFlow the networks are made in a graph, which fixes no number of threads. Another backend starts with the number
    that networks of one's own usually have.

    Raises:
        ConfigError: the function raises.
    """
    if backend != "tensorflow":
        start(USUAL_THREADS, or_as_it_runs=True, backend=backend)
    with quiet_import(backend):
        from foldwise.models.hyperparameters import ranges_of
    try:
        with _apart(backend):
            return ranges_of(build.function)
    except FoldwiseError:
        raise
    except Exception as fault:
        raise ConfigError("model.build", f"{build.name} raised {type(fault).__name__}: {first_line(fault)[:300]}") from fault


def _apart(backend: Backend) -> AbstractContextManager[object]:
    """A context in which nothing is computed, where the backend has one."""
    if backend != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    graph: AbstractContextManager[object] = tf.Graph().as_default()
    return graph
