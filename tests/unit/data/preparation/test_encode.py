import pytest

from foldwise.data.preparation.encode import UNKNOWN, Levels


@pytest.mark.parametrize("spelling", ["True", "TRUE", "true"])
@pytest.mark.parametrize("known", ["true", "True", "TRUE"])
def test_a_truth_value_has_the_code_of_its_level_in_any_spelling(known, spelling):
    levels = Levels("wet", ("no idea", known))
    assert levels.ordinal([spelling, "False"]).tolist() == [1, UNKNOWN]


def test_spellings_that_are_levels_of_their_own_keep_their_codes():
    levels = Levels("wet", ("TRUE", "true", "false"))
    assert levels.ordinal(["TRUE", "true", "True", "FALSE"]).tolist() == [0, 1, UNKNOWN, 2]
    assert Levels("word", ("a", "A")).ordinal(["a", "A"]).tolist() == [0, 1]
