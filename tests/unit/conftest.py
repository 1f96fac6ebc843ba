"""Small folds made by hand, and a way to train them."""

import numpy as np
import pytest


def make_fold(task="multiclass", *, rows=60, valid=20, features=4, classes=3, seed=0, mean=0.0, sd=1.0):
    """A fold whose target follows from its features."""
    from foldwise.data.preparation.fold import FoldData
    from foldwise.data.preparation.target_scale import TargetScale

    draws = np.random.default_rng(seed)
    x = draws.normal(size=(rows + valid, features)).astype(np.float32)
    if task == "regression":
        truth = x @ np.linspace(1, 2, features) + 0.1 * draws.normal(size=rows + valid)
        y = truth[:, None].astype(np.float32)
        truth = truth * sd + mean
    elif task == "multioutput":
        truth = x @ np.linspace(-1, 2, features * classes).reshape(features, classes)
        truth += 0.1 * draws.normal(size=truth.shape)
        y = truth.astype(np.float32)
        truth = truth * sd + mean
    elif task == "binary":
        truth = (x[:, 0] + x[:, 1] > 0).astype(np.int64)
        y = truth[:, None].astype(np.float32)
    else:
        truth = np.digitize(x[:, 0], np.linspace(-0.5, 0.5, classes - 1))
        y = np.eye(classes, dtype=np.float32)[truth]
    return FoldData(x[:rows], y[:rows], None, x[rows:], y[rows:], None, truth[rows:], TargetScale(mean, sd))


def make_training(task="multiclass", *, model=None, fit=None, schedule=None, seed=0, number=0, classes=3, weights=()):
    """A trial's training with its parts at their defaults, except those given."""
    from foldwise.models.heads import head_for
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import Constant
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fold_fit import Training
    from foldwise.training.schedule import rates_for

    model, fit = model or MlpSpec(units=8), fit or FitSpec(epochs=3)
    rates = rates_for(schedule or Constant(), fit.optimizer.rate, fit.epochs)
    return Training(model, head_for(task, classes, model, fit, weights), fit, rates, seed, number)


@pytest.fixture
def fold():
    return make_fold


@pytest.fixture
def training():
    return make_training


@pytest.fixture
def train(tensorflow_started):
    """Trains folds (given as a list, or one alone) and hands back their fits."""
    from foldwise.training.by_fold.engine import fit_folds

    def run(asked, folds):
        return list(fit_folds(asked, enumerate(folds if isinstance(folds, list) else [folds])))

    return run


def make_table(task="multiclass", rows=90, seed=0, shift=0.0, scale=1.0):
    """A table of three numbers and a category, whose target follows from the first two numbers."""
    import pandas as pd

    from foldwise.data.schema import Column, Schema
    from foldwise.data.table import Table

    draws = np.random.default_rng(seed)
    numbers = draws.normal(size=(rows, 3))
    frame = pd.DataFrame(numbers, columns=["a", "b", "c"])
    frame["colour"] = np.array(["red", "blue"], dtype=object)[draws.integers(0, 2, rows)]
    signal = numbers[:, 0] + 0.5 * numbers[:, 1]
    target, labels = {
        "multiclass": (np.digitize(signal, [-0.5, 0.5]), ("low", "middle", "high")),
        "binary": ((signal > 0).astype(np.int64), ("no", "yes")),
        "regression": (signal * scale + shift, ()),
    }[task]
    columns = tuple(Column(name, "category" if name == "colour" else "number") for name in frame)
    return Table(frame, Schema(columns), frame, target, labels, task, "target", np.arange(rows))


def make_splits(table, count=3):
    """Every count-th row is validation."""
    from foldwise.data.split import Split

    rows = np.arange(len(table.target))
    return [Split(rows[rows % count != fold], rows[rows % count == fold]) for fold in range(count)]


@pytest.fixture
def table():
    return make_table


@pytest.fixture
def splits():
    return make_splits


@pytest.fixture
def job():
    """Makes a trial's job for a task."""

    def make(task="multiclass", metric="auto", number=0, seed=0, **parts):
        from foldwise.spec.fit import FitSpec
        from foldwise.spec.goal import goal_for
        from foldwise.spec.model import MlpSpec
        from foldwise.spec.trial import TrialSpec
        from foldwise.trial.job import TrialJob

        spec = TrialSpec(**{"model": MlpSpec(units=8), "fit": FitSpec(epochs=5, batch_size=8), **parts})
        return TrialJob(number, {"x": number}, seed, spec, goal_for(metric, "auto", task))

    return make
