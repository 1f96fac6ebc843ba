"""Studies side by side: scores, every value of the configuration that differs, tests on rows that both predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.config.difference import shown_value
from foldwise.config.flattened import ranges_in, values_at
from foldwise.config.read import usual_values
from foldwise.evaluation.paired_rows import ALPHA
from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.report.model_card import Grid, Part, Section, section_html
from foldwise.report.out_of_fold_rows import read_out_of_fold
from foldwise.report.paired_studies import CAVEAT, Side, paired_sentence
from foldwise.system.numbers import score, shown
from foldwise.system.redact import without_password
from foldwise.trial.result import TrialResult, best_of, plus_minus

NOT_GIVEN = "-"
DIGITS_OF_A_FINGERPRINT = 12
MOST_CHARACTERS = 300  # of a value

Study = tuple[StudyRecord, Sequence[TrialResult]]


@dataclass(frozen=True)
class SideBySide:
    """Scores and differing values, a column for each study, and a sentence for each test against the first study."""

    scores: Grid
    values: Grid
    tests: Sequence[str]

    @property
    def sections(self) -> list[Section]:
        """As sections of a page."""
        first: list[Part] = [self.scores]
        tests: list[Part] = [*self.tests, CAVEAT]
        values: list[Part] = [self.values if self.values.rows else "The configurations are the same."]
        return [Section("Side by side", first), Section("Paired tests", tests), Section("What differs", values)]


def side_by_side(studies: Sequence[Study], folder: Path) -> SideBySide:
    """Compare finished trials of studies of one task.

    Args:
        studies: at least two; the others are tested against the first.
        folder: with a folder of files for each study.
    """
    names = [record.name for record, _ in studies]
    sides = [
        Side(record, goal_of(record, results), read_out_of_fold(folder / record.name, record, list(results)))
        for record, results in studies
    ]
    alpha = ALPHA / max(1, len(studies) - 1)  # so that all intervals hold together
    return SideBySide(
        Grid(("", *names), [_line(cells) for cells in zip(*map(_scores, studies), strict=True)]),
        Grid(("", *names), _differing(studies)),
        [paired_sentence(sides[0], side, alpha) for side in sides[1:]],
    )


def sections_html(found: SideBySide) -> str:
    """The sections as HTML, with everything from names escaped."""
    return "\n".join(map(section_html, found.sections))


def _line(cells: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return (cells[0][0], *(cell for _, cell in cells))


def _scores(study: Study) -> list[tuple[str, str]]:
    """What is measured of a study -> the value."""
    record, results = study
    goal, summary = goal_of(record, results), record.summary
    best, found = best_of(results, goal), summary.certificate if summary else None
    held = summary.holdout if summary else None
    complete = sum(result.state == "COMPLETE" for result in results)
    corrected = NOT_GIVEN
    if found is not None and found.score is not None:
        corrected = f"{score(found.score)} ({score(found.low)} to {score(found.high)})"
    rows = NOT_GIVEN if summary is None else f"{summary.rows.development:,} + {summary.rows.holdout:,}"
    return [
        ("goal", f"{goal.metric}, {goal.direction}"),
        ("trials", f"{complete:,} of {len(results):,} complete"),
        ("best", NOT_GIVEN if best is None else plus_minus(score(best.mean), score(best.sd), len(best.folds))),
        ("corrected", corrected),
        ("holdout", NOT_GIVEN if held is None else score(held.metrics.get(goal.metric))),
        ("verdict", (summary and summary.answer) or NOT_GIVEN),
        ("seconds", seconds_of(record, results)),
        ("rows", rows),
        ("data", record.data_fingerprint[:DIGITS_OF_A_FINGERPRINT]),
        ("made", record.created.astimezone().strftime("%Y-%m-%d %H:%M")),
    ]


def seconds_of(record: StudyRecord, results: Sequence[TrialResult]) -> str:
    """What a study took; of one that is not finished what its trials took."""
    took = record.summary.seconds.get("total") if record.summary else None
    return f"{sum(result.seconds for result in results) if took is None else took:,.1f}"


def _differing(studies: Sequence[Study]) -> list[tuple[str, ...]]:
    """Key and values of everything that is not the same for all: of the best trial, with the range it was searched in."""
    usual = {key: _shown(value) for key, value in usual_values().items()}
    columns = [_configuration(*study) for study in studies]
    found = []
    for key in dict.fromkeys(key for column in columns for key in column):
        cells = [column.get(key, usual.get(key, NOT_GIVEN)) for column in columns]
        if len(set(cells)) > 1:
            found.append((key, *(_cut(cell) for cell in cells)))
    return found


def _configuration(record: StudyRecord, results: Sequence[TrialResult]) -> dict[str, str]:
    """Dotted key -> value, of the recipe at the best trial, of the data, and of the libraries."""
    best = best_of(results, goal_of(record, results))
    ranges = {key: shown_value(range_) for key, range_ in ranges_in(record.recipe).items()}
    found: dict[str, Any] = {"data": record.data_fingerprint}
    if record.provenance is not None:
        found |= {"data rows": record.provenance.rows, "columns": len(record.provenance.columns or {}) or None}
    found |= values_at(record.recipe, None if best is None else best.params)
    text = {key: _shown(value) for key, value in found.items()}
    for key, range_ in ranges.items():
        value = text.get(key)
        text[key] = f"(not chosen yet) of {range_}" if best is None else range_ if value is None else f"{value} of {range_}"
    versions = {f"version of {name}": version for name, version in record.versions.items()}
    return {**text, **versions}


def _shown(value: Any) -> str:
    return shown(value, digits=6) if isinstance(value, float) else shown_value(value)


def _cut(text: str) -> str:
    plain = without_password(text)
    return plain if len(plain) <= MOST_CHARACTERS else f"{plain[: MOST_CHARACTERS - 1]}…"
