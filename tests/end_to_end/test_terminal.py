"""What a terminal of 80 x 24 shows during a real study: a line a trial, and the state of the search below it all the time."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

import pyte
import pytest

from tests.end_to_end.doors import ROOT, SMALL, command

pytestmark = [pytest.mark.slow, pytest.mark.long]

WIDTH, HEIGHT = 80, 24
PATIENCE = 280
TRIALS = 4
# a trial has number, mark, score, seconds and changes
TRIAL = re.compile(r"^ {3}\d [ *] \d\.\d{4} ± \d\.\d{4} +\d+\.\d s  \S.*$")
STATE = re.compile(r"^trial (\d) of 4( · |$)")


def capture(words, runs):
    """The screens of a study, each as its lines, and all lines that it scrolled through."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm-256color"
        os.environ.pop("COLUMNS", None)
        asked = command("tune", *words, runs=runs)
        os.execv(asked[0], asked)  # noqa: S606 the door itself
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    screen = pyte.HistoryScreen(WIDTH, HEIGHT, history=1000)
    stream, seen = pyte.ByteStream(screen), []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the study has ended
            break
        stream.feed(data)
        seen.append([line.rstrip() for line in screen.display])
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    past = ["".join(row[place].data for place in range(WIDTH)).rstrip() for row in screen.history.top]
    return seen, past + seen[-1]


def test_a_trial_is_one_line_and_the_state_is_visible(tmp_path):
    words = ["data=iris", f"budget.trials={TRIALS}", "certify=none", "training.engine=keras", "tracking=in_memory", *SMALL]
    seen, lines = capture([*words, "fit.epochs=60"], tmp_path / "runs")
    trials = [line for line in lines if TRIAL.match(line)]
    assert [line[:4].strip() for line in trials] == [str(number) for number in range(TRIALS)]
    assert max(map(len, trials)) <= WIDTH
    assert "the default values" in trials[0]
    assert any("starting TensorFlow" in line for screen in seen for line in screen)
    during = [[line for line in screen if line] for screen in seen]
    shown = [screen for screen in during if any(STATE.match(line) for line in screen)]
    assert {STATE.match(screen[-1])[1] for screen in shown if STATE.match(screen[-1])} == {"1", "2", "3", "4"}
    after_first = [screen for screen in shown if any(TRIAL.match(line) for line in screen)]
    assert after_first
    for screen in after_first:  # a refresh may be cut between two reads, but no trial pushes the state away
        assert sum(bool(STATE.match(line)) for line in screen) == 1
    assert any("best " in screen[-1] and " left" in screen[-1] for screen in after_first)
    assert not any(STATE.match(line) for line in lines)  # it is gone at the end
    assert any(line.startswith("Verdict: ") for line in lines)


def test_a_quiet_study_has_the_verdict_and_the_last_lines_alone(tmp_path):
    words = ["data=iris", "budget.trials=2", "certify=none", "screen=quiet", *SMALL]
    _, lines = capture(words, tmp_path / "runs")
    shown = [line for line in lines if line]
    assert shown[0].split() == ["accuracy", "in", "cross-validation", "accuracy", "on", "the", "holdout"]
    assert any(line.startswith("Verdict: ") for line in shown)
    assert not any("trial 0 of" in line or "audit" in line for line in shown)
    assert shown[-1].startswith(("open: ", str(tmp_path))) or "paths.runs" in "".join(shown[-3:])
