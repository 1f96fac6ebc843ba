"""The paths of MLflow's scoring server on a real server and a real socket, with a model of one rule."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from types import SimpleNamespace

import pandas as pd
import pytest

from foldwise.errors import DataError
from foldwise.serving.app import HEADER, Served, make_app
from foldwise.serving.server import serving
from foldwise.system.ports import listen_from

JSON = {"Content-Type": "application/json"}


class Doubles:
    """A bundle that answers with twice the column a."""

    card = SimpleNamespace(schema=SimpleNamespace(image=None))

    def __init__(self, gate=None):
        self.gate, self.entered = gate, threading.Event()

    def predict(self, rows):
        self.entered.set()
        if self.gate is not None:
            self.gate.wait(20)
        if "a" not in rows:
            raise DataError("column a is missing")
        if (rows["a"] == "crash").any():
            raise RuntimeError("secret detail")
        return pd.DataFrame({"prediction": rows["a"].astype(float) * 2})


@pytest.fixture
def house():
    """A running server: its port, and `now`, the version that serves."""
    place = SimpleNamespace(now=Served("iris/1", Doubles()))
    bound = listen_from("127.0.0.1", 5301)
    place.port = bound.getsockname()[1]
    with ExitStack() as closes:
        threads = closes.enter_context(ThreadPoolExecutor(4))
        closes.enter_context(serving(make_app(lambda: place.now, threads, 2000, is_open=False), bound))
        yield place


def ask(house, path="/invocations", body=None, method="POST", headers=JSON):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text, answer.headers.get(HEADER)


def test_rows_are_answered_with_the_version_in_a_header(house):
    status, text, name = ask(house, body={"dataframe_records": [{"a": 2}, {"a": 0.1}]})
    assert (status, json.loads(text), name) == (200, {"predictions": [{"prediction": 4.0}, {"prediction": 0.2}]}, "iris/1")
    house.now = Served("iris/2", Doubles())
    assert ask(house, body={"inputs": {"a": [1]}}, headers={"Content-Type": "application/json; charset=UTF-8"})[2] == "iris/2"


def test_a_request_keeps_the_version_that_it_began_with(house):
    slow = Doubles(threading.Event())
    house.now = Served("iris/1", slow)
    with ThreadPoolExecutor(1) as asker:
        asked = asker.submit(ask, house, body={"dataframe_records": [{"a": 2}]})
        assert slow.entered.wait(20)
        house.now = Served("iris/2", Doubles())
        assert ask(house, body={"dataframe_records": [{"a": 2}]})[2] == "iris/2"
        slow.gate.set()
        status, _, name = asked.result(30)
    assert (status, name) == (200, "iris/1")


def test_health_and_version_are_as_mlflow_has_them(house):
    for path in ("/ping", "/health"):
        assert ask(house, path, method="GET", headers={}) == (200, b"\n", "iris/1")
    assert ask(house, "/version", method="GET", headers={})[1] == version("mlflow").encode()
    assert ask(house, "/nowhere", method="GET")[0] == 404
    assert ask(house, "/invocations", method="GET")[0] == 405


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        ({"dataframe_records": [{"b": 1}]}, JSON, 400, "column a is missing"),
        (b"{", JSON, 400, "the body is not JSON"),
        (b"", JSON, 400, "the body is not JSON"),
        ({"dataframe_records": [{"a": "crash"}]}, JSON, 500, "the model failed at this request: RuntimeError"),
        (b"a\n1\n", {"Content-Type": "text/csv"}, 415, "the body must be JSON"),
        (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415, "the body must be JSON"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "the body must be JSON"),
        (b"{}", {**JSON, "Host": "evil.example"}, 403, "this server is reached as 127.0.0.1 or localhost"),
        (b"x" * 2001, JSON, 413, "more than 2,000 bytes"),
    ],
)
def test_a_bad_request_is_refused_in_one_sentence(body, headers, status, sentence, house):
    found, text, name = ask(house, body=body, headers=headers)
    assert found == status
    message = json.loads(text)["message"]
    assert sentence in message
    assert "secret detail" not in text.decode()
    assert "\n" not in message
    assert name == "iris/1"


def test_a_body_without_a_length_is_bounded_too(house):
    with socket.create_connection(("127.0.0.1", house.port), timeout=30) as raw:
        raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        raw.sendall(
            b"Transfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + b"x" * 1000 + b"\r\n" + b"7d0\r\n" + b"x" * 2000 + b"\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    assert ask(house, body={"inputs": {"a": [1]}})[0] == 200


def test_a_client_that_leaves_does_not_end_the_server(house):
    with socket.create_connection(("127.0.0.1", house.port), timeout=30) as raw:
        raw.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
    assert ask(house, body={"inputs": {"a": [1]}})[0] == 200


def test_the_next_free_port_is_taken(house):
    with listen_from("127.0.0.1", house.port) as other:
        assert other.getsockname()[1] > house.port
