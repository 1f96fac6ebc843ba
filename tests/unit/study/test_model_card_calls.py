"""Calls of a model that a reader can copy: they are code, whatever the columns are called."""

import ast
import json
import shlex
from types import SimpleNamespace

from foldwise.data.profile import ColumnProfile
from foldwise.report.model_card import Code
from foldwise.study.model_card_calls import calls

PROFILE = (
    ColumnProfile('it\'s "odd" $(x)', "number", 0.0, 1.0, 9.0, (2.0, 3.25, 8.0), (0.25,) * 4),
    ColumnProfile("colour", "category", 0.1, levels={"<red>": 0.7, "blue": 0.3}),
    ColumnProfile("when", "date", 0.0, 0.0, 1.0),
)
ROW = {'it\'s "odd" $(x)': 3.25, "colour": "<red>", "when": None}


def codes(image, profile):
    return [
        part.text
        for part in calls(SimpleNamespace(schema=SimpleNamespace(image=image), profile=profile), "iris")
        if isinstance(part, Code)
    ]


def test_a_made_up_row_is_the_middle_of_numbers_and_the_most_frequent_level():
    door, python, served = codes(None, PROFILE)
    assert shlex.split(door)[:3] == ["foldwise", "predict", "model=iris@champion"]
    call = ast.parse(python).body[-1].value.args[0]
    assert ast.literal_eval(call.args[0]) == ROW
    assert json.loads(shlex.split(served.splitlines()[1])[-1]) == {"dataframe_records": [ROW]}


def test_an_image_is_code_too():
    _, python, served = codes((8, 8, 1), ())
    ast.parse(python)
    assert "uint8, 8 x 8 x 1" in python
    assert "inputs" in served
