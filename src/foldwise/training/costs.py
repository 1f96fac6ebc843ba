"""What a network takes, measured before it is trained, so that one that takes too much costs nothing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Collection, Mapping
from math import prod

from foldwise.data.preparation.fold import FoldData
from foldwise.models.build import answering, build
from foldwise.models.mlp_weights import count_weights
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec
from foldwise.training.by_fold.engine import predict
from foldwise.training.fold_fit import Training

ANSWERS = 30  # one row is answered so many times; the median counts


def costs_before(wanted: Collection[str], training: Training, data: FoldData) -> dict[str, float]:
    """Of the wanted, those that can be known without training.

    Args:
        wanted: some of goal.COSTS.
        training: the trial's.
        data: the fold with the most features.

    Returns:
        parameters: all numbers that the network keeps. latency_ms: the median time in which this machine answers one row.
    """
    inputs = data.train_x.shape[1]
    found: dict[str, float] = {}
    if "parameters" in wanted and isinstance(training.model, MlpSpec):
        found["parameters"] = float(count_weights(training.model, inputs, training.head))
    if not set(wanted) - set(found) - {"training_seconds"}:
        return found
    columns = data.columns if isinstance(training.model, LayersSpec) else ()
    network = answering(build(training.model, inputs, training.head, 0, columns))
    if "parameters" in wanted:
        found["parameters"] = float(sum(prod(weight.shape) for weight in network.weights))
    if "latency_ms" in wanted:
        row, taken = data.train_x[:1], []
        for _ in range(ANSWERS):
            began = time.perf_counter()
            predict(network, row)
            taken.append(time.perf_counter() - began)
        found["latency_ms"] = 1000 * statistics.median(taken)
    return found


def excess(costs: Mapping[str, float], at_most: Mapping[str, float]) -> str | None:
    """Which bound is broken, and by how much; None where all hold."""
    for name, bound in at_most.items():
        if costs[name] > bound:
            return f"constraint: {costs[name]:,.6g} {name} are more than the {bound:,.6g} of goal.at_most"
    return None
