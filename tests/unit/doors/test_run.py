import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_study
from foldwise.doors.run import _where_next
from foldwise.trial.summary import RegisteredModel
from tests.contract.ledgers import summary


def next_lines(*words, **changes):
    return _where_next(read_study(compose_study(["study=mine", *words])), summary(**changes))


@pytest.mark.parametrize("words", [["tracking=in_memory"], ["tracking.kind=in_memory"], ["tracking={kind: in_memory}"]])
def test_a_model_in_memory_gets_no_commands_that_cannot_find_it(words, tmp_path):
    lines = next_lines(*words, f"paths.runs={tmp_path}")
    bundle = tmp_path / "studies" / "mine" / "bundle"
    assert lines[0] == f"model:   {bundle}; tracking=in_memory registers it in this process only"
    assert not any(line.startswith(("predict:", "open:")) for line in lines)


def test_a_registered_model_gets_the_commands_that_use_it():
    lines = next_lines()
    assert [line.split(":")[0] for line in lines] == ["model", "files", "predict", "open"]
    assert " model=iris@champion " in lines[2]
    later = next_lines(model=RegisteredModel("iris", 3, (), "models:/iris/3"))
    assert " model=iris/3 " in later[2]
    assert later[0] == "model:   iris version 3"


def test_the_commands_find_a_ledger_and_a_store_of_their_own():
    places = ["ledger.url=postgresql://ann@db/studies", "tracking.url=http://mlflow:5000"]
    for line in next_lines("paths.runs=elsewhere", *places)[2:]:
        assert line.endswith(f" paths.runs=elsewhere {' '.join(places)}")


def test_a_password_is_in_no_command():
    lines = next_lines("ledger.url='postgresql://ann:hidden@db/studies'", "tracking.url='http://bob:hidden@mlflow:5000'")
    assert "hidden" not in str(lines)
    assert lines[3].endswith(" ledger.url=postgresql://ann@db/studies tracking.url=http://bob@mlflow:5000")


def test_a_model_that_waits_for_its_registry_shows_its_files_only():
    assert [line.split(":")[0] for line in next_lines(model=RegisteredModel("iris"))] == ["files"]
