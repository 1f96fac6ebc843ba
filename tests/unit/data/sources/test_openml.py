"""OpenML by scikit-learn's own loader, on files in its cache."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from foldwise.data.read_table import read_table
from foldwise.errors import DataError
from foldwise.spec.places import Paths
from foldwise.spec.sources import OpenmlData

ARFF = """@RELATION fruit
@ATTRIBUTE number INTEGER
@ATTRIBUTE weight REAL
@ATTRIBUTE colour {red, green}
@ATTRIBUTE kind {apple, pear}
@DATA
"""
ROWS = [f"{n},{'?' if n == 3 else 100.5 + n},{('red', 'green')[n % 3 == 0]},{('apple', 'pear')[n % 2]}" for n in range(1, 31)]


@pytest.fixture
def kept(tmp_path):
    """A folder with the data set fruit, number 7, in scikit-learn's cache; its first column names the row."""
    arff = (ARFF + "\n".join(ROWS) + "\n").encode()
    columns = [("number", "numeric", 0), ("weight", "numeric", 1), ("colour", "nominal", 0), ("kind", "nominal", 0)]
    features = [
        {
            "index": str(index),
            "name": name,
            "data_type": kind,
            "is_target": str(name == "kind").lower(),
            "is_ignore": "false",
            "is_row_identifier": str(name == "number").lower(),
            "number_of_missing_values": str(missing),
        }
        for index, (name, kind, missing) in enumerate(columns)
    ]
    about = {
        "id": "7",
        "name": "fruit",
        "version": "2",
        "status": "active",
        "format": "ARFF",
        "description": "",
        "url": "https://www.openml.org/data/v1/download/70/fruit.arff",
        "file_id": "70",
        "default_target_attribute": "kind",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
        "warning": "weights are guesses",
    }
    found = {"did": 7, "name": "fruit", "version": 2, "status": "active", "format": "ARFF"}
    api = "api/v1/json/data"
    files = {
        f"{api}/list/data_name/fruit/limit/2/status/active/": {"data": {"dataset": [found]}},
        f"{api}/list/data_name/fruit/limit/2/data_version/2": {"data": {"dataset": [found]}},
        f"{api}/7": {"data_set_description": about},
        f"{api}/features/7": {"data_features": {"feature": features}},
        f"{api}/qualities/7": {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "30.0"}]}},
    }
    for path, content in {
        **{key: json.dumps(value).encode() for key, value in files.items()},
        "data/v1/download/70/fruit.arff": arff,
    }.items():
        place = tmp_path / "openml" / "openml.org" / (path + ".gz")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.compress(content))
    return Paths(data=str(tmp_path))


@pytest.mark.parametrize("which", [{"name": "fruit"}, {"name": "fruit", "version": 2}, {"id": 7}])
def test_a_fetched_data_set_is_read_from_paths_data(kept, which):
    table = read_table(OpenmlData(kind="openml", target="kind", **which), kept)
    assert (table.task, table.labels, len(table)) == ("binary", ("apple", "pear"), 30)
    assert {column.name: column.kind for column in table.schema.columns} == {"weight": "number", "colour": "category"}
    assert table.frame["weight"].isna().to_numpy().nonzero()[0].tolist() == [2]
    assert table.frame["colour"].tolist()[:3] == ["red", "red", "green"]
    assert any("weights are guesses" in note for note in table.notes)


def test_a_column_that_is_not_there_is_proposed_like_in_a_file(kept):
    with pytest.raises(
        DataError, match=r"data\.target: OpenML's fruit, version 2 \(id 7\) has no column 'knid', did you mean kind"
    ):
        read_table(OpenmlData(kind="openml", name="fruit", target="knid"), kept)


def test_offline_the_folder_is_named_and_left_empty(kept, monkeypatch, tmp_path):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # a port without a server
    with pytest.raises(
        DataError, match=r"data\.name=other: is not in .* and cannot be fetched from OpenML \(.*\); go online once"
    ):
        read_table(OpenmlData(kind="openml", name="other", target="y"), kept)
    assert [path.name for path in Path(kept.data).glob("openml/openml.org/api/v1/json/data/list/data_name/*")] == ["fruit"]
    with pytest.raises(DataError, match="cannot be fetched"):
        read_table(OpenmlData(kind="openml", name="other", target="y"), Paths(data=str(tmp_path / "elsewhere")))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        ({}, "needs a name"),
        ({"name": "a", "id": 3}, "not both"),
        ({"id": 3, "version": 1}, "data.id already names one version"),
        ({"name": "../../etc"}, "is not a name of an OpenML data set"),
        ({"name": "a/b"}, "is not a name of an OpenML data set"),
        ({"name": ".."}, "is not a name of an OpenML data set"),
        ({"name": "a%2fb"}, "is not a name of an OpenML data set"),
        ({"id": 0}, "greater than or equal to 1"),
    ],
)
def test_a_key_without_a_data_set_is_refused(which, sentence):
    with pytest.raises(ValidationError, match=sentence):
        OpenmlData(kind="openml", target="y", **which)
