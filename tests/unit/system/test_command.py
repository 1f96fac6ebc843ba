import subprocess
import sys

import pytest

from foldwise.doors.overrides import read_override
from foldwise.system.command import _TOP, door_command, door_process, place_words, shell_word

ODD = [
    "my runs",
    "a,b",
    "it's",
    "5",
    "-1e3",
    "true",
    "null",
    "[x]",
    "{a: b}",
    "x=y",
    "$HOME",
    'say "no"',
    "back\\",
    "a\\'b",
    "ü",
]


def test_a_message_names_the_command_that_works_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(_TOP)
    assert door_command("tune") == "python -m pipelines.tune"
    assert door_command("conf") == "foldwise conf"
    for folder in (tmp_path, _TOP / "src"):
        monkeypatch.chdir(folder)
        assert door_command("tune") == "foldwise tune"


def test_a_process_is_started_by_this_python():
    assert door_process("tune") == [sys.executable, "-P", "-m", "foldwise", "tune"]


@pytest.mark.parametrize("value", ODD)
def test_a_word_that_is_shown_is_read_as_it_was(value):
    shown = shell_word("paths.runs", value)
    typed = subprocess.run(["bash", "-c", f"printf %s {shown}"], capture_output=True, text=True, check=True).stdout
    assert read_override(typed) == ("paths.runs", value)
    assert shell_word("fit.epochs", 3) == "fit.epochs=3"
    assert shell_word("extend", True) == "extend=true"


def test_places_that_are_not_the_usual_ones_are_words():
    assert place_words(None, None, None) == []
    assert place_words("my runs", None, None) == ["'paths.runs=my runs'"]
    url = "postgresql://me@/db?host=/tmp/pg"
    (word,) = place_words(None, url, None)
    typed = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True).stdout
    assert read_override(typed) == ("ledger.url", url)
