import pandas as pd
import pytest

from foldwise.data.formula_text import escaped, is_formula, unescaped


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+A1",
        "-A1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "--",
        "-inf",
        "+1+1",
        "-1-1",
        "=5",
        "＝1+1",
        "- x",
    ],
)
def test_text_behind_a_sign_is_a_formula(cell):
    assert is_formula(cell)
    assert list(escaped(pd.DataFrame({"a": [cell]}))["a"]) == ["'" + cell]


@pytest.mark.parametrize(
    "cell", ["", "a", "+", "-", "=", "@", "\t", "-1", "+1.5e3", "-.5", "a=1", "'=1", " a", "1-2", -1, -1.5, None, True]
)
def test_numbers_lone_signs_and_other_text_stay(cell):
    assert not is_formula(cell)
    cells = pd.DataFrame({"a": pd.Series([cell], dtype=object)})
    assert list(escaped(cells)["a"]) == [cell]


def test_only_text_columns_are_changed():
    frame = pd.DataFrame({"row": [0, 1], "p": [-0.5, 1.0], "yes": [True, False], "text": ["=a", "b"]})
    found = escaped(frame)
    assert list(found["text"]) == ["'=a", "b"]
    assert found.drop(columns="text").equals(frame.drop(columns="text"))
    assert list(frame["text"]) == ["=a", "b"]


def test_a_known_text_comes_back():
    assert unescaped("'=a", ("=a", "b")) == "=a"
    assert unescaped("'=a", ("=a", "'=a")) == "'=a"
    assert unescaped("'=c", ("=a", "b")) == "'=c"
    assert unescaped("'b", ("=a", "b")) == "'b"
    assert unescaped("'+", ("+", "b")) == "'+"
