"""JAX's part of starting Keras, without starting it."""

import pytest

pytest.importorskip("jax", reason="jax is not installed")


def test_what_was_compiled_is_dropped_after_some_networks(monkeypatch):
    from foldwise.training.backends import jax as ours

    dropped = []
    monkeypatch.setattr(ours.jax, "clear_caches", lambda: dropped.append(True))
    monkeypatch.setattr(ours, "_forgotten", [])
    for _ in range(2 * ours.NETWORKS_BETWEEN):
        ours.forget_compiled()
    assert len(dropped) == 2


def test_a_second_start_keeps_the_number_of_threads_and_says_another(monkeypatch):
    from foldwise.training.backends import jax as ours

    monkeypatch.setattr(ours, "_started", [2])
    assert (ours.start_with(2), ours.start_with(1)) == (None, 2)


def test_too_little_memory_is_known_by_its_fault():
    from foldwise.training.backends import jax as ours

    fault = ours.jax.errors.JaxRuntimeError
    assert ours.is_out_of_memory(fault("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"))
    assert not ours.is_out_of_memory(fault("INVALID_ARGUMENT: shapes"))
    assert not ours.is_out_of_memory(ValueError("RESOURCE_EXHAUSTED"))
