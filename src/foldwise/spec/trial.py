"""All that a trial needs; the part of a configuration in which ranges may stand."""

from __future__ import annotations

from foldwise.spec.augment import AugmentSpec, NoAugment
from foldwise.spec.balance import BalanceSpec, NoBalance
from foldwise.spec.base import Spec
from foldwise.spec.fit import FitSpec
from foldwise.spec.lr_schedule import Constant, LrScheduleSpec
from foldwise.spec.model import MlpSpec, ModelSpec
from foldwise.spec.prep import PrepSpec


class TrialSpec(Spec):
    """All that a trial needs; whatever varies between trials of a study is in here."""

    prep: PrepSpec = PrepSpec()
    balance: BalanceSpec = NoBalance()
    augment: AugmentSpec = NoAugment()
    model: ModelSpec = MlpSpec()
    lr_schedule: LrScheduleSpec = Constant()
    fit: FitSpec = FitSpec()


# The sections of a configuration in which a range may stand.
SEARCHABLE = tuple(TrialSpec.model_fields)
