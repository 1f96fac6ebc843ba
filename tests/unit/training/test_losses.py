import numpy as np
import pytest

from foldwise.models.heads import head_for
from foldwise.spec.fit import LOSSES, FitSpec
from foldwise.spec.model import MlpSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def test_the_names_are_those_of_the_specification():
    import keras

    from foldwise.tasks import one_answer

    assert set(one_answer.LOSSES) == {loss for loss, _ in EACH}
    assert all(hasattr(keras.losses, name) for name in one_answer.LOSSES.values())


ROWS = ("binary", "multiclass", "regression")
EACH = [(loss, task) for loss, tasks in LOSSES.items() for task in tasks if task in ROWS]
SOME = ("hinge", "categorical_focal", "msle")  # the others are the nightly tests' and, against Keras, the fused engine's


@pytest.mark.parametrize(
    ("loss", "task"),
    [pytest.param(*one, marks=() if one[0] in SOME else pytest.mark.nightly) for one in EACH],
)
def test_every_loss_falls_while_it_is_trained(loss, task, train, fold, training):
    fit = FitSpec(epochs=8, loss=loss, batch_size=8)
    [result] = train(training(task, fit=fit), fold(task))
    assert result.failure is None
    assert result.curves["loss"][-1] < result.curves["loss"][0]
    assert np.isfinite(result.predictions).all()


def test_a_hinge_s_accuracy_counts_the_sides_of_zero():
    from foldwise.training.losses import curve_metric

    metric = curve_metric(head_for("binary", 2, MlpSpec(), FitSpec(loss="hinge")))
    metric.update_state(np.array([[1.0], [0.0], [1.0]]), np.array([[0.1], [-0.1], [-0.3]]))
    assert float(metric.result()) == pytest.approx(2 / 3)
