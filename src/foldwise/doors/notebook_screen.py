"""The output of a study in a notebook: one display that is updated in place, a bar with what is known of the search."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any

from foldwise.doors.screen import Screen, plain_console
from foldwise.spec.goal import Goal
from foldwise.system.redact import without_password
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import StudySummary

WIDTH = 110  # characters of a line
SECONDS_BETWEEN = 0.25  # updates; the last one of a study is always shown
TRACK = "background:#8883;border-radius:4px;height:8px;width:100%;max-width:420px;margin:4px 0"
BAR = "background:#0072B2;border-radius:4px;height:8px"
SMALL = "font-size:85%;line-height:1.3;white-space:pre-wrap;margin:4px 0;max-height:22em;overflow:auto"


def screen_here(verdicts: bool = True) -> Screen:
    """The screen of a call from Python: a display in a notebook, the terminal anywhere else. verdicts: as of a Screen."""
    shell = _notebook()
    return Screen(verdicts=verdicts) if shell is None else NotebookScreen(shell, verdicts)


def _notebook() -> Any:
    """The shell of a notebook's kernel; None without one. IPython in a terminal cannot update what it printed."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if hasattr(shell, "kernel") else None


class NotebookScreen(Screen):
    """Shows a study in one display of a notebook. Sentences are gathered below the bar; nothing is printed beside it."""

    def __init__(self, shell: Any, verdicts: bool = True) -> None:
        self._written = StringIO()
        super().__init__(plain_console(self._written, WIDTH), verdicts)
        self._shell, self._cell = shell, shell.execution_count
        self._display: Any = None
        self._shown = 0.0
        self._verdict = ""
        self._ended = False

    def note(self, sentence: str) -> None:
        """Add a sentence."""
        super().note(sentence)
        self._draw(now=True)

    def search_starts(self, goal: Goal, asked: int, folds: int, finished: Sequence[TrialResult]) -> None:
        """The search begins, or continues after `finished` trials."""
        super().search_starts(goal, asked, folds, finished)
        self._draw(now=True)

    def search_ends(self) -> None:
        """The search is over or was interrupted."""
        super().search_ends()
        self._draw(now=True)

    def judged(self, summary: StudySummary) -> None:
        """The verdict; the scores beside it are part of the result, which the notebook shows by itself."""
        self._judged = True
        if self._verdicts:
            self._verdict = summary.verdict[:1].upper() + summary.verdict[1:]
        self._draw(now=True)

    def finished(self, summary: StudySummary, where: Sequence[str]) -> None:
        """The study is done."""
        self._ended = True
        super().finished(summary, where)
        self._draw(now=True)

    def result_shown(self) -> None:
        """The result is shown, with its verdict: below this display it would stand twice."""
        if self._verdict and self._shell.execution_count == self._cell:
            self._verdict = ""
            self._draw(now=True)

    def _print_trial(self, line: str) -> None:
        """Nothing: the bar counts trials, and the result lists them."""

    def _draw(self, now: bool = False) -> None:
        if not now and time.monotonic() - self._shown < SECONDS_BETWEEN:
            return
        self._shown = time.monotonic()
        bundle: Mapping[str, str] = {"text/html": self._html(), "text/plain": self._plain()}
        if self._display is None:
            from IPython.display import display

            self._display = display(dict(bundle), raw=True, display_id=True)
        else:
            self._display.update(dict(bundle), raw=True)

    def _html(self) -> str:
        done = len(self._results) / self._asked if self._asked else 0.0
        share = 100 if self._ended else min(100, round(100 * done))
        verdict = f"<div><b>{escape(without_password(self._verdict))}</b></div>" if self._verdict else ""
        notes = self._written.getvalue().strip()
        return (
            f'<div class="foldwise"><div style="{TRACK}"><div style="{BAR};width:{share}%"></div></div>'
            f"<div>{escape(self._standing())}</div>{verdict}"
            + (f"<details{'' if self._ended else ' open'}><summary>details</summary>" if notes else "")
            + (f'<pre style="{SMALL}">{escape(notes)}</pre></details>' if notes else "")
            + "</div>"
        )

    def _plain(self) -> str:
        return "\n".join(line for line in (self._standing(), self._verdict) if line)

    def _standing(self) -> str:
        """How far the study is, in one line."""
        return self._progress(WIDTH) if self._asked else "reading the data"
