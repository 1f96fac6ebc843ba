"""Duplicate rows on both sides of a fold or of the holdout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import projected
from foldwise.data.audit.subject import FEW_ROWS, Subject, hashes, table_hashes, target_hashes
from foldwise.data.cells import shown
from foldwise.seeds import Purpose, generator

MOSTLY = 0.6  # of the validation rows; mammography has 37 % honest duplicates
HALF, RATHER = 0.5, 3.0  # share of a class, and ratio to another class
COINCIDENCE = 0.2  # share of duplicates after shuffling each column, as columns of few levels reach it
SAMPLE, AMONG, NEIGHBOURS, DIRECTIONS = 500, 20_000, 6, 24
GAP, NEAR_SHARE, NOTED_SHARE = 0.1, 0.25, 0.02
FEWEST_SAMPLED = 10
CONTINUOUS, ENOUGH = 0.2, 3  # share of distinct values of a continuous number; near rows are suspicious with ENOUGH of them

ADVICE = "remove the duplicates, or name the column that groups them as data.group"


def exact_copies(subject: Subject) -> Iterator[Finding]:
    """Validation rows with the same features and target as a training row.

    A few are a note, because honest tables have them. It is a leak if most rows are duplicates, or those of one class far
    more often than those of another (rows were copied for balance before the folds were cut), unless there are so few
    possible rows that duplicates occur by chance.
    """
    table, same = subject.table, subject.rows_hash
    shared = [np.isin(same[split.valid], same[split.train]) for split in subject.splits]
    valid = np.concatenate([split.valid for split in subject.splits])
    copied = np.concatenate(shared)
    twice = repeated(same[subject.rows])
    if not twice:
        return
    message = f"{twice:.1%} of the development rows are duplicates; {copied.sum()} of {len(valid)} validation rows have"
    message += " an exact copy among their training rows"
    if len(subject.rows) < FEW_ROWS or _met_by_chance(subject):
        yield Finding("note", "copies", (), message, ADVICE)
        return
    shares = {
        label: float(copied[table.target[valid] == code].mean())
        for code, label in enumerate(table.labels)
        if (table.target[valid] == code).sum() >= FEWEST_SAMPLED
    }
    if shares:
        worst, least = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
        if shares[worst] >= max(HALF, RATHER * shares[least]):
            message = f"{shares[worst]:.0%} of the validation rows of class {shown(worst)} have an exact copy among their"
            message += f" training rows, of class {shown(least)} {shares[least]:.0%}"
            advice = "remove the copies; balance=oversample repeats rows within each fold"
            yield Finding("leak", "copies", (), message, advice)
            return
    yield Finding("leak" if copied.mean() >= MOSTLY else "note", "copies", (), message, ADVICE)


def near_copies(subject: Subject) -> Iterator[Finding]:
    """Validation rows that are far nearer to some training rows than to the next ones, as jittered or rounded copies are.

    For a sample of the validation rows, the distances d1 <= d2 <= ... to training rows are compared: between honest rows of m
    dimensions d_j / d_(j+1) < 0.1 has probability 0.1^(j m). Wide tables are first projected at random (Johnson and
    Lindenstrauss, 1984), which preserves such ratios.
    """
    table = subject.table
    numbers = table.frame[list(table.schema.of_kind("number"))]
    continuous = sum(
        numbers[name].iloc[subject.rows[:AMONG]].nunique() > CONTINUOUS * min(len(subject.rows), AMONG)
        for name in numbers.columns[:200]
    )
    if len(subject.rows) < FEW_ROWS or continuous < ENOUGH:
        return
    draw = generator(Purpose.AUDIT, 1)
    split = subject.splits[-1]
    features = projected(table.frame, DIRECTIONS, draw)
    train = split.train[np.unique(subject.rows_hash[split.train], return_index=True)[1]]
    valid = split.valid[~np.isin(subject.features_hash[split.valid], subject.features_hash[train])]
    sample = draw.permutation(valid)[:SAMPLE]
    if len(train) <= NEIGHBOURS or len(sample) < FEWEST_SAMPLED:
        return
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(features[train])
    distances, places = near.kneighbors(features[sample])
    jumps = distances[:, :-1] < GAP * distances[:, 1:]
    alike = table.target[train[places[:, 0]]] == table.target[sample] if table.labels else np.ones(len(sample), dtype=np.bool_)
    share = float((jumps.any(axis=1) & alike).mean())
    if share >= NOTED_SHARE:
        message = f"about {share:.0%} of the validation rows without an exact copy are ten times nearer to a training row than"
        level = "leak" if share >= NEAR_SHARE else "note"
        yield Finding(level, "near_copies", (), f"{message} other rows are", ADVICE)  # type: ignore[arg-type]


def holdout_copies(subject: Subject) -> Iterator[Finding]:
    """Holdout rows that are development rows too; a leak if most are."""
    held = subject.holdout
    if held is None or not len(held):
        return
    theirs = table_hashes(held) * np.uint64(0x9E3779B97F4A7C15) + target_hashes(held)
    copied = np.isin(theirs, subject.rows_hash[subject.rows])
    if copied.any() and len(subject.rows) >= FEW_ROWS:
        leak = copied.mean() >= MOSTLY and not _met_by_chance(subject)
        message = f"{copied.sum()} of {len(held)} holdout rows are among the development rows too"
        advice = "remove them from one side, or name the column that groups them as data.group"
        yield Finding("leak" if leak else "note", "holdout_copies", (), message, advice)


def _met_by_chance(subject: Subject) -> bool:
    """Whether there would be as many duplicates after shuffling each column on its own."""
    if subject.table.images is not None:  # shuffled pixels would hardly ever repeat an image
        return False
    draw = generator(Purpose.AUDIT, 2)
    rows = subject.rows[: 4 * AMONG]
    frame = subject.table.frame
    shuffled = pd.DataFrame({name: frame[name].to_numpy()[draw.permutation(rows)] for name in frame.columns})
    return repeated(hashes(shuffled)) > COINCIDENCE


def repeated(hashed: npt.NDArray[np.uint64]) -> float:
    """The share of rows that occur more than once."""
    _, at, counts = np.unique(hashed, return_inverse=True, return_counts=True)
    return float((counts[at] > 1).mean())
