"""One display of a notebook that is updated; the verdict moves to the result where both are below one cell."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from foldwise.doors import notebook_screen
from foldwise.doors.notebook_screen import NotebookScreen, screen_here
from foldwise.doors.screen import Screen
from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult
from tests.contract.ledgers import summary


class Display:
    """Keeps what is shown."""

    def __init__(self):
        self.shown, self.made = [], 0

    def display(self, bundle, **options):
        assert options == {"raw": True, "display_id": True}
        self.made += 1
        self.shown.append(bundle)
        return self

    def update(self, bundle, raw):
        self.shown.append(bundle)


@pytest.fixture
def notebook(monkeypatch):
    """IPython with a kernel, as far as it is used; the display, and the shell."""
    display, shell = Display(), SimpleNamespace(kernel=object(), execution_count=1)
    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython, module.display = lambda: shell, display.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(notebook_screen, "SECONDS_BETWEEN", 0.0)
    return display, shell


def _trial(number, mean):
    return TrialResult(number, {"units": 8}, "COMPLETE", (FoldScore(0, mean, {}, {}, 3, 0.1),), mean, 0.0)


def _run(screen):
    screen.note("rows <and> columns")
    screen.search_starts(Goal("accuracy", "maximize"), 2, 1, [])
    for number, mean in enumerate((0.8, 0.9)):
        screen.trial_starts(number, {})
        screen.fold_ends(number, 0)
        screen.trial_ends(_trial(number, mean))
    screen.search_ends()
    screen.judged(summary(verdict="the network is better"))
    screen.finished(summary(verdict="the network is better"), ["files: here"])


def test_a_terminal_is_a_terminal_also_with_ipython_in_it(notebook, monkeypatch):
    assert isinstance(screen_here(), NotebookScreen)
    monkeypatch.delattr(notebook[1], "kernel")
    assert type(screen_here()) is Screen
    monkeypatch.delitem(sys.modules, "IPython")
    assert type(screen_here()) is Screen


def test_everything_is_in_one_display_and_nothing_is_printed(notebook, capsys):
    display, _ = notebook
    _run(screen_here())
    assert capsys.readouterr() == ("", "")
    assert display.made == 1
    middle = next(each["text/html"] for each in display.shown if "trial 2 of 2" in each["text/html"])
    assert "width:50%" in middle
    assert "best 0.8000 (trial 0)" in middle
    assert " left" in middle
    last = display.shown[-1]["text/html"]
    assert "2 of 2 trials · best 0.9000 (trial 1)" in last
    assert "width:100%" in last
    assert last.count("The network is better") == 1
    assert last.count("rows &lt;and&gt; columns") == 1
    assert "trial   0" not in last
    assert display.shown[-1]["text/plain"] == "2 of 2 trials · best 0.9000 (trial 1)\nThe network is better"


def test_the_verdict_stands_once_below_a_cell(notebook):
    display, shell = notebook
    screen = screen_here()
    _run(screen)
    shell.execution_count = 2
    screen.result_shown()
    assert "The network is better" in display.shown[-1]["text/html"]
    shell.execution_count = 1
    screen.result_shown()
    assert "The network is better" not in display.shown[-1]["text/html"]


def test_updates_are_few_but_the_last_is_shown(notebook, monkeypatch):
    monkeypatch.setattr(notebook_screen, "SECONDS_BETWEEN", 1000.0)
    display, _ = notebook
    _run(screen_here())
    assert len(display.shown) <= 6
    assert "2 of 2 trials" in display.shown[-1]["text/html"]
