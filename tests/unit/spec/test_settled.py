import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError
from foldwise.spec.settled import Settled, Size


def test_it_is_shown_as_the_words_that_would_set_it():
    settled = Settled(Size(32_561, 13, "binary"), {"model": "mlp", "fit.batch_size": None, "fit.epochs": 40})
    assert str(settled) == "by 32,561 rows of 13 columns (binary): model=mlp fit.epochs=40"
    assert str(Settled(Size(9, 0, "multiclass", images=True), {"race": "none"})) == "by 9 images (multiclass): race=none"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("budget.trials=aut", "budget.trials: must be a whole number or auto, got 'aut', did you mean auto?"),
        ("budget.trials=0", "budget.trials: must be >= 1, got 0"),
        ("budget.trials=2.5", "budget.trials: must be a whole number, got 2.5"),
        ("fit.epochs=ten", "fit.epochs: must be a whole number or auto, got 'ten'"),
        ("fit.batch_size=autp", "fit.batch_size: must be a whole number or full or auto, got 'autp', did you mean auto?"),
        ("folds.count=five", "folds.count: must be a whole number or auto, got 'five'"),
        ("fit.epochs=[choice,auto,30]", "fit.epochs: auto is settled for a whole study, so it cannot be an option of a range"),
        ("model=aut", "model: 'aut' is not an option of model, did you mean auto?"),
        ("race=auto2", "race: 'auto2' is not an option of race, did you mean auto?"),
    ],
)
def test_a_wrong_word_is_told_of_auto(word, sentence):
    with pytest.raises(ConfigError) as caught:
        read_study(compose_study([word]))
    assert sentence in str(caught.value)
