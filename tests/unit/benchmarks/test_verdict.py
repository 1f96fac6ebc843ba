"""The clock of a command that prints a verdict."""

from __future__ import annotations

import pytest

from benchmarks.verdict import run

SCRIPT = "import time; print('Verdict: level'); time.sleep(0.3)"


def test_the_verdict_is_timed_before_the_end(tmp_path):
    taken = run(("-c", SCRIPT), tmp_path, tmp_path, tmp_path / "cache")
    assert taken.verdict is not None
    assert taken.end >= taken.verdict + 0.3


def test_a_command_without_a_verdict_has_an_end_only(tmp_path):
    assert run(("-c", "print('no Verdict: here')"), tmp_path, tmp_path, tmp_path).verdict is None


def test_another_exit_code_ends_the_benchmark_with_what_was_printed(tmp_path):
    with pytest.raises(SystemExit, match="too few rows"):
        run(("-c", "print('too few rows'); raise SystemExit(2)"), tmp_path, tmp_path, tmp_path)
    assert run(("-c", "raise SystemExit(2)"), tmp_path, tmp_path, tmp_path, code=2).end > 0
