"""The costs of a network, measured before training, so that too expensive ones are never trained."""

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

ANSWERS = 30  # predictions of one row; their median is the latency


def costs_before(wanted: Collection[str], training: Training, data: FoldData) -> dict[str, float]:
    """The wanted costs that are known without training.

    Args:
        wanted: some of goal.COSTS.
        training: the trial's.
        data: the fold with the most features.

    Returns:
        parameters: the number of weights, trained or not. latency_ms: the median time in which this machine predicts one row.
    """
    inputs = data.train_x.shape[1]
    found: dict[str, float] = {}
    if "parameters" in wanted and isinstance(training.model, MlpSpec):
        found["parameters"] = float(count_weights(training.model, inputs, data.layout, training.head))
    if not set(wanted) - set(found) - {"training_seconds"}:
        return found
    columns = data.columns if isinstance(training.model, LayersSpec) else ()
    network = answering(build(training.model, inputs, training.head, 0, columns, data.layout))
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
    """The first bound that is exceeded, as a sentence; None if all hold."""
    for name, bound in at_most.items():
        if costs[name] > bound:
            return f"constraint: {costs[name]:,.6g} {name} are more than the {bound:,.6g} of goal.at_most"
    return None
