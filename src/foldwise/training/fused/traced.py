"""Functions as TensorFlow graphs that are traced once a machine: the graph of an earlier process is read instead.

Tracing runs Python for each operation and its gradient, 0.1 to 0.3 s a program, and reading a graph takes a tenth of it. With
or without a cache the graph that runs is the one that was read back, so results do not depend on what was cached.
"""

from __future__ import annotations

import hashlib
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from threading import RLock
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.function_pb2 import FunctionDefLibrary
from tensorflow.python.eager import context  # functions that were read are called by name, which only this module can

from foldwise.training.program_cache import program_cache

Tensor = Any  # TensorFlow ships no types
Like = Callable[..., Any]  # arguments -> anything of the structure of the result
# A loop calls its body as a function. TensorFlow would take it apart into operations that pass each array on at every step,
# which takes half as long again for small networks; XLA has loops of its own.
LOOPS = ("While", "StatelessWhile")
# Small operations need no queue between threads, a sixth of the time of a small network's epochs. Loops can run like this; an
# operation that calls a function in another way would wait for its own thread for ever.
INLINE = "SINGLE_THREADED_EXECUTOR"


# XLA compiles for one thread at a time: its files are published when it has written them, so no other may be half written.
_compiling = RLock()


def traced(function: Callable[..., Any], words: str, like: Like, *, compiled: bool) -> Callable[..., Any]:
    """The function as a graph, made by the first call. Several threads may call it at once.

    Args:
        function: of nested tensors and None to nested tensors.
        words: what the graph depends on besides the arguments; two functions of the same words have the same graph.
        like: gives a value of the structure of the result.
        compiled: by XLA, for arguments of exactly these shapes; else for any sizes of the same ranks.

    AutoGraph, which would rewrite Python's loops and ifs, stays off: it takes most of a first trial's time.
    """
    made: list[_Registered] = []
    making = _compiling if compiled else RLock()

    def call(*arguments: Any) -> Any:
        tensors = [leaf for leaf in tf.nest.flatten(arguments) if tf.is_tensor(leaf)]
        result = made[0](tensors) if made else first_call(arguments, tensors)
        return tf.nest.pack_sequence_as(like(*arguments), result)

    def first_call(arguments: tuple[Any, ...], tensors: Sequence[Tensor]) -> list[Tensor]:
        cache = program_cache()
        with making:
            if not made:  # another thread may have been first
                specs = tf.nest.map_structure(lambda leaf: _spec(leaf, exact=compiled), arguments)
                made.append(_registered(function, f"{words} {compiled}", specs, compiled))
            if compiled:
                result = made[0](tensors)  # XLA compiles in the first call
                if cache is not None:
                    cache.publish()
                return result
        return made[0](tensors)

    return call


