"""Seeds derived from purpose and position, never from a name or a time."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """The use of a stream of random numbers; streams for different purposes are independent."""

    FOLDS = 1
    TUNER = 2
    WEIGHTS = 3
    BATCHES = 4
    LAYERS = 5
    BASELINE = 6
    VERDICT = 7
    BALANCE = 8
    AUGMENT = 9
    RACE = 10
    AUDIT = 11
    IMPORTANCE = 12
    PROMOTION = 13
    FIRST_WEIGHTS = 14
    SEARCH = 15
    FRESH = 16
    SLICES = 17


# The refit on all development rows has this number in place of a fold's; further networks of `fit.seeds` have the next ones.
REFIT_FOLD = 1_000_000


def derive(purpose: Purpose, seed: int, *place: int) -> int:
    """A seed in [0, 2**31) for a purpose at a position such as (trial, fold, epoch).

    Source: numpy.random.SeedSequence, whose hash makes neighbouring positions independent.
    """
    words = np.random.SeedSequence([int(purpose), seed, len(place), *place]).generate_state(1, np.uint32)
    return int(words[0] >> 1)


def generator(purpose: Purpose, seed: int, *place: int) -> np.random.Generator:
    """A numpy generator for a purpose at a position."""
    return np.random.default_rng([int(purpose), seed, len(place), *place])
