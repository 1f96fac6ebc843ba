"""How trials race: a hopeless one ends before all its folds have trained all their epochs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec


class NoRace(Spec):
    """Every trial trains all folds for all epochs."""

    kind: Literal["none"] = "none"


class _Racing(Spec):
    """What all races have: `startup` trials to compare with before anybody can lose; a `check_share` of those that lose,
    drawn at random, is finished all the same, so that the race's own error rate is known.
    """

    startup: Annotated[int, Field(ge=2)] = 4
    check_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class _ByEpochs(_Racing):
    """Rungs at the epochs first, first x factor, ...: a trial goes on past one if it is among the best 1 / factor there."""

    first: Annotated[int, Field(ge=1)] = 3
    factor: Annotated[int, Field(ge=2)] = 2


class _ByFolds(_Racing):
    """A trial ends after a fold when it is so far behind the best so far as few are that come out level: a share `alpha`."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.2


class EpochsRace(_ByEpochs):
    """Trials race by epochs, over all folds where these train together, else over the first."""

    kind: Literal["epochs"]


class FoldsRace(_ByFolds):
    """Trials race by folds, against the best so far."""

    kind: Literal["folds"]


class BothRace(_ByEpochs, _ByFolds):
    """By epochs and by folds."""

    kind: Literal["both"]


RaceSpec = Annotated[NoRace | EpochsRace | FoldsRace | BothRace, Field(discriminator="kind"), ByKind]
