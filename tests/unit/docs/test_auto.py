"""The page about `auto` has the table of the program."""

from docs.site.pages import auto_table
from foldwise.config.settle import FORMER, Line


def test_a_row_for_each_place_and_a_column_for_each_size():
    large = Line("wide", {"fit.epochs": 9, "fit.batch_size": None}, rows=3000, columns=40, of_numbers={"fit.epochs": 8})
    lines = auto_table((FORMER, large)).splitlines()
    assert lines[0] == "| `auto` in | any table | 3,000 rows and more |"
    assert "| `model` | `mlp` | `wide` |" in lines
    assert "| `fit.epochs` | `40` | `9`, for numbers `8` |" in lines
    assert "| `fit.batch_size` | `null` | `null` |" in lines
    assert lines[-1] == "| columns | any number | up to 40 |"
