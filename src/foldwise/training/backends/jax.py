"""JAX as Keras's backend."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import jax
from jax._src import xla_bridge  # whether a device was used already has no public name
from jax.experimental.compilation_cache import compilation_cache

from foldwise.system.process_state import undo_later

# How many processors XLA's client for the CPU counts, which it reads when it is made.
COUNT = "NPROC"
MEMORY = "XLA_PYTHON_CLIENT_PREALLOCATE"
NO_MEMORY = "RESOURCE_EXHAUSTED"

# From which seconds of compiling and bytes on a program is kept, and which caches XLA adds: these would write its folder's path
# into the key of each program, and the folder is another one in each process.
SWITCHES: Mapping[str, float | str] = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_persistent_cache_enable_xla_caches": "",
}

NETWORKS_BETWEEN = 50  # kept until compiled programs are dropped

_forgotten: list[None] = []
_started: list[int] = []  # the number of threads, once JAX runs


def start_with(threads: int, at_once: int = 1) -> int | None:
    """Start JAX with a number of threads; the number that it runs with if it is another already, else None.

    A GPU's memory is taken as it is needed instead of most of it at once, unless the environment says otherwise.
    """
    if _started:
        return None if _started[0] == threads else _started[0]
    if xla_bridge.backends_are_initialized():  # by the program that calls foldwise, with JAX's own number
        _started.append(0)
        return 0 if threads else None
    before = os.environ.get(COUNT)
    os.environ.setdefault(MEMORY, "false")
    try:
        if threads:
            os.environ[COUNT] = str(threads)
        jax.devices()
    finally:
        if before is None:
            os.environ.pop(COUNT, None)
        else:
            os.environ[COUNT] = before
    _started.append(threads)
    return None


def keep_compiled(folder: Path) -> None:
    """Have JAX read and write what it compiles in this folder, however quickly it was made, until the running call ends."""
    undo_later("compiled by jax", partial(_compile_in, None, {name: getattr(jax.config, name) for name in SWITCHES}))
    _compile_in(str(folder), SWITCHES)


def _compile_in(folder: str | None, switches: Mapping[str, float | str]) -> None:
    jax.config.update("jax_compilation_cache_dir", folder)  # type: ignore[no-untyped-call]
    for name, value in switches.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()  # it looks for its folder once


def is_out_of_memory(fault: Exception) -> bool:
    """Whether a fault says that there is too little memory."""
    return isinstance(fault, jax.errors.JaxRuntimeError) and NO_MEMORY in str(fault)


def forget_compiled() -> None:
    """Drop what was compiled, once in a while: JAX keeps it for thousands of shapes, and what is needed is soon made anew."""
    _forgotten.append(None)
    if len(_forgotten) >= NETWORKS_BETWEEN:
        _forgotten.clear()
        jax.clear_caches()  # type: ignore[no-untyped-call]
