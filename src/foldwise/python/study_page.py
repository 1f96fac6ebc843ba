"""What a notebook shows of a study: the verdict, the best trials, small pictures, links."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from foldwise.config.option_names import Readable
from foldwise.python.pictures import Pictures
from foldwise.spec.goal import Goal
from foldwise.spec.space import Space
from foldwise.system.numbers import score
from foldwise.trial.result import TrialResult, plus_minus

if TYPE_CHECKING:
    from foldwise.trial.summary import StudySummary

TOP = 5
SMALL = ("history", "columns", "importance")  # the first two that are there
PAGES = (("all trials", "compare.html"), ("the search", "figures/search.html"), ("one step", "step.html"))
SHORT = 24  # characters of a cell that is not broken
CELL = "text-align:left;vertical-align:top;padding:1px 12px 1px 0"


@dataclass(frozen=True)
class StudyPage:
    """What is shown of a study; fields as those of a StudyResult."""

    name: str
    goal: Goal
    space: Space
    found: StudySummary | None
    results: Sequence[TrialResult]
    folder: Path

    def as_html(self) -> str:
        """The study as HTML, with nothing in it that a browser would have to fetch."""
        found = self.found
        verdict = found.verdict if found is not None else "the study is not finished; start it again to continue it"
        parts = [
            f"<h4>{escape(self.name)}</h4>",
            f"<p><b>{escape(verdict[:1].upper() + verdict[1:])}</b></p>",
            "" if found is None else _scores(found),
            "" if found is None or found.certificate is None else _paragraph(found.certificate.sentences),
            _best_trials(self),
            _pictures(self.folder),
            _links(self.folder),
        ]
        return f'<div class="foldwise">{"".join(parts)}</div>'


def _scores(found: StudySummary) -> str:
    best, metric = found.best, found.goal.metric
    cells = [(f"model ({found.answers})", found.cross_validated, score(found.held(metric)))]
    folds = len(best.folds)
    cells += [(one.shown, plus_minus(score(one.mean), score(one.sd), folds), score(one.holdout)) for one in found.baselines]
    cells += [(other.name, "not finished", "-") for other in found.baselines_unfinished]
    scored = "cross-validated" if found.scored_on is None else found.scored
    return _table(("", f"{metric}, {scored}", "on the holdout"), cells)


def _best_trials(study: StudyPage) -> str:
    ranked = study.goal.rank((one for one in study.results if one.state == "COMPLETE"), lambda one: one.mean)[:TOP]
    if len(study.results) < 2 or not ranked:
        return ""
    certificate = None if study.found is None else study.found.certificate
    ties = () if certificate is None else certificate.ties
    readable = Readable(study.space)
    cells = [
        (
            f"{one.number} (tied)" if one.number in ties else str(one.number),
            plus_minus(score(one.mean), score(one.sd), len(one.folds)),
            f"{one.seconds:.1f}",
            readable.params(one.params, between=", "),
        )
        for one in ranked
    ]
    return _table(("trial", study.goal.metric, "seconds", "parameters"), cells)


def _pictures(folder: Path) -> str:
    figures = Pictures(folder / "figures")
    shown = [figures[name].small() for name in [name for name in SMALL if name in figures][:2]]
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(shown)}</div>' if shown else ""


def _links(folder: Path) -> str:
    links = [_link(folder / name, text) for text, name in PAGES if (folder / name).exists()]
    return f"<p><small>{' · '.join([*links, escape(str(folder))])}</small></p>"


def _link(path: Path, text: str) -> str:
    """A link to a file: relative below the working folder, which a notebook's server can reach, otherwise by its address."""
    here = Path.cwd()
    place = path.relative_to(here).as_posix() if path.is_relative_to(here) else ""
    address = quote(place) if place and os.sep == "/" else path.as_uri()
    return f'<a href="{escape(address)}" target="_blank">{escape(text)}</a>'


def _paragraph(sentences: list[str]) -> str:
    return f"<p>{'<br>'.join(map(escape, sentences))}</p>" if sentences else ""


def _unbroken(cell: str) -> str:
    """A short cell on one line: the score of a trial beside its deviation."""
    return f'<span style="white-space:nowrap">{escape(cell)}</span>' if len(cell) < SHORT else escape(cell)


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in names)
    lines = ("".join(f'<td style="{CELL}">{_unbroken(cell)}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
