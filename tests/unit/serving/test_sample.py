import json
import shlex
from types import SimpleNamespace

import numpy as np
import pandas as pd

from foldwise.serving.rows import rows_of
from foldwise.serving.sample import sample_request

ADDRESS = "http://127.0.0.1:5001"


def bundle(rows):
    return SimpleNamespace(sample_rows=lambda: rows)


def test_a_row_is_on_the_command_line_as_a_shell_reads_it(tmp_path):
    rows = pd.DataFrame([{"name": "O'Hara $x", "age": 3.5, "city": None}, {"name": "b", "age": 1.0, "city": "c"}], dtype=object)
    words = shlex.split(sample_request(bundle(rows), ADDRESS, tmp_path / "request.json"))
    assert words[:3] == ["curl", "-s", f"{ADDRESS}/invocations"]
    assert rows_of(words[-1].encode(), of_images=False).to_dict("records") == rows[:1].to_dict("records")
    assert list(tmp_path.iterdir()) == []


def test_an_image_is_in_a_file(tmp_path):
    images = np.arange(2 * 30 * 30, dtype=np.uint8).reshape(2, 30, 30, 1)
    file = tmp_path / "request.json"
    words = shlex.split(sample_request(bundle(images), ADDRESS, file))
    assert words[-1] == f"@{file}"
    assert (rows_of(file.read_bytes(), of_images=True) == images[:1]).all()
    assert list(json.loads(file.read_text())) == ["inputs"]
