"""A registered model answers raw rows with the same numbers wherever it is asked, and refuses the same ones."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.mlflow_server import answers, free_port
from tests.end_to_end.doors import SMALL, run

pytestmark = pytest.mark.slow

WAIT_SECONDS = 150
ROW = {"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2, "bed": "red"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Iris with a column of words, its model registered and behind MLflow's server."""
    from sklearn.datasets import load_iris

    folder = tmp_path_factory.mktemp("serving")
    runs, rows, answered = folder / "runs", folder / "iris.csv", folder / "answers.csv"
    bunch = load_iris()
    frame = pd.DataFrame(bunch.data, columns=list(ROW)[:4])
    frame["bed"] = (["red", "green", "3"] * 50)[: len(frame)]
    frame["species"] = [str(bunch.target_names[code]) for code in bunch.target]
    frame.to_csv(rows, index=False)
    words = ["data=csv", f"data.path={rows}", "data.target=species", "study=iris", *SMALL]
    done = run("train", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    done = run("predict", "model=iris@champion", f"input={rows}", f"output={answered}", runs=runs)
    assert done.returncode == 0, done.stderr
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{runs / 'mlflow.db'}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where MLflow finds its web server
    environment = {**os.environ, **store, "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": path}
    port = free_port()
    asked = ["models", "serve", "-m", "models:/iris@champion", "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *asked], stdout=log, stderr=log, env=environment, start_new_session=True
        )
    place = SimpleNamespace(folder=folder, runs=runs, rows=rows, answers=answered, environment=environment, port=port)
    try:
        _await(server, port, folder / "server.log")
        yield place
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(10)


@pytest.mark.long
def test_the_server_answers_raw_rows_to_the_last_digit_as_the_predict_door(served):
    expected = pd.read_csv(served.answers, dtype=str, keep_default_na=False).drop(columns="row")
    typed = pd.read_csv(served.rows)
    text = pd.read_csv(served.rows, dtype=str)
    backwards = typed[typed.columns[::-1]]  # and with the target, a further column
    for frame in (typed, text, backwards):
        cells = frame.astype(object).to_numpy().tolist()
        status, answer = _post(served.port, {"dataframe_split": {"columns": list(frame.columns), "data": cells}})
        assert status == 200
        found = [[_printed(cell) for cell in row.values()] for row in answer["predictions"]]
        assert list(answer["predictions"][0]) == list(expected.columns)
        assert found == expected.to_numpy().tolist()
    forms = [
        {"dataframe_records": [ROW]},
        {"inputs": [ROW]},
        {"inputs": {k: [v] for k, v in ROW.items()}},
        {"instances": [ROW]},
    ]
    first, *others = [_post(served.port, form) for form in forms]
    assert first[0] == 200
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("cells", "flags"),
    [
        ({}, ""),
        ({"more": 1}, ""),
        ({"sepal length": "5.1"}, ""),
        ({"bed": 3.0}, ""),
        ({"bed": "violet"}, "bed never seen"),
        ({"bed": None, "petal width": float("nan")}, "petal width missing; bed missing"),
        ({"sepal width": 99}, "sepal width beyond its range"),
    ],
)
@pytest.mark.long
def test_an_unusual_row_is_answered_and_flagged(cells, flags, served):
    status, answer = _post(served.port, {"dataframe_records": [{**ROW, **cells}]})
    assert status == 200
    assert answer["predictions"][0]["flags"] == flags


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"sepal length": "5,1"}, "column sepal length, row 1: '5,1' is not a number"),
        ({"sepal length": "long"}, "column sepal length, row 1: 'long' is not a number"),
        ({"sepal length": True}, "column sepal length, row 1: 'True' is not a number"),
        ({"sepal length": [1]}, "column sepal length, row 1: '[1]' is not a number"),
        ({"sepal length": float("inf")}, "column sepal length, row 1: inf is larger than a network can hold"),
        ({"sepal length": 10**400}, "column sepal length, row 1: inf is larger than a network can hold"),
        ({"bed": {"a": [1]}}, "column bed, row 1: holds a dict"),
        ({"bed": []}, "column bed, row 1: holds a list"),
    ],
)
def test_a_bad_row_is_a_bad_request_with_our_sentence(cells, sentence, served):
    status, answer = _post(served.port, {"dataframe_records": [{**ROW, **cells}]})
    assert status == 400
    assert sentence in answer["message"]
    assert "stack_trace" not in answer


def test_a_missing_column_is_named_and_no_rows_have_no_answers(served):
    row = {name: cell for name, cell in ROW.items() if name != "bed"}
    status, answer = _post(served.port, {"dataframe_records": [row]})
    assert status == 400
    assert "missing inputs ['bed']" in answer["message"]
    twice = {"columns": [*ROW, "bed"], "data": [[*ROW.values(), "green"]]}
    assert _post(served.port, {"dataframe_split": twice})[0] == 400
    assert _post(served.port, {"dataframe_split": {"columns": list(ROW), "data": []}}) == (200, {"predictions": []})


LOADS = """
import sys
from importlib.util import find_spec
sys.path.append(sys.argv[2])
found = find_spec("foldwise")  # its conf folder may be there, and no code
assert found is None or found.origin is None, found
import mlflow, pandas as pd
from mlflow.exceptions import MlflowException
model = mlflow.pyfunc.load_model("models:/iris@champion")
import foldwise
print("code:", foldwise.__file__)
rows = pd.read_csv(sys.argv[1], dtype=str)
model.predict(rows).to_json(sys.argv[1] + ".json", orient="split", double_precision=15)
for wrong, rule in (({"bed": [["a"]] * len(rows)}, "holds a list"), ({"petal width": True}, "is not a number")):
    try:
        model.predict(rows.assign(**wrong))
        sys.exit("answered what is wrong")
    except MlflowException as fault:
        assert rule in fault.message, fault.message
        assert fault.error_code == "BAD_REQUEST"
print("refused")
"""


@pytest.mark.long
def test_mlflow_loads_it_where_foldwise_is_not_installed(served):
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {name: value for name, value in served.environment.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", LOADS, str(served.rows), packages],  # -S: no paths of editable installs
        cwd=served.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    code = next(line for line in done.stdout.splitlines() if line.startswith("code: "))
    assert Path(code.removeprefix("code: ")).is_relative_to(served.runs)
    assert "refused" in done.stdout
    expected = pd.read_csv(served.answers, keep_default_na=False).drop(columns="row")
    found = json.loads(Path(f"{served.rows}.json").read_text())
    assert found["columns"] == list(expected.columns)
    numbers = [[cell for cell in row if isinstance(cell, float)] for row in found["data"]]
    assert (abs(pd.DataFrame(numbers).to_numpy() - expected.filter(like="p_").to_numpy()) < 1e-14).all()


def test_the_network_is_exported_once(served):
    folder = served.folder / "exported"
    words = ["model=iris@champion", "format=litert", f"output={folder}"]
    done = run("export", *words, runs=served.runs)
    assert done.returncode == 0, done.stderr
    assert f"iris@champion is written to {folder} as litert" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "network.tflite", "preparation.json"]
    done = run("export", *words, runs=served.runs)
    assert done.returncode == 2
    assert done.stderr.strip() == f"error: output: {folder} exists; name a new folder"


def _printed(cell):
    return repr(cell) if isinstance(cell, float) else str(cell)


def _post(port, body):
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 as above
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as fault:
        return fault.code, json.loads(fault.read())


def _await(server, port, log):
    end = time.monotonic() + WAIT_SECONDS
    while not answers(port):
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, f"no server after {WAIT_SECONDS} s: {log.read_text()}"
        time.sleep(0.2)