class _Registered:
    """Functions that TensorFlow knows by name, for as long as this lives; the first calls the others.

    The names are the same in every process, because XLA finds what it compiled earlier by them; `tf.function` numbers its own.
    executor: TensorFlow's name of what runs them, "" for its usual one.
    """

    def __init__(self, functions: Sequence[Any], executor: str) -> None:
        names = [one.signature.name for one in functions]
        with _counting:
            for one in reversed(functions):
                if not _users[one.signature.name]:
                    context.context().add_function_def(one)
                _users[one.signature.name] += 1
        self._name, self._outputs, self._executor = names[0].encode(), len(functions[0].signature.output_arg), executor
        weakref.finalize(self, _forget, names)

    def __call__(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        with tf.experimental.function_executor_type(self._executor):
            found: list[Tensor] = context.context().call_function(self._name, tensors, self._outputs)
        return found


_users: Counter[str] = Counter()  # of each name that is registered
_counting = RLock()  # a garbage collection within it may forget others


def _forget(names: Sequence[str]) -> None:
    with _counting:
        for name in names:
            _users[name] -= 1
            if not _users[name]:
                del _users[name]
                context.context().remove_function(name)


def words_of(value: Any) -> str:
    """A value of dataclasses, tuples, sets, words and numbers as text, the same in every process."""
    if is_dataclass(value):
        inner = ",".join(f"{part.name}={words_of(getattr(value, part.name))}" for part in fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, (frozenset, set)):
        return f"{{{','.join(sorted(map(words_of, value)))}}}"
    if isinstance(value, (tuple, list)):
        return f"({','.join(map(words_of, value))})"
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no words")


def _spec(leaf: Any, *, exact: bool) -> Any:
    if not tf.is_tensor(leaf):
        return leaf
    return tf.TensorSpec(leaf.shape if exact else [None] * len(leaf.shape), leaf.dtype)


def _registered(function: Callable[..., Any], words: str, specs: Any, compiled: bool) -> _Registered:
    """The function under a name made from all that its graph depends on; its graph is that of an earlier process, or traced."""
    leaves = tf.nest.flatten(specs)
    shapes = [(leaf.dtype.name, leaf.shape.as_list()) if isinstance(leaf, tf.TensorSpec) else None for leaf in leaves]
    key = hashlib.sha256(f"{words} {shapes} {tf.config.list_physical_devices('GPU')}".encode()).hexdigest()
    cache = program_cache()
    content = None if cache is None else cache.graph(key)
    if content is None:
        content = _trace(function, specs, f"foldwise_{key[:32]}")
        if cache is not None:
            cache.keep_graph(key, content)
    functions = FunctionDefLibrary.FromString(content).function
    functions[0].attr["_XlaMustCompile"].b = compiled
    for node in (node for one in functions for node in one.node_def if node.op in LOOPS):
        node.attr["_lower_using_switch_merge"].b = False
    inline = not compiled and _is_single_threaded() and not _calls_more_than_loops(functions)
    return _Registered(functions, INLINE if inline else "")


def _is_single_threaded() -> bool:
    """Whether an operation runs on one thread of the processor."""
    return tf.config.threading.get_intra_op_parallelism_threads() == 1 and not tf.config.list_physical_devices("GPU")


def _calls_more_than_loops(functions: Sequence[Any]) -> bool:
    """Whether an operation other than a loop calls a function: a branch, or a function by its name."""
    names = {one.signature.name for one in functions}
    others = [node for one in functions for node in one.node_def if node.op not in LOOPS]
    return any(node.op in names or any(map(_is_function, node.attr.values())) for node in others)


def _is_function(value: Any) -> bool:
    kind = value.WhichOneof("value")
    return kind == "func" or (kind == "list" and bool(value.list.func))


def _trace(function: Callable[..., Any], specs: Any, name: str) -> bytes:
    """A traced graph as a library of functions, itself the first, under names that begin with `name`.

    Raises:
        ValueError: the function holds a tensor of its own, which would not be in the graph.
    """

    def named(*arguments: Any) -> Any:
        return tf.nest.map_structure(tf.identity, function(*arguments))  # a result may be an argument

    concrete = tf.function(named, autograph=False).get_concrete_function(*specs)
    if concrete.captured_inputs:
        raise ValueError("a program holds a tensor of its own; every tensor must be an argument")
    inner = concrete.graph.as_graph_def().library.function
    library = FunctionDefLibrary(function=[concrete.function_def, *inner])
    names = {one.signature.name: f"{name}_{place}" for place, one in enumerate(library.function)}
    for one in library.function:
        one.signature.name = names[one.signature.name]
        for node in one.node_def:
            node.op = names.get(node.op, node.op)
            for value in node.attr.values():
                kind = value.WhichOneof("value")  # to touch another field would make the value that field
                for called in (value.func,) if kind == "func" else value.list.func if kind == "list" else ():
                    called.name = names.get(called.name, called.name)
    written: bytes = library.SerializeToString(deterministic=True)
    return written
