"""A trial: the part of a configuration that allows ranges."""

from __future__ import annotations

from foldwise.spec.augment import AugmentSpec, NoAugment
from foldwise.spec.balance import BalanceSpec, NoBalance
from foldwise.spec.base import Spec
from foldwise.spec.fit import FitSpec
from foldwise.spec.lr_schedule import Constant, LrScheduleSpec
from foldwise.spec.model import MlpSpec, ModelSpec
from foldwise.spec.prep import PrepSpec


class TrialSpec(Spec):
    """The preparation, network and training of one trial; only these can differ between the trials of a study."""

    prep: PrepSpec = PrepSpec()
    balance: BalanceSpec = NoBalance()
    augment: AugmentSpec = NoAugment()
    model: ModelSpec = MlpSpec()
    lr_schedule: LrScheduleSpec = Constant()
    fit: FitSpec = FitSpec()


# The sections of a configuration that allow ranges.
SEARCHABLE = tuple(TrialSpec.model_fields)
