"""A ledger with a study in it, and a home that serves it."""

import http.client
import json
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest

from foldwise.home.app import Sources
from foldwise.home.links import MlflowPages
from foldwise.home.server import home
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.viewer import Viewer
from foldwise.system.ports import listen_from

ODD = "<script>alert(1)</script>"


@pytest.fixture
def ledger(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


@pytest.fixture
def viewer(ledger, tmp_path):
    with closing(Viewer(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


@pytest.fixture
def served(ledger, viewer, tmp_path):
    """Asks a running home: `ask(path, method, headers)` gives status, headers and text."""
    (tmp_path / "job_files").mkdir()
    sources = Sources(viewer, tmp_path, tmp_path / "job_files", MlflowPages("http://mlflow", "view"), ledger.live.request_stop)
    with ExitStack() as closes:
        running = closes.enter_context(home(sources, "127.0.0.1", listen_from("127.0.0.1", 5600)))
        place = running.address.removeprefix("http://")

        def ask(path, method="GET", **headers):
            connection = http.client.HTTPConnection(place, timeout=10)
            with closing(connection):
                connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
                answer = connection.getresponse()
                return SimpleNamespace(status=answer.status, headers=answer.headers, text=answer.read().decode())

        def data(path):
            answer = ask(path)
            assert answer.status == 200, answer.text
            return json.loads(answer.text)

        yield SimpleNamespace(ask=ask, data=data, place=place, token=running.token, server=running)
