"""Which engine trains what."""

import pytest

from foldwise.network_specs import CnnSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


@pytest.mark.parametrize(("asked", "reason"), [("auto", "a cnn trains"), ("fused", "a cnn trains"), ("keras", "asked for")])
def test_convolutions_train_fold_by_fold_whatever_is_asked(asked, reason, training):
    from foldwise.training.engines import choose

    choice = choose(training(model=CnnSpec(kind="cnn", image=(2, 2, 1))), asked, 3, 60, 4)
    assert choice.engine == "keras"
    assert reason in choice.reason
