import io

import pyte
import pytest
from rich.console import Console

from foldwise.config.template import split
from foldwise.data.audit.finding import Finding
from foldwise.doors.screen import Screen
from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult, best_of
from foldwise.trial.summary import BaselineScore, BestTrial, HoldoutScore, UnfinishedBaseline
from tests.contract.ledgers import summary

GOAL = Goal("accuracy", "maximize")
COMPLETE = TrialResult(0, {"model.units": 8}, "COMPLETE", (FoldScore(0, 0.9, {}, {}, 3, 0.1),), 0.9, 0.01, seconds=1.0)
FAILED = TrialResult(1, {"model.units": 9}, "FAILED", reason="nan: loss is not finite in epoch 3 of fold 2")


def shown(terminal):
    screen = Screen(Console(file=io.StringIO(), force_terminal=terminal, width=120))
    screen.note("a [sentence]")
    screen.search_starts(GOAL, 3, 5, [])
    for result in (COMPLETE, FAILED):
        screen.trial_starts(result.number, result.params)
        screen.fold_ends(result.number, 0)
        screen.trial_ends(result)
    screen.search_ends()
    return screen.console.file.getvalue()


def test_without_a_terminal_every_trial_is_a_plain_line():
    text = shown(terminal=False)
    assert "a [sentence]" in text
    assert "trial   0  COMPLETE  accuracy 0.9000 ± 0.0100" in text
    assert "best so far" in text
    assert "FAILED  nan: loss is not finite in epoch 3 of fold 2" in text
    assert "\x1b" not in text


def test_on_a_terminal_a_trial_is_a_line_above_the_state_of_the_search():
    seen = screen_after(shown(terminal=True), 120)
    assert "   0 * 0.9000 ± 0.0100    1.0 s  model.units=8" in seen
    assert "   1   failed: nan: loss is not finite in epoch 3 of fold 2  0.0 s" in seen
    assert not any(line.startswith("trial 3 of 3") for line in seen)  # it is gone when the search is over


def screen_after(text, width):
    """The lines that a terminal shows after this output."""
    terminal = pyte.Screen(width, 24)
    pyte.Stream(terminal).feed(text.replace("\n", "\r\n"))
    return [line.rstrip() for line in terminal.display if line.strip()]


def test_the_state_of_the_search_is_visible_all_the_time_with_the_epochs_of_a_slow_trial(monkeypatch):
    monkeypatch.setattr("foldwise.doors.screen.SECONDS_UNTIL_EPOCHS", 0.0)
    screen = Screen(Console(file=io.StringIO(), force_terminal=True, width=80))
    _, space = split({"model": {"units": ["int", 4, 16]}})
    screen.searches(space, lambda params: 100)
    screen.search_starts(GOAL, 3, 5, [])

    def last():
        screen._live.refresh()
        return screen_after(screen.console.file.getvalue(), 80)[-1]

    assert last() == "trial 1 of 3"
    screen.trial_starts(0, {"model.units": 8})
    screen.curves_grow(0, 0, {"loss": [0.1] * 31}, 1.0)
    screen.note("a sentence")
    assert last() == "trial 1 of 3 · fold 1 of 5, epoch 31 of 100"
    screen.fold_ends(0, 0)
    screen.trial_ends(COMPLETE)
    assert last().startswith("trial 2 of 3 · best 0.9000 (trial 0) · ")
    screen.trial_starts(1, {"model.units": 9})
    for fold in range(5):
        screen.curves_grow(1, fold, {"loss": [0.1] * 7}, 1.0)
    screen.curves_grow(0, 0, {"loss": [0.1] * 90}, 1.0)  # of a trial beside it, which began earlier
    screen.fold_ends(0, 3)
    assert last().endswith(" left · epoch 7 of 100")
    screen.search_ends()


def test_a_quiet_screen_has_nothing_before_the_verdict_and_all_after_it():
    screen = Screen(Console(file=io.StringIO(), force_terminal=True, width=120), quiet=True)
    screen.note("a sentence")
    screen.audited([Finding("note", "copies", (), "few", "keep one")])
    screen.audited([])
    with screen.doing("starting TensorFlow"):
        screen.search_starts(GOAL, 3, 5, [])
    screen.trial_starts(0, {})
    screen.trial_ends(COMPLETE)
    screen.search_ends()
    assert screen.console.file.getvalue() == ""
    screen.always("this one")
    screen.finished(summary(verdict="it is better"), ["files: here"])
    screen.note("and that")
    text = screen.console.file.getvalue()
    assert text.startswith("this one")
    assert "Verdict: it is better" in text
    assert text.endswith("files: here\nand that\n")


def test_a_single_split_has_no_deviation():
    screen = Screen(Console(file=io.StringIO(), width=120))
    screen.search_starts(GOAL, 1, 1, [])
    screen.trial_ends(TrialResult(0, {}, "COMPLETE", (FoldScore(0, 0.9, {}, {}, 3, 0.1),), 0.9, 0.0, seconds=1.0))
    rivals = (BaselineScore("logistic", 0.7, 0.0, 0.8),)
    screen.finished(summary(best=BestTrial(0, {}, 0.9, 0.0, (0.9,)), baselines=rivals), [])
    text = screen.console.file.getvalue()
    assert "accuracy 0.9000  1.0 s" in text
    assert "0.7000" in text
    assert "±" not in text


