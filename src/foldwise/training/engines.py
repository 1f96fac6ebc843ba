"""The engines by name, imported when a trial needs them. All train the same folds; engine_rule chooses one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from foldwise.system.keras_backend import BACKENDS, Backend
from foldwise.training.fold_fit import Engine

# (engine, backend) -> the module whose `fit_folds` it is
HOMES: Mapping[tuple[str, Backend], str] = {
    **{("keras", backend): "foldwise.training.by_fold.engine" for backend in BACKENDS},
    ("fused", "tensorflow"): "foldwise.training.fused.engine",
    ("fused", "jax"): "foldwise.training.fused_jax.engine",
}


def engine_for(name: str, backend: Backend) -> Engine:
    """The engine of this name on a backend, which runs in this process."""
    engine: Engine = import_module(HOMES[name, backend]).fit_folds
    return engine


def forget_networks(backend: Backend) -> None:
    """Drop the networks that engines keep: the user's own function may depend on outside values and build another one now."""
    for home in {HOMES[name, of] for name, of in HOMES if of == backend}:
        getattr(import_module(home), "forget_networks", lambda: None)()
