"""The compare door: the trials of a study, studies side by side, or a list of all studies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at, require_ledger
from foldwise.doors.screen import Screen

if TYPE_CHECKING:
    from foldwise.report.side_by_side import SideBySide

MOST_CHARACTERS = 120  # of the name of a page


def compare_studies(config: Mapping[str, Any]) -> None:
    """Write a page of one study or several, or print tables; without a study list all of them."""
    from foldwise.spec.services import CompareSpec

    asked = read_service(CompareSpec, config)
    require_ledger(asked.ledger.url, asked.paths.runs)
    screen, studies_folder = Screen(), Path(asked.paths.runs).resolve() / "studies"
    if asked.study is None:
        from foldwise.doors.study_list import COLUMNS, WORDS, study_list

        with closing(ledger_at(asked.ledger.url, asked.paths.runs, screen.note)) as ledger:
            screen.studies(COLUMNS, study_list(ledger, studies_folder), WORDS)
        return
    from foldwise.report.compare_page import as_text, read_studies, write_page

    with closing(ledger_at(asked.ledger.url, asked.paths.runs, screen.note)) as ledger:
        studies, goal = read_studies(ledger, asked.studies)
    beside, path = "", studies_folder / asked.studies[0] / "compare.html"
    if len(studies) > 1:
        from foldwise.report.side_by_side import sections_html, side_by_side

        found = side_by_side(studies, studies_folder)
        beside, path = sections_html(found), studies_folder.parent / "compare" / page_name(asked.studies)
        _show(found, screen)
    if asked.format == "text":
        if goal is not None:
            screen.compared(*as_text(studies, goal, asked.trials))
        return
    if goal is None:
        from foldwise.report.model_card import write_sections

        write_sections(path, "foldwise: " + ", ".join(asked.studies), beside)
    else:
        from foldwise.report.worst_rows_file import worst_rows_of

        record = studies[0][0]
        worst = worst_rows_of(studies_folder / record.name, record.summary) if len(studies) == 1 else None
        write_page(path, studies, goal, beside, studies_folder, worst)
    screen.note(f"written: {path}")


def page_name(studies: Sequence[str]) -> str:
    """The name of the page of several studies, in their order."""
    name = "-vs-".join(studies)
    if len(name) > MOST_CHARACTERS:
        name = f"{name[:MOST_CHARACTERS]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{name}.html"


def _show(found: SideBySide, screen: Screen) -> None:
    """Print the sections of a page."""
    from foldwise.report.paired_studies import CAVEAT

    for grid in (found.scores, found.values):
        screen.beside(grid.columns, grid.rows)
        screen.note("")
    for sentence in (*found.tests, CAVEAT):
        screen.note(sentence)
