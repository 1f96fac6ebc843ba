"""Graphs by name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

pytestmark = pytest.mark.slow


def test_words_do_not_depend_on_the_order_of_a_set():
    from foldwise.training.fused.traced import words_of

    assert words_of(frozenset(["b", "a"])) == words_of(frozenset(["a", "b"])) == "{'a','b'}"
    assert words_of((1, None, "x", 2.5, True)) == "(1,None,'x',2.5,True)"
    with pytest.raises(TypeError, match="object has no words"):
        words_of(object())


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loop_with_functions_inside_runs_by_name(compiled):
    import tensorflow as tf

    from foldwise.training.fused.traced import traced

    def power(parts, times):
        base, other = parts["base"], parts["other"]
        assert other is None
        _, found = tf.while_loop(
            lambda at, _: at < times, lambda at, so_far: (at + 1, tf.cond(at >= 0, lambda: so_far * base, lambda: so_far)),
            (tf.constant(0), tf.ones_like(base)),
        )  # fmt: skip
        return {"found": found, "base": base}

    call = traced(power, f"power {compiled}", lambda parts, _: {"found": 0, "base": 0}, compiled=compiled)
    for _ in range(2):
        result = call({"base": tf.constant([2.0, 3.0]), "other": None}, tf.constant(3))
        assert result["found"].numpy().tolist() == [8.0, 27.0]
        assert result["base"].numpy().tolist() == [2.0, 3.0]


@pytest.mark.parametrize("branches", [False, True])
def test_only_loops_run_without_a_queue(branches):
    import tensorflow as tf

    from foldwise.training.fused import traced
    from foldwise.training.runtime import start

    start(1)  # the usual executor has a second thread to run a branch on only if there are two
    registered = []

    def power(base, times):
        grown = (lambda at, x: tf.cond(at >= 0, lambda: x * base, lambda: x)) if branches else (lambda at, x: x * base)
        first = tf.constant(0), tf.ones_like(base)
        return tf.while_loop(lambda at, _: at < times, lambda at, x: (at + 1, grown(at, x)), first)[1]

    kept = traced._registered

    def note(*given):
        registered.append(kept(*given))
        return registered[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traced, "_registered", note)
        call = traced.traced(power, f"power with branches: {branches}", lambda *_: 0, compiled=False)
        assert call(tf.constant([2.0, 3.0]), tf.constant(3)).numpy().tolist() == [8.0, 27.0]
    assert registered[0]._executor == ("" if branches else traced.INLINE)


@pytest.mark.parametrize("compiled", [False, True])
def test_threads_that_call_at_once_share_one_graph(compiled):
    import tensorflow as tf

    from foldwise.training.fused.traced import traced

    traces, both = [], Barrier(2, timeout=30)

    def double(x):
        traces.append(x)
        return 2.0 * x

    call = traced(double, f"double in threads {compiled}", lambda _: 0, compiled=compiled)

    def at_once(value):
        both.wait()
        return float(call(tf.constant(value)))

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(at_once, [1.0, 2.0])) == [2.0, 4.0]
    assert len(traces) == 1


def test_a_function_that_holds_a_tensor_is_refused():
    import tensorflow as tf

    from foldwise.training.fused.traced import traced

    held = tf.constant([1.0] * 100_000)
    with pytest.raises(ValueError, match="every tensor must be an argument"):
        traced(lambda x: x + held, "held", lambda _: 0, compiled=False)(tf.constant(1.0))


def test_functions_are_registered_while_somebody_uses_them():
    import tensorflow as tf
    from tensorflow.python.eager import context

    from foldwise.training.fused import traced

    def twice():
        return traced.traced(lambda x: x * 2.0, "twice", lambda _: 0, compiled=False)

    first, second = twice(), twice()
    assert first(tf.constant(3.0)).numpy() == second(tf.constant(3.0)).numpy() == 6.0
    (name,) = [name for name, users in traced._users.items() if users == 2]
    del first
    assert second(tf.constant(4.0)).numpy() == 8.0
    del second
    assert name not in traced._users
    assert not context.context().has_function(name)
