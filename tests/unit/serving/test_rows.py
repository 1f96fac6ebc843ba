import json

import numpy as np
import pandas as pd
import pytest

from foldwise.errors import DataError
from foldwise.serving.rows import as_json, rows_of

ROWS = [{"a": 1.5, "b": "red"}, {"a": None, "b": "3"}]
SPLIT = {"columns": ["a", "b"], "data": [[1.5, "red"], [None, "3"]]}


def read(body, of_images=False):
    return rows_of(json.dumps(body).encode(), of_images)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_split": {**SPLIT, "index": [0, 1]}, "params": {}},
        {"dataframe_records": ROWS},
        {"instances": ROWS},
        {"inputs": ROWS},
        {"inputs": {"a": [1.5, None], "b": ["red", "3"]}},
    ],
)
def test_each_form_gives_the_same_cells(body):
    rows = read(body)
    assert list(rows.columns) == ["a", "b"]
    assert rows.to_numpy().tolist() == SPLIT["data"]


def test_a_cell_that_a_record_lacks_is_a_null_and_a_list_in_a_cell_stays_there():
    rows = read({"dataframe_records": [{"a": [1, 2]}, {"b": {"c": 1}}]})
    assert rows.to_numpy().tolist() == [[[1, 2], None], [None, {"c": 1}]]
    assert read({"dataframe_split": {"columns": ["a"], "data": []}}).shape == (0, 1)
    assert read({"inputs": {"a": 1, "b": "red"}}).to_numpy().tolist() == [[1, "red"]]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"dataframe_records": [{"a": ' + b"9" * 5000 + b"}]}", "the body is not JSON"),
        (b"[]", "the body must be an object with dataframe_split, "),
        (b"{}", "got none of them"),
        (b'{"inputs": [], "instances": []}', "got instances, inputs"),
        (b'{"dataframe_split": []}', "must have columns"),
        (b'{"dataframe_split": {"columns": [1], "data": []}}', "must have columns"),
        (b'{"dataframe_split": {"columns": ["a", "a"], "data": []}}', "names a column twice"),
        (b'{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [1]]}}', "row 2 of dataframe_split"),
        (b'{"dataframe_split": {"columns": ["a"], "data": [1]}}', "row 1 of dataframe_split"),
        (b'{"dataframe_records": {"a": 1}}', "dataframe_records must be a list of rows"),
        (b'{"instances": [1]}', "instances must be a list of rows"),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', "the columns of inputs must be of one length"),
    ],
)
def test_what_is_not_a_request_is_refused_in_one_sentence(body, sentence):
    with pytest.raises(DataError) as fault:
        rows_of(body, of_images=False)
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)


def test_images_are_whole_numbers_from_0_to_255():
    images = np.arange(2 * 2 * 2 * 1).reshape(2, 2, 2, 1).tolist()
    for form in ("inputs", "instances"):
        found = read({form: images}, of_images=True)
        assert found.dtype == np.uint8
        assert found.tolist() == images


@pytest.mark.parametrize(
    "value", [[[[[256]]]], [[[[-1]]]], [[[[0.5]]]], [[[["a"]]]], [[[1, 2], [1]]], [], None, {}, [[[[True]]]]]
)
def test_other_images_are_refused(value):
    with pytest.raises(DataError, match="inputs must be a list of images"):
        read({"inputs": value}, of_images=True)


def test_a_table_is_no_image():
    with pytest.raises(
        DataError, match="the model takes images, so the body must have inputs or instances, got dataframe_records"
    ):
        read({"dataframe_records": ROWS}, of_images=True)


def test_answers_are_objects_with_all_digits():
    answers = pd.DataFrame({"prediction": ["yes"], "p_yes": [0.1 + 0.2], "flags": [""]})
    found = json.loads(as_json(answers))
    assert found == {"predictions": [{"prediction": "yes", "p_yes": 0.1 + 0.2, "flags": ""}]}
