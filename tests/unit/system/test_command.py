import sys

from foldwise.system.command import _TOP, door_command, door_process


def test_a_message_names_the_command_that_works_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(_TOP)
    assert door_command("tune") == "python -m pipelines.tune"
    assert door_command("conf") == "foldwise conf"
    for folder in (tmp_path, _TOP / "src"):
        monkeypatch.chdir(folder)
        assert door_command("tune") == "foldwise tune"


def test_a_process_is_started_by_this_python():
    assert door_process("tune") == [sys.executable, "-P", "-m", "foldwise", "tune"]