def test_a_baseline_that_is_not_finished_is_shown_as_such():
    screen = Screen(Console(file=io.StringIO(), width=120))
    rivals = (BaselineScore("logistic", 0.7, 0.1, 0.8, image=(14, 14, 1)),)
    screen.finished(summary(baselines=rivals, baselines_unfinished=(UnfinishedBaseline("ridge", "left out"),)), [])
    rows = [line.split("  ") for line in screen.console.file.getvalue().splitlines()]
    assert any(row[0] == "logistic (14 x 14 px)" for row in rows)
    assert any(row[0] == "ridge" and "not finished" in [cell.strip() for cell in row] for row in rows)


def test_several_folds_of_equal_scores_have_a_deviation_of_nothing():
    screen = Screen(Console(file=io.StringIO(), width=120))
    screen.finished(summary(best=BestTrial(0, {}, 1.0, 0.0, (1.0, 1.0))), [])
    assert "1.0000 ± 0.0000" in screen.console.file.getvalue()


def test_the_best_is_the_first_of_equals_and_never_one_that_failed():
    twin = TrialResult(5, {}, "COMPLETE", (), 0.9, 0.0)
    assert best_of([FAILED, twin, COMPLETE], GOAL) == COMPLETE
    assert best_of([FAILED], GOAL) is None


def test_findings_are_a_table_with_a_line_and_an_advice_each():
    findings = [
        Finding("leak", "target", ("a",), "holds the target in [other] words", "leave it out " * 20),
        Finding("note", "copies", (), "few", "keep one"),
    ]
    screen = Screen(Console(file=io.StringIO(), width=80))
    screen.audited(findings)
    head, leak, note = screen.console.file.getvalue().splitlines()
    assert head.split() == ["audit", "check", "column", "found", "what", "to", "do"]
    assert leak.startswith("leak")
    assert "holds the target in [other] words" in leak
    assert leak.count("leave it out") == 20
    assert note.split() == ["note", "copies", "few", "keep", "one"]
    screen.audited([])
    assert "audit: nothing found" in screen.console.file.getvalue()


def test_two_goals_show_the_pareto_front():
    front = ({"number": 2, "accuracy": 0.59, "parameters": 155.0}, {"number": 3, "accuracy": 0.94, "parameters": 1223.0})
    found = summary(best=BestTrial(3, {}, 0.94, 0.06, (0.94,)), pareto=front)
    screen = Screen(Console(file=io.StringIO(), width=80))
    screen.finished(found, [])
    lines = [line.split() for line in screen.console.file.getvalue().splitlines()]
    assert ["Pareto", "front", "accuracy", "parameters"] in lines
    assert ["trial", "2", "0.59", "155"] in lines
    assert ["trial", "3", "(the", "model)", "0.94", "1,223"] in lines


def test_options_have_readable_names_and_small_numbers_keep_their_digits():
    optimizer = [{"kind": "sgd", "momentum": 0.5}, {"kind": "sgd", "momentum": 0.9}]
    _, space = split({"optimizer": ["choice", *optimizer], "rate": ["float", 0.00001, 0.1]})
    screen = Screen(Console(file=io.StringIO(), width=160))
    screen.searches(space)
    screen.search_starts(GOAL, 1, 2, [])
    params = {"optimizer": "option1", "rate": 0.00004}
    screen.trial_ends(TrialResult(0, params, "COMPLETE", COMPLETE.folds * 2, 0.00004, 0.000012, seconds=1.0))
    text = screen.console.file.getvalue()
    assert "accuracy 0.00004 ± 0.000012" in text
    assert 'optimizer="momentum=0.9" rate=0.00004' in text


def test_without_a_holdout_no_verdict_is_printed():
    screen = Screen(Console(file=io.StringIO(), width=120))
    rivals = (BaselineScore("logistic", 0.5, 0.0, None),)
    bare = {"holdout": None, "baselines": rivals, "scored_on": "training rows", "verdict": "no verdict: same rows"}
    screen.finished(summary(**bare), [])
    text = screen.console.file.getvalue()
    assert "accuracy on its own training rows" in text
    assert "No verdict: same rows" in text
    assert "Verdict:" not in text
    assert "valid" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_the_verdict_s_table_is_never_cut_off(terminal):
    screen = Screen(Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=60))
    goal, holdout = Goal("foreground_iou", "maximize"), HoldoutScore(40, {"foreground_iou": 0.8}, 1)
    screen.judged(summary(goal=goal, holdout=holdout, baselines=(BaselineScore("logistic (8 x 8 px)", 0.5, 0.0, 0.5),)))
    text = screen.console.file.getvalue()
    assert "…" not in text
    if not terminal:
        assert "foreground_iou in cross-validation  foreground_iou on the holdout" in text
    assert "logistic (8 x 8 px)" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_the_last_lines_are_kept_for_the_page_of_the_study(terminal):
    screen = Screen(Console(file=io.StringIO(), force_terminal=terminal, width=120))
    for number in range(300):
        screen.note(f"note {number}")
    screen.note("postgresql://me:hidden@host/name\nand a second line\n")
    screen.search_starts(GOAL, 3, 5, [])
    screen.trial_ends(COMPLETE)
    screen.search_ends()
    screen.judged(summary())
    lines = [line.partition("  ")[2] for line in screen.lines]
    assert len(lines) == 200
    assert lines[-4:-2] == ["postgresql://me:***@host/name", "and a second line"]
    assert lines[-2].startswith("trial   0  COMPLETE  accuracy 0.9000 ± 0.0100")
    assert lines[-1] == "Verdict: the baseline is as good"
    assert all(len(line.partition("  ")[0]) == len("12:34:56") for line in screen.lines)
