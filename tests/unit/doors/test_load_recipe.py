"""A study that is only named has the configuration in the ledger."""

from contextlib import closing

import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_study, request_study
from foldwise.doors.load_recipe import load_recipe, only_names, start_ledger
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import summary

WORDS = ["data=wine", "fit.epochs=7", "model.units=[int,4,9]", "tuner=random", "seed=4"]


@pytest.fixture
def made(tmp_path):
    """Makes a study in a ledger as a door would; its name."""

    def made(*words, asked=33):
        spec = read_study(compose_study([*WORDS, *words, f"paths.runs={tmp_path}"]))
        with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
            ledger.create_study(spec.name, spec.recipe, "f" * 64, {}, {})
            ledger.ask_for(spec.name, asked)
        return spec

    return made


def loaded(*words):
    request = request_study(words)
    with closing(start_ledger(request, pytest.fail)) as ledger:
        return load_recipe(request, ledger)


@pytest.mark.parametrize(
    ("keys", "is_only"),
    [
        (["study"], True),
        (["study", "paths.runs", "budget.trials", "ledger.url", "tracking", "replay"], True),
        (["study", "seed"], False),
        (["study", "data"], False),
        (["paths.runs"], False),
    ],
)
def test_keys_that_only_name_a_study(keys, is_only):
    assert only_names(keys) == is_only


@pytest.mark.parametrize("words", [[], ["study=mine"], ["study=mine", "register=ours"]])
def test_the_name_alone_gives_the_study_that_was_made(words, made, tmp_path):
    spec = made(*words)
    again = read_study(loaded(f"study={spec.name}", f"paths.runs={tmp_path}", *words[1:]))
    assert (again.name, again.register) == (spec.name, spec.register)
    assert again.recipe == spec.recipe
    assert again.space == spec.space
    assert again.fixed.budget.trials == 33


def test_a_given_total_wins(made, tmp_path):
    spec = made()
    again = read_study(loaded(f"study={spec.name}", f"paths.runs={tmp_path}", "budget.trials=50", "replay=2"))
    assert (again.fixed.budget.trials, again.fixed.replay) == (50, 2)
    assert again.recipe == spec.recipe


def test_more_keys_ask_for_another_study(made, tmp_path):
    spec = made()
    other = read_study(loaded(f"study={spec.name}", f"paths.runs={tmp_path}", "seed=9"))
    assert other.fixed.data.name == "iris"


def test_an_unknown_name_is_a_new_study_and_makes_no_ledger(tmp_path):
    assert read_study(loaded("study=new", f"paths.runs={tmp_path}")).fixed.data.name == "iris"
    assert list(tmp_path.iterdir()) == []


def test_rows_from_python_cannot_be_found_again(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.create_study("mine", {"data": {"kind": "frame"}}, "f" * 64, {}, {})
    with pytest.raises(ConfigError, match="was made from a DataFrame, so only Python can go on with it"):
        loaded("study=mine", f"paths.runs={tmp_path}")


@pytest.mark.parametrize(
    ("word", "sentence"), [("ledger=5", "ledger: must be a mapping, got 5"), ("paths.runs=5", "paths.runs: ")]
)
def test_wrong_places_are_refused_before_a_ledger_is_opened(word, sentence):
    with pytest.raises(ConfigError, match=sentence):
        loaded("study=mine", word)


def test_a_study_that_converged_may_end_so_again_unless_the_request_says_otherwise(made, tmp_path):
    spec = made()
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.lead(spec.name)
        ledger.finish_study(spec.name, summary(ended="converged"))
    words = [f"study={spec.name}", f"paths.runs={tmp_path}"]
    assert read_study(loaded(*words)).fixed.budget.converged
    assert not read_study(loaded(*words, "budget.converged=false")).fixed.budget.converged
