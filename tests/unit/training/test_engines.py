"""The table of engines has the names of the rule."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def test_both_engines_are_there():
    from foldwise.training.engines import ENGINES

    assert set(ENGINES) == {"fused", "keras"}


def test_every_elementwise_optimizer_has_a_fused_rule():
    from foldwise.spec.optimizer import ELEMENTWISE, OptimizerSpec
    from foldwise.training.fused.optimizers import rule_for

    for kind in ELEMENTWISE:
        assert rule_for(OptimizerSpec(kind=kind)).slots
