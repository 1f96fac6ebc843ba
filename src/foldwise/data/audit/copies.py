"""Rows that are there more than once, on both sides of a fold or of the holdout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import feature_matrix
from foldwise.data.audit.subject import FEW_ROWS, Subject, hashes, table_hashes
from foldwise.data.cells import shown
from foldwise.seeds import Purpose, generator

MOSTLY = 0.6  # of the validation rows; 37 % of mammography's rows are honestly there twice
HALF, RATHER = 0.5, 3.0  # of a class, and so many times as often as in another
COINCIDENCE = 0.2  # share of repeated rows that columns shuffled one by one may reach, as those of a few levels do
ASKED, AMONG, NEIGHBOURS, DIRECTIONS = 500, 20_000, 6, 24
GAP, NEAR_SHARE, TOLD_SHARE = 0.1, 0.25, 0.02
FEWEST_ASKED = 10
CONTINUOUS, ENOUGH = 0.2, 3  # a number with so many distinct values; as many such columns make near rows surprising

ADVICE = "keep one row of each, or name the column that tells what belongs together as data.group"


def exact_copies(subject: Subject) -> Iterator[Finding]:
    """Validation rows whose features and target are among the training rows too.

    A few are a note, as honest tables have them. It is a leak where most rows are repeated, or those of one class far more
    often than those of another (rows were copied for balance before the folds were cut), unless so few different rows are
    possible that they meet by chance.
    """
    table, same = subject.table, subject.rows_hash
    shared = [np.isin(same[split.valid], same[split.train]) for split in subject.splits]
    valid = np.concatenate([split.valid for split in subject.splits])
    copied = np.concatenate(shared)
    twice = repeated(same[subject.rows])
    if not twice:
        return
    told = (
        f"{twice:.1%} of the development rows are there more than once; {copied.sum()} of {len(valid)} validation rows have an"
    )
    told += " exact copy among their training rows"
    if len(subject.rows) < FEW_ROWS or _met_by_chance(subject):
        yield Finding("note", "copies", (), told, ADVICE)
        return
    shares = {
        label: float(copied[table.target[valid] == code].mean())
        for code, label in enumerate(table.labels)
        if (table.target[valid] == code).sum() >= FEWEST_ASKED
    }
    if shares:
        worst, least = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
        if shares[worst] >= max(HALF, RATHER * shares[least]):
            message = f"{shares[worst]:.0%} of the validation rows of class {shown(worst)} have an exact copy among their"
            message += f" training rows, of class {shown(least)} {shares[least]:.0%}"
            advice = "give the table without the copies; a class is balanced within each fold"
            yield Finding("leak", "copies", (), message, advice)
            return
    yield Finding("leak" if copied.mean() >= MOSTLY else "note", "copies", (), told, ADVICE)


def near_copies(subject: Subject) -> Iterator[Finding]:
    """Validation rows that lie far nearer to some training rows than to the next ones, as jittered or rounded copies do.

    For a sample of the validation rows, the distances d1 <= d2 <= ... to training rows are compared: between honest rows of m
    dimensions d_j / d_(j+1) < 0.1 happens with probability 0.1^(j m). Wide tables are first projected at random
    (Johnson and Lindenstrauss, 1984), which keeps such ratios.
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
    features = feature_matrix(table.frame)
    if features.shape[1] > DIRECTIONS:
        features = features @ draw.normal(size=(features.shape[1], DIRECTIONS))
    train = split.train[np.unique(subject.rows_hash[split.train], return_index=True)[1]]
    valid = split.valid[~np.isin(subject.features_hash[split.valid], subject.features_hash[train])]
    asked = draw.permutation(valid)[:ASKED]
    if len(train) <= NEIGHBOURS or len(asked) < FEWEST_ASKED:
        return
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(features[train])
    distances, places = near.kneighbors(features[asked])
    jumps = distances[:, :-1] < GAP * distances[:, 1:]
    alike = table.target[train[places[:, 0]]] == table.target[asked] if table.labels else np.ones(len(asked), dtype=np.bool_)
    share = float((jumps.any(axis=1) & alike).mean())
    if share >= TOLD_SHARE:
        message = (
            f"about {share:.0%} of the validation rows that have no exact copy lie ten times nearer to a training row than"
        )
        level = "leak" if share >= NEAR_SHARE else "note"
        yield Finding(level, "near_copies", (), f"{message} honest neighbours do", ADVICE)  # type: ignore[arg-type]


def holdout_copies(subject: Subject) -> Iterator[Finding]:
    """Rows set aside whose cells and target are among the development rows too; a leak where they are most of them."""
    held = subject.holdout
    if held is None:
        return
    theirs = table_hashes(held) * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(held.target)
    copied = np.isin(theirs, subject.rows_hash[subject.rows])
    if copied.any() and len(subject.rows) >= FEW_ROWS:
        leak = copied.mean() >= MOSTLY and not _met_by_chance(subject)
        message = f"{copied.sum()} of {len(held)} holdout rows are among the development rows too"
        advice = "take them out of one of the two, or name the column that tells what belongs together as data.group"
        yield Finding("leak" if leak else "note", "holdout_copies", (), message, advice)


def _met_by_chance(subject: Subject) -> bool:
    """Whether rows would repeat as well if each column were shuffled by itself."""
    if subject.table.images is not None:  # pixels shuffled one by one would hardly ever meet
        return False
    draw = generator(Purpose.AUDIT, 2)
    rows = subject.rows[: 4 * AMONG]
    frame = subject.table.frame
    shuffled = pd.DataFrame({name: frame[name].to_numpy()[draw.permutation(rows)] for name in frame.columns})
    return repeated(hashes(shuffled)) > COINCIDENCE


def repeated(hashed: npt.NDArray[np.uint64]) -> float:
    """The share of rows that are not the only one of their kind."""
    _, at, counts = np.unique(hashed, return_inverse=True, return_counts=True)
    return float((counts[at] > 1).mean())
