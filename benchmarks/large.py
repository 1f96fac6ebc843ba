"""Networks that are too large to fuse, trained fold by fold through Keras's `fit`, against a loop written by hand.

A fold of MNIST (from the folder given, else random arrays of its shape): 784-512-512-512-10 with dropout, RMSprop, batch 128,
and a small convolutional network. Both sides validate after every epoch; compiling and tracing count. The products of a
training step are compared with one large float32 matrix product on this machine.
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kfold import warm_up
from benchmarks.measure import alternating, median, report
from foldwise.training.runtime import start

DATA = Path(__file__).parents[2] / "shared" / "data"
BATCH, DROPOUT, VALID = 128, 0.2, 2_000
SIDE = 2048  # of the large matrix product


@dataclass(frozen=True)
class Digits:
    """Rows of 784 pixels in 0 to 1, and their labels one-hot, (rows, 10)."""

    x: Any
    y: Any


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="runs of each, alternating; the median is shown")
    options.add_argument("--rows", type=int, default=20_000, help="training rows")
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--data", type=Path, default=DATA, help="the folder that holds mnist/*-ubyte.gz")
    asked = options.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start(2)
    warm_up()
    train, source = digits(asked.data / "mnist", asked.rows + VALID)
    rate = matrix_rate()
    rows, ratios, figures = [], [], {"matrix GFLOP/s": rate, "data": source}
    for name, network in NETWORKS.items():
        first, following, why = foldwise_fold(name, train, asked.epochs)
        peers = {
            "Keras fit": keras_fold(network, train, asked.epochs),
            "foldwise": first,
            "foldwise, following trial": following,
        }
        taken = alternating(peers, asked.rounds)
        epoch = {peer: median(times) / asked.epochs for peer, times in taken.items()}
        # the median of the pairs' ratios: a slow minute of the machine hits both of a pair
        ratio = {
            peer: median([mine / other for mine, other in zip(times, taken["Keras fit"], strict=True)])
            for peer, times in taken.items()
        }
        work = asked.rows * multiplications(network()) * 6 / 1e9  # forward 2, backward 4 operations a multiplication
        for peer, seconds in epoch.items():
            share = f"{work / seconds:.0f} GFLOP/s, {work / seconds / rate:.0%}"
            rows.append([name, peer, f"{seconds:.2f}", share, f"{ratio[peer]:.3f}"])
        ratios.append(f"{name} {ratio['foldwise']:.3f}")
        figures[name] = {"seconds": taken, "epochs": asked.epochs, "rows": asked.rows, "engine": why}
    columns = ("network", "one fold", "seconds an epoch", f"of {rate:.0f} GFLOP/s", "ratio")
    report("large", columns, rows, f"{source}; time of a fold-epoch against Keras fit: {', '.join(ratios)}", figures)


def digits(folder: Path, rows: int) -> tuple[Digits, str]:
    """Rows of MNIST, or random numbers if it is absent; and which of the two."""
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz"
    if images.exists():
        x = np.frombuffer(gzip.decompress(images.read_bytes())[16:], np.uint8).reshape(-1, 784)[:rows]
        y = np.frombuffer(gzip.decompress(labels.read_bytes())[8:], np.uint8)[:rows]
    else:
        draws = np.random.default_rng(0)
        x, y = draws.integers(0, 256, (rows, 784), np.uint8), draws.integers(0, 10, rows, np.uint8)
    return Digits(
        (x / 255).astype(np.float32), np.eye(10, dtype=np.float32)[y]
    ), "MNIST" if images.exists() else "random arrays"


def matrix_rate() -> float:
    """GFLOP/s of a large float32 matrix product in TensorFlow."""
    import tensorflow as tf

    a = tf.random.normal([SIDE, SIDE])
    (a @ a).numpy()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        (a @ a).numpy()
        took.append(time.perf_counter() - began)
    return 2 * SIDE**3 / median(took) / 1e9


def multiplications(model: Any) -> float:
    """Multiplications of one row's forward pass through dense layers and convolutions."""
    total = 0.0
    for layer in model.layers:
        if "kernel" in [weight.name for weight in layer.weights]:
            places = np.prod(layer.output.shape[1:-1]) if len(layer.output.shape) > 2 else 1.0
            total += float(places) * layer.kernel.shape.num_elements()
    return total


def mlp() -> Any:
    """The peers' multilayer perceptron."""
    import keras

    hidden = [layer for _ in range(3) for layer in (keras.layers.Dense(512, "relu"), keras.layers.Dropout(DROPOUT))]
    return keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, "softmax")])


def cnn() -> Any:
    """The peers' convolutional network."""
    import keras

    blocks = [
        layer
        for maps in (16, 32)
        for layer in (keras.layers.Conv2D(maps, 3, padding="same", activation="relu"), keras.layers.MaxPooling2D())
    ]
    head = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((784,)), keras.layers.Reshape((28, 28, 1)), *blocks, *head])


NETWORKS: dict[str, Callable[[], Any]] = {"mlp": mlp, "cnn": cnn}
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {"kind": "mlp", "hidden": 3, "units": 512, "dropout": DROPOUT},
    "cnn": {"kind": "cnn", "image": [28, 28, 1], "blocks": 2, "filters": [16, 32], "hidden": 1, "units": 64},
}


def keras_fold(network: Callable[[], Any], of: Digits, epochs: int) -> Callable[[], object]:
    """A fold as a course trains it."""
    import keras

    valid = of.x[:VALID], of.y[:VALID]

    def run() -> object:
        keras.backend.clear_session()
        model = network()
        model.compile(keras.optimizers.RMSprop(0.001), "categorical_crossentropy", metrics=["accuracy"])
        curves = model.fit(of.x[VALID:], of.y[VALID:], batch_size=BATCH, epochs=epochs, validation_data=valid, verbose=0)
        return curves.history

    return run


def foldwise_fold(name: str, of: Digits, epochs: int) -> tuple[Callable[[], object], Callable[[], object], str]:
    """The same by the engine that foldwise chooses: freshly traced, then as a second trial of that shape; and the reason."""
    import keras
    from pydantic import TypeAdapter

    from foldwise.data.preparation.fold import FoldData
    from foldwise.data.preparation.target_scale import TargetScale
    from foldwise.models.heads import head_for
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import Constant
    from foldwise.spec.model import ModelSpec
    from foldwise.training.by_fold import engine as keras_fit
    from foldwise.training.engine_rule import choose
    from foldwise.training.engines import engine_for
    from foldwise.training.fold_fit import Training
    from foldwise.training.schedule import rates_for

    optimizer = {"kind": "rmsprop", "learning_rate": 0.001}
    stop = {"patience": None}
    fit = FitSpec.model_validate({"epochs": epochs, "batch_size": BATCH, "optimizer": optimizer, "early_stop": stop})
    model = TypeAdapter(ModelSpec).validate_python(MODELS[name])
    training = Training(model, head_for("multiclass", 10, model, fit), fit, rates_for(Constant(), 0.001, epochs), 0, 0)
    x, y = of.x, of.y
    truth = y[:VALID].argmax(axis=1)
    fold = FoldData(x[VALID:], y[VALID:], None, x[:VALID], y[:VALID], None, truth, TargetScale())
    choice = choose(training, "auto", 1, len(x) - VALID, 784)

    def following() -> object:
        (done,) = engine_for(choice.engine, "tensorflow")(training, [(0, fold)])
        assert done.failure is None
        return done

    def first() -> object:
        keras_fit._networks.clear()
        keras.backend.clear_session()
        return following()

    return first, following, f"{choice.engine}: {choice.reason}"


if __name__ == "__main__":
    main()
